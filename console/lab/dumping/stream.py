"""The lab's dump stream: honest about what dump(8) carries, in a form of its own.

Everything comes in tape blocks of 1 KiB. A record is a mark, a letter for its kind, the length of a JSON text
and that text; after the record of a file come the bytes of its extents. One `T` record begins the stream, one
`F` record stands for each inode, an `E` record ends it: a stream without it was cut.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

BLOCK = 1024
"""Bytes of a tape block."""
RECORD = 10 * BLOCK
"""What is written at once: every stream is as long as some number of these."""

_MARK = b"lab dump"
_HEAD = len(_MARK) + 1 + 8


class NotADump(Exception):
    """The first bytes are not those of a dump."""


class Cut(Exception):
    """The stream ended before its end mark, or is damaged."""


@dataclass(frozen=True, slots=True)
class Title:
    """The first record: what was dumped, and every name of the file system at that moment."""

    level: int
    date: int
    """World time of the dump, seconds."""
    since: int
    """Date of the dump that this one goes on from; 0 = the epoch."""
    host: str
    device: str
    file_system: str
    """Where it was mounted."""
    names: dict[str, int]
    """Inode number by name (`.`, `./etc`), of everything that exists, dumped or not."""
    directories: frozenset[int]
    dumped: frozenset[int]
    """Inodes that follow."""
    snapshot: int = 0
    """The inode of the snapshot that was dumped from; 0 = none."""


@dataclass(frozen=True, slots=True)
class File:
    """One inode."""

    number: int
    kind: str
    """f, d, l, p or c."""
    mode: int
    user: str
    group: str
    mtime: float
    flags: int = 0
    size: int = 0
    target: str = ""
    """Of a link; of a device its number."""
    extents: tuple[tuple[int, int], ...] = field(default=())
    """(offset, length) of what follows; the rest of the file is holes."""

    @property
    def length(self) -> int:
        """Bytes that follow the record, padding left out."""
        return sum(length for _, length in self.extents)


def _padded(data: bytes, unit: int = BLOCK) -> bytes:
    return data.ljust(-(-len(data) // unit) * unit, b"\0")


def _record(kind: bytes, fields: dict[str, Any]) -> bytes:
    text = json.dumps(fields, separators=(",", ":")).encode("utf-8", "surrogateescape")
    return _padded(_MARK + kind + f"{len(text):08x}".encode() + text)


def title_record(title: Title) -> bytes:
    """The blocks of the first record."""
    fields = asdict(title)
    fields["directories"], fields["dumped"] = sorted(title.directories), sorted(title.dumped)
    return _record(b"T", fields)


def file_record(file: File) -> bytes:
    """The blocks in front of a file's bytes."""
    return _record(b"F", asdict(file))


def end_record() -> bytes:
    """The block that ends a stream."""
    return _record(b"E", {})


def blocks_of(file: File) -> int:
    """How many tape blocks a file takes."""
    return len(file_record(file)) // BLOCK + -(-file.length // BLOCK)


Read = Callable[[int], Awaitable[bytes]]
"""Up to so many bytes of the stream; b"" at its end."""


class Reader:
    """Reads a stream record by record."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._held = b""
        self.taken = 0
        """Bytes read so far."""

    async def title(self) -> Title:
        """The first record; raises NotADump or Cut, Cut of a stream without a single byte."""
        head = await self._upto(BLOCK)
        if not head:
            raise Cut
        if not head.startswith(_MARK + b"T"):
            raise NotADump
        fields = await self._rest(head)
        fields["directories"] = frozenset(fields["directories"])
        fields["dumped"] = frozenset(fields["dumped"])
        return Title(**fields)

    async def file(self) -> File | None:
        """The next inode, None at the end mark; raises Cut."""
        head = await self._upto(BLOCK)
        if len(head) < BLOCK or not head.startswith(_MARK):
            raise Cut
        if head[len(_MARK) : len(_MARK) + 1] == b"E":
            return None
        fields = await self._rest(head)
        fields["extents"] = tuple((at, length) for at, length in fields["extents"])
        return File(**fields)

    async def data(self, file: File) -> bytes:
        """The bytes of a file's extents, joined; raises Cut."""
        wanted = -(-file.length // BLOCK) * BLOCK
        data = await self._upto(wanted)
        if len(data) < wanted:
            raise Cut
        return data[: file.length]

    async def drain(self) -> None:
        """Take what follows the end mark, so that the writer is not left with it."""
        while await self._upto(RECORD):
            pass

    async def _rest(self, head: bytes) -> dict[str, Any]:
        try:
            length = int(head[_HEAD - 8 : _HEAD], 16)
            missing = -(-(_HEAD + length) // BLOCK) * BLOCK - BLOCK
            text = (head + await self._upto(missing))[_HEAD : _HEAD + length]
            fields: dict[str, Any] = json.loads(text.decode("utf-8", "surrogateescape"))
        except ValueError as odd:
            raise Cut from odd
        return fields

    async def _upto(self, length: int) -> bytes:
        while len(self._held) < length:
            more = await self._read(1 << 18)
            if not more:
                break
            self._held += more
        data, self._held = self._held[:length], self._held[length:]
        self.taken += len(data)
        return data
