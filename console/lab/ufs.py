"""UFS on a provider: geometry, superblock and inode table, as far as anyone can see from outside.

Files really lie in blocks of the provider, so a half that was copied, not copied or copied halfway shows
exactly what its blocks hold. The inode table is kept as JSON inside the room of the real inodes.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from console.lab.images import Image

SECTOR = 512
BLOCK = 32768
FRAGMENT = 4096
FRAGMENTS = BLOCK // FRAGMENT
SUPERBLOCK = 65536
SUPERBLOCK_SIZE = 4096
MAGIC = b"UFS2 19540119\n"
DIRECT_BLOCKS = 12

_BOOT_FRAGMENTS = 24
_INODES_AT = 40
_INODES_PER_FRAGMENT = FRAGMENT // 256
_MIN_GROUPS = 4
_MAX_GROUP = 160280


class Storage(Protocol):
    """Anything with blocks: a provider."""

    mediasize: int

    async def read(self, offset: int, length: int) -> bytes:
        """Read a range."""

    async def write(self, offset: int, data: bytes) -> None:
        """Write a range."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where things lie in a file system of `size` fragments, by the rules of newfs(8)."""

    size: int
    group: int
    inodes: int

    @property
    def groups(self) -> int:
        """How many cylinder groups there are."""
        return -(-self.size // self.group)

    @property
    def data_at(self) -> int:
        """The first data fragment of a group."""
        return _INODES_AT + self.inodes // _INODES_PER_FRAGMENT

    @property
    def data(self) -> int:
        """Fragments that can hold files."""
        return self.size - self.data_at - (self.groups - 1) * (self.data_at - _BOOT_FRAGMENTS) - 1

    def reserved(self) -> bytearray:
        """A map with a 1 for every fragment that can never hold file contents."""
        used = bytearray(self.size)
        for number in range(self.groups):
            start = number * self.group
            first = start + _BOOT_FRAGMENTS if number else 0
            last = start + self.data_at + (0 if number else 1)
            used[first : min(last, self.size)] = b"\1" * max(0, min(last, self.size) - first)
        return used

    def table_room(self, copy: int) -> list[tuple[int, int]]:
        """Ranges (first fragment, count) that hold one of the two copies of the inode table."""
        half = max(1, self.groups // 2)
        chosen = range(half) if copy == 0 else range(half, 2 * half) if self.groups > 1 else range(1)
        return [(number * self.group + _INODES_AT, self.data_at - _INODES_AT) for number in chosen]


def geometry(fragments: int) -> Geometry:
    """Lay out a file system: groups grow until fewer than four fit, or one is as large as it can be."""
    group = FRAGMENTS
    if fragments // _MIN_GROUPS > FRAGMENTS:
        group = fragments // _MIN_GROUPS // FRAGMENTS * FRAGMENTS
    while group < _MAX_GROUP and fragments // group >= _MIN_GROUPS:
        group += FRAGMENTS
    group = min(group, _MAX_GROUP)
    inodes = (group + 1) // 2
    return Geometry(fragments, group, -(-inodes // 128) * 128)


@dataclass(frozen=True, slots=True)
class Inode:
    """One file; extents are (first fragment, count), first 0 for a hole. Equal numbers: names of one file."""

    kind: str
    """f, d, l(ink), p(ipe) or c(haracter device)."""
    mode: int
    mtime: float
    number: int
    size: int = 0
    extents: tuple[tuple[int, int], ...] = ()
    target: str = ""
    """Of a link; of a device its number."""
    group: str = "wheel"
    user: str = "root"
    flags: int = 0
    changed: float = 0.0


@dataclass(frozen=True, slots=True)
class Superblock:
    """What dumpfs(8) shows of a file system, and where its inode table is."""

    size: int
    ident: str
    """Sixteen hex digits: the ufsid/ label."""
    made: float
    mounted: float
    modified: float
    clean: int = 1
    fsmnt: str = ""
    volname: str = ""
    soft_updates: bool = False
    journaled: bool = False
    provider_size: int = 0
    group: int = 0
    inodes: int = 0
    free_fragments: int = 0
    free_blocks: int = 0
    directories: int = 2
    free_inodes: int = 0
    table_copy: int = 0
    table_length: int = 0
    groups_summary: tuple[tuple[int, int, int, int], ...] = ()
    """Per group: free blocks, directories, free inodes, free fragments; empty when there are very many."""

    @property
    def geometry(self) -> Geometry:
        """The layout; groups keep their size when the file system grows."""
        return Geometry(self.size, self.group, self.inodes)


Table = dict[str, Inode]
"""Inodes by path; "/" is the root directory."""


async def read_superblock(storage: Storage) -> Superblock | None:
    """The superblock, or None when the provider does not look like UFS; raises OSError."""
    if storage.mediasize < SUPERBLOCK + SUPERBLOCK_SIZE:
        return None
    text = await storage.read(SUPERBLOCK, SUPERBLOCK_SIZE)
    if not text.startswith(MAGIC):
        return None
    try:
        fields = json.loads(text[len(MAGIC) :].rstrip(b"\0"))
        fields["groups_summary"] = tuple(tuple(group) for group in fields["groups_summary"])
        return Superblock(**fields)
    except (ValueError, TypeError, KeyError):
        return None


def superblock_bytes(superblock: Superblock) -> bytes:
    """The superblock as it stands on the provider."""
    text = MAGIC + json.dumps(asdict(superblock), separators=(",", ":")).encode()
    return text.ljust(SUPERBLOCK_SIZE, b"\0")


async def read_table(storage: Storage, superblock: Superblock) -> Table | None:
    """The inode table, or None when its blocks hold something else; raises OSError."""
    text = b""
    for first, count in superblock.geometry.table_room(superblock.table_copy):
        wanted = min(superblock.table_length - len(text), count * FRAGMENT)
        if wanted > 0:
            text += await storage.read(first * FRAGMENT, wanted)
    try:
        rows: dict[str, dict[str, Any]] = json.loads(text)
        return {path: _inode(row) for path, row in rows.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _inode(row: dict[str, Any]) -> Inode:
    inode = Inode(**({"mode": 0, "mtime": 0.0, "number": 0} | row))
    return replace(inode, extents=tuple((first, count) for first, count in row.get("extents", ())))


_USUAL = {"group": "wheel", "user": "root"}


def table_bytes(table: Table) -> bytes:
    """The inode table as text; what has its usual value is left out."""
    rows = {
        path: {
            key: value for key, value in asdict(inode).items() if value not in (0, "", (), _USUAL.get(key))
        }
        for path, inode in table.items()
    }
    return json.dumps(rows, separators=(",", ":")).encode()


def table_writes(superblock: Superblock, text: bytes) -> list[tuple[int, bytes]]:
    """Where the inode table goes: (offset, bytes) pairs."""
    writes = []
    for first, count in superblock.geometry.table_room(superblock.table_copy):
        piece, text = text[: count * FRAGMENT], text[count * FRAGMENT :]
        if piece:
            writes.append((first * FRAGMENT, piece))
    return writes


async def read_contents(storage: Storage, inode: Inode) -> bytes:
    """The bytes of a file; raises OSError."""
    parts = [
        await storage.read(first * FRAGMENT, count * FRAGMENT) if first else bytes(count * FRAGMENT)
        for first, count in inode.extents
    ]
    return b"".join(parts)[: inode.size]


async def read_image(storage: Storage, inode: Inode) -> Image:
    """A file as an image, holes left out; raises OSError."""
    image = Image(inode.size)
    image.sparse = any(not first for first, _ in inode.extents)
    at = 0
    for first, count in inode.extents:
        if first and at < inode.size:
            image.write(at, await storage.read(first * FRAGMENT, count * FRAGMENT))
        at += count * FRAGMENT
    return image


def image_writes(inode: Inode, image: Image) -> Iterable[tuple[int, bytes]]:
    """Where the bytes of an image go: (offset, bytes) pairs; nothing for holes."""
    at = 0
    for first, count in inode.extents:
        length = min(count * FRAGMENT, image.size - at)
        if first and length > 0:
            yield first * FRAGMENT, image.read(at, length).ljust(-(-length // FRAGMENT) * FRAGMENT, b"\0")
        at += count * FRAGMENT


def file_fragments(size: int) -> int:
    """Fragments a file of that size takes, indirect blocks included."""
    if size > DIRECT_BLOCKS * BLOCK:
        blocks = -(-size // BLOCK)
        return (blocks + 1 + blocks // 4096) * FRAGMENTS
    return -(-size // FRAGMENT)


def contents_writes(inode: Inode, data: bytes) -> Iterable[tuple[int, bytes]]:
    """Where a file's bytes go: (offset, bytes) pairs, block by block; nothing for holes."""
    at = 0
    for first, count in inode.extents:
        piece = data[at : at + count * FRAGMENT]
        at += count * FRAGMENT
        if piece and first:
            yield first * FRAGMENT, piece.ljust(-(-len(piece) // FRAGMENT) * FRAGMENT, b"\0")
