"""Contents in pieces: files, images and devices read bit by bit, and files written as their bytes arrive.

What is larger than bashkit keeps in one file (10 MB) or lets a command print (10 MiB) goes this way.
"""

import asyncio
import posixpath
from collections.abc import AsyncIterator

from console.lab.call import Call
from console.lab.files import entry, reachable, read_content, resolve, set_owner, wait_for
from console.lab.images import Image

PIECE = 1 << 18
"""Bytes that are handed on at once."""
_LARGEST_IN_THE_SHELL = 1 << 20
"""Bytes of a file that bashkit keeps itself: each test of a larger one counts against what it may hold."""


async def pieces(call: Call, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
    """The bytes of a file from `start` on, `-` being standard input.

    Raises OSError whose only argument says why the file cannot be read.
    """
    end = None if length is None else start + length
    if name == "-":
        async for data in _of_input(call, start, end):
            yield data
        return
    path = resolve(call, name)
    await wait_for(call, path)
    known = entry(call.node, path, follow=True)
    image = call.node.images.at(known.path) if known is not None else None
    # Of what comes in pieces a first byte only: may it be read at all?
    content = read_content(call, path, end if image is None and path != "/dev/zero" else 1)
    if isinstance(content, str):
        raise OSError(content)
    if path == "/dev/zero":
        at = start
        while end is not None and at < end:
            yield bytes(min(PIECE, end - at))
            at += PIECE
        return
    if image is None:
        yield content[start:]
        return
    async for data in of_image(image, start, end):
        await wait_for(call, path)
        yield data


async def of_image(image: Image, at: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
    """The bytes of an image; others get their turn between two pieces."""
    while at < (last := image.size if end is None else min(end, image.size)):
        data = image.read(at, min(PIECE, last - at))
        at += len(data)
        yield data
        await asyncio.sleep(0)


async def _of_input(call: Call, start: int, end: int | None) -> AsyncIterator[bytes]:
    at = 0
    while end is None or at < end:
        # Not a byte more than asked for: the rest belongs to whoever reads next.
        data = await call.stdin.read(PIECE if end is None else min(PIECE, end - at))
        if not data:
            return
        at += len(data)
        if kept := data[max(0, start - (at - len(data))) :]:
            yield kept


class FileSink:
    """A file that takes bytes one after the other; it becomes an image when it grows large."""

    def __init__(self, call: Call, path: str, at: int) -> None:
        self._call = call
        self._path = path
        self._at = at
        self._held = b""

    @classmethod
    async def open(
        cls, call: Call, name: str, *, at: int | None = 0, truncate: bool = True
    ) -> "FileSink | str":
        """Open a file as `>` does; `at=None` appends. Returns why it cannot be opened."""
        path = resolve(call, name)
        await wait_for(call, path)
        known = entry(call.node, path, follow=True)
        path = path if known is None else known.path
        above = entry(call.node, posixpath.dirname(path), follow=True)
        if known is not None and known.kind == "directory":
            return "Is a directory"
        if above is None or above.kind != "directory":
            return "No such file or directory"
        if not reachable(call, path) or not (above if known is None else known).lets(call, 2):
            return "Permission denied"
        if known is None:
            call.node.fs.write_file(path, b"")
            set_owner(call.node, path, call.user, "wheel" if call.uid == 0 else call.groups[0])
        if at is None:
            return cls(call, path, 0 if known is None else known.size)
        sink = cls(call, path, at)
        if known is not None and truncate:
            sink._cut(at)
        return sink

    async def write(self, data: bytes) -> None:
        """Put bytes where the last ones ended."""
        await wait_for(self._call, self._path)
        self._held += data
        # Each addition copies all of a plain file: the longer it is, the more is added at once.
        if len(self._held) >= min(PIECE, self._at >> 4):
            self.flush()

    def flush(self) -> None:
        """Put what is still held into the file."""
        data, self._held = self._held, b""
        node, end = self._call.node, self._at + len(data)
        image = node.images.at(self._path)
        if not data:
            return
        if image is None and end <= _LARGEST_IN_THE_SHELL:
            if self._at == int(node.fs.stat(self._path)["size"]):
                node.fs.append_file(self._path, data)
            else:
                old = node.fs.read_file(self._path)
                node.fs.write_file(self._path, old[: self._at].ljust(self._at, b"\0") + data + old[end:])
        else:
            image = self._grown() if image is None else image
            if end > image.size:
                image.resize(end)
            image.write(self._at, data)
        self._at = end

    def _cut(self, size: int) -> None:
        node = self._call.node
        image = node.images.at(self._path)
        if image is not None:
            image.resize(size)
        else:
            old = node.fs.read_file(self._path)
            node.fs.write_file(self._path, old[:size].ljust(size, b"\0"))

    def _grown(self) -> Image:
        node = self._call.node
        old = node.fs.read_file(self._path)
        image = Image(len(old))
        image.write(0, old)
        return node.images.put(self._path, image)
