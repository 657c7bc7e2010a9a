"""What is mounted where on a node: mount(8), umount(8) and the syncer work on this table."""

import asyncio
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.lab.clock import Timer
from console.lab.errors import reason
from console.lab.geom.base import Consumer
from console.lab.mounted_ufs import MountedUfs
from console.lab.ufs_volume import Volume
from console.lab.usage import Usage

if TYPE_CHECKING:
    from console.lab.geom.base import Provider
    from console.lab.system_disk import SystemVolume
    from console.lab.world import Node

SYNCER_SECONDS = 5.0

ROOT_DEVICE = "/dev/gpt/rootfs"


class MountError(Exception):
    """Why something cannot be mounted or unmounted, in the words that follow the command's own prefix."""


@dataclass(eq=False)
class Mount:
    """One mounted file system."""

    device: str
    point: str
    kind: str
    options: list[str] = field(default_factory=list)
    read_only: bool = False
    ufs: MountedUfs | None = None
    system: "SystemVolume | None" = None
    """Set for a file system of the running system whose files stand in the plain tree."""
    usage: Usage | None = None
    """What df(1) last found."""
    kept: dict[str, bytes | None] = field(default_factory=dict)
    """What the directory held before: contents by path, None for a directory."""

    @property
    def words(self) -> list[str]:
        """The words that mount(8) prints in brackets."""
        words = [self.kind]
        if self.kind == "ufs":
            words.append("local")
        if self.read_only:
            words.append("read-only")
        words += [option for option in self.options if option not in ("rw", "ro", "force")]
        if self.ufs is not None and self.ufs.volume.superblock.soft_updates and not self.read_only:
            journaled = self.ufs.volume.superblock.journaled
            words.append("journaled soft-updates" if journaled else "soft-updates")
        if self.system is not None and self.system.soft_updates and not self.read_only:
            words.append("soft-updates")
        return words


