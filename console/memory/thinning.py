"""A recording kept small: a reading a second for an hour, one a minute for a week, one an hour for a year.

What is thinned out are readings between those moments. A text that did not change is one row however long it
stood, and is never lost. Around an event the readings of every second are kept for the week, those of every
minute after it.
"""

import math
import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from console.memory.texts import HOURS, MINUTES, Texts

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR = 366 * DAY
_ROUND = 60.0
"""Seconds in which every stream is looked at once."""
_EVENTFUL = 10
"""Minutes of one hour that are kept closely because of events: a link that flaps must fill no disk."""
_DOUBT = HOUR
"""Seconds for which nothing is thinned after the clock leapt by more than a day: it may be put right."""
_CUT = 0.05
"""Part of the recorded time that is given up at once where the file is too big."""


def near(events: Iterable[float]) -> frozenset[int]:
    """The minutes (Unix time / 60) kept closely: those with an event, the one before and the one after."""
    counted: dict[int, int] = {}
    found: set[int] = set()
    for minute in sorted({int(at // 60) for at in events}):
        counted[minute // 60] = counted.get(minute // 60, 0) + 1
        if counted[minute // 60] <= _EVENTFUL:
            found |= {minute - 1, minute, minute + 1}
    return frozenset(found)


def dropped(
    firsts: Sequence[float], minutes: Collection[int], *, grain: float, closely: bool
) -> tuple[float, ...]:
    """Which rows of a stream may go, given when each begins (sorted; the last one always stays).

    A row stays if it is the one that counts at a multiple of `grain`, or in `minutes`: with `closely` every
    row that begins there, else the one that counts when such a minute begins.
    """
    moments = sorted(60.0 * minute for minute in minutes)
    gone: list[float] = []
    for first, following in pairwise(firsts):
        if math.ceil(first / grain) * grain < following:
            continue
        if closely:
            if int(first // 60) in minutes:
                continue
        elif (place := bisect_left(moments, first)) < len(moments) and moments[place] < following:
            continue
        gone.append(first)
    return tuple(gone)


class Thinning:
    """Thins a recording bit by bit, in the transactions of whoever writes it."""

    def __init__(self, db: sqlite3.Connection, texts: Texts) -> None:
        self._db = db
        self._texts = texts
        self._next = 0
        self._due = 0.0
        self._hourly = 0.0
        self._not_before = -math.inf

    def stretch_began(self, began: float) -> None:
        """Another stretch begins; where it is far from what was recorded last the clock may be wrong."""
        row = self._db.execute(
            "SELECT ended FROM stretches WHERE began < ?1 OR ended < ?1 ORDER BY id DESC LIMIT 1", (began,)
        ).fetchone()
        if row is not None and abs(began - row[0]) > DAY:
            self._not_before = began + _DOUBT

    def step(self, now: float, elapsed: float) -> None:
        """Look at as many streams as are due after `elapsed` seconds."""
        if now < self._not_before:
            return
        streams = self._db.execute("SELECT id, pair, minutes, hours FROM streams ORDER BY id").fetchall()
        self._due = min(len(streams), self._due + len(streams) * min(1.0, max(0.0, elapsed) / _ROUND))
        while self._due > 1 - 1e-6 and streams:
            self._due -= 1
            self._next %= len(streams)
            id, pair, minutes, hours = streams[self._next]
            self._next += 1
            self._thin(id, pair, minutes, now - HOUR, 60.0, closely=True)
            self._thin(id, pair, hours, now - WEEK, HOUR, closely=False)
            self._drop(id, now - YEAR)
        if not now - HOUR < self._hourly <= now:
            self._hourly = now
            self._thin_figures(now)
            self._forget(now - YEAR)

    def _thin(
        self, stream: int, pair: str, done: float, until: float, grain: float, *, closely: bool
    ) -> None:
        until = until // grain * grain
        if until <= done:
            return
        db = self._db
        column = "minutes" if closely else "hours"
        db.execute(f"UPDATE streams SET {column} = ? WHERE id = ?", (until, stream))  # noqa: S608 - our own two
        stretches = db.execute(
            "SELECT id FROM stretches WHERE ended >= ? AND began < ?", (done, until)
        ).fetchall()
        minutes: frozenset[int] | None = None
        for (stretch,) in stretches:
            rows = db.execute(
                "SELECT first, text FROM runs WHERE stream = ? AND stretch = ? AND first >= ? AND first < ?"
                " ORDER BY first",
                (stream, stretch, done, until),
            ).fetchall()
            if not rows:
                continue
            firsts = [row[0] for row in rows]
            if (following := self._following(stream, stretch, until)) is not None:
                firsts.append(following)
            gone: set[float] = set()
            if len(firsts) > 1:
                minutes = self._near(pair, done, until) if minutes is None else minutes
                gone = set(dropped(firsts, minutes, grain=grain, closely=closely))
            db.executemany(
                "DELETE FROM runs WHERE stream = ? AND stretch = ? AND first = ?",
                [(stream, stretch, first) for first in gone],
            )
            kept = [(first, text) for first, text in rows if first not in gone and text is not None]
            self._move(stream, stretch, done, kept, MINUTES if closely else HOURS)

    def _following(self, stream: int, stretch: int, at: float) -> float | None:
        """When the first row after a window begins."""
        row: tuple[float | None] = self._db.execute(
            "SELECT min(first) FROM (SELECT min(first) AS first FROM runs"
            " WHERE stream = ?1 AND stretch = ?2 AND first >= ?3"
            " UNION ALL SELECT first FROM open WHERE stream = ?1 AND stretch = ?2 AND first >= ?3)",
            (stream, stretch, at),
        ).fetchone()
        return row[0]

    def _move(
        self, stream: int, stretch: int, at: float, kept: Iterable[tuple[float, int]], place: int
    ) -> None:
        """Have the texts of a window where they are for longer."""
        db = self._db
        row = db.execute(
            "SELECT text FROM runs WHERE stream = ? AND stretch = ? AND first < ?"
            " ORDER BY first DESC LIMIT 1",
            (stream, stretch, at),
        ).fetchone()
        before: int | None = row[0] if row else None
        for first, text in kept:
            before = self._texts.move(db, text, place, before)
            db.execute(
                "UPDATE runs SET text = ? WHERE stream = ? AND stretch = ? AND first = ?",
                (before, stream, stretch, first),
            )

    def _near(self, pair: str, first: float, last: float) -> frozenset[int]:
        return near(
            row[0]
            for row in self._db.execute(
                "SELECT at FROM events WHERE pair = ? AND at >= ? AND at < ? AND kind <> 'finding'",
                (pair, first - HOUR, last + HOUR),
            )
        )

    def _drop(self, stream: int, before: float) -> None:
        for (stretch,) in self._db.execute("SELECT id FROM stretches WHERE began < ?", (before,)).fetchall():
            self._db.execute(
                "DELETE FROM runs WHERE stream = ? AND stretch = ? AND first < ? AND last < ?",
                (stream, stretch, before, before),
            )

    def _forget(self, before: float) -> None:
        """What is in no stream, and stretches of which nothing is left."""
        db = self._db
        db.execute("DELETE FROM events WHERE at < ?", (before,))
        db.execute("DELETE FROM figures WHERE at < ?", (before,))
        db.execute("DELETE FROM service WHERE last < ?", (before,))
        db.execute("DELETE FROM stretches WHERE ended < ?", (before,))
        db.execute("UPDATE stretches SET began = ?1 WHERE began < ?1", (before,))

    def _thin_figures(self, now: float) -> None:
        db, until = self._db, (now - WEEK) // HOUR * HOUR
        rows = db.execute(
            "SELECT pair, name, CAST(at / 3600 AS INTEGER) * 3600, sum(count), min(low), sum(total),"
            " max(high) FROM figures WHERE seconds < 3600 AND at < ? GROUP BY 1, 2, 3",
            (until,),
        ).fetchall()
        db.execute("DELETE FROM figures WHERE seconds < 3600 AND at < ?", (until,))
        db.executemany("REPLACE INTO figures VALUES (?, ?, ?, 3600, ?, ?, ?, ?)", rows)

    def bound(self, limit: int) -> None:
        """Give up the oldest part where the file takes more than `limit` bytes."""
        if used(self._db) <= limit:
            return
        first, last = self._db.execute("SELECT min(began), max(ended) FROM stretches").fetchone()
        if first is None or last - first < _ROUND:
            return
        before = first + max(_ROUND / 2, _CUT * (last - first))
        for (stream,) in self._db.execute("SELECT id FROM streams").fetchall():
            self._drop(stream, before)
        self._forget(before)

    def give_back(self) -> None:
        """Let the disk have what is free in the file, where that is much."""
        pages, free = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        )
        if free > max(1000, pages // 4):
            self._db.execute("PRAGMA incremental_vacuum(500)").fetchall()


def used(db: sqlite3.Connection) -> int:
    """Bytes in the file that hold something."""
    size, pages, free = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return size * (pages - free)
