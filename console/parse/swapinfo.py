"""swapinfo(8) and `pstat -s`."""

import re
from dataclasses import dataclass

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class SwapDevice:
    """A swap device. Counts are in blocks of the header's size; with -h there is only text."""

    dev: str
    blocks: int | None = None
    used: int | None = None
    avail: int | None = None
    capacity: int | None = None
    """Percent."""
    type: str | None = None
    """`Interleaved` or `Sequential`, up to 4.x."""
    size_text: str | None = None
    used_text: str | None = None
    avail_text: str | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """All swap. `blocksize` is in bytes, None with -h; `rows` leaves out the Total line."""

    rows: tuple[SwapDevice, ...] = ()
    blocksize: int | None = None
    human: bool = False
    total: bool = False
    """Whether there was a Total line (only with several devices)."""
    total_row: SwapDevice | None = None


_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_HEADER = re.compile(
    r"Device +(?:([0-9]{1,9})([KMG]?)(?:-blocks|-blks)|(Size)) +Used +Avail +Capacity(?: +Type)?"
)
_HUMAN = re.compile(r"[0-9.]{1,20}[BKMGTPE]?")


def read_swapinfo(text: str) -> Reading[Swap]:
    """Read a table of swap devices; no device is a header alone (swapinfo(8))."""
    rows: list[SwapDevice] = []
    unread: list[str] = []
    blocksize: int | None = None
    human = False
    total: SwapDevice | None = None
    for line in filled(text, unread):
        words = line.split()
        if header := _HEADER.fullmatch(" ".join(words)):
            human = header[3] is not None
            blocksize = None if human else int(header[1]) * _UNITS[header[2]]
        elif (row := _row(words)) is None:
            unread.append(line)
        elif row.dev == "Total":
            total = row
        else:
            rows.append(row)
            human |= row.size_text is not None
    return Reading(Swap(tuple(rows), blocksize, human, total is not None, total), tuple(unread))


def _row(words: list[str]) -> SwapDevice | None:
    kind = words.pop() if len(words) == 6 and words[5] in ("Interleaved", "Sequential") else None
    if len(words) != 5 or not words[4].endswith("%"):
        return None
    dev, *amounts, percent = words
    capacity = whole(percent[:-1])
    if capacity is None:
        return None
    size, used, avail = amounts
    if all(whole(amount) is not None for amount in amounts):
        return SwapDevice(dev, whole(size), whole(used), whole(avail), capacity, kind)
    if all(_HUMAN.fullmatch(amount) for amount in amounts):
        # Older releases leave the size in blocks with -h.
        return SwapDevice(dev, whole(size), None, None, capacity, kind, size, used, avail)
    return None
