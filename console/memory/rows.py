"""Rows of a recording turned back into what was learnt: one row may stand for many equal answers."""

import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from console.memory.schema import ALL, LINK
from console.memory.texts import read_text
from console.model.snapshot import Link, LinkState
from console.model.tape import LinkChanged, NodeNews, SectionLost, SectionRead, Taped
from console.model.words import Home

_NOT_RECORDED = "not recorded then"
_COLUMNS = "first, last, count, text, status, why"


def not_recorded(pair: str, at: float) -> tuple[Taped, ...]:
    """Both nodes at a time of which nothing was recorded."""
    news: tuple[NodeNews, ...] = (
        SectionLost(None, _NOT_RECORDED),
        LinkChanged(Link(LinkState.LOST, _NOT_RECORDED)),
    )
    return tuple(Taped(pair, home, at, one) for home in (Home.MASTER, Home.SLAVE) for one in news)


@dataclass(frozen=True, slots=True)
class Row:
    """The same, said `count` times from `first` to `last`."""

    home: str
    section: str
    first: float
    last: float
    count: int
    text: int | None
    status: int | None
    why: str | None

    @property
    def order(self) -> int:
        """What comes first of two in the same moment: what is lost, what is read, the link."""
        return {ALL: 0, LINK: 2}.get(self.section, 1)

    @property
    def step(self) -> float:
        """Seconds between two of them, on average."""
        return (self.last - self.first) / (self.count - 1) if self.count > 1 else 0.0

    def newest(self, at: float) -> float:
        """The last time it was said by `at`."""
        if self.step <= 0 or at <= self.first:
            return self.first
        if at >= self.last:
            return self.last
        # They did not come as evenly as that: one that is due within a fifth of a step is taken as said.
        return min(at, self.first + math.floor((at - self.first) / self.step + 0.2) * self.step)

    def times(self, first: float, last: float, pulse: float) -> Iterator[float]:
        """When it was said after `first`, up to `last`: the first, one in `pulse` seconds, the newest."""
        if first < self.first <= last:
            yield self.first
        if self.step <= 0 or self.section == LINK:
            return
        every = self.step * max(1, math.ceil(pulse / self.step - 1e-6))
        number = max(1, math.floor((first - self.first) / every) + 1)
        end = min(last, self.last) + 1e-6
        told = max(first, self.first)
        while (at := self.first + number * every) <= end:
            yield (told := at)
            number += 1
        newest = self.first + math.floor((end - self.first) / self.step) * self.step
        if newest > told + 1e-3:
            yield newest

    def words(self, db: sqlite3.Connection) -> str:
        """Its text."""
        return "" if self.text is None else read_text(db, self.text)

    def taped(self, pair: str, at: float, text: str) -> Taped:
        """It as a piece, said at a time."""
        return Taped(pair, Home(self.home), at, self._news(at, text))

    def _news(self, at: float, text: str) -> NodeNews:
        if self.section == LINK:
            state, why, round_trip = json.loads(self.why or '["lost", "", null]')
            return LinkChanged(Link(LinkState(state), why, at if state == "live" else None, round_trip))
        if self.text is None:
            return SectionLost(None if self.section == ALL else self.section, self.why or "")
        return SectionRead(self.section, text, self.status or 0, at)


def rows_at(db: sqlite3.Connection, pair: str, stretch: int, at: float) -> list[Row]:
    """The row of each stream that counts at a time."""
    found: list[Row] = []
    for stream, home, section in _streams(db, pair):
        row = (
            db.execute(
                f"SELECT {_COLUMNS} FROM open WHERE stream = ? AND stretch = ? AND first <= ?",  # noqa: S608 - our words
                (stream, stretch, at),
            ).fetchone()
            or db.execute(
                f"SELECT {_COLUMNS} FROM runs WHERE stream = ? AND stretch = ? AND first <= ?"  # noqa: S608
                " ORDER BY first DESC LIMIT 1",
                (stream, stretch, at),
            ).fetchone()
        )
        if row is not None:
            found.append(Row(home, section, *row))
    return found


def rows_between(db: sqlite3.Connection, pair: str, stretch: int, first: float, last: float) -> list[Row]:
    """Every row of which something lies after `first`, up to `last`."""
    found = [row for row in rows_at(db, pair, stretch, first) if row.last > first]
    for stream, home, section in _streams(db, pair):
        for table in ("runs", "open"):
            found += [
                Row(home, section, *row)
                for row in db.execute(
                    f"SELECT {_COLUMNS} FROM {table}"  # noqa: S608 - our own two
                    " WHERE stream = ? AND stretch = ? AND first > ? AND first <= ? ORDER BY first",
                    (stream, stretch, first, last),
                )
            ]
    return found


def _streams(db: sqlite3.Connection, pair: str) -> list[tuple[int, str, str]]:
    return db.execute("SELECT id, home, section FROM streams WHERE pair = ? ORDER BY id", (pair,)).fetchall()
