"""A mounted UFS: its files stand in the node's file system, and go back to their blocks in time."""

import asyncio
import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.lab.attributes import attributes_of, hard_links, modified_at, owner_of
from console.lab.geom.base import Consumer, Provider
from console.lab.ufs import BLOCK, Inode, Table, image_writes, read_contents, read_image
from console.lab.ufs_volume import ROOT, NoSpace, Volume, Writes

if TYPE_CHECKING:
    from console.lab.world import Node

LARGEST_PLAIN_FILE = 8 << 20
"""bashkit keeps no larger files; these stand in the file system as images do."""

NAMES_SECONDS = 14.5
"""With soft updates, sync(8) starts writing, but new names reach the disk only this much later."""

_PATIENCE = 60

_SPECIAL = {"p": "fifo", "c": "device"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stood in the node's file system when it was last looked at."""

    kind: str
    mode: int
    stamp: float
    size: int
    about: tuple[str, str, int, float] = ("root", "wheel", 0, 0.0)
    """Owner, group, flags and the time it was written."""
    linked: int = 0


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
        given = attributes_of(self.node)
        first_names: dict[int, str] = {}
        for path in sorted(self.volume.table):
            inode = self.volume.table[path]
            full = self._full_path(path)
            await self._show(full, inode)
            if inode.kind != "d" and first_names.setdefault(inode.number, full) != full:
                given.link(first_names[inode.number], full)
            if path != ROOT or (inode.user, inode.group) != ("root", "wheel"):
                given.owners[full] = (inode.user, inode.group)
            if inode.flags:
                given.flags[full] = inode.flags
            given.times[full] = (self.node.fs.stat(full)["modified"], inode.mtime)
        self._seen = self._look()

    async def _show(self, full: str, inode: Inode) -> None:
        fs = self.node.fs
        if inode.kind == "d":
            fs.mkdir(full, recursive=True)
        elif inode.kind == "l":
            fs.symlink(inode.target, full)
            return
        elif inode.kind in _SPECIAL:
            fs.write_file(full, b"")
            attributes_of(self.node).kinds[full] = (_SPECIAL[inode.kind], int(inode.target or "0"))
        elif inode.size > LARGEST_PLAIN_FILE or any(not first for first, _ in inode.extents):
            self.node.images.put(full, await read_image(self.provider, inode))
        else:
            fs.write_file(full, await read_contents(self.provider, inode))
        fs.chmod(full, inode.mode)

    def hide(self) -> None:
        """Take the files away from the mount point."""
        for item in self.node.fs.read_dir(self.point):
            self.node.fs.remove(posixpath.join(self.point, item["name"]), recursive=True)
        attributes_of(self.node).forget(self.point)

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
        self._take_root()
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
        volume, full = self.volume, self._full_path(path)
        old = volume.table.get(path)
        now = self.node.clock.now()
        if old is not None and old.kind == seen.kind and self._only_about(path, seen):
            volume.table[path] = _described(old, seen, now)
            return
        volume.table.pop(path, None)
        if old is not None:
            volume.release(old)
        twin = self._twin(full)
        if twin is not None:
            volume.table[path] = twin
            return
        image = self.node.images.at(full) if seen.kind == "f" else None
        data = b"" if seen.kind != "f" or (image is not None and image.sparse) else self._read(path)
        size = image.size if image is not None else len(data)
        try:
            if image is not None and image.sparse:
                extents = volume.allocate_sparse(size, image.written(BLOCK))
            else:
                extents = volume.allocate(size, directory=seen.kind == "d")
        except NoSpace:
            if not self._full:
                self.node.kernel(f"pid 0 (sh), uid 0 inumber 4 on {self.point}: filesystem full")
            self._full = True
            return
        self._full = False
        number = old.number if old is not None else volume.free_inode()
        kept = 512 if seen.kind == "d" else size
        inode = Inode(seen.kind, seen.mode, now, number, kept, extents, self._target(full, seen))
        volume.table[path] = inode = _described(inode, seen, now)
        if image is not None and image.sparse:
            self._unwritten += image_writes(inode, image)
        else:
            self._unwritten += volume.data_writes(inode, data)

    def _take_root(self) -> None:
        """What is known of the root directory; it is written with whatever is written next."""
        root = self.volume.table.get(ROOT)
        if root is None or not self.node.fs.exists(self.point):
            return
        facts, given = self.node.fs.stat(self.point), attributes_of(self.node)
        moment = modified_at(self.node, self.point, facts["modified"])
        user, group = owner_of(self.node, self.point)
        mode, flags = facts["mode"] & 0o7777, given.flags.get(self.point, 0)
        self.volume.table[ROOT] = replace(
            root,
            mode=mode,
            user=user,
            group=group,
            flags=flags,
            mtime=moment,
            changed=max(root.changed, moment),
        )

    def _twin(self, full: str) -> Inode | None:
        """The inode of another name of the same file that the table has already."""
        for name in hard_links(self.node, full):
            if name != full and name.startswith(self.point.rstrip("/") + "/"):
                known = self.volume.table.get(name[len(self.point.rstrip("/")) :])
                if known is not None:
                    return known
        return None

    def _only_about(self, path: str, seen: Seen) -> bool:
        """Whether the contents are what they were: a directory's always are."""
        before = self._seen.get(path)
        return seen.kind == "d" or (
            before is not None
            and (before.stamp, before.size, before.linked) == (seen.stamp, seen.size, seen.linked)
        )

    def _target(self, full: str, seen: Seen) -> str:
        if seen.kind == "l":
            return self.node.fs.read_link(full)
        return str(attributes_of(self.node).kinds[full][1]) if seen.kind == "c" else ""

    def _look(self) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        given = attributes_of(self.node)
        others = self.node.mounts.points - {self.point}

        def walk(path: str) -> None:
            for item in self.node.fs.read_dir(self._full_path(path)):
                facts = item["metadata"]
                child = posixpath.join(path, item["name"])
                full = self._full_path(child)
                kind = {"directory": "d", "symlink": "l", "fifo": "p"}.get(facts["file_type"], "f")
                if kind == "f" and full in given.kinds:
                    kind = {word: letter for letter, word in _SPECIAL.items()}.get(given.kinds[full][0], "f")
                stamp, size = (0.0, 0) if kind == "d" else (facts["modified"], facts["size"])
                moment = modified_at(self.node, full, facts["modified"])
                about = (*owner_of(self.node, full), given.flags.get(full, 0), moment)
                mode, linked = facts["mode"] & 0o7777, given.links.get(full, 0)
                found[child] = Seen(kind, mode, stamp, size, about, linked)
                if kind == "d" and full not in others:
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


def _described(inode: Inode, seen: Seen, now: float) -> Inode:
    user, group, flags, moment = seen.about
    return replace(inode, mode=seen.mode, user=user, group=group, flags=flags, mtime=moment, changed=now)
