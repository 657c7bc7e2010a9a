"""A recording read: what a pair was like at a time, what came after it, and its figures over time.

A `Recording` may be read while it is being written, by any number of readers. Its calls are plain ones that
block (a few milliseconds; a span takes longer): from an event loop use `asyncio.to_thread`. One object may be
used by several threads: the calls wait for each other.
"""

import heapq
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from console.memory.rows import Row, not_recorded, rows_at, rows_between
from console.memory.schema import NoRecording, in_words, open_to_read
from console.memory.stretches import Span, Stretch, credible, segments
from console.memory.thinning import HOUR, WEEK
from console.model.snapshot import Event
from console.model.tape import Taped
from console.model.words import Answer, Severity

__all__ = ["NoRecording", "Point", "Recording", "Service", "Span"]

T = TypeVar("T")

_PAUSE = 5.0
"""Seconds without a recorder from which on it is told that nothing was recorded."""
_AT_ONCE = 60.0
"""Seconds of a recording that are read at once, where readings stand close."""


@dataclass(frozen=True, slots=True)
class Point:
    """A figure over a short time."""

    at: float
    """Where that time begins."""
    seconds: float
    """How long it is: 60 within the last week, 3600 before."""
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Service:
    """From a time to another the service was there (yes), was not (no), or it could not be told (unknown)."""

    first: float
    last: float
    served: Answer
    by: str | None
    """The node that held the floating address and had the mirror mounted."""


