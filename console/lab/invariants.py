"""What must never happen to a pair, watched as it happens: the judge of every test that breaks something.

The truth is in the images: an acknowledged write is one whose fsync(1) or `dd conv=fsync` returned, and an
image holds it when the file in its blocks has that content, a longer one that begins with it, or a later
acknowledged one of the same name. So a copy, a dd or the return of an old half need not be followed: the
blocks are read again. What lies below `.mirrorgate/` is the console's own and does not count.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from console.lab.geom.base import Provider
from console.lab.geom.component import Component
from console.lab.geom.gate import Gate
from console.lab.geom.md import MemoryDisk
from console.lab.geom.mirror_io import MirrorProvider
from console.lab.geom.softc import Mirror
from console.lab.images import Image
from console.lab.mounts import Mount
from console.lab.ufs import read_contents
from console.lab.ufs_volume import Volume
from console.lab.world import Node, World

LOOK_SECONDS = 0.5
"""World seconds between looks at what no event announces."""

_OURS = "/.mirrorgate/"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One write that a program was told is on the disk."""

    number: int
    file_system: str
    """The UFS's own id: both halves of a pair have the same."""
    path: str
    """Below the mount point."""
    content: bytes
    node: str
    at: float
    """World time."""


@dataclass
class Watcher:
    """Watches a world from `watch` until `close`."""

    world: World
    violations: list[str] = field(default_factory=list)
    """One line each, in the order they were seen; a state that lasts is told once."""
    acknowledged: list[Acknowledged] = field(default_factory=list)
    _open: set[str] = field(default_factory=set)
    _discarded: set[int] = field(default_factory=set)
    _closed: bool = False

    def close(self) -> None:
        """Stop watching."""
        self._closed = True
        if self._told in self.world.observers:
            self.world.observers.remove(self._told)

    def discard(self, *paths: str) -> None:
        """The operator gives these files (below the mount point) up, as in `keep A` of a split brain."""
        self._discarded |= {write.number for write in self.acknowledged if write.path in paths}

    async def check(self) -> list[str]:
        """Look at everything now; the violations so far."""
        self._look()
        await self._look_for_lost()
        return self.violations

    def _start(self) -> None:
        self.world.observers.append(self._told)
        self._tick()

    def _tick(self) -> None:
        if not self._closed:
            self._look()
            self.world.clock.call_later(LOOK_SECONDS, self._tick)

    async def _told(self, what: str, node: Node, thing: object) -> None:
        if what == "fsynced" and isinstance(thing, str):
            self._acknowledge(node, thing)
        elif what == "mounting" and isinstance(thing, Mount):
            # Before the superblock is written to every half, which makes the halves' files alike.
            await self._look_at_mount(node, thing)
        elif what == "mounted":
            self._look()
        elif what == "copy begins" and isinstance(thing, Component):
            await self._look_at_copy(node, thing)
        elif what == "copied":
            await self._look_for_lost()

    def _say(self, text: str) -> None:
        self.violations.append(text)
        self.world.record("", f"violation: {text}")

    def _acknowledge(self, node: Node, path: str) -> None:
        mount = node.mounts.containing(path)
        below = "/" + posixpath.relpath(path, mount.point)
        if mount.ufs is None or below.startswith(_OURS) or not node.fs.exists(path):
            return
        image = node.images.at(path)
        content = node.fs.read_file(path) if image is None else image.read(0, image.size)
        ident = mount.ufs.volume.superblock.ident
        self.acknowledged.append(
            Acknowledged(len(self.acknowledged), ident, below, content, node.hostname, node.world.clock.now())
        )

    # What must hold at every moment.

    def _look(self) -> None:
        now = {*self._mounted_twice(), *self._served_while_mounted()}
        for text in sorted(now - self._open):
            self._say(text)
        self._open = now

    def _writers(self) -> Iterator[tuple[Node, Mount, str]]:
        for node in self.world.nodes.values():
            for mount in node.mounts.mounts:
                if mount.ufs is not None and not mount.read_only:
                    yield node, mount, mount.ufs.volume.superblock.ident

    def _mounted_twice(self) -> Iterator[str]:
        seen: dict[str, Node] = {}
        for node, mount, ident in self._writers():
            other = seen.setdefault(ident, node)
            if other is not node:
                yield f"mounted read-write on {other.hostname} and {node.hostname}: {mount.point}"

    def _served_while_mounted(self) -> Iterator[str]:
        for node, mount, _ in self._writers():
            server = node.gate_server
            paths = {connection.path for connection in server.connections if not connection.closed}
            if server.listener is not None and server.listener in node.processes:
                paths |= {export.path for export in server.exports}
            used = [] if mount.ufs is None else list(images_below(mount.ufs.hold.provider))
            for path in sorted(paths):
                if node.images.at(path) in used and node.images.at(path) is not None:
                    yield f"served while attached and mounted: {path} on {node.hostname}"

    # What must hold when something begins or ends.

    async def _look_at_mount(self, node: Node, mount: Mount) -> None:
        """Serving from a half that lacks an acknowledged write."""
        if mount.ufs is None or mount.read_only:
            return
        ident = mount.ufs.volume.superblock.ident
        for image in images_below(mount.ufs.hold.provider):
            lacks = [
                write
                for write in await self._lacking(image)
                if write.file_system == ident and write.number not in self._discarded
            ]
            if lacks:
                self._say(f"{node.hostname} serves {self._name(image)}, which lacks {_told_of(lacks)}")

    async def _look_at_copy(self, node: Node, target: Component) -> None:
        """Copying onto an image that has acknowledged writes which no source of the copy has."""
        sources = [
            image
            for mirror in _mirrors(node)
            if target in mirror.components
            for component in mirror.active
            if component is not target
            for image in images_below(component.provider)
        ]
        lacking = [{write.number for write in await self._lacking(image)} for image in sources]
        for image in images_below(target.provider):
            missing_here = {write.number for write in await self._lacking(image)}
            only_here = [
                write
                for write in self.acknowledged
                if write.number not in missing_here
                and write.number not in self._discarded
                and all(write.number in lacks for lacks in lacking)
            ]
            if only_here:
                names = ", ".join(self._name(source) for source in sources)
                self._say(
                    f"{names} is copied over {self._name(image)}, which alone has {_told_of(only_here)}"
                )

    async def _look_for_lost(self) -> None:
        """Acknowledged writes that are in no image any more."""
        lost = {write.number for write in self.acknowledged} - self._discarded
        for image in self._images().values():
            lost &= {write.number for write in await self._lacking(image)}
        if lost:
            writes = [write for write in self.acknowledged if write.number in lost]
            self._discarded |= lost
            self._say(f"in no image any more: {_told_of(writes)}")

    async def _lacking(self, image: Image) -> list[Acknowledged]:
        """The acknowledged writes that an image does not hold."""
        volume = await Volume.read(_Blocks(image))
        if volume is None:
            return list(self.acknowledged)
        lacks = []
        later: dict[str, list[bytes]] = {}
        contents: dict[str, bytes | None] = {}
        for write in reversed(self.acknowledged):
            if write.file_system != volume.superblock.ident:
                lacks.append(write)
                continue
            accepted = later.setdefault(write.path, [])
            accepted.append(write.content)
            if write.path not in contents:
                inode = volume.table.get(write.path)
                contents[write.path] = None if inode is None else await read_contents(_Blocks(image), inode)
            found = contents[write.path]
            if found is None or not (found in accepted or found.startswith(write.content)):
                lacks.append(write)
        return lacks

    def _images(self) -> dict[str, Image]:
        """Every image file that there is, by `NODE:PATH`."""
        found: dict[str, Image] = {}
        for node in (*self.world.nodes.values(), self.world.spare):
            for path, image in node.images.by_path().items():
                found[f"{node.hostname}:{path}"] = image
        return found

    def _name(self, image: Image) -> str:
        return next((name for name, known in self._images().items() if known is image), "an unnamed image")


