from dataclasses import fields

import pytest

from console.model.facts import (
    DiskUse,
    Export,
    Exports,
    Fact,
    ImageFile,
    LogLine,
    Mount,
    NodeFacts,
    Process,
    Socket,
    VrrpConf,
)
from console.model.words import ComponentState, MirrorState
from console.parse.sections import SECTION_FIELDS, lose_section, read_section
from tests.parse.captured import answers

NOW = 1_795_396_700.0
HOST = (
    "1795396705\n0\nwheel operator\nkern.hostname: nodea.lab\nkern.osrelease: 13.2-RELEASE\n"
    "kern.boottime: { sec = 1795396605, usec = 975907 } Mon Nov 23 01:16:45 2026\n"
    "vm.loadavg: { 0.98 0.34 0.13 }\n"
)
MOUNTS = "/dev/gpt/rootfs\t\t/\t\t\tufs\trw\t\t1 1\n/dev/mirror/remotemirror /home/sites\t\tufs\trw\t\t2 2\n"
PS = (
    "  PID PPID STAT COMMAND\n    0    0 DLs  [kernel]\n"
    "  766    1 Ss   ggatec create -t 10 192.168.1.101 /x y\n"
)


def _read(section: str, text: str, exit_status: int = 0, facts: NodeFacts | None = None) -> NodeFacts:
    return read_section(facts or NodeFacts(), section, text, exit_status, NOW)


def _why(section: str, text: str, exit_status: int = 0) -> str:
    fact: Fact[object] = getattr(_read(section, text, exit_status), SECTION_FIELDS[section][0])
    assert fact.value is None
    assert fact.unknown is not None
    assert "\n" not in fact.unknown
    return fact.unknown


def test_a_time_that_no_clock_shows_is_no_time() -> None:
    facts = _read(
        "host", HOST.replace("sec = 1795396605", "sec = 99999999999999999").replace("1795396705", "9" * 20)
    )
    assert facts.host.value is not None
    assert facts.host.value.boottime is None
    assert facts.clock_offset.value is None


def test_every_fact_belongs_to_one_section() -> None:
    named = [name for names in SECTION_FIELDS.values() for name in names]
    assert sorted(named) == sorted(field.name for field in fields(NodeFacts))


def test_host_gives_the_node_and_how_far_its_clock_is_ahead() -> None:
    facts = _read("host", HOST)
    host = facts.host.value
    assert host is not None
    assert (host.hostname, host.release, host.boottime) == ("nodea.lab", "13.2-RELEASE", 1795396605)
    assert (host.load, host.uid, host.groups) == ((0.98, 0.34, 0.13), 0, ("wheel", "operator"))
    assert facts.clock_offset.value == 5.0
    assert facts.host.taken == NOW
    assert facts.host.raw == HOST


def test_a_node_that_does_not_say_the_time_has_an_unknown_clock() -> None:
    facts = _read("host", HOST.partition("\n")[2].replace("0\nwheel", "id: no such user\nwheel"))
    assert facts.host.value is not None
    assert facts.clock_offset.unknown == "date +%s printed no time"


def test_a_variable_that_is_missing_takes_nothing_from_the_others() -> None:
    said = HOST.replace("vm.loadavg: { 0.98 0.34 0.13 }", "sysctl: unknown oid 'vm.loadavg'")
    facts = _read("host", said, 1)
    assert facts.host.value is not None
    assert (facts.host.value.hostname, facts.host.value.load) == ("nodea.lab", None)
    silent = _read("host", "1795396705\n0\nwheel\nsh: sysctl: not found\n", 127)
    assert silent.clock_offset.value == 5.0
    assert silent.host.unknown == "sysctl" + GONE


def test_mounts_are_what_mount_p_prints() -> None:
    assert _read("mounts", MOUNTS).mounts.value == (
        Mount("/dev/gpt/rootfs", "/", "ufs", ("rw",)),
        Mount("/dev/mirror/remotemirror", "/home/sites", "ufs", ("rw",)),
    )


