"""The few lines of a big log that concern what is looked for, found with plain byte searches.

What is selected may be more than needed (other lives of a number), never less: joining sorts it out.
"""

import re
from collections.abc import Iterable, Iterator

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
_FEW = 12
"""Up to so many messages each is searched for by itself; beyond, every `msg N` is looked at once."""


def messages_of(needle: bytes, blocks: Iterable[bytes]) -> set[bytes]:
    """Numbers of messages with `needle` in their sender or in a recipient."""
    found: set[bytes] = set()
    for block in blocks:
        at = block.find(needle)
        while at >= 0:
            begin, end = _line(block, at)
            for hit in _OF_ADDRESS.finditer(block, begin, end):
                if needle in (hit[2] if hit[1] else hit[4]):
                    found.add(hit[1] or hit[3])
            at = block.find(needle, end)
    return found


def messages_of_delivery(delivery: int, blocks: Iterable[bytes]) -> set[bytes]:
    """Numbers of messages for which a delivery with this number was started, by any run of qmail-send."""
    needle = re.compile(rb"starting delivery %d: msg ([0-9]{1,20}) " % delivery)
    return {number for block in blocks for number in needle.findall(block)}


def _line(block: bytes, at: int) -> tuple[int, int]:
    end = block.find(b"\n", at)
    return block.rfind(b"\n", 0, at) + 1, end if end >= 0 else len(block)


class Sieve:
    """Selects the lines of some messages, of their deliveries, and of the bounces they cause."""

    def __init__(self, numbers: Iterable[bytes]) -> None:
        self._numbers = set(numbers)
        self._deliveries: set[bytes] = set()
        self._qps: set[bytes] = set()
        self._before = b""
        self._earlier = b""

    def lines(self, block: bytes) -> Iterator[str]:
        """The lines of a block that belong to the messages, in their order."""
        selected: dict[int, int] = {}
        if self._deliveries and b"starting delivery 1: " in block:
            restart = block.index(b"starting delivery 1: ")
            selected[_line(block, restart)[0]] = _line(block, restart)[1]
        for delivery in tuple(self._deliveries):
            self._result(delivery, block, 0, selected)
        for qp in tuple(self._qps):
            self._bounce(qp, block, 0, selected)
        for begin, end in self._naming(block, 0, self._numbers):
            self._select(block, begin, end, selected)
        if self._earlier:
            yield text_of(self._earlier)
            self._earlier = b""
        for begin in sorted(selected):
            yield text_of(block[begin : selected[begin]])
        self._before = block[_line(block, len(block) - 1)[0] :].rstrip(b"\n")

    def _naming(self, block: bytes, start: int, numbers: set[bytes]) -> Iterator[tuple[int, int]]:
        if len(numbers) > _FEW:
            for hit in _NUMBER.finditer(block, start):
                if hit[1] in numbers:
                    yield _line(block, hit.start())
            return
        for number in tuple(numbers):
            needle = b"msg " + number
            at = block.find(needle, start)
            while at >= 0:
                begin, end = _line(block, at)
                if not block[at + len(needle) : at + len(needle) + 1].isdigit():
                    yield begin, end
                at = block.find(needle, end)

    def _select(self, block: bytes, begin: int, end: int, selected: dict[int, int]) -> None:
        if begin in selected:
            return
        selected[begin] = end
        if block[end + 1 : end + 2] not in (b"@", b""):
            after = block.find(b"\n", end + 1)
            rest = block[end + 1 : after if after >= 0 else len(block)]
            if decode(text_of(rest)).continues:
                self._select(block, end + 1, end + 1 + len(rest), selected)
        if started := _STARTING.search(block, begin, end):
            self._result(started[1], block, end, selected)
        elif bounced := _BOUNCE.search(block, begin, end):
            self._bounce(bounced[1], block, end, selected)

    def _result(self, delivery: bytes, block: bytes, start: int, selected: dict[int, int]) -> None:
        at = block.find(b"delivery " + delivery + b": ", start)
        if at < 0:
            self._deliveries.add(delivery)
            return
        self._deliveries.discard(delivery)
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
            self._numbers.add(number[1])
            # Its `new msg` is the line before.
            if begin:
                self._select(block, *_line(block, begin - 1), selected)
            else:
                self._earlier = self._before
            for one in self._naming(block, begin, {number[1]}):
                self._select(block, *one, selected)
