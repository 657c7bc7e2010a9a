"""Putting the files of a dump into a directory: what restore(8) does to the file system it stands in."""

import posixpath

from console.lab.attributes import attributes_of
from console.lab.call import Call
from console.lab.dumping.stream import File, Title
from console.lab.files import entry, resolve, set_modified
from console.lab.images import Image
from console.lab.mounted_ufs import LARGEST_PLAIN_FILE
from console.lab.mounts import Mount
from console.lab.ufs import BLOCK, FRAGMENT, file_fragments
from console.lab.usage import usage_of

_SPECIAL = {"p": "fifo", "c": "device"}


class Full(Exception):
    """There is no more room; the arguments are restore's lines."""


class Unpacker:
    """One directory that is filled."""

    def __init__(self, call: Call, *, dry: bool) -> None:
        self._call = call
        self._node = call.node
        self._dry = dry
        self._mount: Mount = call.node.mounts.containing(call.cwd)
        usage = usage_of(call.node, self._mount)
        # root may use what is kept back from others.
        self._room = (usage.total - usage.used) * 1024
        self._inodes = usage.inodes_free
        self._directories: dict[str, File] = {}

    def rename(self, before: dict[str, int], old_directories: frozenset[int], title: Title) -> None:
        """Bring what an earlier level restored to today's names: remove, move."""
        today = {number: name for name, number in sorted(title.names.items(), reverse=True)}
        moved: list[tuple[str, str]] = []
        for name in sorted(before, key=lambda known: known.split("/")):
            number, now = before[name], name
            for old, new in moved:
                if now.startswith(f"{old}/"):
                    now = new + now[len(old) :]
            same_kind = (number in title.directories) == (number in old_directories)
            if self._dry or name == "." or (title.names.get(now) == number and same_kind):
                continue
            path, goal = self._path(now), today.get(number, "")
            if entry(self._node, path) is None:
                continue
            # An inode on the tape may be another file by now; a directory moves with all that is in it.
            whole = same_kind and (number in title.directories or number not in title.dumped)
            if whole and goal and self._parent(goal) and entry(self._node, self._path(goal)) is None:
                self._node.fs.rename(path, self._path(goal))
                attributes_of(self._node).move(path, self._path(goal))
                moved.append((now, goal))
            else:
                self._remove_old(now, title)

    def _remove_old(self, name: str, title: Title) -> None:
        path = self._path(name)
        known = entry(self._node, path)
        stays = title.names.get(name) in title.directories
        if known is None or (known.kind == "directory" and stays):
            return
        self._node.fs.remove(path, recursive=True)
        attributes_of(self._node).forget(path)

    def make_directories(self, title: Title, wanted: set[str] | None = None) -> None:
        """Make the directories, and say which of them are there already."""
        for name in sorted(title.names, key=lambda known: known.split("/")):
            chosen = wanted is None or name in wanted
            if name == "." or not chosen or title.names[name] not in title.directories:
                continue
            if self._dry:
                continue
            known = entry(self._node, self._path(name))
            if known is not None and known.kind == "directory":
                if not title.since:
                    self._call.complain(f"warning: {name}: File exists")
                continue
            self._take_room(title.names[name], name, FRAGMENT)
            self._node.fs.mkdir(self._path(name), recursive=True)

    def put(self, file: File, names: list[str], data: bytes) -> None:
        """Write one inode under all its names; raises Full."""
        if file.kind == "d":
            self._directories.update(dict.fromkeys(names, file))
            return
        if self._dry:
            return
        first = self._path(names[0])
        self._clear(first)
        if self._mount.read_only:
            self._call.complain(f"{names[0]}: cannot create file: Read-only file system")
            return
        self._take_room(file.number, names[0], _room_of(file))
        self._write(first, file, data)
        self._describe(first, file)
        for name in names[1:]:
            self._link(first, self._path(name))

    def keep(self, name: str, data: bytes, mode: int) -> None:
        """Write a file of restore's own; raises Full."""
        if self._dry or self._mount.read_only:
            return
        path = self._path(name)
        self._clear(path)
        self._take_room(0, f"./{name}", file_fragments(len(data)) * FRAGMENT)
        self._node.fs.write_file(path, data)
        self._node.fs.chmod(path, mode)

    def finish(self) -> None:
        """Give directories their owners, modes and times, the deepest first."""
        for name in sorted(self._directories, reverse=True):
            path = self._path(name)
            if not self._dry and entry(self._node, path) is not None:
                self._node.fs.chmod(path, self._directories[name].mode)
                self._describe(path, self._directories[name])

    def _path(self, name: str) -> str:
        return resolve(self._call, name)

    def _parent(self, name: str) -> bool:
        known = entry(self._node, posixpath.dirname(self._path(name)))
        return known is not None and known.kind == "directory"

    def _clear(self, path: str) -> None:
        if entry(self._node, path) is not None:
            self._node.fs.remove(path, recursive=True)
        attributes_of(self._node).forget(path)

    def _take_room(self, number: int, name: str, length: int) -> None:
        self._room -= length
        self._inodes -= 1
        if self._room >= 0 and self._inodes >= 0:
            return
        self._node.kernel(
            f"pid {self._node.processes.take_pid()} (restore), uid {self._call.uid} inumber {number} on "
            f"{self._mount.point}: {'filesystem full' if self._room < 0 else 'out of inodes'}"
        )
        raise Full(f"write error extracting inode {number}, name {name}", "write: No space left on device")

    def _write(self, path: str, file: File, data: bytes) -> None:
        fs = self._node.fs
        fs.mkdir(posixpath.dirname(path), recursive=True)
        if file.kind == "l":
            fs.symlink(file.target, path)
            return
        whole = file.extents == ((0, file.size),) or file.size == 0
        if file.kind in _SPECIAL:
            fs.write_file(path, b"")
            attributes_of(self._node).kinds[path] = (_SPECIAL[file.kind], int(file.target or "0"))
        elif whole and file.size <= LARGEST_PLAIN_FILE:
            fs.write_file(path, data)
        else:
            image = Image(file.size)
            image.sparse = not whole
            at = 0
            for start, length in file.extents:
                image.write(start, data[at : at + length])
                at += length
            self._node.images.put(path, image)
        fs.chmod(path, file.mode)

    def _describe(self, path: str, file: File) -> None:
        given = attributes_of(self._node)
        given.owners[path] = (file.user, file.group)
        given.changes[path] = self._node.clock.now()
        given.set_flags(path, file.flags)
        set_modified(self._node, path, file.mtime)

    def _link(self, first: str, path: str) -> None:
        self._clear(path)
        fs, given = self._node.fs, attributes_of(self._node)
        fs.mkdir(posixpath.dirname(path), recursive=True)
        if fs.stat(first)["file_type"] == "symlink":
            fs.symlink(fs.read_link(first), path)
        else:
            fs.write_file(path, fs.read_file(first))
            fs.chmod(path, fs.stat(first)["mode"] & 0o7777)
        given.copy(first, path)
        given.link(first, path)
        set_modified(self._node, path, given.times[first][1])


def _room_of(file: File) -> int:
    """Bytes that a file takes on a file system."""
    if file.kind != "f":
        return 0
    if file.extents in ((), ((0, file.size),)):
        return file_fragments(file.size) * FRAGMENT
    return sum(-(-length // BLOCK) for _, length in file.extents) * BLOCK + BLOCK
