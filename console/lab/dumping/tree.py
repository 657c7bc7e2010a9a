"""What dump(8) finds on a file system: of a mounted one in the node's tree, of another one in its blocks."""

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from console.lab.attributes import attributes_of
from console.lab.dumping.stream import File
from console.lab.files import Entry, children, entry, inode_number
from console.lab.geom.base import Provider
from console.lab.images import Image
from console.lab.mounts import Mount
from console.lab.ufs import BLOCK, Inode, read_contents, read_image
from console.lab.ufs_volume import Volume
from console.lab.world import Node

Contents = bytes | Image
Load = Callable[[], Awaitable[Contents]]

KINDS = {"file": "f", "directory": "d", "symlink": "l", "fifo": "p", "device": "c"}


@dataclass(frozen=True, slots=True)
class Found:
    """One inode of a file system, with all its names and a way to its contents."""

    file: File
    names: tuple[str, ...]
    changed: float
    """World time of the last change of anything about it."""
    load: Load


def extents_of(contents: Contents) -> tuple[tuple[int, int], ...]:
    """(offset, length) of what a file holds; a sparse image leaves out its holes."""
    size = contents.size if isinstance(contents, Image) else len(contents)
    if not isinstance(contents, Image) or not contents.sparse:
        return ((0, size),) if size else ()
    found: list[tuple[int, int]] = []
    for number in sorted(contents.written(BLOCK)):
        at, length = number * BLOCK, min(BLOCK, size - number * BLOCK)
        if found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + length)
        else:
            found.append((at, length))
    return tuple(found)


def bytes_of(contents: Contents, at: int, length: int) -> bytes:
    """A range of a file."""
    return contents.read(at, length) if isinstance(contents, Image) else contents[at : at + length]


async def of_mount(node: Node, mount: Mount, *, frozen: bool) -> list[Found]:
    """The inodes below a mount point; `frozen` keeps their contents as they are now, as a snapshot does."""
    if mount.ufs is not None:
        if not frozen and not mount.read_only:
            # Without a snapshot dump reads the device: what has not been written yet is not there.
            return await of_device(mount.ufs.provider)
        await mount.ufs.flush()
    return of_tree(node, mount, frozen=frozen)


def of_tree(node: Node, mount: Mount, *, frozen: bool) -> list[Found]:
    """The inodes of a mounted file system as the node's tree shows them."""
    points = {other.point for other in node.mounts.mounts} - {mount.point}
    by_number: dict[int, Found] = {}

    def walk(known: Entry, name: str) -> None:
        if known.kind in KINDS:
            _add(by_number, _of_entry(node, known, name, mount, frozen=frozen))
        if known.kind == "directory" and known.path not in points:
            for child in children(node, known.path):
                walk(child, f"{name}/{child.name}")

    root = entry(node, mount.point)
    if root is not None:
        walk(root, ".")
    return list(by_number.values())


def _add(by_number: dict[int, Found], found: Found) -> None:
    known = by_number.get(found.file.number)
    if known is None:
        by_number[found.file.number] = found
    else:
        by_number[found.file.number] = replace(known, names=known.names + found.names)


def _of_entry(node: Node, known: Entry, name: str, mount: Mount, *, frozen: bool) -> Found:
    kind = KINDS[known.kind]
    target = node.fs.read_link(known.path) if kind == "l" else str(known.device) if kind == "c" else ""
    number = inode_number(node, known.path)
    changed = max(known.modified, attributes_of(node).changed_at(known.path))
    if mount.ufs is not None:
        inode = mount.ufs.volume.table.get(posixpath.normpath(f"/{name}"))
        changed = inode.changed if inode is not None else changed
    path = known.path
    contents: Contents = b""
    if kind == "f":
        image = node.images.at(path)
        contents = bytes(node.fs.read_file(path)) if image is None else image.copy() if frozen else image

    async def load() -> Contents:
        if frozen or kind != "f" or isinstance(contents, Image):
            return contents
        return bytes(node.fs.read_file(path)) if node.fs.exists(path) else b""

    file = File(
        number, kind, known.mode, known.user, known.group, known.modified, known.flags,
        known.size if kind == "f" else 0, target, extents_of(contents) if kind == "f" else (),
    )  # fmt: skip
    return Found(file, (name,), changed, load)


async def of_device(provider: Provider) -> list[Found]:
    """The inodes on a device that is not mounted, or as they are on the disk; raises OSError, ValueError."""
    volume = await Volume.read(provider)
    if volume is None:
        raise ValueError("no file system")
    by_number: dict[int, Found] = {}
    for path in sorted(volume.table):
        inode = volume.table[path]
        name = "." if path == "/" else f".{path}"
        changed = max(inode.changed, inode.mtime)
        found = Found(_of_inode(inode), (name,), changed, _loader(provider, inode))
        _add(by_number, found)
    return list(by_number.values())


def _of_inode(inode: Inode) -> File:
    extents: list[tuple[int, int]] = []
    at = 0
    for first, count in inode.extents if inode.kind == "f" else ():
        length = min(count * 4096, inode.size - at)
        if first and length > 0:
            if extents and sum(extents[-1]) == at:
                extents[-1] = (extents[-1][0], extents[-1][1] + length)
            else:
                extents.append((at, length))
        at += count * 4096
    size = inode.size if inode.kind == "f" else 0
    return File(
        inode.number, inode.kind, inode.mode, inode.user, inode.group, inode.mtime, inode.flags, size,
        inode.target, tuple(extents),
    )  # fmt: skip


def _loader(provider: Provider, inode: Inode) -> Load:
    async def load() -> Contents:
        if inode.kind != "f":
            return b""
        if any(not first for first, _ in inode.extents):
            return await read_image(provider, inode)
        return await read_contents(provider, inode)

    return load
