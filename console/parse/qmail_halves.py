"""A log added up in two parts at once: what in the later one depends on the earlier one is kept and answered.

Three things do: a result whose delivery was begun before, a success of a message announced before, and what
is said first of a message that was still there at the end of the earlier part.
"""

from array import array
from collections import Counter
from typing import NamedTuple

import numpy as np

from console.parse.qmail_columns import (
    ASKED,
    NEW,
    SUCCESS,
    ColumnFigures,
    Domains,
    Events,
    Words,
    add,
    events,
)
from console.parse.qmail_shapes import Flags, Places

_HIGHEST = 1 << 24
"""Deliveries that a run of qmail-send may have begun; of more it is not kept which were seen."""
_KEPT = 1 << 20
"""Rows that may be kept in all, of about 40 bytes."""


class Inseparable(Exception):
    """What this later part says cannot be told without reading it after the earlier one."""


class Orphan(NamedTuple):
    """The first that the later part says of a delivery, and that is its result; `order` is its line."""

    delivery: int
    order: int
    seconds: int
    nanoseconds: int
    outcome: int
    reason: bytes


class Rest(NamedTuple):
    """The figures of a later part, and what there is to answer by the earlier one."""

    counts: tuple[int, ...]
    outcomes: dict[bytes, int]
    period: tuple[bytes | None, bytes | None]
    dropped: bool
    senders: Counter[bytes]
    reasons: Counter[tuple[bytes, bytes]]
    queued: "array[float]"
    delivering: "array[float]"
    alive: int
    orphans: tuple[Orphan, ...]
    said: tuple[Places, Places, Flags]
    """Messages, the line that is the first to announce or to end each, and whether it announces."""
    asked: tuple[Places, ...]
    """Successes of messages not announced before in their block: lines, messages, seconds, nanoseconds."""


_COUNTS = (
    "lines",
    "unread",
    "torn",
    "messages",
    "announced_again",
    "ended",
    "bounces",
    "triple_bounces",
    "started",
    "unknown_deliveries",
)