def test_a_mount_line_that_cannot_be_read_makes_all_mounts_unknown() -> None:
    cut = MOUNTS[: MOUNTS.rindex("ufs")]
    assert _why("mounts", cut).startswith("mount -p printed something else: /dev/mirror/remotemirror")


def test_processes_keep_their_whole_command() -> None:
    assert _read("ps", PS).processes.value == (
        Process(0, 0, "DLs", "[kernel]"),
        Process(766, 1, "Ss", "ggatec create -t 10 192.168.1.101 /x y"),
    )


DENIED = "cat: /x: Permission denied"
GONE = " is not installed on the node (command not found)"
PAGE = ": the node answered with a web page (HTML)"


@pytest.mark.parametrize(
    ("section", "text", "exit_status", "why"),
    [
        ("mounts", "", 0, "mount -p printed nothing"),
        ("ps", "sh: ps: not found\n", 127, "ps" + GONE),
        ("ps", "ps: Command not found.\n", 1, "ps" + GONE),
        ("df", "df: not found", 127, "df" + GONE),
        ("modules", f"{DENIED}\n", 126, f"permission denied for kldstat: {DENIED}"),
        ("ifconfig", "<html><body>login</body></html>", 0, "ifconfig" + PAGE),
        ("geom", "<!DOCTYPE html>", 0, "sysctl kern.geom.confxml" + PAGE),
        ("df", "", 139, "df was ended by signal 11"),
        ("df", "df: /x: Input/output error\n", 1, "df failed (exit 1): df: /x: Input/output error"),
        ("geom", "<mesh><class id='1'>", 0, "kern.geom.confxml: the answer breaks off before its end"),
        ("exports", f"{DENIED}\n", 1, f"permission denied for gg.exports: {DENIED}"),
        ("vrrplog", f"{DENIED}\n", 1, f"permission denied for /var/log/messages: {DENIED}"),
        ("messages", "tail: odd\n", 0, "/var/log/messages printed something else: tail: odd"),
    ],
)
def test_a_section_that_failed_says_why_in_words(section: str, text: str, exit_status: int, why: str) -> None:
    assert _why(section, text, exit_status) == why


def test_a_failure_keeps_the_last_value_and_its_time() -> None:
    before = _read("mounts", MOUNTS)
    after = read_section(before, "mounts", "sh: mount: not found\n", 127, NOW + 9)
    assert after.mounts.value is None
    assert after.mounts.last == before.mounts.value
    assert (after.mounts.taken, after.mounts.raw) == (NOW, MOUNTS)
    again = read_section(after, "mounts", MOUNTS, 0, NOW + 10)
    assert again.mounts == before.mounts
    assert again.mounts.taken == NOW + 10


def test_losing_a_section_keeps_its_last_values_and_leaves_the_others() -> None:
    facts = _read("ps", PS, facts=_read("host", HOST))
    lost = lose_section(facts, "host", "no answer for 4 s")
    assert (lost.host.unknown, lost.clock_offset.unknown) == ("no answer for 4 s", "no answer for 4 s")
    assert lost.host.last is not None
    assert lost.processes == facts.processes


def test_a_section_of_no_known_name_changes_nothing() -> None:
    assert _read("weather", "sunny") == NodeFacts()
    assert lose_section(NodeFacts(), "weather", "fog") == NodeFacts()


def test_no_mirror_is_known_and_not_unknown() -> None:
    mesh = next(a.out for a in answers() if a.run == "sysctl -n kern.geom.confxml")
    geom = _read("geom", mesh).geom
    assert geom.value is not None
    assert geom.value.mirrors == ()


FALLBACK = (
    "#fallback\n## gmirror\n{gmirror}\n## ggatec\n       NAME: ggate0\n       info: 192.168.1.101:3080 /i\n"
    "    timeout: 0\n\n## mdconfig\nmd0\tvnode\t   48M\t/root/images/a b.img\t\n"
)


