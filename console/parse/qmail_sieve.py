"""The few lines of a big log that concern what is looked for, found with plain byte searches.

What is selected may be more than needed (other lives of a number), never less: joining sorts it out.
"""

import re
from bisect import bisect, insort
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from console.parse.qmail_blocks import text_of
from console.parse.qmail_log import decode

_OF_ADDRESS = re.compile(
    rb"(?:info msg ([0-9]{1,20}): bytes [0-9]+ from <(.*)> qp [0-9]+ uid [0-9]+"
    rb"|starting delivery [0-9]+: msg ([0-9]{1,20}) to (?:local|remote) (.*))"
)
_STARTING = re.compile(rb"starting delivery ([0-9]{1,20}): msg ")
_BOUNCE = re.compile(rb"bounce msg [0-9]{1,20} qp ([0-9]{1,20})")
_INFO = re.compile(rb"info msg ([0-9]{1,20}): ")
_NUMBER = re.compile(rb"msg ([0-9]{1,20})")
_FEW, _SOME = 2, 50
"""Up to so many messages each is searched for by itself; up to so many all with one pattern; of more, every
`msg N` is looked at."""
_TRIPLE = b"triple bounce: discarding bounce/"
_FIRST = b"starting delivery 1: "


Places = dict[bytes, list[int]]
"""Message numbers, and at which bytes of the whole log something wanted is said of each, in order."""
Begins = list[tuple[int, bytes]]
"""At which bytes lives of message numbers begin that are wanted, in order."""


def messages_of(needle: bytes, blocks: Iterable[bytes]) -> Places:
    """Messages with `needle` in their sender or in a recipient."""
    found: Places = {}
    offset = 0
    for block in blocks:
        # CPython searches backwards a fifth faster, and most blocks do not have it.
        at = block.find(needle) if block.rfind(needle) >= 0 else -1
        while at >= 0:
            begin, end = _line(block, at)
            for hit in _OF_ADDRESS.finditer(block, begin, end):
                if needle in (hit[2] if hit[1] else hit[4]):
                    found.setdefault(hit[1] or hit[3], []).append(offset + begin)
            at = block.find(needle, end)
        offset += len(block)
    return found


def messages_of_delivery(delivery: int, blocks: Iterable[bytes]) -> Places:
    """Messages for which a delivery with this number was started, by any run of qmail-send."""
    starting = re.compile(rb"starting delivery %d: msg ([0-9]{1,20}) " % delivery)
    found: Places = {}
    offset = 0
    for block in blocks:
        for hit in starting.finditer(block):
            found.setdefault(hit[1], []).append(offset + _line(block, hit.start())[0])
        offset += len(block)
    return found


def _line(block: bytes, at: int) -> tuple[int, int]:
    end = block.find(b"\n", at)
    return block.rfind(b"\n", 0, at) + 1, end if end >= 0 else len(block)


def _named(number: bytes, block: bytes, start: int) -> int:
    """Where `msg NUMBER` stands next, with no digit after it; -1 for nowhere."""
    needle = b"msg " + number
    at = block.find(needle, start)
    while at >= 0 and block[at + len(needle) : at + len(needle) + 1].isdigit():
        at = block.find(needle, at + 1)
    return at


def _ends(said: bytes, number: bytes) -> bool:
    return said.startswith(b"@") and said[26:].rstrip(b" ") == b"end msg " + number


