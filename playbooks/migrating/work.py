"""What a migration does, settled: which file system goes where, and how the target disk will be divided."""

import re
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from console.model.disks import FileSystem, HostDisks, Scheme

_LONG = 40
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def slug_of(mount: str) -> str:
    """A mount point as step ids and directories name it: `root`, `var`, `usr-home`."""
    slug = _NO_SLUG.sub("-", mount.lower()).strip("-") or "root"
    # The id of a step holds sixty signs, and more words than this one.
    return slug if len(slug) <= _LONG else f"{slug[: _LONG - 9]}-{crc32(mount.encode()):08x}"


class Way(StrEnum):
    """How a dump reaches its restore."""

    HERE = "here"
    """Both disks are in one machine: `dump | restore`."""
    DIRECT = "direct"
    """`dump | ssh target restore`, with a key of the job's own."""
    CONSOLE = "console"
    """Through the console, for machines that do not reach each other."""
    FILE = "file"
    """Into a file, which is copied and restored from."""


class Content(StrEnum):
    """What a place of the new layout holds."""

    UFS = "ufs"
    SWAP = "swap"
    BOOT = "boot"
    """Boot code of a GPT disk."""


@dataclass(frozen=True, slots=True)
class Place:
    """One partition of the target as it will be: made anew, or there already."""

    name: str
    """Now, while the copy is made: `ada1s1e`, `ada1p2`."""
    becomes: str
    """When the machine boots from it: `ada0s1a`; the same where nothing is renamed."""
    start: int
    """Bytes from the beginning of the slice (BSD) or of the disk (GPT)."""
    size: int
    content: Content
    letter: str | None = None
    """Of `name`, in a BSD label."""
    letter_then: str | None = None
    """Of `becomes`: the copy of the root gets `a`."""
    index: int | None = None
    """Of a GPT partition."""
    label: str | None = None
    """Of a GPT partition."""


@dataclass(frozen=True, slots=True)
class Move:
    """One file system that is moved."""

    mount: str
    """Where it is mounted in the running system: `/`, `/var`."""
    device: str
    """`/dev/ada0s1a`, what dump is given (R13)."""
    source: FileSystem
    target: Place
    excludes: tuple[str, ...] = ()
    """Paths below `mount` that are flagged nodump, because they are left out."""
    below: str = ""
    """Where in the target it goes, without a leading `/`: `var` when several file systems become one. Such a
    target is made (newfs) by the move of the root, and only that directory is emptied to begin anew."""
    live: bool = True
    """Mounted read-write: only of such a one can dump take a snapshot (-L)."""

    @property
    def slug(self) -> str:
        """For step ids and directories."""
        return slug_of(self.mount)


@dataclass(frozen=True, slots=True)
class Work:
    """The whole migration."""

    source: HostDisks
    target: HostDisks
    """The same machine, or the other one."""
    source_disk: str
    target_disk: str
    boots_as: str
    """What the target disk is called when the machine boots from it: `ada0`, or its name now."""
    scheme: Scheme
    """Of the target: MBR (with one FreeBSD slice and a BSD label), BSD (dedicated) or GPT."""
    prepare: bool
    """Divide the disk anew; False: its partitions are used as they are."""
    places: tuple[Place, ...]
    """In order on the disk."""
    moves: tuple[Move, ...]
    """The root first, then by depth; each target is mounted on its own, never below another."""
    way: Way
    snapshots: bool
    """dump -L."""
    second_level: bool
    """A short level 1 with services stopped."""
    compress: bool
    rate_limit: int | None
    """Bytes a second; None = none."""
    slice: int = 1
    """Number of the FreeBSD slice on an MBR disk."""
    label_before: str | None = None
    """Text of the target's BSD label while the copy is made (made by us, or as it is); None for GPT."""
    label_after: str | None = None
    """Text with which it boots: letters changed; None where nothing changes."""
    fstab_after: str = ""
    """/etc/fstab of the copy."""
    loader_after: str | None = None
    """/boot/loader.conf of the copy where it has to change; None = left."""
    slice_start: int = 0
    """Bytes; where the FreeBSD slice of an MBR disk begins."""
    slice_size: int = 0
    """Bytes; of the FreeBSD slice, or of the whole of a dedicated disk; 0 for GPT."""
    ufs: int = 2
    """1 or 2: what the moved system can mount, which may be older than the machine that runs newfs (-O)."""
    density: int | None = None
    """Bytes per inode (newfs -i); None = what newfs takes by itself."""
    work_directory: str | None = None
    """On the source, for way FILE; on a file system that is not moved (P46)."""
    target_ssh: str = ""
    """`[user@]host[:port]` by which the source's ssh reaches the target, for way DIRECT; "" = its name."""
    target_become: str = "none"
    """`none`, `sudo` or `doas`: how that login becomes root."""
    source_address: str | None = None
    """From where the target sees the source, for `from=` of the job's key; None = not said there."""
    full_check: bool = True
    """The contents of every file are compared afterwards; False: of one in fifty."""
    cautions: tuple[str, ...] = ()
    """What could not be checked, or has to be known before it begins, a line each."""

    @property
    def same_host(self) -> bool:
        """Whether both disks are in one machine."""
        return self.source.name == self.target.name
