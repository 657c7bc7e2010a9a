"""gpart(8) show, with or without -p, -l, -r. One disk may appear again under a label name."""

import re
from dataclasses import dataclass

from console.parse.lines import filled
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class TablePart:
    """A partition; start and size in sectors. With -l `type` holds the label, with -r the raw type."""

    start: int
    size: int
    index: int | None
    type: str
    name: str | None = None
    """The provider, with -p."""
    attributes: tuple[str, ...] = ()
    human: str | None = None


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Unused sectors between partitions."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class PartTable:
    """One partition table."""

    name: str
    scheme: str
    first: int
    count: int
    size: str
    corrupt: bool
    parts: tuple[TablePart, ...]
    free: tuple[FreeSpace, ...]
    part_count: int
    active_index: int | None = None


@dataclass(frozen=True, slots=True)
class PartTables:
    """All tables in order, and the pairs (device, label name) that are one disk seen twice."""

    tables: tuple[PartTable, ...] = ()
    table_count: int = 0
    same_disk: tuple[tuple[str, str], ...] = ()


_N = "([0-9]{1,20})"
_HEADER = re.compile(rf"=> ?{_N} {_N} (\S+) (\S+) \(([^()]*)\)( \[CORRUPT\])?")
_FREE = re.compile(rf"{_N} {_N} - free -(?: \([^()]*\))?")
_ROW = re.compile(rf"{_N} {_N} (\S+) (\S.*)")
_TAIL = re.compile(r"(.*?)(?: \[([a-z0-9_,]+)\])?(?: \(([^()]*)\))?")
_INDEX = re.compile(r".*?(?:[ps]([0-9]{1,4})|([a-z]))")
_LABELS = ("diskid/", "gptid/", "gpt/", "ufsid/", "ufs/", "label/", "msdosfs/", "iso9660/")


def read_gpart_show(text: str) -> Reading[PartTables]:
    """Read every table that gpart(8) shows."""
    unread: list[str] = []
    tables: list[PartTable] = []
    header: re.Match[str] | None = None
    parts: list[TablePart] = []
    free: list[FreeSpace] = []
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if found := _HEADER.fullmatch(bare):
            if header:
                tables.append(_table(header, parts, free))
            header, parts, free = found, [], []
        elif header and (found := _FREE.fullmatch(bare)):
            free.append(FreeSpace(int(found[1]), int(found[2])))
        elif header and (found := _ROW.fullmatch(bare)):
            parts.append(_part(found))
        else:
            unread.append(line)
    if header:
        tables.append(_table(header, parts, free))
    return Reading(PartTables(tuple(tables), len(tables), _twins(tables)), tuple(unread))


def _part(row: re.Match[str]) -> TablePart:
    start, size, name, rest = row.groups()
    tail = _TAIL.fullmatch(rest)
    kind, attributes, human = tail.groups() if tail else (rest, None, None)
    plain = name.isascii() and name.isdigit() and len(name) <= 6
    return TablePart(
        start=int(start),
        size=int(size),
        index=int(name) if plain else _index(name),
        type=kind,
        name=None if plain else name,
        attributes=tuple(attributes.split(",")) if attributes else (),
        human=human,
    )


def _index(name: str) -> int | None:
    """`ada0p2` is 2, `ada0s1a` is 1."""
    found = _INDEX.fullmatch(name)
    if found is None:
        return None
    return int(found[1]) if found[1] else ord(found[2]) - ord("a") + 1


def _table(header: re.Match[str], parts: list[TablePart], free: list[FreeSpace]) -> PartTable:
    first, count, name, scheme, size, corrupt = header.groups()
    active = next((part.index for part in parts if "active" in part.attributes), None)
    return PartTable(
        name=name,
        scheme=scheme,
        first=int(first),
        count=int(count),
        size=size,
        corrupt=corrupt is not None,
        parts=tuple(parts),
        free=tuple(free),
        part_count=len(parts),
        active_index=active,
    )


def _shape(table: PartTable) -> tuple[object, ...]:
    rows = tuple((part.start, part.size, part.index, part.type) for part in table.parts)
    return table.scheme, table.first, table.count, rows


def _twins(tables: list[PartTable]) -> tuple[tuple[str, str], ...]:
    """Tables that show one disk twice; two equal disks leave it open which is which, so no pair then."""
    pairs: list[tuple[str, str]] = []
    for twin in tables:
        if not twin.name.startswith(_LABELS) or any(_inside(twin.name, other) for _, other in pairs):
            continue
        same = [
            table.name
            for table in tables
            if not table.name.startswith(_LABELS) and _shape(table) == _shape(twin)
        ]
        if len(same) == 1:
            pairs.append((same[0], twin.name))
    return tuple(pairs)


def _inside(name: str, outer: str) -> bool:
    return name.startswith((f"{outer}s", f"{outer}p")) and name != outer
