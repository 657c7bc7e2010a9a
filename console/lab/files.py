"""Files of a simulated node as stat(2) tells of them: owners, modes, sizes, blocks, images and devices."""

import posixpath
import re
import stat
from dataclasses import dataclass
from zlib import crc32

from console.lab.attributes import IMMUTABLE, attributes_of, hard_links, modified_at, owner_of
from console.lab.call import Call
from console.lab.lazyfiles import lazy_at
from console.lab.world import Node

FRAGMENT = 4096
"""Bytes that the shortest file takes on these file systems."""

_IMAGE_METADATA = 64 * 1024
"""Bytes of indirect blocks and inode that a sparse image takes at once."""

_NATURAL_MODES = (
    (re.compile(r".*/\.snap$"), 0o775),
    (re.compile(r"/dev/(?:mirror/.|ggate|md\d|vtbd|ada|gpt/.|ufsid/.|geom\.ctl)"), 0o640),
    (re.compile(r"/dev/(?:ggctl|mdctl)$"), 0o600),
    (re.compile(r"/dev/(?:null|zero|tty|random|urandom)$"), 0o666),
)
_SOCKETS = re.compile(r"/var/run/(?:devd\.(?:seqpacket\.)?pipe|log|logpriv)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory, link, device or socket; `modified` is world time, `blocks` are bytes on disk."""

    path: str
    kind: str
    mode: int
    user: str
    group: str
    size: int
    modified: float
    blocks: int
    links: int
    device: int = 0
    flags: int = 0

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path) or "/"

    @property
    def full_mode(self) -> int:
        """The mode with the file type, as stat(2) returns it."""
        kinds = {
            "file": stat.S_IFREG, "directory": stat.S_IFDIR, "symlink": stat.S_IFLNK,
            "device": stat.S_IFCHR, "socket": stat.S_IFSOCK, "fifo": stat.S_IFIFO,
        }  # fmt: skip
        return kinds[self.kind] | self.mode

    def lets(self, call: Call, permission: int) -> bool:
        """True when the caller has permission 4 (read), 2 (write) or 1 (search, execute)."""
        if call.uid == 0:
            return True
        shift = 6 if self.user == call.user else 3 if self.group in call.groups else 0
        return bool(self.mode >> shift & permission)


def resolve(call: Call, path: str) -> str:
    """The absolute path of an argument."""
    return posixpath.normpath(posixpath.join(call.cwd, path))


async def wait_for(call: Call, path: str) -> None:
    """Wait while the file system that `path` lies on does not answer."""
    await call.node.mounts.wait_for(path)


def set_owner(node: Node, path: str, user: str, group: str) -> None:
    """Remember who owns a file."""
    given = attributes_of(node)
    given.owners[path] = (user, group)
    given.changes[path] = node.clock.now()


def set_mode(node: Node, path: str, mode: int) -> None:
    """Change the mode of a file, to last when the file is written anew."""
    node.fs.chmod(path, mode)
    given = attributes_of(node)
    given.modes[path] = mode
    given.changes[path] = node.clock.now()


def restore_modes(node: Node) -> None:
    """Give files their modes back: bashkit makes a file that `>` writes anew 0644."""
    modes = attributes_of(node).modes
    for path, mode in list(modes.items()):
        if not node.fs.exists(path):
            del modes[path]
        elif node.fs.stat(path)["mode"] & 0o7777 != mode:
            node.fs.chmod(path, mode)


