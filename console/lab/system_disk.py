"""The file systems of a running system whose disk has true tables: `ada0s1a` and its like.

What holds:
- The files of the *running* system stand in the node's plain tree (`node.fs`), as on every lab node;
  which of them belong to a volume is told by `SystemVolume.paths`.
- The partition of a volume has a true superblock from the day it was made. `bring_up` marks it as mounted
  (`clean` 0, `fsmnt`), so dumpfs(8) of a mounted device agrees with mount(8); df(1) counts the tree.
- The inode table and the contents on the partition are those of the last `flush`: at a clean shutdown and
  when a scenario has been built. A power cut writes nothing.
- How files get into blocks and back is told through two hooks, so that this module knows no dump format:
  `SystemVolume.flusher` and `SystemDisk.loader`.
- `node.system is None` means: the system on gpt/rootfs of vtbd0, which has no blocks to look at.
"""

import errno
import posixpath
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from console.lab.geom.base import Provider, failure
from console.lab.mounts import Mount
from console.lab.ufs import FRAGMENT, Superblock, file_fragments, read_superblock
from console.lab.ufs_volume import Volume

if TYPE_CHECKING:
    from console.lab.world import Node

Flusher = Callable[["SystemVolume"], Awaitable[None]]
Loader = Callable[["SystemDisk"], Awaitable[bool]]

_COUNT_SECONDS = 5.0
_MARKER = range(23, 34)
"""Bytes of a file that may stand for an image."""

NOT_ON_DISK = ("/dev", "/proc")
"""Directories of which only the mount point itself lies on a disk."""


class SystemVolume:
    """One file system of the running system: where it is mounted and on which partition it lies."""

    flusher: ClassVar[Flusher | None] = None
    """Writes `paths()` of the tree into the volume on `provider`; may raise OSError."""

    def __init__(self, node: "Node", point: str, device: str, *, soft_updates: bool = True) -> None:
        self.node = node
        self.point = point
        self.device = device
        """With /dev/, as fstab has it."""
        self.soft_updates = soft_updates
        self.superblock: Superblock | None = None
        """As last read or written by this class; the truth is on the provider."""
        self.mount: Mount | None = None
        """Its entry in the mount table while the system runs."""
        self._counted: tuple[float, int, int] | None = None

    @property
    def provider(self) -> Provider:
        """The partition; raises OSError(ENXIO) when there is none of that name."""
        found = self.node.geom.find(self.device)
        if found is None:
            raise failure(errno.ENXIO)
        return found

    def paths(self) -> Iterator[str]:
        """Absolute paths of everything that lies on this volume but its root, directories first.

        Mount points of other file systems are told, what is below them is not.
        """
        return (path for path, _ in self._walk())

    def usage(self) -> tuple[int, int]:
        """Fragments and inodes that the tree takes now; counted at most every few seconds."""
        now = self.node.clock.now()
        if self._counted is None or now - self._counted[0] > _COUNT_SECONDS:
            fragments, inodes = 1, 1
            for path, facts in self._walk():
                inodes += 1
                if facts["file_type"] == "directory":
                    fragments += 1
                elif facts["file_type"] == "file":
                    image = self.node.images.at(path) if facts["size"] in _MARKER else None
                    fragments += (
                        file_fragments(facts["size"]) if image is None else -(-image.used() // FRAGMENT)
                    )
            if self.point == "/":
                fragments += self.node.disk_filler // FRAGMENT
            self._counted = now, fragments, inodes
        return self._counted[1:]

    def _walk(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        others = {mount.point for mount in self.node.mounts.mounts} | set(NOT_ON_DISK)
        others -= {self.point}
        fs = self.node.fs
        waiting = [self.point]
        while waiting:
            directory = waiting.pop()
            for item in sorted(fs.read_dir(directory), key=lambda known: str(known["name"])):
                path = posixpath.join(directory, item["name"])
                yield path, item["metadata"]
                if item["metadata"]["file_type"] == "directory" and path not in others:
                    waiting.append(path)

    async def volume(self) -> Volume | None:
        """What the partition holds now, or None without a superblock; raises OSError."""
        return await Volume.read(self.provider)

    async def mark(self, *, clean: bool) -> None:
        """Write the superblock as mount(2) and unmount(2) do; raises OSError."""
        superblock = await read_superblock(self.provider)
        if superblock is None:
            raise failure(errno.EINVAL)
        now = self.node.clock.now()
        superblock = replace(superblock, clean=int(clean), modified=now)
        if not clean:
            superblock = replace(superblock, mounted=now, fsmnt=self.point)
        self.superblock = superblock
        for offset, data in Volume(superblock, {}).superblock_writes():
            await self.provider.write(offset, data)

    async def flush(self) -> None:
        """Write the tree into the partition, so that it can be read back after a boot; raises OSError."""
        if SystemVolume.flusher is not None:
            await SystemVolume.flusher(self)
            self.superblock = await read_superblock(self.provider)


class SystemDisk:
    """The volumes and the swap of a running system."""

    loader: ClassVar[Loader | None] = None
    """Called at a boot once the disks are known and before anything is mounted: reads what firmware and
    loader read, and the tree out of the volumes. False leaves the machine at its console, off the network."""

    def __init__(
        self, node: "Node", disk: str, volumes: Sequence[SystemVolume], swap: Sequence[str] = ()
    ) -> None:
        self.node = node
        self.disk = disk
        """The disk that the firmware boots, without /dev/."""
        self.volumes = list(volumes)
        """Root first, then in the order of fstab."""
        self.swap = list(swap)
        """Devices that are swapped on at boot, with /dev/."""
        self.console: list[str] = []
        """What fsck(8) and swapon(8) said while the system came up."""
        self.fresh = True
        """Just installed: the volumes hold no files yet, so the first boot reads none. Ends with `flush`."""

    async def start(self) -> bool:
        """Let the loader hook read what is on the disk; True when there is a system to bring up."""
        return self.fresh or SystemDisk.loader is None or await SystemDisk.loader(self)

    async def bring_up(self) -> None:
        """Mount every volume and swap on, as rc(8) does after the loader; raises OSError."""
        table = self.node.mounts
        for volume in self.volumes:
            table.hold(volume.provider)
            await volume.mark(clean=False)
            volume.mount = Mount(volume.device, volume.point, "ufs", system=volume)
            table.enter(volume.mount)
        for device in self.swap:
            provider = self.node.geom.find(device)
            if provider is not None:
                self.node.geom.swap.add(provider)

    async def flush(self) -> None:
        """Write every volume; raises OSError."""
        for volume in self.volumes:
            await volume.flush()
        self.fresh = False

    async def shut_down(self) -> None:
        """What a clean shutdown does: everything is written, every file system is clean."""
        for volume in reversed(self.volumes):
            if volume.mount is not None:
                await volume.flush()
                await volume.mark(clean=True)
                volume.mount = None

    def volume_of(self, path: str) -> SystemVolume:
        """The volume that an absolute path of the running system lies on."""
        found = [
            v for v in self.volumes if v.point == "/" or path == v.point or path.startswith(v.point + "/")
        ]
        return max(found, key=lambda known: len(known.point))
