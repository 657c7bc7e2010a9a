"""The disks of a machine from what disks.sh prints: the recorded system, an old one, and anything at all."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.disks import FileSystem, HostDisks, Scheme
from console.parse.host_disks import LATE, Section, read_host_disks
from tests.parse.captured import CAPTURES, answers

CODE = " ".join(["fc"] * 510 + ["55", "aa"])
EMPTY = " ".join(["00"] * 512)
KNOWN = {(one.run, one.node): one.out for one in answers() if one.scenario == "10-dump-restore.jsonl"}


def said(run: str) -> str:
    """What the recorded machine printed to a command, the first time."""
    return KNOWN[run, "a"]


SHOWN = said("gpart show") + "\n" + said("gpart show vtbd1 vtbd1s1")


def with_names(shown: str) -> str:
    """`gpart show` as -p prints it: names in the place of numbers."""
    name, lines = "", []
    for line in shown.splitlines():
        if found := re.match(r"=>\s+\d+\s+\d+\s+(\S+)\s+(\S+)", line):
            name = found[1] + ({"GPT": "p", "MBR": "s"}.get(found[2], ""))
            letters = found[2] == "BSD"
        elif found := re.match(r"(\s+\d+\s+\d+\s+)(\d+)(\s.*)", line):
            word = chr(96 + int(found[2])) if letters else found[2]
            line = f"{found[1]}{name}{word}{found[3]}"
        lines.append(line)
    return "\n".join(lines)


SECTIONS = {
    "host": Section("web-a.lab\n13.2-RELEASE\n0\n"),
    "tools": Section("dump\nrestore\ngpart\nssh\nvi\n"),
    "fstab": Section("/dev/gpt/rootfs / ufs rw 1 1\n"),
    "loader": Section("", 3),
    "mounts": Section(said("mount -p")),
    "swap": Section("Device 1K-blocks Used Avail Capacity\n/dev/gpt/swap 524288 0 524288 0%\n"),
    "disks": Section("vtbd1\nvtbd0\n"),
    "diskinfo/vtbd1": Section(said("diskinfo -v vtbd1")),
    "fdisk/vtbd1": Section(said("fdisk vtbd1")),
    "fdisk-s/vtbd1": Section(said("fdisk -s vtbd1")),
    "label/vtbd1s1": Section(said("bsdlabel -A vtbd1s1")),
    "gpart": Section(with_names(SHOWN)),
    "gpart-l": Section(SHOWN.replace("freebsd-ufs  (3.0G)", "rootfs  (3.0G)")),
    "dumpfs/vtbd1s1a": Section(said("dumpfs /dev/vtbd1s1a | head -24")),
    "boot/vtbd1": Section(EMPTY),
    "boot/vtbd0": Section(CODE),
    "df": Section(said("df -i")),
    "queue": Section("/var/qmail/queue\n"),
    "snaps": Section("/\n/src\n"),
}


def test_the_recorded_system_is_read_whole() -> None:
    host = read_host_disks("web-a", SECTIONS, 7.0)
    assert host.unknown == ()
    assert (host.name, host.hostname, host.release, host.major) == ("web-a", "web-a.lab", "13.2-RELEASE", 13)
    assert host.tools == {"dump", "restore", "gpart", "ssh"}
    assert host.loader_conf is None
    assert host.swap == ("/dev/gpt/swap",)
    assert host.snap_directories == ("/", "/src")
    assert host.qmail_queue == "/var/qmail/queue"
    disk = host.disk("vtbd1")
    assert disk is not None
    assert (disk.size, disk.scheme, disk.boot_code) == (1 << 30, Scheme.MBR, False)
    (slice,) = disk.slices
    assert (slice.name, slice.start, slice.index) == ("vtbd1s1", 63 * 512, 1)
    assert (slice.sysid, slice.active) == (165, True)
    assert slice.label == said("bsdlabel -A vtbd1s1")
    assert [(p.name, p.start, p.size, p.type, p.index) for p in slice.parts] == [
        ("vtbd1s1a", 63 * 512, 200 << 20, "4.2BSD", 1),
        ("vtbd1s1b", (63 + 409600) * 512, 64 << 20, "swap", 2),
        ("vtbd1s1e", (63 + 540672) * 512, 150 << 20, "4.2BSD", 5),
        ("vtbd1s1f", (63 + 847872) * 512, 1249217 * 512, "4.2BSD", 6),
    ]
    assert slice.parts[0].file_system == FileSystem(
        ufs=2,
        ident="6b039b130c852bb4",
        last_mounted_on="/src",
        size=200 << 20,
        used=12472 * 1024,
        inodes_used=491,
        inodes=491 + 25619,
        soft_updates=True,
        clean=False,
    )


def test_a_gpt_disk_has_its_labels_and_its_boot_code() -> None:
    disk = read_host_disks("web-a", SECTIONS).disk("vtbd0")
    assert disk is not None
    assert (disk.scheme, disk.boot_code) == (Scheme.GPT, True)
    assert [(p.name, p.index, p.type) for p in disk.parts][:2] == [
        ("vtbd0p1", 1, "freebsd-boot"),
        ("vtbd0p2", 2, "freebsd-ufs"),
    ]
    assert disk.parts[1].label == "rootfs"


def test_a_file_system_that_is_not_mounted_is_measured_by_its_superblock() -> None:
    host = read_host_disks("web-a", {**SECTIONS, "df": Section("")})
    found = next(part.file_system for disk in host.disks for part in disk.places if part.name == "vtbd1s1a")
    assert found is not None
    assert found.used == (49479 * 4096) - (5789 * 32768) - (49 * 4096)
    assert (found.inodes_used, found.inodes) == (4 * 6528 - 25619, 4 * 6528)


OLD_LABEL = (CAPTURES / "freebsd/disklabel/guide-before-no-a.txt").read_text()
OLD = {
    "host": Section("old\n4.11-STABLE\n0\n"),
    "disks": Section("ad0\n"),
    "fdisk/ad0": Section((CAPTURES / "freebsd/fdisk/ad4-one-slice.txt").read_text()),
    "fdisk-s/ad0": Section("/dev/ad0: 1024 cyl 16 hd 63 sec\n1: 63 1032129 0xa5 0x80\n"),
    "label/ad0s1": Section(OLD_LABEL),
}


def test_an_old_system_without_diskinfo_and_gpart_is_read_by_fdisk_and_disklabel() -> None:
    host = read_host_disks("old", OLD)
    (disk,) = host.disks
    assert (disk.scheme, disk.size) == (Scheme.MBR, 1024 * 16 * 63 * 512)
    assert (host.major, disk.slices[0].label) == (4, OLD_LABEL)
    assert {part.letter for part in disk.places} >= {"e"}
    assert ("tools", LATE) in host.unknown


def test_a_slice_that_begins_with_the_disk_is_a_dedicated_disk() -> None:
    short = "/dev/ad0: 10 cyl 16 hd 63 sec\nPart Start Size Type Flags\n4: 0 50000 0xa5 0x80\n"
    sections = {
        "disks": Section("ad0\n"),
        "fdisk-s/ad0": Section(short),
        "label/ad0": Section(said("bsdlabel vtbd1s1")),
    }
    (disk,) = read_host_disks("old", sections).disks
    assert disk.scheme is Scheme.BSD
    assert [slice.name for slice in disk.slices] == ["ad0"]
    assert disk.places[0].name == "ad0a"
    assert disk.places[0].start == 0


def test_a_table_that_fdisk_only_made_up_is_none() -> None:
    sections = {
        "disks": Section("ad1\n"),
        "fdisk/ad1": Section(said("fdisk vtbd1")),
        "fdisk-s/ad1": Section("fdisk: read_s0: Invalid argument\n", 1),
    }
    (disk,) = read_host_disks("old", sections).disks
    assert disk.scheme is None
    assert disk.places == ()


def test_a_label_with_offsets_from_the_beginning_of_the_disk_gives_the_same_places() -> None:
    label = said("bsdlabel -A vtbd1s1")
    moved = re.sub(r"(?m)^(  [a-z]: +\d+ +)(\d+)", lambda row: f"{row[1]}{int(row[2]) + 63}", label)
    there = read_host_disks("a", {**SECTIONS, "label/vtbd1s1": Section(moved)}).disk("vtbd1")
    here = read_host_disks("a", SECTIONS).disk("vtbd1")
    assert there is not None
    assert here is not None
    assert [part.start for part in there.places] == [part.start for part in here.places]


def test_what_was_not_answered_is_unknown_with_the_reason() -> None:
    assert read_host_disks("gone", {}).unknown[0] == ("host", LATE)
    denied = {**SECTIONS, "boot/vtbd1": Section("dd: /dev/vtbd1: Permission denied\n", 1)}
    host = read_host_disks("web-a", denied)
    (why,) = [why for what, why in host.unknown if what == "boot/vtbd1"]
    assert "Permission denied" in why
    disk = host.disk("vtbd1")
    assert disk is not None
    assert disk.boot_code is None


def test_an_ssh_that_was_refused_is_no_and_one_that_was_not_let_in_was_reached() -> None:
    def reached(text: str, status: int = 254) -> bool | None:
        return read_host_disks("a", {"reach": Section(text, status)}).answers_ssh

    assert reached("ssh: connect to host b port 22: Connection refused") is False
    assert reached("Host key verification failed.") is True
    assert reached("root@b: Permission denied (publickey).") is True
    assert reached("", 0) is True
    assert reached("ssh: something else") is None
    assert reached("sh: ssh: not found", 127) is None
    assert read_host_disks("a", {}).answers_ssh is None


WORDS = sorted({word for one in SECTIONS.values() for word in one.text.split()})[:400]
TEXTS = st.one_of(
    st.sampled_from([one.text for one in (*SECTIONS.values(), *OLD.values())]),
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    st.text(max_size=120),
    st.sampled_from(["9" * 5000, "=> 1 2 a b (c)", "a: 9 9 4.2BSD", "\x1b]0;x\x07", "²", "\ud800"]),
)
KEYS = st.one_of(st.sampled_from([*SECTIONS, *OLD]), st.text(max_size=10).map(lambda end: f"label/{end}"))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, st.builds(Section, TEXTS, st.integers(0, 255)), max_size=20))
def test_no_answer_makes_it_fail(odd: dict[str, Section]) -> None:
    assert isinstance(read_host_disks("x", odd), HostDisks)
    assert isinstance(read_host_disks("x", {**SECTIONS, **odd}), HostDisks)


def test_two_equal_readings_at_different_times_are_equal() -> None:
    one = read_host_disks("a", SECTIONS, 1.0)
    assert one == read_host_disks("a", SECTIONS, 2.0)
    assert one != replace(one, name="b")