class Recording:
    """A recording, opened for reading only."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises NoRecording."""
        self.path = path
        self._db = open_to_read(path)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file; the recording may not be used after it."""
        with self._lock:
            self._db.close()

    def pairs(self) -> tuple[str, ...]:
        """The pairs that are in it, by name. Raises NoRecording, as every call may."""
        return self._look(
            lambda db: tuple(row[0] for row in db.execute("SELECT DISTINCT pair FROM streams ORDER BY pair"))
        )

    def span(self, pair: str) -> Span | None:
        """From the first to the last moment of it; None: the pair is not in it."""
        parts = self._look(lambda db: _segments(db, pair))
        return Span(parts[0].began, parts[-1].ended) if parts else None

    def stretches(self, pair: str) -> tuple[Span, ...]:
        """Where it was recorded, in the order of time: what lies between two of them was not."""
        joined: list[Span] = []
        for part in self._look(lambda db: _segments(db, pair)):
            if joined and part.began - joined[-1].last < _PAUSE:
                joined[-1] = Span(joined[-1].first, part.ended)
            else:
                joined.append(Span(part.began, part.ended))
        return tuple(joined)

    def grain(self, pair: str, at: float) -> float:
        """Seconds between two kept readings around a time: 1 in the last hour, 60 in the last week, 3600.

        Around an event they are kept more closely (a second for a week, then a minute).
        """
        span = self.span(pair)
        age = 0.0 if span is None else span.last - at
        return 1.0 if age < HOUR else 60.0 if age < WEEK else HOUR

    def pieces(self, pair: str, at: float) -> list[Taped]:
        """What brings the pair about as it was at a time, in order: apply all of it to a new TapedPair.

        Where nothing was recorded at that time, both nodes are told as not recorded: everything is unknown.
        """

        def look(db: sqlite3.Connection) -> list[Taped]:
            # Where one stretch ends another may begin in the same moment: the later one.
            parts = reversed(_segments(db, pair))
            part = next((p for p in parts if p.began <= at <= p.ended + _PAUSE), None)
            return list(not_recorded(pair, at)) if part is None else _whole(db, pair, part, at)

        return self._look(look)

    def after(self, pair: str, at: float, until: float, *, pulse: float = 1.0) -> Iterator[Taped]:
        """What was learnt later than `at`, up to `until`, oldest first.

        A section that said the same again is told again at most every `pulse` seconds, and at the end: then
        its age is right. Read it as far as needed: it looks into the file a minute (or an hour, where
        readings are sparse) at a time. The recording may grow meanwhile; what is later than its end when this
        began is not told.
        """
        parts = self._look(lambda db: _segments(db, pair))
        grain = HOUR if parts and parts[-1].ended - until > HOUR else _AT_ONCE
        ended: float | None = None
        for part in parts:
            if part.ended <= at:
                ended = part.ended
                continue
            if part.began >= until:
                break
            if ended is not None and part.began - ended > _PAUSE and ended > at:
                yield from not_recorded(pair, ended)
            began = max(part.began, at)
            if part.began > at:
                yield from self._look(lambda db, part=part: _whole(db, pair, part, part.began))  # type: ignore[misc]
            while began < min(part.ended, until):
                end = min(began + grain, part.ended, until)
                yield from self._between(pair, part, began, end, pulse)
                began = end
            ended = part.ended
        if ended is not None and at < ended < until - _PAUSE:
            yield from not_recorded(pair, ended)

    def _between(self, pair: str, part: Stretch, first: float, last: float, pulse: float) -> Iterator[Taped]:
        rows = self._look(lambda db: rows_between(db, pair, part.id, first, last))
        texts: dict[int, str] = {}

        def told(row: Row) -> Iterator[tuple[float, int, Taped]]:
            for at in row.times(first, last, pulse):
                yield at, row.order, row.taped(pair, at, self._text(row, texts))

        for _, _, taped in heapq.merge(*(told(row) for row in rows), key=lambda one: one[:2]):
            yield taped

    def _text(self, row: Row, held: dict[int, str]) -> str:
        if row.text is None:
            return ""
        if row.text not in held:
            held[row.text] = self._look(row.words)
        return held[row.text]

    def events(self, pair: str, first: float, last: float) -> tuple[Event, ...]:
        """What happened between two times, oldest first."""
        rows = self._look(
            lambda db: db.execute(
                "SELECT at, node, kind, text, severity FROM events WHERE pair = ? AND at BETWEEN ? AND ?"
                " ORDER BY at, id",
                (pair, first, last),
            ).fetchall()
        )
        return tuple(Event(at, node, kind, text, Severity(worst)) for at, node, kind, text, worst in rows)

    def series(self, pair: str, name: str, first: float, last: float) -> tuple[Point, ...]:
        """A figure over time, oldest first; see `console.memory.figures.FIGURES` for the names and units.

        Where nothing is known there is no point.
        """
        rows = self._look(
            lambda db: db.execute(
                "SELECT at, seconds, low, total / count, high FROM figures"
                " WHERE pair = ? AND name = ? AND at + seconds > ? AND at <= ? AND count > 0 ORDER BY at",
                (pair, name, first, last),
            ).fetchall()
        )
        return tuple(Point(*row) for row in rows)

    def service(self, pair: str, first: float, last: float) -> tuple[Service, ...]:
        """When the service was there and when it was not, oldest first: outages are those with `served` no.

        Times are cut to `first` and `last`.
        """
        rows = self._look(
            lambda db: db.execute(
                "SELECT max(first, ?2), min(last, ?3), served, node FROM service"
                " WHERE pair = ?1 AND last >= ?2 AND first <= ?3 ORDER BY first",
                (pair, first, last),
            ).fetchall()
        )
        return tuple(Service(began, ended, Answer(served), node) for began, ended, served, node in rows)

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` at one moment of the file."""
        with self._lock:
            try:
                self._db.execute("BEGIN")
                try:
                    return work(self._db)
                finally:
                    self._db.execute("ROLLBACK")
            except sqlite3.Error as odd:
                raise in_words(self.path, odd) from odd


def _segments(db: sqlite3.Connection, pair: str) -> tuple[Stretch, ...]:
    every = [Stretch(*row) for row in db.execute("SELECT id, began, ended FROM stretches")]
    if db.execute("SELECT 1 FROM streams WHERE pair = ? LIMIT 1", (pair,)).fetchone() is None:
        return ()
    return segments(credible(every))


def _whole(db: sqlite3.Connection, pair: str, part: Stretch, at: float) -> list[Taped]:
    told = []
    for row in rows_at(db, pair, part.id, at):
        taken = row.newest(at)
        told.append((taken, row.order, row.taped(pair, taken, row.words(db))))
    return [taped for _, _, taped in sorted(told, key=lambda one: one[:2])]
