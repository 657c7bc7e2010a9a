"""A UFS file system while it is worked on: what is allocated, and how it is written back."""

import random
from dataclasses import dataclass, replace

from console.lab.ufs import (
    BLOCK,
    DIRECT_BLOCKS,
    FRAGMENT,
    FRAGMENTS,
    SUPERBLOCK,
    Inode,
    Storage,
    Superblock,
    Table,
    contents_writes,
    file_fragments,
    geometry,
    read_superblock,
    read_table,
    superblock_bytes,
    table_bytes,
    table_writes,
)

ROOT = "/"
SNAP = "/.snap"
RESERVED_INODES = 2
SUMMARY_GROUPS = 60
GROUP_AT = 32

Writes = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Counts:
    """What fsck(8) and df(1) count."""

    files: int
    used: int
    free: int
    free_fragments: int
    free_blocks: int
    directories: int
    free_inodes: int
    groups: tuple[tuple[int, int, int, int], ...]
    """Per group: free blocks, directories, free inodes, free fragments."""


class NoSpace(Exception):
    """The file system is full."""


def _once(table: Table) -> dict[int, Inode]:
    """The inodes of a table by number: a file with several names once."""
    return {inode.number: inode for inode in table.values()}


class Volume:
    """Superblock, inode table and allocation of one file system."""

    def __init__(self, superblock: Superblock, table: Table) -> None:
        self.superblock = superblock
        self.table = table
        self.layout = superblock.geometry
        self._used = self.layout.reserved()
        self._tails: dict[int, int] = {}
        self._next_block = 0
        for inode in _once(table).values():
            self._mark(inode, 1)

    @classmethod
    def make(
        cls,
        storage: Storage,
        now: float,
        dice: random.Random,
        *,
        soft_updates: bool,
        label: str,
        sectors: int,
    ) -> "Volume":
        """What newfs(8) makes of a provider."""
        size = (sectors * 512 or storage.mediasize) // FRAGMENT
        layout = geometry(size)
        superblock = Superblock(
            size=size,
            ident=f"{int(now):08x}{dice.getrandbits(31):08x}",
            made=now,
            mounted=0.0,
            modified=now,
            volname=label,
            soft_updates=soft_updates,
            provider_size=storage.mediasize // FRAGMENT,
            group=layout.group,
            inodes=layout.inodes,
        )
        first = (layout.data_at // FRAGMENTS + 1) * FRAGMENTS
        table = {
            ROOT: Inode("d", 0o755, now, 2, 512, ((first, 1),)),
            SNAP: Inode("d", 0o775, now, 3, 512, ((first + 1, 1),), group="operator"),
        }
        return cls(superblock, table)

    @classmethod
    async def read(cls, storage: Storage) -> "Volume | None":
        """The file system on a provider; None without a superblock. A lost inode table leaves it empty."""
        superblock = await read_superblock(storage)
        if superblock is None:
            return None
        table = await read_table(storage, superblock)
        volume = cls(superblock, table or {})
        volume.damaged = table is None or ROOT not in table
        return volume

    damaged = False
    """The inode table could not be read: fsck(8) has a lot to say."""

    @property
    def first_directory(self) -> int:
        """Byte offset of the root directory's block."""
        root = self.table.get(ROOT)
        return root.extents[0][0] * FRAGMENT if root is not None and root.extents else 0

    def counts(self, extra: Table | None = None) -> Counts:
        """Count what is in use."""
        layout = self.layout
        groups = []
        table = _once(self.table if extra is None else extra)
        for number in range(layout.groups):
            start, end = number * layout.group, min((number + 1) * layout.group, layout.size)
            blocks = fragments = 0
            for at in range(start, end, FRAGMENTS):
                free = self._used.count(0, at, min(at + FRAGMENTS, end))
                if free == FRAGMENTS:
                    blocks += 1
                else:
                    fragments += free
            inodes = [inode for inode in table.values() if self._group_of(inode) == number]
            directories = sum(inode.kind == "d" for inode in inodes)
            reserved = RESERVED_INODES if number == 0 else 0
            groups.append((blocks, directories, layout.inodes - len(inodes) - reserved, fragments))
        free_blocks, directories, free_inodes, free_fragments = (
            sum(group[index] for group in groups) for index in range(4)
        )
        free = free_blocks * FRAGMENTS + free_fragments
        return Counts(
            files=len(table),
            used=layout.data - free,
            free=free,
            free_fragments=free_fragments,
            free_blocks=free_blocks,
            directories=directories,
            free_inodes=free_inodes,
            groups=tuple(groups),
        )

    def free_inode(self) -> int:
        """The next inode number."""
        taken = {inode.number for inode in self.table.values()}
        return next(number for number in range(4, len(taken) + 6) if number not in taken)

    def allocate(self, size: int, *, directory: bool = False) -> tuple[tuple[int, int], ...]:
        """Find room for a file; raises NoSpace."""
        if directory:
            return (self._tail(1, directory=True),)
        fragments = file_fragments(size)
        extents: list[tuple[int, int]] = []
        try:
            while fragments >= FRAGMENTS:
                first = self._free_block()
                self._set(first, FRAGMENTS, 1)
                if extents and sum(extents[-1]) == first:
                    extents[-1] = (extents[-1][0], extents[-1][1] + FRAGMENTS)
                else:
                    extents.append((first, FRAGMENTS))
                fragments -= FRAGMENTS
            if fragments:
                extents.append(self._tail(fragments))
        except NoSpace:
            for first, count in extents:
                self._set(first, count, 0)
            raise
        return tuple(extents)

    def allocate_sparse(self, size: int, written: frozenset[int]) -> tuple[tuple[int, int], ...]:
        """Find room for a file of which only the blocks `written`, and always the last, are kept."""
        blocks = -(-size // BLOCK)
        extents: list[tuple[int, int]] = []
        try:
            for number in range(blocks + (blocks > DIRECT_BLOCKS)):
                first = 0
                if number in written or number >= blocks - 1:
                    first = self._free_block()
                    self._set(first, FRAGMENTS, 1)
                last, count = extents[-1] if extents else (0, 0)
                if count and (last + count == first if first else last == 0):
                    extents[-1] = (last, count + FRAGMENTS)
                else:
                    extents.append((first, FRAGMENTS))
        except NoSpace:
            for first, count in extents:
                if first:
                    self._set(first, count, 0)
            raise
        return tuple(extents)

    def release(self, inode: Inode) -> None:
        """Give a file's room back, unless it has another name in the table."""
        if any(other.number == inode.number for other in self.table.values()):
            return
        self._mark(inode, 0)
        self._next_block = 0

    def superblock_writes(self) -> Writes:
        """What writing the superblock alone writes."""
        return [(SUPERBLOCK, superblock_bytes(self.superblock))]

    def commit_writes(self, table: Table, now: float) -> Writes:
        """Write an inode table to the other copy's place, then the superblock that points there."""
        text = table_bytes(table)
        counts = self.counts()
        self.superblock = replace(
            self.superblock,
            modified=now,
            table_copy=1 - self.superblock.table_copy,
            table_length=len(text),
            free_fragments=counts.free_fragments,
            free_blocks=counts.free_blocks,
            directories=counts.directories,
            free_inodes=counts.free_inodes,
            groups_summary=counts.groups if len(counts.groups) <= SUMMARY_GROUPS else (),
        )
        return [*table_writes(self.superblock, text), *self._summary_writes(), *self.superblock_writes()]

    def data_writes(self, inode: Inode, data: bytes) -> Writes:
        """What writing a file's contents writes."""
        return list(contents_writes(inode, data))

    def directory_writes(self) -> Writes:
        """The root directory's own block, with the names in it."""
        names = "\n".join(sorted(path for path in self.table if path.count("/") == 1))
        return [(self.first_directory, names.encode()[:FRAGMENT].ljust(FRAGMENT, b"\0"))]

    def _summary_writes(self) -> Writes:
        """The first group's map of used fragments, and the summary of all groups."""
        used = self._used[: min(self.layout.group, FRAGMENT)]
        summary = repr(self.superblock.groups_summary).encode()
        return [
            (GROUP_AT * FRAGMENT, bytes(used).ljust(FRAGMENT, b"\0")),
            (self.layout.data_at * FRAGMENT, summary[:FRAGMENT].ljust(FRAGMENT, b"\0")),
        ]

    def _group_of(self, inode: Inode) -> int:
        first = next((first for first, _ in inode.extents if first), 0)
        return first // self.layout.group

    def _mark(self, inode: Inode, value: int) -> None:
        for first, count in inode.extents:
            if first:
                self._set(first, count, value)
        if inode.kind == "f" and inode.extents and inode.extents[-1][1] % FRAGMENTS:
            block = inode.extents[-1][0] // FRAGMENTS
            self._tails[block] = self._tails.get(block, 0) + (1 if value else -1)

    def _set(self, first: int, count: int, value: int) -> None:
        end = min(first + count, len(self._used))
        self._used[first:end] = bytes([value]) * max(0, end - first)

    def _free_block(self) -> int:
        layout = self.layout
        start = (layout.data_at // FRAGMENTS + 2) * FRAGMENTS
        for first in range(max(start, self._next_block), layout.size - FRAGMENTS + 1, FRAGMENTS):
            if self._is_free(first, FRAGMENTS):
                self._next_block = first
                return first
        raise NoSpace

    def _tail(self, count: int, *, directory: bool = False) -> tuple[int, int]:
        if directory:
            blocks = [self.layout.data_at // FRAGMENTS + 1]
        else:
            blocks = sorted(block for block, users in self._tails.items() if users > 0)
        for block in blocks:
            for first in range(block * FRAGMENTS, (block + 1) * FRAGMENTS - count + 1):
                if self._is_free(first, count):
                    return self._take(first, count, directory)
        return self._take(self._free_block(), count, directory)

    def _take(self, first: int, count: int, directory: bool) -> tuple[int, int]:
        self._set(first, count, 1)
        if not directory:
            block = first // FRAGMENTS
            self._tails[block] = self._tails.get(block, 0) + 1
        return first, count

    def _is_free(self, first: int, count: int) -> bool:
        end = first + count
        return end <= self.layout.size and not any(self._used[first:end])
