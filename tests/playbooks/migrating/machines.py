"""Machines whose disks were read: a system of four partitions as of the days of 4.11, on every release."""

from dataclasses import replace
from typing import Any
from zlib import crc32

import pytest

from console.model.disks import Disk, FileSystem, HostDisks, Mounted, Part, Scheme, Slice
from console.model.snapshot import PairSnapshot
from playbooks.job import CannotPlan
from playbooks.migrating.answers import MigrateAnswers
from playbooks.migrating.settling import settle
from playbooks.migrating.work import Work
from tests.health.building import healthy

MARK = "0123456789abcdef"
MB = 1 << 20
TOOLS = frozenset(
    [
        "dump",
        "restore",
        "gpart",
        "fdisk",
        "disklabel",
        "bsdlabel",
        "newfs",
        "tunefs",
        "dumpfs",
        "mtree",
        "ssh",
        "ssh-keygen",
        "gzip",
    ]
)
RELEASES = {
    "4.11": ("4.11-RELEASE", "ad"),
    "5.5": ("5.5-RELEASE", "ad"),
    "9.3": ("9.3-RELEASE", "ada"),
    "13.2": ("13.2-RELEASE", "ada"),
    "14.0": ("14.0-RELEASE", "ada"),
}
SYSTEM = (("a", "/", 60), ("b", "swap", 16), ("e", "/var", 40), ("f", "/usr", 60), ("g", "/home", 79))
SLICE = 63 * 512
"""Where the slice begins, bytes."""


def file_system(mount: str | None, size: int, **changed: Any) -> FileSystem:
    """A UFS with a fifth of it used."""
    values: dict[str, Any] = {
        "ufs": 2,
        "ident": f"{crc32((mount or '').encode()):016x}",
        "last_mounted_on": mount,
        "size": size,
        "used": size // 5,
        "inodes_used": 1000,
        "inodes": size // 8192,
        "soft_updates": True,
        "clean": False,
    }
    return FileSystem(**(values | changed))


def label_text(rows: tuple[tuple[str, str, int, int], ...], sectors: int, name: str) -> str:
    """A label as bsdlabel prints it; (letter, type, offset, size) in sectors."""
    lines = [
        f"# /dev/{name}:",
        "8 partitions:",
        "#          size     offset    fstype   [fsize bsize bps/cpg]",
    ]
    for letter, kind, offset, size in sorted((*rows, ("c", "unused", 0, sectors))):
        tail = " " * 20 if kind == "swap" else f"        0     0     {0 if letter != 'c' else ' '}"
        remark = '# "raw" part, don\'t edit' if letter == "c" else ""
        lines.append(f"  {letter}: {size:10} {offset:10}  {kind:>8}{tail:<20}{remark}")
    return "\n".join(lines) + "\n"


def mbr_disk(
    name: str, size: int, rows: tuple[tuple[str, str | None, int], ...], *, begin: int = 16, **slice: Any
) -> Disk:
    """A disk with one slice and a label; (letter, mount point, `swap` or None for an empty one, MB)."""
    at = begin
    parts: list[Part] = []
    lines: list[tuple[str, str, int, int]] = []
    for letter, what, megabytes in rows:
        sectors = megabytes * MB // 512
        kind = "swap" if what == "swap" else "4.2BSD"
        found = file_system(what, megabytes * MB) if what not in ("swap", None) else None
        parts.append(
            Part(
                f"{name}s1{letter}",
                SLICE + at * 512,
                sectors * 512,
                kind,
                ord(letter) - 96,
                letter,
                file_system=found,
            )
        )
        lines.append((letter, kind, at, sectors))
        at += sectors
    sectors = size // 512 - 63
    values: dict[str, Any] = {
        "label": label_text(tuple(lines), sectors, f"{name}s1"),
        "parts": tuple(parts),
        "boot_code": True,
    }
    only = Slice(f"{name}s1", SLICE, sectors * 512, 1, 165, True, **(values | slice))
    return Disk(name, size, scheme=Scheme.MBR, boot_code=True, slices=(only,))


def gpt_disk(name: str, size: int) -> Disk:
    """A disk as the installer of 9 and later makes it: boot code, one UFS with a label, swap."""
    root = file_system("/", 200 * MB)
    return Disk(
        name,
        size,
        scheme=Scheme.GPT,
        boot_code=True,
        parts=(
            Part(f"{name}p1", 40 * 512, 512 << 10, "freebsd-boot", 1),
            Part(f"{name}p2", MB, 200 * MB, "freebsd-ufs", 2, label="rootfs", file_system=root),
            Part(f"{name}p3", 201 * MB, 32 * MB, "freebsd-swap", 3, label="swap"),
        ),
    )


