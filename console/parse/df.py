"""df: space and inodes of mounted file systems (df(1)).

The header names the block size (`1K-blocks`, `512-blocks`, `Size`); -i and -T add columns; capacity may pass
100%, avail may be negative; the mount point is the rest of the line.
"""

import re
from dataclasses import dataclass, replace

from console.model.facts import DiskUse
from console.parse.lines import filled
from console.parse.reading import Reading

_HEADER = re.compile(
    r"\s*Filesystem\s+(?:(Type)\s+)?(\d{1,9}[KMG]?-blocks|Size)\s+Used\s+Avail(?:able)?\s+Capacity"
)
_STEPS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_AMOUNT = re.compile(r"-?\d{1,20}(?:\.\d{1,3})?[BkKMGTPE]?")
_COUNT = re.compile(r"-?\d{1,20}")
_PERCENT = re.compile(r"-?\d{1,9}%")


@dataclass(frozen=True, slots=True)
class Row:
    """A file system. Amounts are numbers of blocks, or as printed (`4.4G`) with -h and -H."""

    fs: str
    on: str
    """Mount point; empty for the total of -c."""
    type: str | None = None
    size: str | None = None
    """The first amount with -h or -H."""
    blocks: int | None = None
    """The first amount otherwise."""
    used: int | str | None = None
    avail: int | str | None = None
    capacity: int | None = None
    """Percent."""
    iused: int | str | None = None
    ifree: int | str | None = None
    iused_pct: int | None = None


@dataclass(frozen=True, slots=True)
class Df:
    """The table."""

    rows: tuple[Row, ...] = ()
    count: int = 0
    blocksize: int | None = None
    """Bytes of a block as the header says; None with -h and -H."""
    unit_base: int | None = None
    """1000 where an amount proves that -H was given; the two look alike otherwise."""


def read_df(text: str) -> Reading[Df]:
    """`df` with any of -k, -n, -h, -H, -i, -T, -P, -l (df(1))."""
    unread: list[str] = []
    rows: list[Row] = []
    typed = inodes = False
    blocksize: int | None = None
    for line in filled(text, unread):
        if header := _HEADER.match(line):
            typed, inodes = header[1] is not None, "iused" in line
            blocksize = _blocksize(header[2])
        elif row := _row(line.strip(), typed, inodes):
            rows.append(row)
        else:
            unread.append(line)
    return Reading(Df(tuple(rows), len(rows), blocksize, _base(rows)), tuple(unread))


def read_disk_use(text: str) -> Reading[tuple[DiskUse, ...]]:
    """`df -k -n` as file systems in KiB; a table in human units has no exact amounts and gives none."""
    reading = read_df(text)
    size = reading.facts.blocksize
    if size is None:
        return Reading((), reading.unread)
    uses = (_use(row, size) for row in reading.facts.rows)
    return Reading(tuple(use for use in uses if use is not None), reading.unread)


def _use(row: Row, blocksize: int) -> DiskUse | None:
    if row.blocks is None or not isinstance(row.used, int) or not isinstance(row.avail, int):
        return None
    blocks, used, avail = (int(amount * blocksize / 1024) for amount in (row.blocks, row.used, row.avail))
    return DiskUse(row.fs, row.on, blocks, used, avail, row.capacity or 0)


def _blocksize(word: str) -> int | None:
    if word == "Size":
        return None
    count = word.removesuffix("-blocks")
    step = count[-1] if count[-1].isalpha() else ""
    return int(count.removesuffix(step)) * _STEPS[step]


def _row(line: str, typed: bool, inodes: bool) -> Row | None:
    """The amounts are found by their shape: the file system's name may hold blanks."""
    words = line.split()
    for place in range(2 if typed else 1, len(words) - 3):
        share = words[place + 3]
        amounts = words[place : place + 3]
        if (share == "-" or _PERCENT.fullmatch(share)) and all(_AMOUNT.fullmatch(word) for word in amounts):
            return _filled(line, words, place, typed, inodes)
    return None


def _filled(line: str, words: list[str], place: int, typed: bool, inodes: bool) -> Row | None:
    taken = place + (7 if inodes else 4)
    if len(words) <= taken and words[0] != "total":
        return None
    first, used, avail, capacity = words[place : place + 4]
    row = Row(
        fs=" ".join(words[: place - 1 if typed else place]),
        on=line.split(None, taken)[taken] if len(words) > taken else "",
        type=words[place - 1] if typed else None,
        size=None if _COUNT.fullmatch(first) else first,
        blocks=int(first) if _COUNT.fullmatch(first) else None,
        used=_amount(used),
        avail=_amount(avail),
        capacity=_percent(capacity),
    )
    if not inodes:
        return row
    iused, ifree, share = words[place + 4 : place + 7]
    return replace(row, iused=_amount(iused), ifree=_amount(ifree), iused_pct=_percent(share))


def _amount(word: str) -> int | str:
    return int(word) if _COUNT.fullmatch(word) else word


def _percent(word: str) -> int | None:
    return int(word[:-1]) if _PERCENT.fullmatch(word) else None


def _base(rows: list[Row]) -> int | None:
    """With -h an amount goes on to the next unit at 1024; with -H the oldest df stayed a little longer."""
    amounts = (word for row in rows for word in (row.size, row.used, row.avail) if isinstance(word, str))
    if any(float(word[:-1]) > 1024 for word in amounts if word[-1] in "kKMGTPE"):
        return 1000
    return None