def entry(node: Node, path: str, follow: bool = False) -> Entry | None:
    """What stat(2), or lstat(2), says of an absolute path; None when there is nothing."""
    fs = node.fs
    if path == "/dev/zero":
        # bashkit keeps this one to itself: no file system shows it.
        return Entry(path, "device", 0o666, "root", "wheel", 0, node.boot_time, 0, 1, 0x40)
    if not fs.exists(path):
        if (lazy := lazy_at(node, path)) is not None:
            return lazy.entry(path)
        try:
            fs.read_link(path)
        except RuntimeError:
            return None
    facts = fs.stat(path)
    if follow and facts["file_type"] == "symlink":
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), fs.read_link(path)))
        return entry(node, target, follow=True)
    kind, size, mode = facts["file_type"], facts["size"], facts["mode"] & 0o7777
    device, links = 0, 1
    image = node.images.at(path) if kind == "file" else None
    if kind == "directory":
        names = fs.read_dir(path)
        size = max(512, -(-sum(8 + len(item["name"]) // 4 * 4 + 4 for item in names) // 512) * 512)
        links = 2 + sum(item["metadata"]["file_type"] == "directory" for item in names)
        blocks = FRAGMENT
    elif image is not None:
        size, blocks = image.size, _IMAGE_METADATA + image.used()
    else:
        blocks = -(-size // FRAGMENT) * FRAGMENT
    if kind == "file" and path.startswith("/dev/"):
        kind, size, blocks, device = "device", 0, 0, 0x40 + sum(path.encode()) % 0x40
    elif kind == "file" and _SOCKETS.match(path):
        kind, size, blocks = "socket", 0, 0
    given = attributes_of(node)
    if kind == "file" and path in given.kinds:
        (kind, device), size, blocks = given.kinds[path], 0, 0
    if path in given.links:
        links = len(hard_links(node, path))
    for pattern, natural in _NATURAL_MODES:
        if pattern.match(path):
            mode = natural
    if kind == "directory" and path in ("/dev", "/dev/mirror", "/dev/gpt", "/dev/ufsid"):
        mode, blocks = 0o555, 0
    user, group = owner_of(node, path)
    modified = modified_at(node, path, facts["modified"])
    flags = given.flags.get(path, 0)
    return Entry(path, kind, mode, user, group, size, modified, blocks, links, device, flags)


def set_modified(node: Node, path: str, moment: float) -> None:
    """Give a file a time, as utimes(2) does."""
    attributes_of(node).times[path] = (node.fs.stat(path)["modified"], moment)


def locked(node: Node, path: str) -> bool:
    """Whether a flag keeps a file, or something in a directory, from being changed or removed."""
    below = path.rstrip("/") + "/"
    return any(
        flags & IMMUTABLE and (name == path or name.startswith(below))
        for name, flags in attributes_of(node).flags.items()
    )


def remove(node: Node, path: str) -> None:
    """Remove a file, or a directory with everything in it."""
    node.fs.remove(path, recursive=True)
    attributes_of(node).forget(path)


def device_number(node: Node, path: str) -> int:
    """What stat(2) gives as the device that a file lies on: one number per mounted file system."""
    mount = node.mounts.containing(path) if node.mounts.mounts else None
    return 58 if mount is None or mount.point == "/" else 0x60 + crc32(mount.device.encode()) % 0xF000


def inode_number(node: Node, path: str) -> int:
    """What stat(2) gives as the number of a file: that of the volume, or one made from its first name."""
    given = attributes_of(node).numbers.get(path)
    if given is None and (lazy := lazy_at(node, path)) is not None:
        given = lazy.inode(path)
    if given is not None:
        return given
    mount = node.mounts.containing(path) if node.mounts.mounts else None
    point = mount.point.rstrip("/") if mount is not None else ""
    if mount is not None and mount.ufs is not None:
        inode = mount.ufs.volume.table.get(path[len(point) :] or "/")
        if inode is not None:
            return inode.number
    if path == (point or "/"):
        return 2
    first = hard_links(node, path)[0] if path in attributes_of(node).links else path
    return attributes_of(node).number(first, 5000 + crc32(first.encode()) % 9_000_000, node.fs.exists)


def children(node: Node, path: str) -> list[Entry]:
    """The entries of a directory, by name; without files that exist only when somebody looks."""
    names = sorted(item["name"] for item in node.fs.read_dir(path))
    found = (entry(node, posixpath.join(path, name)) for name in names)
    return [known for known in found if known is not None]


def listed(node: Node, path: str) -> list[Entry]:
    """The same with those files, for whoever lists or reads."""
    lazy = lazy_at(node, path)
    return [*children(node, path), *(lazy.entries(path) if lazy else ())]


def reachable(call: Call, path: str) -> bool:
    """True when the caller may search every directory above `path`."""
    if call.uid == 0:
        return True
    above = posixpath.dirname(path)
    while above not in ("", "/"):
        known = entry(call.node, above)
        if known is not None and known.kind == "directory" and not known.lets(call, 1):
            return False
        above = posixpath.dirname(above)
    return True


def read_content(call: Call, path: str, limit: int | None = None) -> bytes | str:
    """The bytes of a file (the first `limit`), of images their contents; or why they cannot be read."""
    full = resolve(call, path)
    known = entry(call.node, full, follow=True)
    if known is None:
        return "No such file or directory"
    if not reachable(call, full) or not known.lets(call, 4):
        return "Permission denied"
    if known.kind == "directory":
        return "Is a directory"
    if full == "/dev/null":
        return b""
    if full == "/dev/zero":
        return bytes(limit or 0)
    image = call.node.images.at(known.path)
    if image is not None:
        return image.read(0, image.size if limit is None else min(limit, image.size))
    lazy = lazy_at(call.node, known.path)
    given = None if lazy is None or lazy.entry(known.path) is None else lazy.content(known.path)
    content = call.node.fs.read_file(known.path) if given is None else given
    return content if limit is None else content[:limit]