def test_the_text_commands_stand_in_for_the_tree() -> None:
    listed = next(a.out for a in answers() if a.run == "gmirror list" and "SYNCHRONIZING\n" in a.out)
    geom = _read("geom", FALLBACK.format(gmirror=listed)).geom.value
    assert geom is not None
    assert (geom.source, geom.mirrors[0].state) == ("text", MirrorState.DEGRADED)
    half = geom.mirrors[0].components[1]
    assert (half.device, half.device_class, half.name) == ("md0", "MD", "md0")
    assert half.state in (ComponentState.STALE, ComponentState.SYNCHRONIZING)
    assert (geom.gates[0].host, geom.gates[0].timeout) == ("192.168.1.101", 0)
    assert (geom.mds[0].file, geom.mds[0].size) == ("/root/images/a b.img", 48 * 2**20)


def test_the_text_commands_without_the_module_are_known_to_be_empty() -> None:
    said = "gmirror: Command 'list' not available; try 'load' first."
    geom = _read("geom", FALLBACK.format(gmirror=said), 1).geom.value
    assert geom is not None
    assert (geom.mirror_loaded, geom.mirrors) == (False, ())


def test_text_commands_that_may_not_look_make_storage_unknown() -> None:
    text = FALLBACK.format(gmirror="").partition("## mdconfig")[0]
    why = _why("geom", text + "## mdconfig\nmdconfig: open(/dev/mdctl): Permission denied\n", 1)
    assert why.startswith("permission denied for mdconfig")
    assert _why("geom", "#fallback\n", 1) == "neither kern.geom.confxml nor gmirror list could be read"


def test_an_empty_log_is_known_to_be_empty() -> None:
    assert _read("vrrplog", "", 1).vrrplog.value is not None
    assert _read("messages", "## states\n").messages.value == ()


STATE = "Nov 23 01:50:0{n} nodea freevrrpd[2097]: server state vrid {vrid}: {state}\n"


def test_the_freevrrpd_log_keeps_the_last_state_of_each_vrid() -> None:
    said = ((1, 1, "backup"), (2, 2, "backup"), (3, 1, "master"))
    text = "".join(STATE.format(n=n, vrid=vrid, state=state) for n, vrid, state in said)
    log = _read("vrrplog", text).vrrplog.value
    assert log is not None
    assert log.states == ((1, "master", "Nov 23 01:50:03"), (2, "backup", "Nov 23 01:50:02"))
    assert log.lines[0] == LogLine("Nov 23 01:50:01", "freevrrpd", "server state vrid 1: backup", 2097)


def test_a_state_that_left_the_end_of_the_log_is_still_found_in_the_file() -> None:
    other = "Nov 23 02:00:00 nodea freevrrpd[2097]: send gratuitous arp\n"
    facts = _read("vrrplog", other)
    facts = _read("messages", other + "## states\n" + STATE.format(n=3, vrid=1, state="master"), facts=facts)
    for _ in range(2):
        assert facts.vrrplog.value is not None
        assert facts.vrrplog.value.states == ((1, "master", "Nov 23 01:50:03"),)
        assert facts.messages.value == facts.vrrplog.value.lines
        facts = _read("vrrplog", other, facts=facts)
    newer = STATE.format(n=9, vrid=1, state="backup")
    facts = _read("vrrplog", other + newer, facts=facts)
    facts = _read("messages", "## states\n" + STATE.format(n=3, vrid=1, state="master"), facts=facts)
    assert facts.vrrplog.value is not None
    assert facts.vrrplog.value.states == ((1, "backup", "Nov 23 01:50:09"),)


