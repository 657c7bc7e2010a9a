"""The journal: every state of every run on disk before the run goes on. SQLite, on one thread of its own.

The file is `$XDG_STATE_HOME/mirrorgate/history.db` (0600, its directory 0700), in WAL mode with
synchronous=FULL: a commit has been fsynced when it returns. Several consoles may write at once.
"""

import asyncio
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from console.engine.claims import Claims
from console.engine.history import UnreadableRun, read, write
from console.engine.history_schema import NewerHistory, migrate
from console.model.run import RunRecord, RunState

T = TypeVar("T")

_REMEMBERED = 8
"""Runs whose last kept state is remembered, to write only what changed."""

_REMEDIES = (
    ("full", "the disk is full: free space there, then `mirrorgate resume`"),
    ("locked", "another process keeps it locked: see who with fstat or lsof, then try again"),
    ("readonly", "it is read-only: check owner and mode of the file and its directory"),
    ("not a database", "it is not a history file, or is damaged: move it aside, a new one is begun"),
    ("malformed", "it is damaged: move it aside (sqlite3 .recover may save its runs), a new one is begun"),
    ("unable to open", "it cannot be opened: check owner and mode of the file and its directory"),
    ("i/o error", "the disk reports an error: look into the system log"),
)
"""What SQLite says, and what it means to an administrator."""


class JournalTrouble(Exception):
    """The journal cannot be read or written; `str()` is one line with the file and what to do."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure of one run, for trends."""

    run: str
    pair: str
    job: str
    operator: str
    started: float
    """Unix seconds."""
    state: str
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Runs newest first, and a line for each that is in the file but cannot be read by this version."""

    runs: tuple[RunRecord, ...]
    unreadable: tuple[str, ...] = ()


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_STATE_HOME/mirrorgate/history.db`, or the same below ~/.local/state."""
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "mirrorgate" / "history.db"


