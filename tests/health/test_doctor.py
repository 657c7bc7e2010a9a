"""The lint of a set-up: the guide's files give every finding they deserve, a correct set-up gives none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.health.doctor import examine, lint
from console.health.findings import findings
from console.health.history import History
from console.health.lint.shell import read_script, without_comment
from console.health.lint.table import TABLE
from console.model.facts import ConfigFile, Export, Exports, VrrpConf
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home, Severity
from playbooks import node as installed
from tests.health.building import (
    BACKUP,
    FLOATING,
    GOOD_SCRIPT,
    SCRIPTS,
    boot_files,
    healthy,
    ids,
    losing,
    section,
    with_facts,
    with_link,
)
from tests.health.guide import guide_pair

A, B = Home.MASTER, Home.SLAVE
RC_OF_SLAVE = ('freevrrpd_enable="YES"', 'ggated_enable="YES"')


def script(*lines: str, home: Home = A) -> PairSnapshot:
    rc = RC_OF_SLAVE if home is B else ()
    return with_facts(healthy(), home, files=boot_files(rc, ("#!/bin/sh", "set -e", *lines)))


def test_a_correct_set_up_yields_nothing() -> None:
    assert lint(healthy()) == ()


def test_the_guides_files_yield_every_finding_they_deserve() -> None:
    found = lint(guide_pair())
    first = {f"G-0{n}" for n in range(1, 7)} | {"G-10", "G-12"}
    scripts = {f"G-{n}" for n in range(20, 39)}
    expected = first | scripts | {"G-50", "G-51", "G-52", "G-53"}
    assert expected <= ids(found), expected - ids(found)
    assert not [f for f in found if f.severity is Severity.UNKNOWN]
    assert "bork" not in str(found)


@pytest.mark.parametrize(
    ("id", "line"),
    [
        ("G-20", "ggatec create -d 5 -t 10 192.168.1.101 /root/images/sitesbackup.img"),
        ("G-21", "ggatec create 192.168.1.101 /root/images/sitesbackup.img"),
        ("G-12", "ggatec create -t 10 -u 0 192.168.1.102 /root/images/sitesbackup.img"),
        ("G-11", "ggatec create -t 10 backupserver /root/images/sitesbackup.img"),
        ("G-10", "ggatec create -t 10 192.168.1.101 /root/images/sitebackup.img"),
        ("G-10", "mdconfig -a -t vnode -u 0 -f /root/images/other.img"),
        ("G-23", '[ "$(mdconfig -l)" = "md0" ] && echo there'),
        ("G-24", "gmirror deactivate M md0; gmirror deactivate M ggate0"),
        ("G-25", "/sbin/gmirror label -n remotemirror ggate0"),
        ("G-26", "gmirror insert remotemirror md0"),
        ("G-27", "gmirror rebuild remotemirror md0"),
        ("G-28", "while [ `gmirror status | awk '{print $2}'` != COMPLETE ]; do sleep 1; done"),
        ("G-22", "until [ -e /dev/mirror/remotemirror ]; do sleep 1; done"),
        ("G-29", "sleep 5"),
        ("G-29", "fsck -t ufs -p /dev/mirror/remotemirror"),
        ("G-30", "pkill -x ggated"),
        ("G-31", "mount /dev/md0 /home/sites"),
        ("G-33", "fsck_ffs -y /dev/md0"),
        ("G-35", "service ggated onestart"),
        ("G-36", "mdconfig -a -t vnode -f /root/images/sitesprimary.img"),
        ("G-39", "ps -waux | grep ggated"),
        ("G-39", "df"),
    ],
)
def test_a_line_that_bites_is_found(id: str, line: str) -> None:
    assert id in ids(lint(script(line))), lint(script(line))


@pytest.mark.parametrize(
    ("id", "line"),
    [
        ("G-20", "ggatec destroy -u 0 # ggatec create -d 5"),
        ("G-21", "ggatec create -u 0 -t 10 192.168.1.101 /root/images/sitesbackup.img"),
        ("G-10", "ggatec create -u 0 -t 10 192.168.1.101 /root/images/sitesbackup.img"),
        ("G-11", 'ggatec create -u 0 -t 10 "$PEER" /root/images/sitesbackup.img'),
        ("G-23", "mdconfig -l -u 0 || mdconfig -a -t vnode -u 0 -f /root/images/sitesprimary.img"),
        ("G-24", "gmirror deactivate M md0"),
        ("G-25", "echo gmirror label"),
        ("G-26", "gmirror insert -h -p 100 remotemirror md0"),
        ("G-27", "gmirror dump md0 ggate0 > /tmp/x; gmirror rebuild remotemirror md0"),
        ("G-22", "n=0; while [ ! -e /dev/ggate0 ] && [ $n -lt 20 ]; do sleep 1; n=$((n+1)); done"),
        ("G-29", "nohup /usr/local/libexec/job &"),
        ("G-30", "pkill -x ggated; while pgrep -q ggated; do sleep 1; done"),
        ("G-31", "mount /dev/mirror/remotemirror /home/sites"),
        ("G-35", "mdconfig -d -o force -u 0; ggated"),
        ("G-39", "df -n; pgrep -x ggated"),
    ],
)
def test_a_line_that_is_right_is_left_alone(id: str, line: str) -> None:
    assert id not in ids(lint(script(line))), lint(script(line))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("#!/bin/sh", "umount /home/sites", "/sbin/ggated"), True),
        (("#!/bin/sh", "umount /home/sites || exit 1", "ggated"), False),
        (("#!/bin/sh", "if ! umount /home/sites; then exit 1; fi"), False),
        (("#!/bin/sh", "umount /home/sites && gmirror stop remotemirror"), False),
        (("#!/bin/sh -e", "umount /home/sites"), False),
        (("#!/bin/sh", "set -eu", "umount /home/sites"), False),
        (("#!/bin/sh", "umount /home/sites", "[ $? -eq 0 ] || exit 1"), False),
        (("#!/bin/sh", "echo later; umount \\", "  /home/sites"), True),
    ],
)
def test_an_unchecked_umount_is_found(lines: tuple[str, ...], found: bool) -> None:
    pair = with_facts(healthy(), B, files=boot_files(RC_OF_SLAVE, lines))
    assert ("G-34" in ids(lint(pair))) is found


@pytest.mark.parametrize(
    ("id", "pair"),
    [
        ("G-02", with_facts(healthy(), B, vrrpconf=VrrpConf((section(serverid=2, priority=150),)))),
        ("G-03", with_facts(healthy(), A, vrrpconf=VrrpConf((section(priority=255),)))),
        ("G-04", with_facts(healthy(), A, vrrpconf=VrrpConf((section(interface="lnc1"),)))),
        ("G-05", with_facts(healthy(), A, vrrpconf=VrrpConf((section(password_length=20),)))),
        ("G-07", with_facts(healthy(), A, vrrpconf=VrrpConf((section(addr=("192.168.1.109/32",)),)))),
        ("G-07", with_facts(healthy(), A, vrrpconf=VrrpConf((section(password_check="5"),)))),
        ("G-08", with_facts(healthy(), A, vrrpconf=VrrpConf((section(masterscript=None),)))),
        ("G-08", with_facts(healthy(), A, files=(ConfigFile(SCRIPTS[0]),))),
        ("G-09", with_facts(healthy(), A, vrrpconf=VrrpConf(fatal="there is no freevrrpd.conf"))),
        ("G-10", with_facts(healthy(), B, exports=Exports((Export("192.168.1.100", 32, "RW", "/x.img"),)))),
        ("G-11", with_facts(healthy(), B, exports=Exports((Export("web-a", 32, "RW", BACKUP),)))),
        ("G-12", with_facts(healthy(), B, exports=Exports((Export(FLOATING, 32, "RW", BACKUP),)))),
        ("G-13", with_facts(healthy(), B, exports=Exports((Export("10.0.0.0", 8, "RW", BACKUP),)))),
        ("G-14", with_facts(healthy(), B, exports=Exports((), ((3, "junk", "too few"),)))),
        (
            "G-50",
            with_facts(healthy(), A, files=(ConfigFile("/etc/rc.conf", ()), ConfigFile("/boot/loader.conf"))),
        ),
        ("G-52", with_facts(healthy(), B, files=boot_files(('freevrrpd_enable="NO"',)))),
        ("G-53", with_facts(healthy(), B, files=boot_files(('freevrrpd_enable="YES"',)))),
        (
            "G-54",
            with_facts(
                healthy(),
                A,
                files=(ConfigFile("/etc/fstab", ("/dev/mirror/remotemirror /home/sites ufs rw 2 2",)),),
            ),
        ),
        ("G-55", with_facts(healthy(), A, files=boot_files(('freevrrpd_enable="YES"',)))),
        ("U-vrrpconf", losing(healthy(), A, "vrrpconf", "Permission denied")),
        ("P43", with_link(healthy(), B, LinkState.LOST)),
    ],
)
def test_a_fault_of_the_configuration_is_found(id: str, pair: PairSnapshot) -> None:
    assert id in ids(lint(pair)), lint(pair)


def test_a_script_that_starts_ggated_counts_as_starting_it() -> None:
    backup = ("#!/bin/sh", "mdconfig -d -u 0 || exit 1", "ggated -a 192.168.1.101")
    pair = with_facts(healthy(), B, files=boot_files(('freevrrpd_enable="YES"',), (*GOOD_SCRIPT, *backup)))
    assert "G-53" not in ids(lint(pair))


def test_our_own_scripts_are_left_alone() -> None:
    pair = healthy()
    for home in Home:
        ours = [
            ConfigFile(path, tuple(installed.text(path).splitlines()))
            for path in SCRIPTS
            if path in installed.INSTALLED
        ]
        assert len(ours) == 2
        rc = ('mirrorgate_enable="YES"', *(('freevrrpd_enable="YES"',) if home is B else ()))
        rest = tuple(f for f in boot_files(rc) if f.path not in SCRIPTS)
        pair = with_facts(pair, home, files=(*rest, *ours))
    assert lint(pair) == ()


def test_a_module_in_the_kernel_or_in_kld_list_counts_as_loaded() -> None:
    bare = (
        ConfigFile("/etc/rc.conf", ('kld_list="geom_mirror geom_gate.ko"',)),
        ConfigFile("/boot/loader.conf", ()),
    )
    assert not {"G-50", "G-51"} & ids(lint(with_facts(healthy(), A, files=bare)))
    static = (ConfigFile("/etc/rc.conf", ()), ConfigFile("/boot/loader.conf", ()))
    pair = with_facts(with_facts(healthy(), A, files=static), A, modules=("kernel",))
    assert not {"G-50", "G-51"} & ids(lint(pair))


def test_the_examination_says_nothing_twice() -> None:
    pair = guide_pair()
    both = examine(pair, findings(pair, History()))
    assert {"G-02", "G-03", "P12"} & ids(both)
    assert not {"P28", "P31"} & ids(both)
    assert examine(healthy(), ()) == ()


def test_every_check_is_in_the_table_once_and_says_what_to_do() -> None:
    for id, check in TABLE.items():
        assert id == check.id
        assert all((check.title, check.why, check.todo, check.pitfall))


def test_comments_end_at_the_line_and_not_inside_quotes() -> None:
    assert without_comment("echo '# no' # yes") == "echo '# no' "
    assert without_comment("echo a#b") == "echo a#b"


@given(st.lists(st.text(max_size=60), max_size=12))
def test_any_text_is_read_as_some_script(lines: list[str]) -> None:
    read_script(tuple(lines))
    lint(with_facts(healthy(), A, files=boot_files((), lines)))