FSTAB = """\
# Device\tMountpoint\tFStype\tOptions\tDump\tPass#
/dev/{disk}s1a\t/\tufs\trw\t1\t1
/dev/{disk}s1b\tnone\tswap\tsw\t0\t0
/dev/{disk}s1e\t/var\tufs\trw\t2\t2
/dev/{disk}s1f\t/usr\tufs\trw\t2\t2
/dev/{disk}s1g\t/home\tufs\trw\t2\t2
/dev/mirror/remotemirror\t/home/sites\tufs\trw,noauto\t0\t0
proc\t/proc\tprocfs\trw\t0\t0
"""


def machine(release: str = "13.2", name: str = "web-b", **changed: Any) -> HostDisks:
    """A machine with the system on its first disk and an empty second one of 512 MB."""
    said, kind = RELEASES[release]
    first, second = (f"{kind}0", f"{kind}1")
    disk = mbr_disk(first, 256 * MB, SYSTEM)
    mounts = tuple(
        Mounted(f"/dev/{first}s1{letter}", what, "ufs", ("rw",))
        for letter, what, _ in SYSTEM
        if what != "swap"
    )
    values: dict[str, Any] = {
        "name": name,
        "hostname": f"{name}.example.net",
        "release": said,
        "major": int(said.split(".")[0]),
        "disks": (disk, Disk(second, 512 * MB)),
        "mounts": mounts,
        "fstab": FSTAB.format(disk=first),
        "swap": (f"/dev/{first}s1b",),
        "tools": TOOLS,
        "snap_directories": tuple(one.file for one in mounts),
    }
    return HostDisks(**(values | changed))


def gpt_machine(name: str = "web-b", **changed: Any) -> HostDisks:
    """A 13.2 machine that boots from GPT, with labels in its fstab, and an empty second disk."""
    values: dict[str, Any] = {
        "disks": (gpt_disk("ada0", 256 * MB), Disk("ada1", 512 * MB)),
        "mounts": (Mounted("/dev/gpt/rootfs", "/", "ufs", ("rw",)),),
        "fstab": "/dev/gpt/rootfs / ufs rw 1 1\n/dev/gpt/swap none swap sw 0 0\n",
        "swap": ("/dev/gpt/swap",),
        "loader_conf": 'kern.geom.label.gptid.enable="0"\nvfs.root.mountfrom="ufs:gpt/rootfs"\n',
    }
    return machine("13.2", name, **(values | changed))


def second_disk(host: HostDisks) -> str:
    """Name of the empty one."""
    return host.disks[1].name


def with_part(host: HostDisks, mount: str, **changed: Any) -> HostDisks:
    """The same machine with a file system of another kind."""
    disk = host.disks[0]
    (slice,) = disk.slices
    parts = tuple(
        replace(part, file_system=replace(part.file_system, **changed))
        if part.file_system is not None and part.file_system.last_mounted_on == mount
        else part
        for part in slice.parts
    )
    assert parts != slice.parts, mount
    return replace(host, disks=(replace(disk, slices=(replace(slice, parts=parts),)), *host.disks[1:]))


def having(*hosts: HostDisks, pair: PairSnapshot | None = None) -> PairSnapshot:
    """The healthy pair with these machines read."""
    return replace(pair or healthy(), disks=hosts)


def answers(source: HostDisks, target: HostDisks | None = None, **said: Any) -> MigrateAnswers:
    """Answers for the empty second disk of the target."""
    other = target or source
    values: dict[str, Any] = {
        "mark": MARK,
        "source": source.name,
        "target": "same" if target is None else target.name,
        "target_disk": second_disk(other),
    }
    return MigrateAnswers.model_validate(values | said)


def settled(
    source: HostDisks, target: HostDisks | None = None, pair: PairSnapshot | None = None, **said: Any
) -> Work:
    """The work of a migration."""
    hosts = (source,) if target is None else (source, target)
    return settle(having(*hosts, pair=pair), answers(source, target, **said))


def refused(
    source: HostDisks, target: HostDisks | None = None, pair: PairSnapshot | None = None, **said: Any
) -> str:
    """The one line with which a migration is refused."""
    with pytest.raises(CannotPlan) as raised:
        settled(source, target, pair, **said)
    line = str(raised.value)
    assert "\n" not in line
    assert len(line) < 400
    return line
