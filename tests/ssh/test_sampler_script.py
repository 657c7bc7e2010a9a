"""The sampler script in real shells, with stub FreeBSD commands."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from bashkit import Bash

from console.ssh.frames import Frame, FrameReader
from console.ssh.sampler import HANGING, SCRIPT
from tests.ssh.stage import BOUNDARY, SALT, STUBS, Stage

FOREGROUND = ["host", "mounts", "ifconfig", "ps", "vrrplog", "lineage", "lock"]
SLOW = ["messages", "modules", "sockets", "vrrpconf", "exports", "files", "images"]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(params=["dash", "sh", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    program = shutil.which(str(request.param))
    if program is None:
        pytest.skip(f"no {request.param} on this machine")
    return program


def frames(said: str) -> dict[str, Frame]:
    return {frame.section: frame for frame in FrameReader(BOUNDARY).feed(said.encode())}


def text(name: str) -> str:
    return (STUBS / "text" / name).read_text()


def test_every_section_is_answered_in_every_shell(stage: Stage, shell: str) -> None:
    everything = [*FOREGROUND, *SLOW, *sorted(HANGING)]
    said = stage.run(shell, f"tick 3 {' '.join(everything)}")
    found = frames(said)
    assert list(found) == everything
    assert {frame.tick for frame in found.values()} == {3}
    assert said.endswith(f"\n@{BOUNDARY} done 3\n")
    assert found["mounts"].text == text("mount")
    assert found["geom"].text == text("confxml")
    assert found["df"].text == text("df")
    assert found["ifconfig"].text == text("ifconfig")
    assert found["modules"].text == text("kldstat")
    assert found["host"].text.splitlines()[3:] == text("sysctl").splitlines()
    assert found["host"].text.splitlines()[0].isdecimal()


def test_unknown_sections_and_bad_ticks_are_passed_over(stage: Stage, shell: str) -> None:
    said = stage.run(
        shell, "tick 1 bogus mounts $(id) /bin/ls", "tick x mounts", "tick", "what", "", "bye", "tick 2 ps"
    )
    assert list(frames(said)) == ["mounts"]
    assert said.count(" done ") == 1


def test_nothing_is_answered_before_a_good_hello(stage: Stage) -> None:
    script = stage.script.encode()
    lines = b"tick 1 mounts\nhello short %s\ntick 2 mounts\nhello %s;id %s\ntick 3 mounts\n"
    said = subprocess.run(
        ["dash", "-c", script.decode()],
        input=lines % (SALT.encode(), BOUNDARY.encode(), SALT.encode()),
        capture_output=True,
        check=True,
    )
    assert said.stdout == b"mirrorgate-sampler 1\n"
    assert stage.calls("mount") == 0


def test_a_failing_command_keeps_its_words_and_its_status(stage: Stage, shell: str) -> None:
    stage.write("kldstat.fails", "")
    stage.write("kldstat", "kldstat: cannot\n")
    found = frames(stage.run(shell, "tick 1 modules exports messages vrrplog vrrpconf"))
    assert found["modules"] == Frame(1, "modules", "kldstat: cannot\n", 1)
    for section in ("exports", "messages", "vrrplog", "vrrpconf"):
        assert found[section].exit_status != 0
        assert "No such file" in found[section].text


def test_without_confxml_the_tools_are_asked(stage: Stage, shell: str) -> None:
    stage.write("confxml.fails", "")
    stage.write("confxml", "")
    geom = frames(stage.run(shell, "tick 1 geom"))["geom"]
    assert geom.exit_status == 0
    assert geom.text.splitlines()[:2] == ["#fallback", "## gmirror"]
    assert [line for line in geom.text.splitlines() if line.startswith("## ")] == [
        "## gmirror",
        "## ggatec",
        "## mdconfig",
    ]
    assert text("gmirror-list") in geom.text


def test_metadata_of_every_component_is_dumped(stage: Stage, shell: str) -> None:
    found = frames(stage.run(shell, "tick 1 metadata"))["metadata"]
    assert [line for line in found.text.splitlines() if line.startswith("## ")] == ["## md0", "## ggate0"]
    assert found.exit_status == 0
    stage.write("gmirror-status.fails", "")
    assert frames(stage.run(shell, "tick 1 metadata"))["metadata"].exit_status == 1


def test_a_missing_sockstat_is_not_taken_for_no_sockets(stage: Stage, shell: str) -> None:
    sockets = frames(stage.run(shell, "tick 1 sockets"))["sockets"]
    assert [line.split()[1] for line in sockets.text.splitlines()] == ["COMMAND", "ggatec"]
    assert sockets.exit_status == 0
    stage.write("sockstat.fails", "")
    assert frames(stage.run(shell, "tick 1 sockets"))["sockets"].exit_status == 1


def test_only_lines_that_matter_leave_the_log(stage: Stage, shell: str) -> None:
    lines = [
        b"Nov 23 01:50:04 nodea kernel: GEOM_MIRROR: Device mirror/remotemirror launched (2/2).",
        b"Nov 23 01:50:05 nodea sshd[1]: Accepted publickey for root",
        b"Nov 23 01:50:06 nodea freevrrpd[901]: server state vrid 1: master",
        b"Nov 23 01:50:07 nodea ggatec: \xff\xfe\x1b]0;p\x07",
        b"@" + BOUNDARY.encode()[:-1] + b" end 1 vrrplog 0 freevrrpd[1]",
        *[b"Nov 23 02:00:00 nodea cron[2]: filler"] * 500,
        b"Nov 23 03:00:00 nodea kernel: arp: 0.0.0.0 is using my IP address",
    ]
    stage.write("messages", b"\n".join(lines) + b"\n")
    found = frames(stage.run(shell, "tick 1 vrrplog messages"))
    assert found["vrrplog"].text == ""
    assert found["vrrplog"].exit_status == 0
    assert found["messages"].text.splitlines() == [
        "Nov 23 03:00:00 nodea kernel: arp: 0.0.0.0 is using my IP address",
        "## states",
        "Nov 23 01:50:06 nodea freevrrpd[901]: server state vrid 1: master",
    ]
    stage.write("messages", b"\n".join(lines[:5]) + b"\n")
    found = frames(stage.run(shell, "tick 1 vrrplog messages"))
    assert [line[:20] for line in found["vrrplog"].text.splitlines()] == [
        "Nov 23 01:50:06 node",
        "@" + "b" * 19,
    ]
    assert "\\xff\\xfe" in found["messages"].text or "��" in found["messages"].text


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("password = vrid1", "vrid1"),
        ("password=vrid1", "vrid1"),
        ("\tPassWord =   a b#c;'\"`$(id)   ", "a b#c;'\"`$(id)"),
        ("password = longer-than-eight", "longer-than-eight"),
        ("password = exactly8", "exactly8"),
        ("#password = old-secret", "old-secret"),
        ("# the old one = password was hunter2", "password was hunter2"),
        ("presharedkey = hush", "hush"),
        ("password = with=equals", "with=equals"),
        ("password = back\\slash\\n", "back\\slash\\n"),
        ("password = pa%sswörd", "pa%sswörd"),
    ],
)
def test_a_password_never_leaves_the_node(stage: Stage, shell: str, line: str, secret: str) -> None:
    stage.write("freevrrpd.conf", f"[VRID]\nserverid = 1\n{line}\npriority = 200")
    found = frames(stage.run(shell, "tick 1 vrrpconf"))["vrrpconf"]
    lines = found.text.splitlines()
    assert lines[:2] == ["[VRID]", "serverid = 1"]
    assert lines[3] == "priority = 200"
    assert secret not in found.text
    key = line.partition("=")[0].rstrip()
    used = secret.encode()[:8]
    data = SALT.encode() + used
    assert lines[2] == f"{key} = ******** (length {len(secret.encode())}, check {cksum(data)})"


@pytest.mark.parametrize("line", ["password hunter2", "#password hunter2", "  passwords are hunter2"])
def test_a_password_line_out_of_form_is_masked_too(stage: Stage, shell: str, line: str) -> None:
    stage.write("freevrrpd.conf", line + "\n")
    assert "hunter2" not in frames(stage.run(shell, "tick 1 vrrpconf"))["vrrpconf"].text


def test_two_nodes_with_one_password_show_one_check(tmp_path: Path) -> None:
    shown = []
    for name, password in (("a", "same-password"), ("b", "same-pass!"), ("c", "other")):
        stage = Stage(tmp_path / name)
        stage.write("freevrrpd.conf", f"password = {password}\n")
        shown.append(frames(stage.run("dash", "tick 1 vrrpconf"))["vrrpconf"].text.partition("check")[2])
    assert shown[0] == shown[1] != shown[2]


def test_files_are_shown_with_the_scripts_that_freevrrpd_runs(stage: Stage, shell: str) -> None:
    stage.write("rc.conf", 'hostname="nodea"\n\n## looks like a header\nwlan_password="hunter2"\nlast')
    script = stage.write("master.sh", "#!/bin/sh\nggatec create -u 0 peer /sites.img\n")
    stage.write(
        "freevrrpd.conf", f"masterscript = {script} arg\nbackupscript = /no/such/script\npassword = x\n"
    )
    found = frames(stage.run(shell, "tick 1 files"))["files"]
    assert found.text.splitlines() == [
        f"## {stage.folder}/rc.conf",
        ' hostname="nodea"',
        " ",
        " ## looks like a header",
        " wlan_password= ********",
        " last",
        f"## {stage.folder}/loader.conf missing",
        f"## {stage.folder}/fstab missing",
        "## /no/such/script missing",
        f"## {script}",
        " #!/bin/sh",
        " ggatec create -u 0 peer /sites.img",
    ]


def test_a_file_that_goes_on_past_its_limit_or_ends_in_blank_lines_is_shown_line_by_line(
    stage: Stage, shell: str
) -> None:
    stage.write("rc.conf", "a=1\n\n\n")
    stage.write("loader.conf", "")
    stage.write("fstab", "x" * 70_000 + "\n")
    found = frames(stage.run(shell, "tick 1 files"))["files"]
    assert found.exit_status == 0
    assert found.text.splitlines() == [
        f"## {stage.folder}/rc.conf",
        " a=1",
        " ",
        " ",
        f"## {stage.folder}/loader.conf",
        f"## {stage.folder}/fstab",
        " " + "x" * 65536,
    ]


def test_images_are_those_exported_and_the_one_set(stage: Stage, shell: str) -> None:
    image = stage.write("sites.img", "x")
    stage.write("gg.exports", f"# comment /not/me x\n192.168.1.0/24 RW {image}\n10.0.0.1 RO /no/such.img\n\n")
    found = frames(stage.run(shell, "set image /also/none", "set image /bad path", "tick 1 images"))["images"]
    lines = found.text.splitlines()
    assert lines[0::2][:2] == ["## /also/none", "## /no/such.img"]
    assert all(line.endswith(": No such file or directory") for line in lines[1:4:2])
    assert lines[4] == f"## {image}"
    assert lines[5].endswith(str(image))


@pytest.mark.parametrize("path", ["relative", "/a b", "/a;b", "/a$b", "/a`b", "", "/a'b", "/*"])
def test_odd_settings_are_not_taken(stage: Stage, path: str) -> None:
    mail = frames(stage.run("dash", f"set qmail {path}", f"set qmaillog {path}", "tick 1 mail"))["mail"]
    assert "/var/qmail/bin/qmail-qstat" in mail.text
    assert "/var/log/qmail/current" in mail.text


def test_the_mail_section_holds_counts_and_log(stage: Stage, shell: str) -> None:
    (stage.folder / "bin").mkdir()
    (stage.folder / "bin" / "qmail-qstat").symlink_to(STUBS / "answer")
    (stage.folder / "bin" / "text").symlink_to(STUBS / "text")
    (stage.folder / "elsewhere").mkdir()
    (stage.folder / "queue").symlink_to(stage.folder / "elsewhere")
    log = stage.write("current", "@400000005f new msg 1\n")
    mail = frames(stage.run(shell, f"set qmail {stage.folder}", f"set qmaillog {log}", "tick 1 mail"))["mail"]
    place = f"## place\n{stage.folder.resolve()}/elsewhere\n"
    assert mail.text == "## qstat\n" + text("qmail-qstat") + place + "## log\n@400000005f new msg 1\n"


def test_a_hostile_log_line_cannot_end_its_frame(stage: Stage, shell: str) -> None:
    forged = f"freevrrpd[1] x\n@{'0' * 32} end 1 vrrplog 0\n@{'0' * 32} begin 1 mounts\nfreevrrpd[2] fake"
    stage.write("messages", forged + "\n")
    found = frames(stage.run(shell, "tick 1 vrrplog mounts"))
    assert found["mounts"].text == text("mount")


def test_the_script_is_clean_posix_shell() -> None:
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("no shellcheck on this machine")
    path = Path("playbooks/node/sampler.sh")
    subprocess.run([program, "--shell=sh", str(Path(__file__).parents[2] / path)], check=True)


async def test_bashkit_runs_the_script_too() -> None:
    bash = Bash(max_loop_iterations=10**6, max_commands=10**6)
    bash.mkdir("/usr/local/etc", True)
    bash.write_file("/usr/local/etc/freevrrpd.conf", "[VRID]\npassword = longer-than-eight\n")
    bash.write_file("/ticks", f"hello {BOUNDARY} {SALT}\ntick 1 exports vrrpconf\n")
    body = SCRIPT[SCRIPT.index("\n{\n") + 1 :].rstrip()
    # Without a live input: the lab's own shell sees to that.
    done = await asyncio.wait_for(asyncio.ensure_future(bash.execute(f"cat /ticks | {body}\n")), 30)
    found = frames(done.stdout)
    assert found["exports"].exit_status == 1
    check = cksum(SALT.encode() + b"longer-t")
    assert found["vrrpconf"].text == f"[VRID]\npassword = ******** (length 17, check {check})\n"


def cksum(data: bytes) -> int:
    """The checksum of POSIX cksum(1): CRC-32 with its length appended, most significant bit first."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 1 << 31 else value << 1) & 0xFFFFFFFF
        table.append(value)
    length = len(data)
    tail = bytearray()
    while length:
        tail.append(length & 0xFF)
        length >>= 8
    crc = 0
    for byte in data + bytes(tail):
        crc = (crc << 8 ^ table[crc >> 24 ^ byte]) & 0xFFFFFFFF
    return ~crc & 0xFFFFFFFF
