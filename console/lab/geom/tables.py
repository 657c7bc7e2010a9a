"""What every partition table has, whatever its scheme; units are sectors of 512 bytes.

Facts about the schemes: sys/geom/part/g_part*.c, mbr and gpt as in the PC and UEFI specifications.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SECTOR = 512
HEADS, SECTORS = 16, 63
"""The firmware's geometry of every disk of the lab."""

Writes = list[tuple[int, bytes]]
"""Byte offsets and what goes there."""

Read = Callable[[int, int], bytes]
"""Reads a range of bytes: offset, length."""


class TableError(Exception):
    """An edit is refused; the text is what gpart(8) says after its name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One partition; `kind` is the raw type: a number in decimal, or a GUID."""

    index: int
    start: int
    size: int
    kind: str
    label: str = ""
    uuid: str = ""
    attributes: tuple[str, ...] = ()
    extra: tuple[int, int, int] = (0, 0, 0)
    """Of a BSD label: fragment size, fragments per block, cylinders per group."""

    @property
    def end(self) -> int:
        """The last sector."""
        return self.start + self.size - 1


@dataclass(frozen=True, slots=True)
class Table:
    """A partition table; `parts` in the order of their index."""

    scheme: str
    total: int
    """Sectors of the provider."""
    slots: int
    """Places for partitions."""
    first: int
    last: int
    parts: tuple[Entry, ...] = ()
    area: bytes = field(default=b"", repr=False)
    """The first sectors with boot code, into which the table is written back."""
    uuid: str = ""
    """Of a GPT disk."""
    corrupt: bool = False
    """Of a GPT: one of its two copies is damaged."""
    shift: int = 0
    """Of a BSD label: what its offsets are counted from (the offset of its c)."""

    def at(self, index: int) -> Entry | None:
        """The partition of that index."""
        return next((part for part in self.parts if part.index == index), None)

    def free_index(self) -> int:
        """The lowest index that is free; raises TableError."""
        taken = {part.index for part in self.parts}
        for index in range(1, self.slots + 1):
            if index not in taken and not (self.scheme == "BSD" and index == RAW):
                return index
        raise TableError("No space left on device")


RAW = 3
"""The index of a BSD label's c, which covers everything and is no partition."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one kind of table is recognised, read, made and written."""

    name: str
    read: Callable[[Read, int], Table | None]
    """Look at a provider of so many sectors; None when it has no such table."""
    create: Callable[[int, int], Table]
    """An empty table for so many sectors, with so many places (0: as many as usual); raises TableError."""
    writes: Callable[[Table], Writes]
    wipes: Callable[[Table], Writes]
    """What destroying the table writes."""
    suffix: Callable[[int], str]
    """What stands between the provider's name and the rest: `s1`, `a`, `p1`."""
    aliases: Mapping[str, str]
    """Raw types by gpart(8)'s name."""
    attributes: tuple[str, ...] = ()
    labels: bool = False
    nests: bool = True
    """Its partitions may have tables of their own."""
    boot_sizes: tuple[int, ...] = ()
    """Lengths in bytes that boot code may have; empty: any up to a sector."""

    def type_name(self, kind: str) -> str:
        """What gpart(8) calls a raw type."""
        found = next((name for name, raw in self.aliases.items() if raw == kind), None)
        return found or f"!{kind}"

    def raw(self, name: str) -> str:
        """The raw type of a name, or of `!165`; raises TableError."""
        if name.startswith("!") and name[1:]:
            return name[1:].lower()
        if name.lower() not in self.aliases:
            raise TableError(f"type '{name}': Invalid argument")
        return self.aliases[name.lower()]


def clip(data: bytes, code: bytes, *, at: int = 0) -> bytes:
    """Lay bytes over others."""
    return data[:at] + code + data[at + len(code) :]