class MountTable:
    """A node's mounted file systems, in the order they were mounted."""

    def __init__(self, node: "Node") -> None:
        self.node = node
        self.mounts: list[Mount] = []
        self._syncer: Timer | None = None
        self._staying: list[str] = []
        self._coming: set[str] = set()

    @property
    def points(self) -> set[str]:
        """Every mount point, also of what is just being mounted."""
        return {mount.point for mount in self.mounts} | self._coming

    @contextmanager
    def staying(self, directory: str) -> Iterator[None]:
        """While a command runs in a directory, the file system that holds it is busy."""
        self._staying.append(directory)
        try:
            yield
        finally:
            self._staying.remove(directory)

    def start(self) -> None:
        """Mount the root file system and /dev, as booting does."""
        self.node.fs.mkdir("/dev", recursive=True)
        self.node.fs.write_file("/dev/mdctl", b"")
        self.mounts = [Mount("devfs", "/dev", "devfs")]
        if self.node.system is None:
            root = self.node.geom.find(ROOT_DEVICE)
            if root is not None:
                self.hold(root)
            self.enter(Mount(ROOT_DEVICE, "/", "ufs"))
        self._plan()

    def hold(self, provider: "Provider") -> None:
        """Open a device for the running system itself; raises OSError."""
        self.node.geom.vfs.open(provider)

    def enter(self, mount: Mount) -> None:
        """Add a file system of the running system; the root stands before devfs."""
        self.mounts.insert(0 if mount.point == "/" else len(self.mounts), mount)

    def lose(self) -> None:
        """Forget every mount without writing anything back, as a power cut does."""
        if self._syncer is not None:
            self._syncer.cancel()
        for mount in reversed(self.mounts):
            if mount.ufs is not None:
                mount.ufs.hide()
                self._restore(mount)
        self.mounts.clear()

    def at(self, path: str) -> Mount | None:
        """The mount whose point or device is `path`; the newest wins."""
        path = path.rstrip("/") or "/"
        device = path.removeprefix("/dev/")
        for mount in reversed(self.mounts):
            if mount.point == path or mount.device.removeprefix("/dev/") == device:
                return mount
        return None

    def containing(self, path: str) -> Mount:
        """The mount that a path lies on."""
        path = posixpath.normpath(path)
        found = [
            mount
            for mount in self.mounts
            if path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        ]
        return max(found, key=lambda mount: len(mount.point))

    async def wait_for(self, path: str) -> None:
        """Wait while the file system that holds `path` is stuck: what ls(1) of a frozen mount does."""
        mount = self.containing(path) if self.mounts else None
        if mount is not None and mount.ufs is not None:
            await mount.ufs.thawed()

    async def mount(self, device: str, point: str, options: list[str]) -> Mount:
        """Mount a UFS device; raises MountError."""
        geom = self.node.geom
        point = posixpath.normpath(point)
        provider = geom.find(device)
        if provider is None or not device.startswith("/dev/"):
            raise MountError(f"{device}: Invalid fstype: Invalid argument")
        if not self.node.fs.exists(point):
            raise MountError(f"{point}: No such file or directory")
        if any(known.device == device for known in self.mounts):
            raise MountError(f"{device}: Device busy")
        read_only = "ro" in options or "rdonly" in options
        try:
            hold = geom.vfs.open(provider)
        except OSError as error:
            raise MountError(f"{device}: {reason(error)}") from error
        mount = Mount(device, point, "ufs", list(options), read_only)
        self._coming.add(point)
        try:
            await self._show(mount, hold, force="force" in options)
        except OSError as error:
            geom.vfs.close(hold)
            raise MountError(f"{device}: {reason(error)}") from error
        except MountError:
            geom.vfs.close(hold)
            raise
        finally:
            self._coming.discard(point)
        self.mounts.append(mount)
        await self.node.world.tell("mounted", self.node, mount)
        return mount

    async def _show(self, mount: Mount, hold: Consumer, *, force: bool) -> None:
        volume = await Volume.read(hold.below)
        if volume is None:
            raise MountError(f"{mount.device}: Invalid argument")
        superblock = volume.superblock
        if not superblock.clean and not mount.read_only:
            if not superblock.soft_updates and not force:
                raise MountError(
                    f"{mount.device}: R/W mount on {mount.point} denied. "
                    "Filesystem is not clean - run fsck.: Operation not permitted"
                )
            self.node.kernel(f"WARNING: {mount.point} was not properly dismounted")
        mount.ufs = MountedUfs(self.node, mount.point, volume, hold, read_only=mount.read_only)
        self._keep(mount)
        await mount.ufs.show()
        await self.node.world.tell("mounting", self.node, mount)
        if not mount.read_only:
            await mount.ufs.mark(clean=False)

    async def unmount(self, mount: Mount, *, force: bool = False) -> None:
        """Write everything back and take a mount away; raises MountError. A frozen device makes it wait."""
        busy = any(
            other is not mount and other.point.startswith(mount.point.rstrip("/") + "/")
            for other in self.mounts
        )
        if mount.ufs is None or (not force and (busy or self.users(mount))):
            raise MountError(f"unmount of {mount.point} failed: Device busy")
        try:
            await mount.ufs.flush()
            if not mount.read_only:
                await mount.ufs.mark(clean=True)
        except OSError as error:
            if not force:
                raise MountError(f"unmount of {mount.point} failed: {reason(error)}") from error
        if mount not in self.mounts:
            return
        self.mounts.remove(mount)
        mount.ufs.hide()
        self._restore(mount)
        if mount.ufs.hold.provider is not None:
            self.node.geom.vfs.close(mount.ufs.hold)

    def users(self, mount: Mount) -> list[str]:
        """Directories below a mount point in which processes stay."""
        below = mount.point.rstrip("/") + "/"
        directories = [*self._staying, *(process.cwd for process in self.node.processes)]
        return [path for path in directories if path == mount.point or path.startswith(below)]

    async def sync(self) -> None:
        """Have every file system start writing: what the program sync does."""
        for mount in list(self.mounts):
            if mount.ufs is not None:
                await mount.ufs.sync()
        if self.node.system is not None:
            await self.node.system.flush()

    async def fsync(self, path: str) -> None:
        """Return when a file's file system has written everything: what fsync does. Raises OSError."""
        mount = self.containing(path)
        if mount.ufs is not None:
            await mount.ufs.flush(one_by_one=True)
            await self.node.world.tell("fsynced", self.node, path)
        elif self.node.system is not None:
            await self.node.system.volume_of(path).flush()

    async def unmount_all(self) -> None:
        """Write everything back and unmount, as a shutdown does; what is frozen is left as it is."""
        for mount in reversed(list(self.mounts)):
            if mount.ufs is not None and not mount.ufs.frozen:
                await asyncio.gather(self.unmount(mount, force=True), return_exceptions=True)

    def _plan(self) -> None:
        self._syncer = self.node.clock.call_later(SYNCER_SECONDS, self._round)

    def _round(self) -> None:
        for mount in self.mounts:
            if mount.ufs is not None:
                mount.ufs.tick()
        self._plan()

    def _keep(self, mount: Mount) -> None:
        fs = self.node.fs

        def walk(path: str) -> None:
            for item in fs.read_dir(path):
                child = posixpath.join(path, item["name"])
                if item["metadata"]["file_type"] == "directory":
                    mount.kept[child] = None
                    walk(child)
                else:
                    mount.kept[child] = fs.read_file(child)

        walk(mount.point)
        for item in fs.read_dir(mount.point):
            fs.remove(posixpath.join(mount.point, item["name"]), recursive=True)

    def _restore(self, mount: Mount) -> None:
        for path, content in mount.kept.items():
            if content is None:
                self.node.fs.mkdir(path, recursive=True)
            else:
                self.node.fs.write_file(path, content)
