"""How full file systems are: the numbers behind df(1)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.lab.mounts import Mount
    from console.lab.system_disk import SystemVolume
    from console.lab.ufs import Superblock
    from console.lab.world import Node

ROOT_TOTAL = 3044988
ROOT_USED = 121560
ROOT_INODES_USED = 5183
ROOT_INODES = 401278
_RESERVE = 8


@dataclass(frozen=True, slots=True)
class Usage:
    """One line of df(1), in blocks of 1 KiB."""

    device: str
    kind: str
    point: str
    total: int
    used: int
    available: int
    inodes_used: int
    inodes_free: int

    @property
    def capacity(self) -> str:
        """Used blocks of those that ordinary users may have, in percent."""
        room = self.used + self.available
        return f"{self.used * 100 / room:.0f}%" if room > 0 else "100%"

    @property
    def inode_capacity(self) -> str:
        """Used inodes in percent, a dash where there are none."""
        inodes = self.inodes_used + self.inodes_free
        return f"{self.inodes_used * 100 / inodes:.0f}%" if inodes else "-"


def usage_of(node: "Node", mount: "Mount", *, waiting: bool = True) -> Usage:
    """Measure one mounted file system; without `waiting` a stuck one tells what it last knew."""
    if mount.ufs is not None and mount.ufs.frozen and not waiting and mount.usage is not None:
        return mount.usage
    mount.usage = _measured(node, mount)
    return mount.usage


def _measured(node: "Node", mount: "Mount") -> Usage:
    if mount.ufs is not None:
        mount.ufs.absorb()
        volume = mount.ufs.volume
        counts = volume.counts()
        total = volume.layout.data * 4
        used = total - counts.free * 4
        available = (counts.free - volume.layout.data * _RESERVE // 100) * 4
        files = counts.files
        return Usage(mount.device, mount.kind, mount.point, total, used, available, files, counts.free_inodes)
    if mount.system is not None and mount.system.superblock is not None:
        return _of_system(mount, mount.system, mount.system.superblock)
    if mount.kind == "devfs":
        return Usage(mount.device, mount.kind, mount.point, 1, 1, 0, 0, 0)
    used = ROOT_USED + node.images.used() // 1024 + node.disk_filler // 1024
    reserve = ROOT_TOTAL // 4 * _RESERVE // 100 * 4
    available = ROOT_TOTAL - used - reserve
    return Usage(
        mount.device,
        mount.kind,
        mount.point,
        ROOT_TOTAL,
        used,
        available,
        ROOT_INODES_USED,
        ROOT_INODES - ROOT_INODES_USED,
    )


def _of_system(mount: "Mount", volume: "SystemVolume", superblock: "Superblock") -> Usage:
    """A file system of the running system: its room from the superblock, what is used from the tree."""
    layout = superblock.geometry
    fragments, inodes = volume.usage()
    available = layout.data - fragments - layout.data * _RESERVE // 100
    return Usage(
        mount.device,
        mount.kind,
        mount.point,
        layout.data * 4,
        fragments * 4,
        available * 4,
        inodes,
        layout.inodes * layout.groups - 2 - inodes,
    )
