"""Only those parts of a log in which wanted messages live, when any byte of it can be read at once.

A message number has many lives in a big log and most are strangers': reading them all takes far longer than
finding the few places where something wanted is said. From each such place the life is followed back to its
beginning and forward to its end.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from console.parse.qmail_blocks import LONGEST, text_of
from console.parse.qmail_log import Ended, NewMessage, decode
from console.parse.qmail_sieve import Begins, Places, Sieve

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""The bytes from an offset on, at most so many; fewer only at the end."""

_STEP = 1 << 14
"""Bytes read at once: a life is often shorter than a block."""
_OVERLAP = 64
"""More bytes than a line with `new msg` or `end msg` has."""
_MANY = 1000
"""Of more places than this every line is looked at."""


def near(places: Places, read_at: ReadAt, size: int) -> Iterator[str] | None:
    """The lines `Sieve` selects, as far as they belong to lives with a place; None: look at every line.

    No line may be longer than `LONGEST`: of a longer one `blocks` keeps only a part, so places are elsewhere.
    """
    begins = begins_of(places, read_at, size)
    return None if begins is None else _followed(Sieve(places, begins), read_at)


def begins_of(places: Places, read_at: ReadAt, size: int) -> Begins | None:
    """Where each life with a place begins; None when finding out would take longer than reading the log."""
    if sum(map(len, places.values())) > _MANY or not all(places.values()):
        return None
    begins: Begins = []
    budget = size // 4 + _STEP
    for number, where in places.items():
        floor = 0
        for place in where:
            start, begin = place, None
            while begin is None and start > floor:
                # Overlapping, as a line may stand across the edge.
                end = min(start + _OVERLAP, place)
                start = max(floor, start - _STEP)
                budget -= end - start
                if budget < 0:
                    return None
                begin = _begin(number, read_at(start, end - start + _OVERLAP), end - start)
            if begin is not None:
                begins.append((start + begin, number))
            elif not floor:
                begins.append((0, number))
            floor = place
    return sorted(begins)


def _begin(number: bytes, data: bytes, end: int) -> int | None:
    """Where the last life that begins before `end` does: at `new msg`, or after the `end msg` before it."""
    at = end
    needle = b" msg " + number
    while (at := data.rfind(needle, 0, at + len(needle) - 1)) >= 0:
        # A line that begins before these bytes is found whole in the next ones.
        line = data.rfind(b"\n", 0, at) + 1
        after = data.find(b"\n", at)
        if after > 0 and data[line : line + 1] == b"@":
            match decode(text_of(data[line:after])).event:
                case NewMessage(msg) if msg == int(number):
                    return line
                case Ended(msg) if msg == int(number):
                    return after + 1
    return None


def _followed(sieve: Sieve, read_at: ReadAt) -> Iterator[str]:
    at = 0
    while (offset := sieve.next(at)) is not None:
        at = offset
        size = _STEP
        while b"\n" not in (data := read_at(at, size)) and len(data) == size < LONGEST:
            size *= 2
        # A last line without its line feed is not whole.
        cut = data.rfind(b"\n") + 1
        if not cut:
            return
        yield from sieve.lines(data[:cut])
        at += cut
