"""The figures of a whole log as `qmail_summing` tells them, several times faster, with numpy.

Lines of a regular shape are added up a block at a time (`qmail_shapes`); every other line goes through
`decode`, at its place among them. Both give the same events, and the events are joined in one way.
"""

from array import array
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from console.parse.qmail_blocks import text_of
from console.parse.qmail_log import (
    TAI_EPOCH,
    Bounced,
    Delivered,
    Ended,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Starting,
    TripleBounce,
    decode_all,
)
from console.parse.qmail_shapes import OUTCOMES, Flags, KnownStatus, Places, Regular, regular
from console.parse.qmail_summing import MANY, Figures, hexadecimal, utf8

BLOCK = 1 << 21
"""Bytes to take at once: enough that numpy's calls do not count, little enough for the processor's cache."""
_ERA = TAI_EPOCH // 2**32 * 2**32
_FAR = 2**62
SUCCESS = OUTCOMES.index(b"success")
NEW, END, ASKED = range(3)


class Events:
    """Events of one sort, each about a number, in the order of the log: columns of the same length."""

    def __init__(self, *columns: Places) -> None:
        self.order, self.numbers, self.seconds, self.nanoseconds, *self.more = columns

    @property
    def timed(self) -> Flags:
        """Whether it is known when it was."""
        return self.nanoseconds >= 0

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, which: NDArray[np.int64] | Flags) -> "Events":
        """Some of them."""
        return Events(*(column[which] for column in self._columns()))

    def and_then(self, later: "Events") -> "Events":
        """These and others, in this order."""
        both = zip(self._columns(), later._columns(), strict=True)
        return Events(*(np.concatenate(pair) for pair in both)) if len(later) else self

    def _columns(self) -> tuple[Places, ...]:
        return self.order, self.numbers, self.seconds, self.nanoseconds, *self.more


def events(rows: Sequence[tuple[int, ...]], columns: int) -> Events:
    """Rows, each of so many columns, as events."""
    return Events(*np.array(rows, np.int64).reshape(len(rows), columns).T)


class _Odd:
    """What the lines without a regular shape say, as rows for the columns."""

    def __init__(self, carried: list[bytes]) -> None:
        self.new: list[tuple[int, ...]] = []
        self.ended: list[tuple[int, ...]] = []
        self.starting: list[tuple[int, ...]] = []
        self.delivery: list[tuple[int, ...]] = []
        self.words: list[bytes] = [b"", *carried]
        """Recipients and reports; a row refers to one by its place, negative."""
        self.stamps: list[tuple[int, bytes]] = []