class Sieve:
    """Selects the lines of some messages, of their deliveries, and of the bounces they cause.

    An empty list of places wants every life of that number; else only of the lives with such a place are
    bounces followed, so that a number used a hundred times does not draw in strangers.

    With `begins` only the lives that begin there are looked at, and `next` says where to go on.
    """

    def __init__(self, places: Places, begins: Begins | None = None) -> None:
        self._places = {number: list(where) for number, where in places.items()}
        self._numbers = set(places) if begins is None else set()
        self._begins = None if begins is None else deque(begins)
        self._pattern = None
        if begins is None and _FEW < len(places) <= _SOME:
            self._pattern = re.compile(rb"msg (" + b"|".join(sorted(places)) + rb")(?![0-9])")
        self._over: set[bytes] = set()
        """Numbers of which a life has ended in this block."""
        self._begun: dict[bytes, int] = {}
        self._ahead: list[tuple[int, bytes, bool]] = []
        """Where in the block each number is named next, and whether it becomes wanted there."""
        self._deliveries: set[bytes] = set()
        self._qps: set[bytes] = set()
        self._told: set[bytes] = set()
        self._doubles: set[bytes] = set()
        """Numbers whose life may end as a triple bounce: the sender is `#@[]` or was not told."""
        self._offset = 0
        self._before = self._earlier = b""

    def next(self, at: int) -> int | None:
        """Where the next block must begin when all was read up to `at`; None when nothing is looked for."""
        if not (self._numbers or self._deliveries or self._qps):
            if not self._begins:
                return None
            if self._begins[0][0] > at:
                at = self._begins[0][0]
                self._before = b""
        self._offset = at
        return at

    def lines(self, block: bytes) -> Iterator[str]:
        """The lines of a block that belong to the messages, in their order."""
        selected: dict[int, int] = {}
        self._over.clear()
        self._look_ahead(block)
        for delivery in tuple(self._deliveries):
            self._result(delivery, block, 0, selected)
        for qp in tuple(self._qps):
            self._bounce(qp, block, 0, selected)
        mentioned = bool(self._ahead)
        self._sweep(block, selected)
        if mentioned or self._doubles:
            self._thrown_away(block, selected)
        if self._earlier:
            yield text_of(self._earlier)
            self._earlier = b""
        for begin in sorted(selected):
            yield text_of(block[begin : selected[begin]])
        last = block.rfind(b"\n", 0, len(block) - 1) + 1
        self._before = b"" if last in selected else block[last:].rstrip(b"\n")
        self._offset += len(block)

    def _thrown_away(self, block: bytes, selected: dict[int, int]) -> None:
        """Triple bounces are told without the word "msg", just before `end msg`."""
        numbers = self._numbers | self._over
        if _TRIPLE in self._before and self._before.rpartition(b"/")[2] in numbers:
            self._earlier = self._before
        at = block.find(_TRIPLE)
        while at >= 0:
            begin, end = _line(block, at)
            if block[begin:end].rpartition(b"/")[2] in numbers:
                selected[begin] = end
            at = block.find(_TRIPLE, end)

    def _look_ahead(self, block: bytes) -> None:
        self._ahead = []
        numbers = self._numbers
        if self._pattern is not None:
            self._ahead = [(hit.start(), hit[1], False) for hit in self._pattern.finditer(block)]
            numbers = numbers - self._places.keys()
        elif len(numbers) > _FEW:
            numbers = numbers.intersection(_NUMBER.findall(block))
        found = ((_named(number, block, 0), number, False) for number in numbers)
        self._ahead += [one for one in found if one[0] >= 0]
        while self._begins and self._begins[0][0] < self._offset + len(block):
            at, number = self._begins.popleft()
            self._ahead.append((at - self._offset, number, True))
        heapify(self._ahead)

    def _sweep(self, block: bytes, selected: dict[int, int]) -> None:
        # In the order of the log: one life of a number may end and another be wanted in the same block.
        done = (-1, b"")
        while self._ahead:
            at, number, begins = heappop(self._ahead)
            if begins:
                self._numbers.add(number)
                self._begun[number] = self._offset + at
                if (at := _named(number, block, at)) >= 0:
                    heappush(self._ahead, (at, number, False))
                continue
            elif number not in self._numbers or (at, number) == done:
                continue
            done = (at, number)
            begin, end = _line(block, at)
            self._select(block, begin, end, selected)
            self._follow(block, begin, end, selected, number)
            if self._pattern is not None and number in self._places:
                # Every place of it is in the heap.
                continue
            if (after := _named(number, block, end)) >= 0:
                heappush(self._ahead, (after, number, False))

    def _select(self, block: bytes, begin: int, end: int, selected: dict[int, int]) -> None:
        if begin not in selected:
            selected[begin] = end
            if block[end + 1 : end + 2] not in (b"@", b""):
                after = block.find(b"\n", end + 1)
                rest = block[end + 1 : after if after >= 0 else len(block)]
                if decode(text_of(rest)).continues:
                    self._select(block, end + 1, end + 1 + len(rest), selected)

    def _follow(self, block: bytes, begin: int, end: int, selected: dict[int, int], number: bytes) -> None:
        said = block[begin:end]
        self._notice(number, said)
        if started := _STARTING.search(said):
            self._result(started[1], block, end, selected)
        elif b" new msg " in said:
            self._begun[number] = self._offset + begin
        elif b" end msg " in said:
            if number not in self._places or (self._begins is not None and _ends(said, number)):
                self._numbers.discard(number)
                self._over.add(number)
        elif (bounced := _BOUNCE.search(said)) and self._wanted(number, self._offset + begin):
            self._bounce(bounced[1], block, end, selected)

    def _notice(self, number: bytes, said: bytes) -> None:
        if said[26:35] == b"info msg " and b" from <#@[]> qp " not in said:
            self._told.add(number)
            self._doubles.discard(number)
        elif said[26:34] == b"end msg ":
            self._told.discard(number)
            self._doubles.discard(number)
        elif number not in self._told or said[26:35] == b"info msg ":
            self._doubles.add(number)

    def _wanted(self, number: bytes, here: int) -> bool:
        places = self._places.get(number)
        if not places:
            return True
        last = bisect(places, here)
        return last > 0 and places[last - 1] >= self._begun.get(number, 0)

    def _result(self, delivery: bytes, block: bytes, start: int, selected: dict[int, int]) -> None:
        at = block.find(b"delivery " + delivery + b": ", start)
        restart = block.find(_FIRST, start, at if at >= 0 else len(block))
        if at < 0 and restart < 0:
            self._deliveries.add(delivery)
            return
        self._deliveries.discard(delivery)
        # Of a delivery that died with qmail-send no result comes, only one of the same number.
        if restart >= 0:
            at = restart
        self._select(block, *_line(block, at), selected)

    def _bounce(self, qp: bytes, block: bytes, start: int, selected: dict[int, int]) -> None:
        needle = b"> qp " + qp + b" uid "
        at = block.find(needle, start)
        # A process number repeats: only a bounce has one of these senders.
        while at >= 0 and not block.endswith((b" from <", b" from <#@[]"), 0, at):
            at = block.find(needle, at + 1)
        if at < 0:
            self._qps.add(qp)
            return
        self._qps.discard(qp)
        begin, end = _line(block, at)
        if number := _INFO.search(block, begin, end):
            if places := self._places.get(number[1]):
                insort(places, self._offset + begin)
            heappush(self._ahead, (begin, number[1], True))
            # Its `new msg` is the line before.
            if begin:
                self._select(block, *_line(block, begin - 1), selected)
            else:
                self._earlier = self._before
