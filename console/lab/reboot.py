"""Somebody at the machine: shuts it down, puts disks in another order, and switches it on again."""

import asyncio
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from console.lab import booting as booting  # its import sets the hooks of every system disk
from console.lab import volume_tree
from console.lab.attributes import Attributes, attributes_of, replace_attributes
from console.lab.control import Refused
from console.lab.drives import BOOT_DISK, Drive, Drives
from console.lab.rc import settings
from console.lab.system_disk import SystemDisk
from console.lab.world import Node

REMOVED = "removed"
"""In place of a disk's name: the one that was taken out; it comes back to where it was."""
_ELSEWHERE = ", which is on another disk: see its fstab and loader.conf"
_NAME = re.compile(r"([a-z]+)(\d+)$")


@dataclass
class _Beside:
    """What lies beside a machine, and how it was before."""

    removed: tuple[str, Drive] | None = None
    tree: "_Tree | None" = None
    """Files of the usual system, whose disk has no blocks to keep them."""


@dataclass
class _Tree:
    files: list[tuple[str, str, int, bytes | str]] = field(default_factory=list)
    attributes: Attributes = field(default_factory=Attributes)


_BESIDE: WeakKeyDictionary[Node, _Beside] = WeakKeyDictionary()


async def boot_from(node: Node, disk: str, *, remove: bool = False) -> str:
    """Power-cycle a machine with a disk as its first; returns what came of it. Raises Refused."""
    beside = _BESIDE.setdefault(node, _Beside())
    _check(node, beside, disk, remove=remove)
    await _shut_down(node)
    if disk == REMOVED:
        name = _put_back(node, beside)
    elif remove:
        name = _take_out(node, beside, disk)
    else:
        name = disk
        node.drives = {disk: node.drives[disk], **_without(node.drives, disk)}
    _choose_system(node, beside, name)
    task = node.start(node.boot())
    await asyncio.wait({task})
    if not node.power:
        return f"{node.hostname} lost its power while it booted"
    if not node.ready:
        return f"{node.hostname} did not boot from {name}: {node.boot_failure}"
    hostname = settings(node, "/etc/rc.conf").get("hostname")
    if hostname:
        node.sysctls["kern.hostname"] = hostname
    root = node.system.volumes[0].device if node.system is not None else "/dev/gpt/rootfs"
    called = "" if name == disk else f", called {name} now"
    elsewhere = "" if node.system is None or _lies_on(node, root, name) else _ELSEWHERE
    return f"{node.hostname} booted from {disk}{called}: / is {root}{elsewhere}"


def _lies_on(node: Node, device: str, disk: str) -> bool:
    """Whether a device, which may go by a label, is a partition of a disk."""
    provider = node.geom.find(device)
    while provider is not None and provider.name != disk:
        provider = provider.geom.consumers[0].below if provider.geom.consumers else None
    return provider is not None


def _check(node: Node, beside: _Beside, disk: str, *, remove: bool) -> None:
    if disk == REMOVED and beside.removed is None:
        raise Refused(f"no disk was taken out of {node.hostname}")
    if disk != REMOVED and disk not in node.drives:
        raise Refused(f"{node.hostname} has no disk {disk}: say {', '.join(node.drives)} or {REMOVED}")
    if remove and disk == next(iter(node.drives)):
        raise Refused(f"{disk} is the first disk of {node.hostname}: it cannot be the one taken out")
    if remove and beside.removed is not None:
        raise Refused(f"a disk of {node.hostname} is out already: say {REMOVED} to put it back")


async def _shut_down(node: Node) -> None:
    if node.ready:
        await node.halt()
    node.cut_power()


def _without(drives: Drives, name: str) -> Drives:
    return {known: drive for known, drive in drives.items() if known != name}


def _take_out(node: Node, beside: _Beside, disk: str) -> str:
    """Take the first disk out: those of its kind behind it move up. Returns the disk's new name."""
    first = next(iter(node.drives))
    beside.removed = (first, node.drives[first])
    rest = _without(node.drives, first)
    named = _renamed(first, lambda number, gone: number - (number > gone))
    node.drives = {named(disk): rest[disk], **{named(n): d for n, d in rest.items() if n != disk}}
    return named(disk)


def _put_back(node: Node, beside: _Beside) -> str:
    if beside.removed is None:
        raise Refused(f"no disk was taken out of {node.hostname}")
    (name, drive), beside.removed = beside.removed, None
    named = _renamed(name, lambda number, come: number + (number >= come))
    node.drives = {name: drive, **{named(known): one for known, one in node.drives.items()}}
    return name


def _renamed(first: str, move: Callable[[int, int], int]) -> Callable[[str], str]:
    """New names of the disks of the same kind as `first`."""
    kind = _NAME.match(first)

    def named(name: str) -> str:
        found = _NAME.match(name)
        if kind is None or found is None or found[1] != kind[1]:
            return name
        return f"{found[1]}{move(int(found[2]), int(kind[2]))}"

    return named


def _choose_system(node: Node, beside: _Beside, name: str) -> None:
    """What the machine will run: the system on a disk's blocks, or the usual one that has none."""
    if name == BOOT_DISK:
        node.system = None
        if beside.tree is not None:
            _bring_back(node, beside.tree)
            beside.tree = None
        return
    if node.system is None and beside.tree is None:
        beside.tree = _kept(node)
    node.system = SystemDisk(node, name, [])
    node.system.fresh = False


def _kept(node: Node) -> _Tree:
    tree = _Tree()

    def walk(directory: str) -> None:
        for item in node.fs.read_dir(directory):
            path = posixpath.join(directory, item["name"])
            kind, mode = item["metadata"]["file_type"], item["metadata"]["mode"] & 0o7777
            if path in volume_tree.NOT_ON_DISK:
                continue
            content: bytes | str = b""
            if kind == "symlink":
                content = node.fs.read_link(path)
            elif kind != "directory":
                content = node.fs.read_file(path)
            tree.files.append((path, kind, mode, content))
            if kind == "directory":
                walk(path)

    walk("/")
    tree.attributes = attributes_of(node)
    replace_attributes(node, Attributes())
    return tree


def _bring_back(node: Node, tree: _Tree) -> None:
    volume_tree.forget_tree(node)
    for path, kind, mode, content in tree.files:
        if isinstance(content, str):
            node.fs.symlink(content, path)
            continue
        if kind == "directory":
            node.fs.mkdir(path, recursive=True)
        else:
            node.fs.write_file(path, content)
        if kind != "symlink":
            node.fs.chmod(path, mode)
    replace_attributes(node, tree.attributes)
