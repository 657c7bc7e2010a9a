"""A mounted UFS: its files stand in the node's file system, and go back to their blocks in time."""

import asyncio
import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.lab.geom.base import Consumer, Provider
from console.lab.images import Image
from console.lab.ufs import Inode, Table, read_contents
from console.lab.ufs_volume import ROOT, NoSpace, Volume, Writes

if TYPE_CHECKING:
    from console.lab.world import Node

LARGEST_PLAIN_FILE = 8 << 20
"""bashkit keeps no larger files; these stand in the file system as images do."""

NAMES_SECONDS = 14.5
"""With soft updates, sync(8) starts writing, but new names reach the disk only this much later."""

_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stood in the node's file system when it was last looked at."""

    kind: str
    mode: int
    stamp: float
    size: int


class MountedUfs:
    """The link between a directory of the node's file system and a volume on a provider."""

    def __init__(self, node: "Node", point: str, volume: Volume, hold: Consumer, *, read_only: bool) -> None:
        self.node = node
        self.point = point
        self.volume = volume
        self.hold = hold
        self.read_only = read_only
        self._on_disk: Table = dict(volume.table)
        self._seen: dict[str, Seen] = {}
        self._unwritten: Writes = []
        self._changed_since: float | None = None
        self._lock = asyncio.Lock()
        self._full = False
        self.flushes: set[asyncio.Task[OSError | None]] = set()

    @property
    def provider(self) -> Provider:
        """The device below; raises OSError(ENXIO) when it is gone."""
        return self.hold.below

    @property
    def frozen(self) -> bool:
        """True while something that is being written gets no answer."""
        return bool(self.flushes)

    async def show(self) -> None:
        """Let the files appear below the mount point; raises OSError."""
        for path in sorted(self.volume.table):
            inode = self.volume.table[path]
            full = self._full_path(path)
            if inode.kind == "d":
                self.node.fs.mkdir(full, recursive=True)
            elif inode.kind == "l":
                self.node.fs.symlink(inode.target, full)
            else:
                self._put(full, await read_contents(self.provider, inode))
            if inode.kind != "l":
                self.node.fs.chmod(full, inode.mode)
        self._seen = self._look()

    def hide(self) -> None:
        """Take the files away from the mount point."""
        for item in self.node.fs.read_dir(self.point):
            self.node.fs.remove(posixpath.join(self.point, item["name"]), recursive=True)

    async def mark(self, *, clean: bool) -> None:
        """Write the superblock at mount and unmount; raises OSError."""
        now = self.node.clock.now()
        superblock = replace(self.volume.superblock, clean=int(clean), modified=now)
        if not clean:
            superblock = replace(superblock, mounted=now, fsmnt=self.point)
        self.volume.superblock = superblock
        await self._write(self.volume.superblock_writes())

    def absorb(self) -> None:
        """Take over what has changed in the node's file system: allocate, and remember what to write."""
        seen = self._look()
        table = self.volume.table
        changed = [path for path in sorted(seen) if seen[path] != self._seen.get(path)]
        gone = [path for path in table if path not in seen and path != ROOT]
        for path in gone:
            self.volume.release(table.pop(path))
        for path in changed:
            if path != ROOT:
                self._take(path, seen[path])
        if (changed or gone) and self._changed_since is None:
            self._changed_since = self.node.clock.now()
        self._seen = seen

    async def sync(self) -> None:
        """Start writing without waiting for a device that does not answer: what the program sync does."""
        if self.read_only:
            return
        task = self._start(names=not self.volume.superblock.soft_updates, tell=True)
        for _ in range(_PATIENCE):
            if task.done():
                break
            await asyncio.sleep(0)
        if self._changed_since is not None:
            wait = self._changed_since + NAMES_SECONDS - self.node.clock.now()
            self.node.clock.call_later(max(wait, 0.0), self.tick)

    async def flush(self, *, one_by_one: bool = False) -> None:
        """Write everything and wait for it, as fsync(2) and umount(8) do; raises OSError."""
        if self.read_only:
            return
        error = await asyncio.shield(self._start(names=True, one_by_one=one_by_one))
        if error is not None:
            raise error

    def tick(self) -> None:
        """The syncer's round: write what has been waiting long enough."""
        if self.hold.provider is None:
            return
        self.absorb()
        since = self._changed_since
        if since is None or self.read_only or self.flushes:
            return
        if self.node.clock.now() - since >= NAMES_SECONDS - 0.001:
            self._start(names=True, tell=True)

    async def thawed(self) -> None:
        """Wait until nothing that is being written hangs."""
        while self.flushes:
            await asyncio.wait(set(self.flushes))

    def _start(
        self, *, names: bool, one_by_one: bool = False, tell: bool = False
    ) -> "asyncio.Task[OSError | None]":
        task = self.node.start(self._attempt(names=names, one_by_one=one_by_one, tell=tell))
        self.flushes.add(task)
        task.add_done_callback(self.flushes.discard)
        return task

    async def _attempt(self, *, names: bool, one_by_one: bool, tell: bool) -> OSError | None:
        try:
            await self._flush(names=names, one_by_one=one_by_one)
        except OSError as error:
            if tell:
                self.node.kernel(f"{self.point}: got error {error.errno} while accessing filesystem")
            return error
        return None

    async def _flush(self, *, names: bool, one_by_one: bool = False) -> None:
        async with self._lock:
            self.absorb()
            if self._changed_since is None:
                return
            table = dict(self.volume.table) if names else self._known_names()
            complete = table == self.volume.table
            writes, self._unwritten = self._unwritten, []
            writes = [*self.volume.directory_writes(), *writes]
            writes += self.volume.commit_writes(table, self.node.clock.now())
            if complete:
                self._changed_since = None
            await self._write(writes, one_by_one=one_by_one)
            self._on_disk = table

    def _known_names(self) -> Table:
        """The table without names that have come or gone since it was last written."""
        current = self.volume.table
        return {path: current.get(path, inode) for path, inode in self._on_disk.items()}

    async def _write(self, writes: Writes, *, one_by_one: bool = False) -> None:
        provider = self.provider
        if one_by_one:
            for offset, data in writes:
                await provider.write(offset, data)
            return
        results = await asyncio.gather(
            *(provider.write(offset, data) for offset, data in writes), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _take(self, path: str, seen: Seen) -> None:
        volume = self.volume
        old = volume.table.get(path)
        now = self.node.clock.now()
        if old is not None and old.kind == seen.kind == "d":
            volume.table[path] = replace(old, mode=seen.mode)
            return
        data = self._read(path) if seen.kind == "f" else b""
        if old is not None:
            volume.release(old)
        try:
            extents = (
                volume.allocate(len(data), directory=True) if seen.kind == "d" else volume.allocate(len(data))
            )
        except NoSpace:
            if not self._full:
                self.node.kernel(f"pid 0 (sh), uid 0 inumber 4 on {self.point}: filesystem full")
            self._full = True
            volume.table.pop(path, None)
            return
        self._full = False
        target = self.node.fs.read_link(self._full_path(path)) if seen.kind == "l" else ""
        number = old.number if old is not None else volume.free_inode()
        size = 512 if seen.kind == "d" else len(data)
        group = old.group if old is not None else "wheel"
        inode = Inode(seen.kind, seen.mode, now, number, size, extents, target, group)
        volume.table[path] = inode
        self._unwritten += volume.data_writes(inode, data)

    def _look(self) -> dict[str, Seen]:
        found: dict[str, Seen] = {}

        def walk(path: str) -> None:
            for item in self.node.fs.read_dir(self._full_path(path)):
                facts = item["metadata"]
                child = posixpath.join(path, item["name"])
                kind = {"directory": "d", "symlink": "l"}.get(facts["file_type"], "f")
                found[child] = Seen(kind, facts["mode"] & 0o7777, facts["modified"], facts["size"])
                if kind == "d":
                    found[child] = Seen(kind, facts["mode"] & 0o7777, 0.0, 0)
                    walk(child)

        if self.node.fs.exists(self.point):
            walk(ROOT)
        return found

    def _full_path(self, path: str) -> str:
        return self.point if path == ROOT else self.point + path

    def _read(self, path: str) -> bytes:
        full = self._full_path(path)
        image = self.node.images.at(full)
        return self.node.fs.read_file(full) if image is None else image.read(0, image.size)

    def _put(self, full: str, data: bytes) -> None:
        if len(data) <= LARGEST_PLAIN_FILE:
            self.node.fs.write_file(full, data)
            return
        image = Image(len(data))
        image.write(0, data)
        self.node.images.put(full, image)
