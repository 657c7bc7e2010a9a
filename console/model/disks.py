"""The disks of one machine as they were read once, for a migration: tables, file systems, fstab.

Sizes are bytes, places are bytes from the beginning of the disk. What could not be read is in `unknown`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Scheme(StrEnum):
    """How a disk, or a slice of it, is divided."""

    MBR = "MBR"
    BSD = "BSD"
    """A label in an MBR slice, or straight on the disk ("dangerously dedicated")."""
    GPT = "GPT"


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A UFS file system, from its superblock (dumpfs(8)) and, when mounted, df(1)."""

    ufs: int | None = None
    """1 or 2."""
    ident: str | None = None
    """Sixteen hex digits, as below /dev/ufsid."""
    last_mounted_on: str | None = None
    """`fsmnt`: where it was last mounted; proves which partition holds what."""
    volume: str | None = None
    size: int | None = None
    used: int | None = None
    inodes_used: int | None = None
    inodes: int | None = None
    soft_updates: bool = False
    journal: bool = False
    """Journaled soft updates or gjournal."""
    clean: bool | None = None
    """None: not known; a mounted file system is not clean on disk."""


@dataclass(frozen=True, slots=True)
class Part:
    """A place for a file system or swap: `ada0s1a`, `ada1p2`."""

    name: str
    """Without /dev/."""
    start: int
    size: int
    type: str
    """As the table says: `4.2BSD`, `swap`, `unused`, `freebsd-ufs`, `freebsd-swap`, `freebsd-boot` …"""
    index: int | None = None
    """gpart's index; a letter's place in the alphabet, from 1."""
    letter: str | None = None
    """Of a BSD label."""
    label: str | None = None
    """Of a GPT partition."""
    file_system: FileSystem | None = None
    """None: none was found, or it is not UFS."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of an MBR disk (or the whole of a dedicated one), with its BSD label if it has one."""

    name: str
    """`ada0s1`; of a dedicated disk the disk's own name."""
    start: int
    size: int
    index: int | None
    sysid: int | None
    """165 = FreeBSD."""
    active: bool = False
    boot_code: bool | None = None
    """Whether boot1/boot2 stand in it; None = not known."""
    label: str | None = None
    """The whole text that disklabel(8)/bsdlabel(8) prints, for -R; None without a label."""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk."""

    name: str
    """`ada1`, without /dev/."""
    size: int | None
    sector: int = 512
    scheme: Scheme | None = None
    """None: no table; `BSD` for a dedicated disk."""
    description: str | None = None
    boot_code: bool | None = None
    """Whether the MBR (or PMBR) holds code; None = not known."""
    slices: tuple[Slice, ...] = ()
    """Of MBR and dedicated disks."""
    parts: tuple[Part, ...] = ()
    """Of GPT disks."""

    @property
    def places(self) -> tuple[Part, ...]:
        """Every part, whatever the scheme."""
        return self.parts + tuple(part for slice in self.slices for part in slice.parts)


@dataclass(frozen=True, slots=True)
class Mounted:
    """A line of `mount -p`."""

    special: str
    file: str
    type: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostDisks:
    """Everything a migration has to know of one machine."""

    name: str
    """The node's name in the configuration, or how another host was named in the answers."""
    hostname: str | None = None
    release: str | None = None
    """`13.2-RELEASE`, `4.11-STABLE`."""
    major: int | None = None
    """Of the release."""
    disks: tuple[Disk, ...] = ()
    mounts: tuple[Mounted, ...] = ()
    fstab: str | None = None
    """The text of /etc/fstab."""
    loader_conf: str | None = None
    swap: tuple[str, ...] = ()
    """Devices that are swapped on now."""
    snap_directories: tuple[str, ...] = ()
    """Mount points that have a .snap directory."""
    tools: frozenset[str] = frozenset()
    """Those found of: dump restore gpart fdisk disklabel bsdlabel newfs tunefs dumpfs mtree sha256 ssh
    ssh-keygen gzip zstd."""
    qmail_queue: str | None = None
    """`/var/qmail/queue` if there is one."""
    answers_ssh: bool | None = None
    """Whether the other host of the migration was reached by ssh from here (only asked with two hosts)."""
    become: Literal["none", "sudo", "doas"] = "none"
    """How root was had there."""
    unknown: tuple[tuple[str, str], ...] = ()
    """(what, why): what could not be read."""
    taken: float = field(default=0.0, compare=False)
    """Console time, Unix seconds."""
    raw: str = field(default="", compare=False, repr=False)

    def disk(self, name: str) -> Disk | None:
        """The disk of that name."""
        return next((disk for disk in self.disks if disk.name == name), None)

    def mounted(self, special: str) -> Mounted | None:
        """How a device (`/dev/ada0s1a`) is mounted."""
        return next((mount for mount in self.mounts if mount.special == special), None)