class LaterFigures(ColumnFigures):
    """The figures of a later part; it begins with a line, and a line is not continued in it."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = np.zeros(1 << 12, np.bool_)
        self._orphans: list[Orphan] = []
        none = np.zeros(0, np.int64)
        self._said: list[tuple[Places, Places, Flags]] = [(none, none, none == NEW)]
        self._asked: list[tuple[Places, ...]] = [(none,) * 4]
        self._rows = 0

    def _note_results(self, results: Events, sorted_: Places, numbers: Places, words: Words) -> None:
        if not len(numbers):
            return
        if self._long or int(numbers[-1]) >= _HIGHEST:
            raise Inseparable
        if int(numbers[-1]) >= len(self._seen):
            self._seen = np.append(self._seen, np.zeros(int(numbers[-1]) + 1, np.bool_))
        leading = np.append(True, numbers[1:] != numbers[:-1]) & (sorted_ >= 0) & ~self._seen[numbers]
        self._seen[numbers] = True
        orphans = results.of(sorted_[leading])
        reports = words.of(orphans.order, orphans.more[1])
        failed = orphans.more[0] != SUCCESS
        columns = (
            orphans.numbers.tolist(),
            (orphans.order + self._offset).tolist(),
            orphans.seconds.tolist(),
            orphans.nanoseconds.tolist(),
            orphans.more[0].tolist(),
            [
                self._shortened[report] if fails else b""
                for report, fails in zip(reports, failed, strict=True)
            ],
        )
        self._orphans += map(Orphan, *columns)
        self._keep(len(orphans))

    def _note_lives(self, every: Events, sorted_: Places, kinds: Places, said: Places) -> None:
        if self._long:
            raise Inseparable
        numbers = every.numbers[sorted_]
        known = (said >= 0) & (numbers[said] == numbers)
        before = np.append(False, known[:-1] & (numbers[1:] == numbers[:-1]))[: len(numbers)]
        # What was carried over was said in a block before.
        first = np.flatnonzero((kinds != ASKED) & ~before & (every.order[sorted_] >= 0))
        orders = every.order[sorted_[first]] + self._offset
        self._said.append((numbers[first], orders, kinds[first] == NEW))
        asked = every.of(sorted_[(kinds == ASKED) & ~known])
        self._asked.append((asked.order + self._offset, asked.numbers, asked.seconds, asked.nanoseconds))
        self._keep(len(first) + len(asked))

    def _keep(self, rows: int) -> None:
        self._rows += rows
        if self._rows > _KEPT:
            self._said = [self._first_said()]
            self._rows = len(self._said[0][0]) + sum(len(asked[0]) for asked in self._asked)
            self._rows += len(self._orphans)
            if self._rows > _KEPT // 2:
                raise Inseparable

    def _first_said(self) -> tuple[Places, Places, Flags]:
        numbers, orders, new = (np.concatenate(column) for column in zip(*self._said, strict=True))
        numbers, where = np.unique(numbers, return_index=True)
        return numbers, orders[where], new[where]

    def rest(self) -> Rest:
        """What there is to tell the earlier part."""
        return Rest(
            counts=tuple(getattr(self, name) for name in _COUNTS),
            outcomes=self.outcomes,
            period=(self.first, self.last),
            dropped=self.dropped,
            senders=self.senders,
            reasons=self.reasons,
            queued=self.queued,
            delivering=self.delivering,
            alive=self.still_open,
            orphans=tuple(self._orphans),
            said=self._first_said(),
            asked=tuple(np.concatenate(column) for column in zip(*self._asked, strict=True)),
        )


class EarlierFigures(ColumnFigures):
    """The figures of an earlier part, and then of both."""

    def join(self, rest: Rest) -> None:
        """Add a later part. Raises Inseparable, with nothing changed, when it has to be read instead."""
        if self._long:
            raise Inseparable
        running = {delivery: row for row, delivery in enumerate(self._running.numbers.tolist())}
        answered = [one for one in rest.orphans if one.delivery in running]
        rows = [running[one.delivery] for one in answered]
        begun = self._running.of(np.array(rows, np.int64))
        table = [(one.order, one.delivery, one.seconds, one.nanoseconds, one.outcome) for one in answered]
        results = events(table, 5)
        succeeded = (results.more[0] == SUCCESS) & results.timed
        success = results.of(succeeded)
        asked = Events(success.order, begun.more[0][succeeded], success.seconds, success.nanoseconds)
        numbers, orders, new = rest.said
        said = _rows_of(numbers, asked.numbers)
        if np.any(orders[said[said >= 0]] < asked.order[said >= 0]):
            # Whether it was announced by then, only the later part knew.
            raise Inseparable

        asked = asked.and_then(Events(*rest.asked))
        said = _rows_of(numbers, self._alive.numbers)
        until = np.full(len(said), np.iinfo(np.int64).max)
        until[said >= 0] = orders[said[said >= 0]]
        row = _rows_of(self._alive.numbers, asked.numbers)
        good = np.flatnonzero(row >= 0)
        good = good[asked.order[good] < until[row[good]]]
        add(self.queued, self._alive.of(row[good]), asked.of(good))
        add(self.delivering, begun, results)
        self._elsewhere = rest.alive - int(np.count_nonzero(said >= 0))
        self._add_up(rest)
        self.unknown_deliveries -= len(answered)
        self.announced_again += int(np.count_nonzero(new[said[said >= 0]]))
        for where, one in zip(rows, answered, strict=True):
            if one.outcome != SUCCESS:
                self.reasons[b"", one.reason] -= 1
                self.reasons[Domains()[self._recipients[where]], one.reason] += 1
        self.reasons = +self.reasons
        self._bound()

    def _add_up(self, rest: Rest) -> None:
        for name, count in zip(_COUNTS, rest.counts, strict=True):
            setattr(self, name, getattr(self, name) + count)
        for outcome, count in rest.outcomes.items():
            self.outcomes[outcome] += count
        self.first = self.first or rest.period[0]
        self.last = rest.period[1] or self.last
        self.dropped |= rest.dropped
        self.senders.update(rest.senders)
        self.reasons.update(rest.reasons)
        self.queued += rest.queued
        self.delivering += rest.delivering


def _rows_of(sorted_: Places, numbers: Places) -> Places:
    """Where each number stands; -1 for nowhere."""
    row = np.searchsorted(sorted_, numbers)
    inside = row < len(sorted_)
    found: Places = np.where(inside, row, -1)
    found[inside] = np.where(sorted_[row[inside]] == numbers[inside], row[inside], -1)
    return found