def test_messages_hold_kernel_and_gate_lines() -> None:
    text = (
        "Nov 23 01:18:24 nodea kernel: GEOM_MIRROR: Device remotemirror: provider md0 is stale.\n"
        "Nov 23 01:33:47 nodea ggatec[672]: Lost connection 1.\n"
        "Nov 23 01:33:48 nodea last message repeated 3 times\n"
    )
    assert _read("messages", text).messages.value == (
        LogLine("Nov 23 01:18:24", "kernel", "GEOM_MIRROR: Device remotemirror: provider md0 is stale."),
        LogLine("Nov 23 01:33:47", "ggatec", "Lost connection 1.", 672),
        LogLine("Nov 23 01:33:48", "syslogd", "last message repeated 3 times"),
    )


def test_words_in_a_log_do_not_part_it() -> None:
    one = "Nov 23 01:18:24 nodea kernel: arp: ## states\n"
    two = "Nov 23 01:18:25 nodea ggatec[1]: #fallback\n"
    messages = _read("messages", one + two + "## states\n").messages.value
    assert messages is not None
    assert len(messages) == 2


def test_an_image_called_fallback_is_no_fallback() -> None:
    mesh = next(a.out for a in answers() if a.run == "sysctl -n kern.geom.confxml" and "<file>" in a.out)
    geom = _read("geom", mesh.replace("<file>", "<file>\n#fallback\n/x")).geom.value
    assert geom is not None
    assert geom.source == "confxml"


def test_modules_sockets_and_space_are_read() -> None:
    modules = "Id Refs Address                Size Name\n 1    3 0xffffffff80200000   9447f8 kernel\n"
    assert _read("modules", modules).modules.value == ("kernel",)
    header = "USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS      \n"
    assert _read("sockets", header).sockets.value == ()
    row = (
        "root     ggated     740   6  tcp4   *:3080                *:*\n"
        "?        ?          ?     ?  tcp4   1.2.3.4:3080          5.6.7.8:9\n"
    )
    assert _read("sockets", header + row).sockets.value == (
        Socket("ggated", 740, "*:3080", "*:*"),
        Socket("?", 0, "1.2.3.4:3080", "5.6.7.8:9"),
    )
    header = "Filesystem      512-blocks   Used   Avail Capacity  Mounted on\n"
    df = header + "/dev/md0 2000 10 -4 101% /home/my sites\n"
    assert _read("df", df).df.value == (DiskUse("/dev/md0", "/home/my sites", 1000, 5, -2, 101),)


def test_exports_are_good_lines_and_bad_ones_with_the_reason() -> None:
    text = "# peers\n192.168.1.0/24 rw /root/images/a.img\nbadline\n10.0.0.1/33 RW /x\n"
    exports = _read("exports", text).exports.value
    assert exports is not None
    assert exports.exports == (Export("192.168.1.0", 24, "RW", "/root/images/a.img", 2),)
    assert [(number, text) for number, text, _ in exports.bad] == [(3, "badline"), (4, "10.0.0.1/33 RW /x")]
    absent = "cat: /etc/gg.exports: No such file or directory\n"
    assert _read("exports", absent, 1).exports.value == Exports()


CONF = (
    "[VRID]\nserverid = 1\ninterface = vtnet1\npriority = 200\naddr = 192.168.1.102/32\n"
    "password = ******** (length 10, check 2902438116)\nuseVMAC = no\ncarriertimeout = 5\n"
    "masterscript = /usr/local/bin/master.sh\n"
)


def test_a_masked_password_is_its_length_and_its_check() -> None:
    conf = _read("vrrpconf", CONF).vrrpconf.value
    assert conf is not None
    (section,) = conf.sections
    assert (section.password_length, section.password_check) == (10, "2902438116")
    assert (section.serverid, section.priority, section.addr) == (1, 200, ("192.168.1.102/32",))
    assert section.others == (("carriertimeout", "5"),)
    assert (conf.unknown_keys, conf.fatal) == (("useVMAC",), None)


