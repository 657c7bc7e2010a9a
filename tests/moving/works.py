"""Settled migrations of every kind, as the planner hands them over."""

from dataclasses import replace

from console.model.disks import Disk, FileSystem, HostDisks, Mounted, Part, Scheme, Slice
from playbooks.migrating.work import Content, Move, Place, Way, Work

MARK = "0123456789abcdef"
MB = 1 << 20
TOOLS = frozenset(
    ("dump", "restore", "gpart", "fdisk", "disklabel", "bsdlabel", "newfs", "tunefs", "dumpfs", "mtree")
) | frozenset(("sha256", "ssh", "ssh-keygen", "gzip"))
LABEL = """\
# /dev/ada1s1:
8 partitions:
#        size   offset    fstype   [fsize bsize bps/cpg]
  b:    131072   409600      swap
  c:   2097089        0    unused        0     0
  e:    409600        0    4.2BSD        0     0     0
  f:   1249217   847872    4.2BSD        0     0     0
"""


def host(name: str, major: int = 13) -> HostDisks:
    parts = (
        Part("ada0s1a", 0, 200 * MB, "4.2BSD", letter="a", file_system=FileSystem(ident="6b039b130c852bb4")),
        Part("ada0s1e", 200 * MB, 150 * MB, "4.2BSD", letter="e"),
    )
    slice = Slice("ada0s1", 63 * 512, 1000 * MB, 1, 165, True, label=LABEL, parts=parts)
    mounts = (
        Mounted("/dev/ada0s1a", "/", "ufs", ("rw",)),
        Mounted("/dev/ada0s1e", "/var", "ufs", ("rw",)),
        Mounted("devfs", "/dev", "devfs", ("rw",)),
    )
    disks = (
        Disk("ada0", 1100 * MB, scheme=Scheme.MBR, slices=(slice,)),
        Disk("ada1", 2000 * MB),
    )
    return HostDisks(
        name,
        name,
        f"{major}.2-RELEASE",
        major,
        disks=disks,
        mounts=mounts,
        tools=TOOLS,
        fstab="/dev/ada0s1a / ufs rw 1 1\n",
    )


def work(*, way: Way = Way.HERE, major: int = 13, elsewhere: bool = False) -> Work:
    """An `a b e` system that goes to ada1; `elsewhere`: of another machine."""
    source = host("web-a", major)
    target = host("web-b", major) if elsewhere else source
    places = (
        Place("ada1s1e", "ada0s1a", 0, 200 * MB, Content.UFS, letter="e", letter_then="a"),
        Place("ada1s1b", "ada0s1b", 200 * MB, 64 * MB, Content.SWAP, letter="b", letter_then="b"),
        Place("ada1s1f", "ada0s1e", 414 * MB, 600 * MB, Content.UFS, letter="f", letter_then="e"),
    )
    moves = (
        Move("/", "/dev/ada0s1a", FileSystem(used=50 * MB, inodes_used=500), places[0]),
        Move("/var", "/dev/ada0s1e", FileSystem(used=20 * MB), places[2], excludes=("/var/qmail/queue",)),
    )
    return Work(
        source,
        target,
        "ada0",
        "ada1",
        "ada0",
        Scheme.MBR,
        True,
        places,
        moves,
        way,
        snapshots=major >= 5,
        second_level=True,
        compress=False,
        rate_limit=None,
        label_before=LABEL,
        label_after=LABEL.replace("  e:", "  a:"),
        fstab_after="/dev/ada0s1b none swap sw 0 0\n/dev/ada0s1a / ufs rw 1 1\n",
        slice_start=63 * 512,
        slice_size=1000 * MB,
        target_ssh="root@192.0.2.2:2222" if elsewhere else "",
    )


def gpt() -> Work:
    """The same into a GPT disk."""
    places = (
        Place("ada1p1", "ada0p1", 20480, 512 * 1024, Content.BOOT, index=1),
        Place("ada1p2", "ada0p2", MB, 200 * MB, Content.UFS, index=2, label="root-01"),
        Place("ada1p3", "ada0p3", 201 * MB, 64 * MB, Content.SWAP, index=3),
    )
    one = work()
    moves = (replace(one.moves[0], target=places[1]),)
    return replace(one, scheme=Scheme.GPT, places=places, moves=moves, label_before=None, label_after=None)


def into_one() -> Work:
    """Several file systems become one."""
    one = work()
    root = one.moves[0]
    return replace(one, moves=(root, replace(one.moves[1], target=root.target, below="var")))


KINDS: dict[str, Work] = {
    "here": work(),
    "here, limited": replace(work(), rate_limit=1 << 20),
    "here, old": work(major=4),
    "here, 7": work(major=7),
    "direct": work(way=Way.DIRECT, elsewhere=True),
    "direct, packed": replace(work(way=Way.DIRECT, elsewhere=True), compress=True, target_become="sudo"),
    "direct, old": work(way=Way.DIRECT, elsewhere=True, major=4),
    "console": work(way=Way.CONSOLE, elsewhere=True),
    "console, packed": replace(work(way=Way.CONSOLE, elsewhere=True), compress=True),
    "file": replace(work(way=Way.FILE), work_directory="/big"),
    "file, elsewhere": replace(work(way=Way.FILE, elsewhere=True), work_directory="/big", compress=True),
    "gpt": gpt(),
    "into one": into_one(),
    "as it is": replace(work(), prepare=False, second_level=False),
    "a sample": replace(work(), full_check=False),
}
