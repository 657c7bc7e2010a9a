"""Only those parts of a log in which wanted messages live, when any byte of it can be read at once.

A message number has many lives in a big log and most are strangers': reading them all takes far longer than
finding the few places where something wanted is said. From each such place the life is followed back to its
beginning and forward to its end.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from console.parse.qmail_blocks import LONGEST, text_of
from console.parse.qmail_log import Bounced, Ended, Event, MessageInfo, NewMessage, Starting, decode
from console.parse.qmail_sieve import Begins, Places, Sieve

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""The bytes from an offset on, at most so many; fewer only at the end."""

_STEP, _STRIDE = 1 << 14, 1 << 17
"""Bytes read at once: a life is often shorter than a block. Going back, each time twice as many."""
_HEAD = 128
"""More bytes than stand in a line up to the end of its message number."""
_LINE = 1 << 14
"""More bytes than a line of qmail-send has."""
_FREE = 1 << 20
"""Bytes that may be gone back over in any log; in all no more than it has besides."""
_MANY = 1000
"""Of more places than this every line is looked at."""


class _TooFar(Exception):
    """Finding out would take longer than looking at every line."""


def near(places: Places, read_at: ReadAt, size: int) -> Iterator[str] | None:
    """The lines `Sieve` selects, as far as they belong to lives with a place; None: look at every line.

    No line may be longer than `LONGEST`: of a longer one `blocks` keeps only a part, so places are elsewhere.
    """
    begins = begins_of(places, read_at, size)
    return None if begins is None else _followed(Sieve(places, begins), read_at)


def begins_of(places: Places, read_at: ReadAt, size: int) -> Begins | None:
    """Where to begin reading for each life with a place; None when every line had better be looked at."""
    if sum(map(len, places.values())) > _MANY or not all(places.values()):
        return None
    back = _Back(read_at, size + _FREE)
    begins: Begins = []
    try:
        for number, where in places.items():
            floor = -1
            for place in where:
                if (begin := back.begin(number, place, floor)) is not None:
                    begins.append((begin, number))
                floor = place
    except _TooFar:
        return None
    return sorted(begins)


class _Back:
    """Goes back in a log, altogether over no more than `budget` bytes."""

    def __init__(self, read_at: ReadAt, budget: int) -> None:
        self._read_at = read_at
        self._budget = budget

    def begin(self, number: bytes, place: int, floor: int) -> int | None:
        """From where on joining is the same as joining every line; None: the life of `floor` goes on.

        `floor` is the place before, -1 for none: nothing of this number that is wanted stands between.
        """
        msg = int(number)
        first, new = place, None
        told = isinstance(self._event(place), MessageInfo)
        for at, event in self._mentions(number, place, floor):
            match event:
                case NewMessage(what) if what == msg:
                    first = new = at
                    # Its info line follows. Only the same info line makes it one with an earlier
                    # announcement, and that would be a place as well.
                    if told:
                        return new
                case Ended(what) if what == msg:
                    return first
                case Starting(msg=what) if what == msg:
                    # What is announced after it is another message.
                    if new is not None:
                        return new
                    first = at
                case MessageInfo(msg=what) | Bounced(msg=what) if what == msg:
                    first = at
                case _:
                    continue
            told = False
        return first if floor < 0 else None

    def _mentions(self, number: bytes, place: int, floor: int) -> Iterator[tuple[int, Event | None]]:
        """The lines between that may be about the number, the last one first."""
        needle = b" msg " + number
        high, step = place, _STEP
        while high > floor + 1:
            low = max(floor + 1, high - step)
            self._budget -= high - low
            if self._budget < 0:
                raise _TooFar
            edge = max(low - 1, 0)
            data = self._read_at(edge, high - edge + _HEAD)
            at = len(data)
            while (at := data.rfind(needle, 0, at)) >= 0:
                begin = data.rfind(b"\n", 0, at) + 1
                if not begin and low:
                    # The line begins in the bytes before these.
                    break
                if edge + begin < high and not data[at + len(needle) : at + len(needle) + 1].isdigit():
                    yield edge + begin, self._event(edge + begin)
            high, step = low, min(2 * step, _STRIDE)

    def _event(self, begin: int) -> Event | None:
        data = self._read_at(begin, _HEAD)
        if (end := data.find(b"\n")) < 0:
            data = self._read_at(begin, _LINE)
            end = data.find(b"\n")
        # Lines with other stamps may be parts of a line.
        if end < 0 or not data.startswith(b"@"):
            raise _TooFar
        return decode(text_of(data[:end])).event


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
