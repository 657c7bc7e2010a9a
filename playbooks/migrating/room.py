"""Whether data fits: how much and how many inodes a new UFS holds, before there is one."""

from dataclasses import dataclass

from console.model.disks import FileSystem

SLACK = 1.05
"""Of what is used: directories and half-filled fragments come out a little different."""
_OLD_FRAGMENT, _OLD_PER_INODE = 2048, 4
_NEW_FRAGMENT, _NEW_PER_INODE = 4096, 2
_NEWER = 9
"""The release whose newfs(8) took 32 KiB blocks, and two fragments per inode instead of four."""
_INODE = {1: 128, 2: 256}
"""Bytes of an inode on disk."""
_SMALLEST_DENSITY = 512


@dataclass(frozen=True, slots=True)
class Fit:
    """A new file system and what shall go into it."""

    mounts: tuple[str, ...]
    size: int
    needed: int
    """Bytes: the data, some slack, and what the file system needs for itself."""
    inodes: int
    """How many newfs(8) would make, at least."""
    inodes_needed: int
    density: int | None = None
    """Bytes per inode with which there would be enough, where there are not."""

    @property
    def problem(self) -> str | None:
        """What is wrong, as the end of a sentence; None where it fits."""
        if self.needed > self.size:
            return f"needs {megabytes(self.needed)}, its new partition has {megabytes(self.size)}"
        if self.inodes_needed > self.inodes:
            more = f"answer density {self.density}" if self.density else "a larger partition is needed"
            return f"needs {self.inodes_needed} inodes, newfs would make {self.inodes}: {more}"
        return None


def megabytes(size: int) -> str:
    """A size for a sentence, never rounded to what is not there."""
    return f"{size / (1 << 20):.1f} MB" if size < 10 << 30 else f"{size / (1 << 30):.1f} GB"


def bytes_per_inode(major: int) -> int:
    """What newfs(8) of a release takes without -i: 8192 in all of them, from different fragments."""
    if major < _NEWER:
        return _OLD_FRAGMENT * _OLD_PER_INODE
    return _NEW_FRAGMENT * _NEW_PER_INODE


def fit(
    size: int, holds: dict[str, FileSystem], *, ufs: int, major: int, density: int | None = None
) -> Fit | None:
    """Whether file systems fit into one new one of `size` bytes; None if what they hold is not known.

    Args:
        size: bytes of the partition.
        holds: what goes there, by mount point.
        ufs: 1 or 2.
        major: release of the machine that runs newfs(8).
        density: bytes per inode, None = newfs's own.
    """
    used = 0
    files = 0
    for one in holds.values():
        if one.used is None:
            return None
        used += one.used
        files += one.inodes_used or 0
    per_inode = density or bytes_per_inode(major)
    needed = _needed(used, size, per_inode, ufs)
    # Two are never given out, one is .snap.
    wanted = int(files * SLACK) + 3
    enough = None
    if wanted > size // per_inode:
        tried = per_inode // 2
        while tried >= _SMALLEST_DENSITY and wanted > size // tried:
            tried //= 2
        if tried >= _SMALLEST_DENSITY and _needed(used, size, tried, ufs) <= size:
            enough = tried
    return Fit(tuple(holds), size, needed, size // per_inode, wanted, enough)


def _needed(used: int, size: int, per_inode: int, ufs: int) -> int:
    """The data, the inodes, and half a percent for groups and superblocks (200 MB lost 0.2 % to them).

    The reserve (minfree) is not counted: restore runs as root and may use it.
    """
    return int(used * SLACK) + size // per_inode * _INODE[ufs] + size // 200 + (128 << 10)
