"""What was learnt, written into the file: one transaction for all of a second. Blocking; on one thread."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from console.memory.figures import Bucket
from console.memory.schema import ALL, LINK, NoRecording, identity, in_words, open_to_write
from console.memory.texts import Texts
from console.memory.thinning import Thinning
from console.model.snapshot import Event
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Answer

_OPEN = "stream, stretch, first, last, count, text, status, why"
_LATER = 1e-4
"""Seconds by which the rows of one stream differ at least."""


@dataclass(frozen=True, slots=True)
class NewStretch:
    """From here on it is another stretch; `whole` is all that counts at that moment, in its order."""

    began: float
    whole: tuple[Taped, ...] = ()
    before: float = 0.0
    """Until when the one before it lasted, where that is not where its last batch ended."""


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """Whether the service was there at a time."""

    pair: str
    at: float
    served: Answer
    node: str | None


@dataclass(slots=True)
class Batch:
    """What is written at once."""

    now: float = 0.0
    """Console time of it."""
    news: list[Taped | NewStretch] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)
    figures: dict[tuple[str, str, float], Bucket] = field(default_factory=dict)
    """By pair, name and minute."""
    service: list[ServiceSeen] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    stretch: int
    first: float
    last: float
    count: int
    said: str | None
    """The text, to see whether the next is the same."""
    text: int | None
    status: int | None
    why: str | None
    changed: bool = True

    def again(self, at: float) -> None:
        """The same was said once more."""
        self.last, self.count, self.changed = max(self.last, at), self.count + 1, True

    def continued(self, at: float) -> bool:
        """Whether an answer at a time belongs to the same steady row of answers."""
        if self.count < 2:
            return True
        return at - self.last <= 2.5 * (self.last - self.first) / (self.count - 1) + 2


class Writing:
    """The file, open for writing. A batch is in it as a whole or not at all."""

    def __init__(self, path: Path, limit: int) -> None:
        """`limit`: bytes that the file may take. Raises NoRecording."""
        self.path = path
        self._limit = limit
        self._texts = Texts()
        self._streams: dict[tuple[str, str, str], int] = {}
        self._runs: dict[int, _Run] = {}
        self._closed: list[tuple[object, ...]] = []
        self._service: dict[str, tuple[float, Answer, str | None]] = {}
        self._stretch = 0
        try:
            self._open_file()
        except (sqlite3.Error, OSError) as odd:
            raise in_words(path, odd) from odd

    def _open_file(self) -> None:
        self._db = open_to_write(self.path)
        self._file = identity(self.path)
        beside = [Path(f"{self.path}{end}") for end in ("-wal", "-shm")]
        self._beside = {path: identity(path) for path in beside}
        self._thinning = Thinning(self._db, self._texts)

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._db.close()

    def write(self, batch: Batch) -> None:
        """Write it. Raises NoRecording: nothing of it is in the file, and a new stretch must begin."""
        try:
            self._stay_with_the_name()
            self._db.execute("BEGIN IMMEDIATE")
            self._write(batch)
            self._db.execute("COMMIT")
        except (sqlite3.Error, OSError) as odd:
            self._roll_back()
            raise in_words(self.path, odd) from odd
        except BaseException:
            self._roll_back()
            raise

    def tidy(self, now: float, elapsed: float) -> None:
        """Thin a share of what is due, `elapsed` seconds after the last time. Raises NoRecording."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._thinning.step(now, elapsed)
            self._thinning.bound(self._limit)
            self._db.execute("COMMIT")
            self._thinning.give_back()
        except (sqlite3.Error, OSError) as odd:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            self._texts.forget()
            raise in_words(self.path, odd) from odd

    def _stay_with_the_name(self) -> None:
        """A file that was moved away would take all that is written, and nobody found it: begin another."""
        if identity(self.path) == self._file:
            return
        self.close()
        try:
            for path, was in self._beside.items():
                # Left behind they would be taken for those of whatever has the name now, and spoil it.
                if was is not None and identity(path) == was:
                    path.unlink()
            self._open_file()
        except (sqlite3.Error, OSError, NoRecording) as odd:
            why = in_words(self.path, odd)
            raise NoRecording(f"{why} (the recording was moved away or removed)") from odd
        raise NoRecording(f"{self.path}: it was moved away or removed: another one is begun")

    def _roll_back(self) -> None:
        self._texts.forget()
        self._streams.clear()
        self._runs.clear()
        self._closed.clear()
        self._service.clear()
        self._stretch = 0
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")

    def _write(self, batch: Batch) -> None:
        for news in batch.news:
            if isinstance(news, NewStretch):
                self._begin(news)
            else:
                self._take(news)
        self._flush()
        self._db.execute(
            "UPDATE stretches SET ended = max(ended, ?) WHERE id = ?", (batch.now, self._stretch)
        )
        self._write_events(batch.events)
        self._write_figures(batch.figures)
        for seen in batch.service:
            self._see(seen)

    def _begin(self, stretch: NewStretch) -> None:
        self._flush()
        db = self._db
        # Also what a killed recorder has left open.
        db.execute(f"INSERT OR IGNORE INTO runs ({_OPEN}) SELECT {_OPEN} FROM open")  # noqa: S608 - our words
        db.execute("DELETE FROM open")
        self._runs.clear()
        self._service.clear()
        db.execute("UPDATE stretches SET ended = max(ended, ?) WHERE id = ?", (stretch.before, self._stretch))
        self._stretch = (
            db.execute("INSERT INTO stretches (began, ended) VALUES (?1, ?1)", (stretch.began,)).lastrowid
            or 0
        )
        self._thinning.stretch_began(stretch.began)
        for taped in stretch.whole:
            self._take(taped)

    def _take(self, taped: Taped) -> None:
        if not self._stretch:
            raise NoRecording(f"{self.path}: no stretch has begun")
        news = taped.news
        match news:
            case SectionRead():
                stream = self._stream(taped, news.section)
                run = self._runs.get(stream)
                if (
                    run is not None
                    and run.said == news.text
                    and run.status == news.exit_status
                    and run.continued(news.taken)
                ):
                    run.again(news.taken)
                    return
                text = self._texts.put(self._db, stream, news.text)
                self._open(stream, news.taken, said=news.text, text=text, status=news.exit_status)
            case SectionLost(section, why):
                self._open(self._stream(taped, ALL if section is None else section), taped.at, why=why)
            case LinkChanged(link):
                why = json.dumps([link.state.value, link.why, link.round_trip])
                stream = self._stream(taped, LINK)
                run = self._runs.get(stream)
                said = f"{link.state.value} {link.why}"
                if run is not None and run.said == said:
                    run.again(taped.at)
                else:
                    self._open(stream, taped.at, said=said, why=why)

    def _open(
        self,
        stream: int,
        at: float,
        *,
        said: str | None = None,
        text: int | None = None,
        status: int | None = None,
        why: str | None = None,
    ) -> None:
        old = self._runs.get(stream)
        if old is not None:
            self._closed.append(_row(stream, old))
            # A clock that is slewed may go back a little; what comes later is later.
            at = max(at, old.last + _LATER)
        self._runs[stream] = _Run(self._stretch, at, at, 1, said, text, status, why)

    def _stream(self, taped: Taped, section: str) -> int:
        key = (taped.pair, taped.home.value, section)
        if (id := self._streams.get(key)) is not None:
            return id
        self._db.execute("INSERT OR IGNORE INTO streams (pair, home, section) VALUES (?, ?, ?)", key)
        row = self._db.execute(
            "SELECT id FROM streams WHERE pair = ? AND home = ? AND section = ?", key
        ).fetchone()
        self._streams[key] = int(row[0])
        return self._streams[key]

    def _flush(self) -> None:
        names = f"({_OPEN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._db.executemany(f"INSERT INTO runs {names}", self._closed)
        self._closed.clear()
        changed = [(stream, run) for stream, run in self._runs.items() if run.changed]
        self._db.executemany(f"REPLACE INTO open {names}", [_row(stream, run) for stream, run in changed])
        for _, run in changed:
            run.changed = False

    def _write_events(self, events: Sequence[tuple[str, Event]]) -> None:
        self._db.executemany(
            "INSERT INTO events (pair, at, node, kind, severity, text) VALUES (?, ?, ?, ?, ?, ?)",
            [(pair, e.at, e.node, e.kind, e.severity.value, _utf8(e.text)) for pair, e in events],
        )

    def _write_figures(self, figures: Mapping[tuple[str, str, float], Bucket]) -> None:
        self._db.executemany(
            "REPLACE INTO figures VALUES (?, ?, ?, 60, ?, ?, ?, ?)",
            [(*key, one.count, one.low, one.total, one.high) for key, one in figures.items()],
        )

    def _see(self, seen: ServiceSeen) -> None:
        now = self._service.get(seen.pair)
        if now is not None and now[1:] == (seen.served, seen.node) and seen.at >= now[0]:
            self._db.execute(
                "UPDATE service SET last = max(last, ?) WHERE pair = ? AND first = ?",
                (seen.at, seen.pair, now[0]),
            )
            return
        if now is not None and seen.at >= now[0]:
            self._db.execute(
                "UPDATE service SET last = max(last, ?) WHERE pair = ? AND first = ?",
                (seen.at, seen.pair, now[0]),
            )
        self._db.execute(
            "REPLACE INTO service VALUES (?1, ?2, ?2, ?3, ?4)",
            (seen.pair, seen.at, seen.served.value, seen.node),
        )
        self._service[seen.pair] = (seen.at, seen.served, seen.node)


def _row(stream: int, run: _Run) -> tuple[object, ...]:
    return (stream, run.stretch, run.first, run.last, run.count, run.text, run.status, _utf8(run.why))


def _utf8(text: str | None) -> str | None:
    """Text as SQLite can hold it."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()


def all_of(taped: Iterable[Taped], shift: float) -> tuple[Taped, ...]:
    """The same pieces, `shift` seconds later."""
    return tuple(_shifted(one, shift) for one in taped)


def _shifted(taped: Taped, shift: float) -> Taped:
    news = taped.news
    if isinstance(news, SectionRead):
        news = SectionRead(news.section, news.text, news.exit_status, news.taken + shift)
    return Taped(taped.pair, taped.home, taped.at + shift, news)
