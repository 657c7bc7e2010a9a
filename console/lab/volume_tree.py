"""Files of a running system into the blocks of its partitions, and back at the next boot."""

import posixpath
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from console.lab.attributes import attributes_of, hard_links
from console.lab.files import Entry, entry, set_modified
from console.lab.images import Image
from console.lab.mounted_ufs import LARGEST_PLAIN_FILE
from console.lab.system_disk import SystemVolume
from console.lab.ufs import BLOCK, Inode, Table, image_writes, read_contents, read_image
from console.lab.ufs_volume import ROOT, NoSpace, Volume, Writes
from console.lab.world import Node

_KINDS = {"file": "f", "directory": "d", "symlink": "l", "fifo": "p", "device": "c"}
_SPECIAL = {"p": "fifo", "c": "device"}
NOT_ON_DISK = ("/dev", "/proc")
"""What the kernel shows below these directories lies on no disk."""


_WRITTEN: WeakKeyDictionary[SystemVolume, tuple[Entry, ...]] = WeakKeyDictionary()
"""What each volume held after its last flush; without those that have images, which change unseen."""


async def flush(system: SystemVolume) -> None:
    """Write the part of the node's tree that lies on a volume into its partition; raises OSError."""
    node, provider = system.node, system.provider
    now = tuple(_entries(system))
    if _WRITTEN.get(system) == now:
        return
    old = await Volume.read(provider)
    if old is None:
        return
    volume = Volume(old.superblock, {})
    writes: Writes = []
    prefix = len(system.point.rstrip("/"))
    highest = max((inode.number for inode in old.table.values()), default=3)
    for known in now:
        path = ROOT if known.path == system.point else known.path[prefix:]
        twin = _twin(node, known, volume.table, prefix)
        if twin is not None:
            volume.table[path] = twin
            continue
        before = old.table.get(path)
        highest += before is None
        number = 2 if path == ROOT else before.number if before is not None else highest
        try:
            writes += _put(node, volume, path, known, number)
        except NoSpace:
            node.kernel(f"pid 0 (sync), uid 0 inumber {number} on {system.point}: filesystem full")
    for offset, data in [*volume.directory_writes(), *writes]:
        await provider.write(offset, data)
    for offset, data in volume.commit_writes(volume.table, node.clock.now()):
        await provider.write(offset, data)
    if any(node.images.at(known.path) is not None for known in now if known.kind == "file"):
        _WRITTEN.pop(system, None)
    else:
        _WRITTEN[system] = now


def _entries(system: SystemVolume) -> Iterator[Entry]:
    for path in (system.point, *system.paths()):
        known = entry(system.node, path)
        if known is not None and known.kind in _KINDS:
            yield known


def _twin(node: Node, known: Entry, table: Table, prefix: int) -> Inode | None:
    if known.path not in attributes_of(node).links:
        return None
    for name in hard_links(node, known.path):
        found = table.get(name[prefix:])
        if name != known.path and found is not None:
            return found
    return None


def _put(node: Node, volume: Volume, path: str, known: Entry, number: int) -> Writes:
    kind = _KINDS[known.kind]
    image = node.images.at(known.path) if kind == "f" else None
    data = b"" if kind != "f" or image is not None else bytes(node.fs.read_file(known.path))
    size = image.size if image is not None else len(data)
    if image is not None:
        extents = volume.allocate_sparse(size, image.written(BLOCK))
    else:
        extents = volume.allocate(size, directory=kind == "d")
    target = node.fs.read_link(known.path) if kind == "l" else str(known.device) if kind == "c" else ""
    inode = Inode(
        kind, known.mode, known.modified, number, 512 if kind == "d" else size, extents, target, known.group,
        known.user, known.flags, known.modified,
    )  # fmt: skip
    volume.table[path] = inode
    return list(image_writes(inode, image)) if image is not None else volume.data_writes(inode, data)


def forget_tree(node: Node) -> None:
    """Take every file away that lies on a disk: the machine starts from nothing but its drives."""
    for item in node.fs.read_dir("/"):
        path = posixpath.join("/", item["name"])
        if path not in NOT_ON_DISK:
            node.fs.remove(path, recursive=True)
            attributes_of(node).forget(path)


async def load(node: Node, volume: Volume, system: SystemVolume) -> None:
    """Show the files of a volume below its mount point, as mount(2) does; raises OSError."""
    given, point = attributes_of(node), system.point.rstrip("/")
    first_names: dict[int, str] = {}
    for path in sorted(volume.table):
        inode = volume.table[path]
        full = point + path if path != ROOT else point or "/"
        if path != ROOT and full in NOT_ON_DISK:
            continue
        await _show(node, system, full, inode)
        if inode.kind != "d" and first_names.setdefault(inode.number, full) != full:
            given.link(first_names[inode.number], full)
        given.owners[full] = (inode.user, inode.group)
        if inode.flags:
            given.flags[full] = inode.flags
        if full != "/":
            set_modified(node, full, inode.mtime)


async def _show(node: Node, system: SystemVolume, full: str, inode: Inode) -> None:
    fs, provider = node.fs, system.provider
    if inode.kind == "d":
        if full != "/":
            fs.mkdir(full, recursive=True)
            fs.chmod(full, inode.mode)
        return
    if inode.kind == "l":
        fs.symlink(inode.target, full)
        return
    if inode.kind in _SPECIAL:
        fs.write_file(full, b"")
        attributes_of(node).kinds[full] = (_SPECIAL[inode.kind], int(inode.target or "0"))
    elif inode.size > LARGEST_PLAIN_FILE or any(not first for first, _ in inode.extents):
        image: Image = await read_image(provider, inode)
        node.images.put(full, image)
    else:
        fs.write_file(full, await read_contents(provider, inode))
    fs.chmod(full, inode.mode)


async def file_of(volume: Volume, system: SystemVolume, path: str) -> bytes | None:
    """The contents of a file on a volume that is not mounted; links are followed on the same volume."""
    for _ in range(8):
        inode = volume.table.get(path)
        if inode is None:
            return None
        if inode.kind == "f":
            return await read_contents(system.provider, inode)
        if inode.kind != "l":
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), inode.target))
    return None