class _Blocks:
    """An image read past every fault: what is in its blocks, whether or not its disk answers."""

    def __init__(self, image: Image) -> None:
        self.mediasize = image.size
        self._image = image

    async def read(self, offset: int, length: int) -> bytes:
        return self._image.read(offset, max(0, min(length, self._image.size - offset)))

    async def write(self, offset: int, data: bytes) -> None:
        raise PermissionError("whoever watches does not write")


def images_below(provider: Provider | None) -> Iterator[Image]:
    """The images that answer a read: the provider's own, the peer's behind a gate, a mirror's active ones."""
    if isinstance(provider, MemoryDisk):
        yield provider.backing.image
    elif isinstance(provider, Gate):
        world = provider.geom.owner.kernel.node.world
        for node in world.nodes.values():
            if node.answers_at(provider.options.host) and (image := node.images.at(provider.options.path)):
                yield image
    elif isinstance(provider, MirrorProvider):
        for component in provider.mirror.active:
            yield from images_below(component.consumer.provider)
    elif provider is not None:
        for consumer in provider.geom.consumers:
            yield from images_below(consumer.provider)


def _mirrors(node: Node) -> list[Mirror]:
    known = node.geom.mirror_class
    return [] if known is None else list(known.mirrors.values())


def _told_of(writes: list[Acknowledged]) -> str:
    newest = max(writes, key=lambda write: write.at)
    more = f" and {len(writes) - 1} more" if len(writes) > 1 else ""
    return f"the acknowledged write to {newest.path} on {newest.node}{more}"


def watch(world: World) -> Watcher:
    """Watch a world from now on."""
    watcher = Watcher(world)
    watcher._start()
    return watcher