class ColumnFigures(Figures):
    """Figures taken with numpy; blocks should be of `BLOCK` bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._alive = events([], 4)
        """Messages announced and not ended."""
        self._running = events([], 6)
        """Deliveries without a result; their recipients are `_recipients`."""
        self._recipients: list[bytes] = []
        self._long: dict[int, int] = {}
        self._status = KnownStatus()
        self._domains = Domains()
        self._elsewhere = 0
        """Messages announced and not ended in another part of the log."""
        self._offset = 0
        """Lines before this block."""

    def ordered(self, seconds: "array[float]") -> Sequence[float]:
        """Times by length, for percentiles."""
        return array("f", np.sort(np.frombuffer(seconds, np.float32)).tobytes()) if seconds else seconds

    @property
    def still_open(self) -> int:
        """Messages announced and not ended within these lines."""
        return len(self._alive) + self._elsewhere

    def take(self, block: bytes) -> None:
        """Add the lines of a block (see `qmail_blocks.blocks`)."""
        end = block.rfind(b"\n") + 1
        if end < len(block):
            self.lines += 1
            self.unread += 1
            self.torn += 1
            block = block[:end]
        if not block:
            return
        self._offset = self.lines
        shapes = regular(block, self._status)
        self.lines += len(shapes.begins) - 1
        odd = self._odd(block, shapes)
        self._period(block, shapes, odd)
        self.bounces += shapes.bounces
        at = zip(shapes.sender.tolist(), shapes.sender_end.tolist(), strict=True)
        self.senders.update([block[a:b] for a, b in at])
        self._lives(self._deliveries(block, shapes, odd), shapes, odd)
        self._bound()

    def _odd(self, block: bytes, shapes: Regular) -> _Odd:
        found = _Odd(self._recipients)
        begins = shapes.begins

        def text(line: int) -> str:
            return text_of(block[begins[line] : begins[line + 1] - 1])

        # Only neighbours can be parts of one line.
        for _, run in groupby(enumerate(shapes.odd.tolist()), key=lambda one: one[1] - one[0]):
            lines = [line for _, line in run]
            for order, line in enumerate(decode_all(map(text, lines)), lines[0]):
                self._say(found, order, line)
                if line.stamp is not None and (at := hexadecimal(line)):
                    found.stamps.append((order, at))
        return found

    def _say(self, found: _Odd, order: int, line: Line) -> None:
        when = _when(line)
        match line.event:
            case None:
                self.unread += 1
            case NewMessage(msg):
                found.new.append((order, self._number(msg), *when))
            case Ended(msg):
                found.ended.append((order, self._number(msg), *when))
            case MessageInfo(sender=sender):
                self.senders[utf8(sender)] += 1
            case Starting(delivery, msg, _, recipient):
                row = self._number(delivery), *when, self._number(msg), -len(found.words)
                found.words.append(utf8(recipient))
                found.starting.append((order, *row))
            case Delivered(delivery, result, report):
                outcome = OUTCOMES.index(result.encode())
                found.delivery.append((order, self._number(delivery), *when, outcome, -len(found.words)))
                found.words.append(utf8(report))
            case Mangled(delivery):
                outcome = OUTCOMES.index(b"deferral")
                found.delivery.append((order, self._number(delivery), *when, outcome, -len(found.words)))
                found.words.append(b"report_mangled")
            case Bounced():
                self.bounces += 1
            case TripleBounce():
                self.triple_bounces += 1

    def _number(self, number: int) -> int:
        # A number too long for a column has a name that no other number has.
        return number if number < _FAR else self._long.setdefault(number, -1 - len(self._long))

    def _period(self, block: bytes, shapes: Regular, odd: _Odd) -> None:
        stamps = list(odd.stamps[:1] + odd.stamps[-1:])
        if shapes.stamped.any():
            last = len(shapes.stamped) - 1 - int(shapes.stamped[::-1].argmax())
            for order in (int(shapes.stamped.argmax()), last):
                begin = int(shapes.begins[order])
                stamps.append((order, block[begin + 1 : begin + 25]))
        if stamps:
            self.first = self.first or min(stamps)[1]
            self.last = max(stamps)[1]

    def _deliveries(self, block: bytes, shapes: Regular, odd: _Odd) -> Events:
        """Join each result with its start; returns the successes as questions about their messages."""
        told = shapes.starting
        begun = Events(told.lines, *told.what, shapes.message, shapes.recipient)
        begun = begun.and_then(events(odd.starting, 6))
        self.started += len(begun)
        begun = self._running.and_then(begun)
        told = shapes.delivery
        results = Events(told.lines, *told.what, shapes.outcome, shapes.report)
        results = results.and_then(events(odd.delivery, 6))
        for name, count in zip(OUTCOMES, np.bincount(results.more[0], minlength=3).tolist(), strict=True):
            self.outcomes[name] += count

        sorted_, numbers = _by_number(begun, results)
        result = sorted_ >= len(begun)
        same = numbers[1:] == numbers[:-1]
        joined = np.flatnonzero(result[1:] & ~result[:-1] & same)
        starts, ends = sorted_[joined], sorted_[joined + 1] - len(begun)
        self.unknown_deliveries += len(results) - len(joined)
        earlier, later = begun.of(starts), results.of(ends)
        add(self.delivering, earlier, later)

        failed = np.flatnonzero(results.more[0] != SUCCESS)
        whom = np.full(len(results), -1)
        whom[ends] = starts
        whom = whom[failed]
        # The words of number 0 are empty: those of a recipient that is not known.
        tags = np.where(whom >= 0, begun.more[1][whom], 0) if len(begun) else np.zeros(len(whom), np.int64)
        lines = begun.order[whom] if len(begun) else whom
        words = Words(block, shapes.begins[1:] - 1, odd.words)
        recipients = words.of(lines, tags)
        reports = words.of(results.order[failed], results.more[1][failed])
        domains = map(self._domains.__getitem__, recipients)
        self.reasons.update(zip(domains, map(self._shortened.__getitem__, reports), strict=True))
        if len(self._domains) > MANY:
            self._domains.clear()
        self._note_results(results, sorted_ - len(begun), numbers, words)

        last = np.append(~same, True) if len(numbers) else result
        left = begun.of(np.sort(sorted_[last & ~result]))
        self._recipients = words.of(left.order, left.more[1])
        left.more[1] = -1 - np.arange(len(left))
        self._running = _before(left)
        asked = later.of((later.more[0] == SUCCESS) & later.timed)
        messages = earlier.more[0][(later.more[0] == SUCCESS) & later.timed]
        return Events(asked.order, messages, asked.seconds, asked.nanoseconds)

    def _lives(self, asked: Events, shapes: Regular, odd: _Odd) -> None:
        """Follow `new msg` and `end msg`, and tell how long each success was in the queue."""
        new = Events(shapes.new.lines, *shapes.new.what).and_then(events(odd.new, 4))
        ended = Events(shapes.ended.lines, *shapes.ended.what).and_then(events(odd.ended, 4))
        self.messages += len(new)
        self.ended += len(ended)
        alive = self._alive.and_then(new)
        every = alive.and_then(ended).and_then(asked)
        kinds = np.repeat((NEW, END, ASKED), (len(alive), len(ended), len(asked)))
        sorted_, numbers = _by_number(every)
        kinds = kinds[sorted_]
        where = np.arange(len(kinds))
        # Where the last `new msg` or `end msg` up to each event stands.
        said = np.maximum.accumulate(np.where(kinds != ASKED, where, -1)) if len(kinds) else where
        announced = (said >= 0) & (numbers[said] == numbers) & (kinds[said] == NEW)
        again = announced[:-1] & (numbers[:-1] == numbers[1:]) & (kinds[1:] == NEW)
        # What is carried over stands first of its number, so it never repeats anything.
        self.announced_again += int(np.count_nonzero(again))
        success = np.flatnonzero(announced & (kinds == ASKED))
        add(self.queued, every.of(sorted_[said[success]]), every.of(sorted_[success]))
        last = np.append(numbers[1:] != numbers[:-1], True) if len(numbers) else announced
        self._alive = _before(every.of(sorted_[said[last & announced]]))
        self._note_lives(every, sorted_, kinds, said)

    def _note_results(self, results: Events, sorted_: Places, numbers: Places, words: "Words") -> None:
        """For parts of a log: results, and how they stand by number (deliveries begun are negative)."""

    def _note_lives(self, every: Events, sorted_: Places, kinds: Places, said: Places) -> None:
        """For parts of a log: events of messages, and how they stand by number."""


class Domains(dict[bytes, bytes]):
    """What follows the last `@` of a recipient."""

    def __missing__(self, recipient: bytes) -> bytes:
        domain = self[recipient] = recipient.rpartition(b"@")[2]
        return domain


class Words:
    """Recipients and reports: from some byte to the end of a line, or those of odd lines."""

    def __init__(self, block: bytes, ends: Places, odd: list[bytes]) -> None:
        self._block, self._ends, self._odd = block, ends, odd

    def of(self, lines: Places, begins: Places) -> list[bytes]:
        """The words of these lines; a place up to 0 is that of words from elsewhere."""
        block, odd = self._block, self._odd
        both = zip(begins.tolist(), self._ends[lines].tolist(), strict=True)
        # A recipient or a report never begins at the first byte of a block: there is a stamp.
        return [block[begin:end] if begin > 0 else odd[-begin] for begin, end in both]


def _by_number(*events: Events) -> tuple[Places, Places]:
    """In which order they stand by number and, of the same number, by line; and their numbers so."""
    numbers = np.concatenate([one.numbers for one in events])
    order = np.concatenate([one.order for one in events]) + 1
    if not len(numbers):
        return order, numbers
    bits = int(order.max()).bit_length()
    if int(numbers.min()) >= 0 and int(numbers.max()).bit_length() + bits < 63:
        sorted_ = np.argsort((numbers << bits) | order)
    else:
        sorted_ = np.lexsort((order, numbers))
    return sorted_, numbers[sorted_]


def _before(events: Events) -> Events:
    """The same, before the first line of the next block."""
    events.order = np.full(len(events), -1)
    return events


def add(seconds: "array[float]", earlier: Events, later: Events) -> None:
    """Add the time between each two of which it is known when both were."""
    timed = earlier.timed & later.timed
    whole = (later.seconds - earlier.seconds)[timed]
    parts = (later.nanoseconds - earlier.nanoseconds)[timed]
    seconds.frombytes((whole + parts / 1e9).astype(np.float32).tobytes())


def _when(line: Line) -> tuple[int, int]:
    stamp = line.stamp
    if stamp is None or stamp.seconds is None:
        return 0, -1
    return max(-_FAR, min(stamp.seconds + TAI_EPOCH - _ERA, _FAR)), stamp.nanoseconds
