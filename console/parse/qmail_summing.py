"""Figures of a whole qmail-send log in one pass: messages, outcomes, reasons by domain, times, top senders.

A block whose lines all have a TAI64N stamp is read as bytes; any other line goes through `decode`, which
gives the same figures, slower. Of a message that has ended only figures are kept.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import TypeVar

from console.parse.qmail_blocks import lines_of, text_of
from console.parse.qmail_log import (
    TAI_EPOCH,
    Bounced,
    Delivered,
    Ended,
    Event,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Starting,
    TripleBounce,
    decode,
    decode_all,
)

_N = rb"(0|[1-9][0-9]{0,19})"
_INFO = re.compile(
    rb"info msg " + _N + rb": bytes [0-9]{1,20} from <(.*)> qp [0-9]{1,20} uid [0-9]{1,20}"
).fullmatch
_STARTING = re.compile(
    rb"starting delivery " + _N + rb": msg " + _N + rb" to (?:local|remote) (.*)"
).fullmatch
_DELIVERY = re.compile(rb"delivery " + _N + rb": (success|deferral|failure): (.*)").fullmatch
_BLANKS = bytes(ord("0") if chr(byte) in "0123456789abcdef" else byte for byte in range(256))
_STAMPED = b"\n@" + b"0" * 24 + b" "
MANY = 20_000
"""Distinct keys a table may have before its rarest are dropped."""
_NAMES = re.compile(rb"[0-9A-Za-z]*[0-9][0-9A-Za-z.:-]*")


_Key = TypeVar("_Key", bytes, tuple[bytes, bytes])


class _Shortened(dict[bytes, bytes]):
    """Reports without the numbers and names in which those of the same reason differ."""

    def __missing__(self, report: bytes) -> bytes:
        reason = self[report] = _NAMES.sub(b"*", report[:300]).rstrip(b"/")
        return reason


class Figures:
    """What the lines taken so far add up to. `lines` is those read and those unread together."""

    def __init__(self) -> None:
        self.lines = self.unread = self.torn = 0
        self.messages = self.announced_again = self.ended = self.without_end = 0
        self.bounces = self.triple_bounces = self.started = self.unknown_deliveries = 0
        self.outcomes = {b"success": 0, b"failure": 0, b"deferral": 0}
        self.first: bytes | None = None
        self.last: bytes | None = None
        self.senders: Counter[bytes] = Counter()
        self.reasons: Counter[tuple[bytes, bytes]] = Counter()
        self.dropped = False
        """Whether a table outgrew its bound: its small counts are then too low."""
        self.queued = array("f")
        """Seconds from `new msg` to each success."""
        self.delivering = array("f")
        """Seconds each delivery with a result took."""
        self._new: dict[bytes, bytes] = {}
        self._open: dict[bytes, tuple[bytes, bytes, bytes]] = {}
        self._known: set[bytes] = set()
        self._shortened = _Shortened()

    def take(self, block: bytes) -> None:
        """Add the lines of a block (see `qmail_blocks.blocks`)."""
        lines, whole = lines_of(block)
        self.lines += len(lines)
        if not whole:
            self.unread += 1
            self.torn += 1
            lines.pop()
        if not lines:
            return
        if (b"\n" + block).translate(_BLANKS).count(_STAMPED) == len(lines):
            self._fast(lines)
        else:
            self._slow(lines)
        self._bound()

    def _fast(self, lines: list[bytes]) -> None:
        opened, new, known, outcomes = self._open, self._new, self._known, self.outcomes
        senders = self.senders
        for line in lines:
            text = line[26:]
            kind = text[:4]
            if text in known:
                continue
            if kind == b"deli":
                if found := _DELIVERY(text):
                    delivery, result, report = found.groups()
                    outcomes[result] += 1
                    self._result(opened.pop(delivery, None), line[1:25], result, report)
                    continue
            elif kind == b"star":
                if found := _STARTING(text):
                    delivery, msg, recipient = found.groups()
                    opened[delivery] = (msg, recipient, line[1:25])
                    self.started += 1
                    continue
            elif kind == b"info":
                if found := _INFO(text):
                    senders[found[2]] += 1
                    continue
            elif kind == b"new ":
                msg = text[8:]
                if text.startswith(b"new msg ") and _plain(msg):
                    if msg in new:
                        self.announced_again += 1
                    new[msg] = line[1:25]
                    self.messages += 1
                    continue
            elif kind == b"end ":
                msg = text[8:]
                if text.startswith(b"end msg ") and _plain(msg):
                    self.ended += 1
                    new.pop(msg, None)
                    continue
            self._one(decode(text_of(line)), text)
        self.first = self.first or lines[0][1:25]
        self.last = lines[-1][1:25]

    def _slow(self, lines: Iterable[bytes]) -> None:
        for line in decode_all(map(text_of, lines)):
            self._one(line, None)
            if line.stamp is not None and (at := hexadecimal(line)):
                self.first = self.first or at
                self.last = at

    def _one(self, line: Line, text: bytes | None) -> None:
        event = line.event
        if event is None:
            self.unread += 1
        elif text is not None and text.startswith(b"status: local ") and len(self._known) < MANY:
            self._known.add(text)
        else:
            self._event(event, hexadecimal(line))

    def _event(self, event: Event, at: bytes) -> None:
        match event:
            case NewMessage(msg):
                self.announced_again += _key(msg) in self._new
                self._new[_key(msg)] = at
                self.messages += 1
            case MessageInfo(sender=sender):
                self.senders[utf8(sender)] += 1
            case Starting(delivery, msg, _, recipient):
                self._open[_key(delivery)] = (_key(msg), utf8(recipient), at)
                self.started += 1
            case Delivered(delivery, result, report):
                self.outcomes[result.encode()] += 1
                self._result(self._open.pop(_key(delivery), None), at, result.encode(), utf8(report))
            case Mangled(delivery):
                self.outcomes[b"deferral"] += 1
                self._result(self._open.pop(_key(delivery), None), at, b"deferral", b"report_mangled")
            case Ended(msg):
                self.ended += 1
                self._new.pop(_key(msg), None)
            case Bounced():
                self.bounces += 1
            case TripleBounce():
                self.triple_bounces += 1

    def _result(
        self, begun: tuple[bytes, bytes, bytes] | None, at: bytes, result: bytes, report: bytes
    ) -> None:
        if begun is None:
            self.unknown_deliveries += 1
            domain = b""
        else:
            msg, recipient, start = begun
            if at and start:
                self.delivering.append(_between(start, at))
            if result == b"success" and at and (new := self._new.get(msg)):
                self.queued.append(_between(new, at))
            domain = recipient
        if result != b"success":
            self.reasons[domain.rpartition(b"@")[2], self._shortened[report]] += 1

    def _bound(self) -> None:
        if len(self._shortened) > MANY:
            self._shortened.clear()
        for table in (self.senders, self.reasons):
            if len(table) > 2 * MANY:
                kept = table.most_common(MANY)
                table.clear()
                table.update(dict(kept))  # type: ignore[arg-type]  # both tables keep their own keys
                self.dropped = True

    def ordered(self, seconds: "array[float]") -> Sequence[float]:
        """Times by length, for percentiles."""
        return sorted(seconds)

    @property
    def still_open(self) -> int:
        """Messages announced and not ended within these lines."""
        return len(self._new)


def most(table: Counter[_Key], count: int) -> list[tuple[_Key, int]]:
    """The greatest counts with their keys; of equal ones those first whose keys come first."""
    return nsmallest(count, table.items(), key=lambda one: (-one[1], one[0]))


def _plain(word: bytes) -> bool:
    return word.isdigit() and len(word) <= 20 and (word[0] != 48 or len(word) == 1)


def _key(number: int) -> bytes:
    return b"%d" % number


def utf8(text: str) -> bytes:
    """Decoded words as bytes again; what was no UTF-8 stays shown with backslashes."""
    return text.encode("utf-8", errors="surrogatepass")


def hexadecimal(line: Line) -> bytes:
    """The stamp as TAI64N digits; empty when it does not tell Unix time."""
    stamp = line.stamp
    if stamp is None or stamp.seconds is None:
        return b""
    return b"%016x%08x" % (stamp.seconds + TAI_EPOCH, stamp.nanoseconds)


def _between(earlier: bytes, later: bytes) -> float:
    a, b = int(earlier, 16), int(later, 16)
    return (b >> 32) - (a >> 32) + ((b & 0xFFFFFFFF) - (a & 0xFFFFFFFF)) / 1e9