class Journal:
    """Keeps runs in a history file; satisfies the engine's `Journal`.

    Nothing is opened or created before it is needed: reading a history that does not exist finds no runs.
    """

    def __init__(self, path: Path | None = None, *, patience: float = 5.0, limit: float = 30.0) -> None:
        """`patience`: seconds to wait for another process's lock; `limit`: seconds one call may take."""
        self.path = path or default_path()
        self._patience = patience
        self._limit = limit
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._db: sqlite3.Connection | None = None
        self._last: OrderedDict[str, tuple[RunRecord, int]] = OrderedDict()
        self._claims = Claims(self.path.parent / "running")

    async def claim(self, run: str) -> bool:
        """Whether the run is this console's alone now: another that has it under way keeps it.

        Raises:
            JournalTrouble: it cannot be told.
        """
        return await self._do(lambda: self._claims.take(run))

    async def release(self, run: str) -> None:
        """Give a claim up."""
        await self._do(lambda: self._claims.drop(run))

    async def keep(self, run: RunRecord) -> None:
        """Write the run as it is now; returns after it is on disk.

        Once called it is written, even if the caller is cancelled meanwhile.

        Raises:
            JournalTrouble: it is not known to be on disk; the run must not go on.
        """
        await self._do(lambda: self._keep(run))

    async def load(self, run: str) -> RunRecord | None:
        """A run by id, None when there is none.

        Raises:
            JournalTrouble: the file, or this run in it, cannot be read.
        """
        return await self._do(lambda: self._reading(lambda db: read(db, run), None))

    async def seen(self, run: str) -> RunRecord | None:
        """As `load`, but a run whose console was killed is told as stopped. Raises JournalTrouble."""

        def as_it_is(db: sqlite3.Connection) -> RunRecord | None:
            found = read(db, run)
            return self._as_it_is(found) if found else None

        return await self._do(lambda: self._reading(as_it_is, None))

    async def runs(self, pair: str | None = None, limit: int = 100) -> tuple[RunRecord, ...]:
        """Newest first; those this version cannot read are left out (`history` names them).

        A run whose console was killed is told as stopped; `load` gives it as it was kept.

        Raises:
            JournalTrouble: the file cannot be read.
        """
        return (await self.history(pair, limit)).runs

    async def history(self, pair: str | None = None, limit: int = 100) -> Kept:
        """As `runs`, with those that cannot be read. Raises JournalTrouble: the file cannot be read."""

        def all_of(db: sqlite3.Connection) -> Kept:
            found: list[RunRecord] = []
            unreadable: list[str] = []
            for id in _ids(db, pair, "", limit):
                try:
                    run = read(db, id)
                except UnreadableRun as odd:
                    unreadable.append(str(odd))
                    continue
                found += [self._as_it_is(run)] if run else []
            return Kept(tuple(found), tuple(unreadable))

        return await self._do(lambda: self._reading(all_of, Kept(())))

    async def ids(self, pair: str | None = None, *, beginning: str = "") -> tuple[str, ...]:
        """The ids of all runs that begin so, newest first. Raises JournalTrouble: the file cannot be read."""
        return await self._do(lambda: self._reading(lambda db: _ids(db, pair, beginning, -1), ()))

    async def measured(self, pair: str | None = None) -> tuple[Measured, ...]:
        """Every figure of every run, oldest first. Raises JournalTrouble: the file cannot be read."""

        def rows(db: sqlite3.Connection) -> tuple[Measured, ...]:
            return tuple(
                Measured(*row)
                for row in db.execute(
                    "SELECT r.id, r.pair, r.job, r.operator, r.started, r.state, m.name, m.value FROM runs r"
                    " JOIN measures m ON m.run = r.id WHERE ?1 IS NULL OR r.pair = ?1"
                    " ORDER BY r.started, r.id, m.name",
                    (pair,),
                )
            )

        return await self._do(lambda: self._reading(rows, ()))

    def _as_it_is(self, run: RunRecord) -> RunRecord:
        """A run that was under way when its console was killed is not under way any more."""
        if run.state not in (RunState.RUNNING, RunState.ASKING) or self._claims.held(run.id):
            return run
        why = f"its console went away in the middle: mirrorgate resume {run.id}"
        ended = run.events[-1].at if run.events else run.started
        return replace(run, state=RunState.STOPPED, why=why, ended=ended)

    async def close(self) -> None:
        """Close the file after what is still to be written; the journal may not be used after it."""
        with suppress(JournalTrouble):
            await self._do(self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], T]) -> T:
        """Run `work` on the journal's thread, after what was asked for before it."""
        done = asyncio.get_running_loop().run_in_executor(self._thread, self._in_words, work)
        # A cancelled caller leaves; nobody is then there to be told how it ended.
        done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes with the answer.
            async with asyncio.timeout(self._limit):
                return await asyncio.shield(done)
        except TimeoutError:
            raise JournalTrouble(
                f"{self.path}: no answer for {self._limit:g} s: look at that disk, then `mirrorgate resume`"
            ) from None

    def _in_words(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except NewerHistory as odd:
            raise JournalTrouble(
                f"{self.path}: written by a newer mirrorgate ({odd}): update this one"
            ) from odd
        except UnreadableRun as odd:
            raise JournalTrouble(f"{self.path}: {odd}: written by another version of mirrorgate") from odd
        except sqlite3.Error as odd:
            said = str(odd).lower()
            words = next((meaning for word, meaning in _REMEDIES if word in said), str(odd))
            raise JournalTrouble(f"{self.path}: {words}") from odd
        except OSError as odd:
            raise JournalTrouble(
                f"{odd.filename or self.path}: {odd.strerror}: check owner and mode"
            ) from odd

    def _keep(self, run: RunRecord) -> None:
        db = self._open(create=True)
        if db is None:  # pragma: no cover - created just now
            raise sqlite3.OperationalError("unable to open")
        db.execute("BEGIN IMMEDIATE")
        try:
            revision = write(db, run, self._last.get(run.id))
            db.execute("COMMIT")
        except BaseException:
            self._last.pop(run.id, None)
            if db.in_transaction:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            raise
        self._last[run.id] = (run, revision)
        self._last.move_to_end(run.id)
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def _reading(self, look: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """`look` at one moment of the file; `nothing` where there is no file yet."""
        db = self._open(create=False)
        if db is None:
            return nothing
        db.execute("BEGIN")
        try:
            return look(db)
        finally:
            if db.in_transaction:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")

    def _open(self, *, create: bool) -> sqlite3.Connection | None:
        if self._db is not None:
            return self._db
        if not self.path.exists():
            if not create:
                return None
            _make(self.path)
        db = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)
        try:
            _to_wal(db, self._patience)
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            migrate(db)
        except BaseException:
            db.close()
            raise
        self._db = db
        return db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _ids(db: sqlite3.Connection, pair: str | None, beginning: str, limit: int) -> tuple[str, ...]:
    rows = db.execute(
        "SELECT id FROM runs WHERE (?1 IS NULL OR pair = ?1) AND substr(id, 1, length(?2)) = ?2"
        " ORDER BY started DESC, id DESC LIMIT ?3",
        (pair, beginning, limit),
    )
    return tuple(row[0] for row in rows)


def _make(path: Path) -> None:
    """An empty file that only its owner may read; SQLite gives the files beside it the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _to_wal(db: sqlite3.Connection, patience: float) -> None:
    """Switch to WAL; two consoles doing so at once do not wait for each other by themselves."""
    deadline = time.monotonic() + patience
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as odd:
            if "locked" not in str(odd) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