def test_a_password_that_came_in_the_clear_reaches_no_fact() -> None:
    text = (
        CONF.replace("******** (length 10, check 2902438116)", "hunter2hunter2") + "presharedkey = hunter2\n"
    )
    for odd in (
        text,
        "password = hunter2\n" + text,
        text.replace("password =", "PassWord="),
        "hunter2 password\n",
    ):
        facts = _read("vrrpconf", odd)
        assert "hunter2" not in repr(facts.vrrpconf.last) + (facts.vrrpconf.raw if "=" in odd else "")
    section = _read("vrrpconf", text).vrrpconf.last
    assert isinstance(section, VrrpConf)
    assert (section.sections[0].password_length, section.sections[0].password_check) == (14, None)


def test_a_file_without_a_section_or_no_file_at_all_stops_freevrrpd() -> None:
    headless = _read("vrrpconf", CONF.partition("\n")[2]).vrrpconf.value
    assert headless is not None
    assert headless.fatal == "no [VRID] section before the first key"
    assert headless.outside is not None
    assert headless.outside.serverid == 1
    absent = _read(
        "vrrpconf", "cat: /usr/local/etc/freevrrpd.conf: No such file or directory\n", 1
    ).vrrpconf.value
    assert absent is not None
    assert absent.fatal == "there is no freevrrpd.conf"


def test_files_are_lines_a_missing_one_has_none_and_an_unreadable_one_is_left_out() -> None:
    text = (
        '## /etc/rc.conf\n hostname="a"\n \n ## not a file\n'
        ' ifconfig_em0="vhid 1 pass hunter2 alias 10.0.0.1/32"\n'
        " DB_PASSWORD=hunter2\n## /boot/loader.conf missing\n"
        "## /x\nhead: /x: Permission denied\n## /y unreadable\n"
    )
    fact = _read("files", text).files
    assert fact.value is not None
    found = {file.path: file.lines for file in fact.value}
    assert set(found) == {"/etc/rc.conf", "/boot/loader.conf"}
    assert found["/boot/loader.conf"] is None
    assert found["/etc/rc.conf"] is not None
    assert found["/etc/rc.conf"][:3] == ('hostname="a"', "", "## not a file")
    assert "hunter2" not in repr(fact) + fact.raw


def test_images_tell_what_is_really_on_disk() -> None:
    text = (
        "## /root/images/a.img\n  2080 -rw-r--r--  1 root  wheel  50331648 Nov 23 01:18 /root/images/a.img\n"
        "## /root/images/b.img\nls: /root/images/b.img: No such file or directory\n"
        "## /root/images/c.img\nls: /root/images/c.img: Permission denied\n"
    )
    assert _read("images", text).images.value == (
        ImageFile("/root/images/a.img", 50331648, 2080 * 512, "Nov 23 01:18"),
        ImageFile("/root/images/b.img"),
    )
    hidden = "## /root/images/c.img\nls: /root/images/c.img: Permission denied\n"
    assert _why("images", hidden, 1).startswith("permission denied for ls")
    assert _read("images", "").images.value == ()
    denied = "## /root/a\nls: /root/a: Permission denied\n"
    assert _why("images", denied, 1).startswith("permission denied for ls")


def test_metadata_is_read_per_component() -> None:
    dump = next(a.out for a in answers() if a.run == "gmirror dump ggate0" and a.exit == 0)
    lost = "Can't read metadata from md0: Invalid argument.\ngmirror: Not fully done.\n"
    metadata = _read("metadata", f"## ggate0\n{dump}\n## md0\n{lost}", 1).metadata.value
    assert metadata is not None
    assert [(m.provider, m.name, m.all) for m in metadata] == [
        ("ggate0", "remotemirror", 2),
        ("md0", None, None),
    ]
    assert metadata[0].hcprovider is None
    assert _read("metadata", "").metadata.value == ()
    unloaded = "gmirror: Command 'status' not available; try 'load' first.\n"
    assert _read("metadata", unloaded, 1).metadata.value == ()
    denied = "## md0\nCan't read metadata from md0: Permission denied.\ngmirror: Not fully done.\n"
    assert _why("metadata", denied, 1).startswith("permission denied for gmirror dump")
