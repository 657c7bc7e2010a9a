"""Which partition a device word means: `/dev/ada0s1a`, `/dev/ufs/root`, `/dev/gpt/swap`, `/dev/diskid/…`."""

import re
from collections.abc import Iterator

from console.model.disks import Disk, HostDisks, Part
from console.parse.fstab import FstabEntry, read_fstab

DEV = "/dev/"
_TAIL = re.compile(r"(?:p[0-9]{1,3}|(?:s[0-9]{1,2})?[a-h])$")


def all_parts(host: HostDisks) -> Iterator[Part]:
    """Every partition of every disk."""
    for disk in host.disks:
        yield from disk.places


def part_of(host: HostDisks, spec: str, mount: str | None = None) -> Part | None:
    """The partition that a word of fstab(5) or mount(8) means, None when nothing proves one.

    Names and labels say it themselves. Of `diskid/…` and `gptid/…` only the end of the name is known here, so
    `mount` has to agree with where the superblock says that it was last mounted.
    """
    if not spec.startswith(DEV):
        return None
    word = spec.removeprefix(DEV)
    kind, _, name = word.partition("/")
    if not name:
        found = [part for part in all_parts(host) if part.name == word]
    elif kind == "gpt":
        found = [part for part in all_parts(host) if part.label == name]
    elif kind == "ufs":
        found = [part for part in all_parts(host) if part.file_system and part.file_system.volume == name]
    elif kind == "ufsid":
        found = [part for part in all_parts(host) if part.file_system and part.file_system.ident == name]
    elif kind in ("diskid", "gptid") and mount is not None:
        end = _TAIL.search(name) if kind == "diskid" else None
        found = [
            part
            for part in all_parts(host)
            if part.file_system is not None
            and part.file_system.last_mounted_on == mount
            and (end is None or part.name.endswith(end[0]))
        ]
    else:
        found = [part for part in all_parts(host) if part.name == word]
    if len(found) > 1 and mount is not None:
        # A copy may have the same names; the one in use was mounted here and is not clean on its disk.
        used = [(part, part.file_system) for part in found]
        found = [part for part, fs in used if fs and fs.last_mounted_on == mount and fs.clean is False]
    return found[0] if len(found) == 1 else None


def disk_of(host: HostDisks, part: Part) -> Disk:
    """The disk a partition is on."""
    return next(disk for disk in host.disks if part in disk.places)


def is_below(path: str, mount: str) -> bool:
    """Whether a path is below a directory, or the directory itself."""
    return f"{path.rstrip('/')}/".startswith(f"{mount.rstrip('/')}/")


def lines_of(host: HostDisks) -> tuple[FstabEntry, ...]:
    """The lines of fstab."""
    return read_fstab(host.fstab or "").facts.entries


def ufs_lines(host: HostDisks) -> tuple[FstabEntry, ...]:
    """The lines of fstab that mount a UFS."""
    return tuple(line for line in lines_of(host) if line.vfstype == "ufs" and line.file.startswith("/"))


def swap_lines(host: HostDisks) -> tuple[FstabEntry, ...]:
    """The lines of fstab that swap."""
    return tuple(line for line in lines_of(host) if line.vfstype == "swap" or line.opts.split(",")[0] == "sw")


def disk_in_use(host: HostDisks, disk: Disk) -> str | None:
    """How a disk is used now (`/dev/ada1s1a is mounted on /old`), None if it is not, as far as was read."""
    for mount in host.mounts:
        if _on(host, disk, mount.special, mount.file):
            return f"{mount.special} is mounted on {mount.file}"
    for device in host.swap:
        if _on(host, disk, device, None):
            return f"{device} is swapped on"
    return None


def _on(host: HostDisks, disk: Disk, special: str, mount: str | None) -> bool:
    part = part_of(host, special, mount)
    if part is not None:
        return part in disk.places
    return is_of(disk, special.removeprefix(DEV))


def is_of(disk: Disk, name: str) -> bool:
    """Whether a name is the disk's or a part's of it, even one that its table does not show."""
    return re.fullmatch(rf"{re.escape(disk.name)}(?:p[0-9]+|(?:s[0-9]+)?[a-h]?)", name) is not None
