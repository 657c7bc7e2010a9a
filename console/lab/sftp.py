"""SFTP (and scp) over a simulated node's files."""

import errno
import os
import posixpath
import stat
import time
from typing import Any

import asyncssh
from bashkit import FileSystem

from console.lab.world import Node


class _OpenFile:
    """A file being read or written; written back when it is closed."""

    def __init__(self, fs: FileSystem, path: str, content: bytes, writable: bool) -> None:
        self.fs = fs
        self.path = path
        self.content = bytearray(content)
        self.writable = writable
        self.changed = False

    def seek(self, offset: int, whence: int) -> int:
        """Where data or the next hole begins: there are no holes."""
        if offset >= len(self.content):
            raise OSError(errno.ENXIO, "past the end")
        return offset if whence == os.SEEK_DATA else len(self.content)


class NodeFiles(asyncssh.SFTPServer):
    """Answers SFTP requests from the node's in-memory file system."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], node: Node) -> None:
        super().__init__(channel)
        self._fs = node.fs

    def exit(self) -> None:
        """The client is done: stock scp(1) wants to hear that all went well."""
        self.channel.exit(0)

    def map_path(self, path: bytes) -> bytes:
        """Paths are the node's own; relative ones begin at root's home."""
        return posixpath.normpath(posixpath.join(b"/root", path))

    def realpath(self, path: bytes) -> bytes:
        """The absolute form of a path."""
        return self.map_path(path)

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Attributes of what a path names."""
        return _attributes(self._meta(self._name(path)))

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """The same; links are followed."""
        return self.stat(path)

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Attributes of an open file."""
        opened = _opened(file_obj)
        now = int(time.time())
        return asyncssh.SFTPAttrs(
            type=asyncssh.FILEXFER_TYPE_REGULAR,
            size=len(opened.content),
            permissions=stat.S_IFREG | 0o644,
            uid=0,
            gid=0,
            atime=now,
            mtime=now,
        )

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Set the permissions; times and owners stay."""
        if attrs.permissions is not None:
            self._fs.chmod(self._name(path), stat.S_IMODE(attrs.permissions))

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Set the permissions or the size of an open file."""
        opened = _opened(file_obj)
        if attrs.size is not None:
            del opened.content[attrs.size :]
            opened.content.extend(bytes(attrs.size - len(opened.content)))
            opened.changed = True
        self._flush(opened)
        if attrs.permissions is not None:
            self._fs.chmod(opened.path, stat.S_IMODE(attrs.permissions))

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file for reading or writing."""
        name = self._name(path)
        exists = self._fs.exists(name)
        writable = bool(pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND))
        if not exists and not pflags & asyncssh.FXF_CREAT:
            raise asyncssh.SFTPNoSuchFile("No such file or directory")
        if exists and self._meta(name)["file_type"] == "directory":
            raise asyncssh.SFTPFailure("Is a directory")
        if exists and pflags & asyncssh.FXF_EXCL:
            raise asyncssh.SFTPFailure("File exists")
        content = self._fs.read_file(name) if exists and not pflags & asyncssh.FXF_TRUNC else b""
        opened = _OpenFile(self._fs, name, content, writable)
        if writable and (not exists or pflags & asyncssh.FXF_TRUNC):
            opened.changed = True
            self._flush(opened)
        return opened

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """A piece of an open file."""
        return bytes(_opened(file_obj).content[offset : offset + size])

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Change a piece of an open file."""
        opened = _opened(file_obj)
        if offset > len(opened.content):
            opened.content.extend(bytes(offset - len(opened.content)))
        opened.content[offset : offset + len(data)] = data
        opened.changed = True
        return len(data)

    def close(self, file_obj: object) -> None:
        """Write an open file back."""
        self._flush(_opened(file_obj))

    def fsync(self, file_obj: object) -> None:
        """Write an open file back and keep it open."""
        self._flush(_opened(file_obj))

    async def scandir(self, path: bytes) -> Any:
        """The entries of a directory."""
        for entry in self._fs.read_dir(self._name(path)):
            name = str(entry["name"]).encode()
            yield asyncssh.SFTPName(name, attrs=_attributes(entry["metadata"]))

    def remove(self, path: bytes) -> None:
        """Delete a file."""
        self._meta(self._name(path))
        self._fs.remove(self._name(path))

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Make a directory."""
        if self._fs.exists(self._name(path)):
            raise asyncssh.SFTPFailure("File exists")
        self._fs.mkdir(self._name(path))

    def rmdir(self, path: bytes) -> None:
        """Delete an empty directory."""
        if self._fs.read_dir(self._name(path)):
            raise asyncssh.SFTPFailure("Directory not empty")
        self._fs.remove(self._name(path))

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file."""
        self._meta(self._name(oldpath))
        self._fs.rename(self._name(oldpath), self._name(newpath))

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file over another one."""
        self.rename(oldpath, newpath)

    def _name(self, path: bytes) -> str:
        return self.map_path(path).decode("utf-8", "surrogateescape")

    def _meta(self, name: str) -> dict[str, Any]:
        if not self._fs.exists(name):
            raise asyncssh.SFTPNoSuchFile("No such file or directory")
        return self._fs.stat(name)

    def _flush(self, opened: _OpenFile) -> None:
        if opened.writable and opened.changed:
            if not self._fs.exists(posixpath.dirname(opened.path)):
                raise asyncssh.SFTPNoSuchFile("No such file or directory")
            self._fs.write_file(opened.path, bytes(opened.content))
            opened.changed = False


def _opened(file_obj: object) -> _OpenFile:
    if not isinstance(file_obj, _OpenFile):
        raise asyncssh.SFTPInvalidHandle("not an open file")
    return file_obj


def _attributes(meta: dict[str, Any]) -> asyncssh.SFTPAttrs:
    kinds = {"directory": stat.S_IFDIR, "symlink": stat.S_IFLNK}
    kind = kinds.get(str(meta["file_type"]), stat.S_IFREG)
    moment = int(meta["modified"])
    types = {"directory": asyncssh.FILEXFER_TYPE_DIRECTORY, "symlink": asyncssh.FILEXFER_TYPE_SYMLINK}
    return asyncssh.SFTPAttrs(
        type=types.get(str(meta["file_type"]), asyncssh.FILEXFER_TYPE_REGULAR),
        size=int(meta["size"]),
        permissions=kind | int(meta["mode"]),
        uid=0,
        gid=0,
        atime=moment,
        mtime=moment,
    )
