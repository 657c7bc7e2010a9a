"""The tables of a recording, how it is opened, and what SQLite's complaints mean to an administrator.

Names are kept plain: an administrator may ask the file with sqlite3(1), for example
`SELECT datetime(at, 'unixepoch'), node, text FROM events WHERE pair = 'sites' ORDER BY at`.
Times are Unix seconds of the machine that records.
"""

import os
import sqlite3
from pathlib import Path

APPLICATION = 0x6D676D65
"""`PRAGMA application_id` of a recording: "mgme"."""
VERSION = 1
LINK = ""
"""The stream of a node's link has no section's name."""
ALL = "*"
"""The stream of what takes every section of a node away."""

_TABLES = (
    # One for each section of each node, one for its link. `minutes` and `hours`: thinned up to there.
    """
    CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        pair TEXT NOT NULL,
        home TEXT NOT NULL,
        section TEXT NOT NULL,
        minutes REAL NOT NULL DEFAULT 0,
        hours REAL NOT NULL DEFAULT 0,
        UNIQUE (pair, home, section)
    )""",
    "CREATE TABLE stretches (id INTEGER PRIMARY KEY AUTOINCREMENT, began REAL NOT NULL, ended REAL NOT NULL)",
    # Deflated; with `base` by the words of that text. `uses`: rows of runs, open and texts that name it.
    """
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        hash INTEGER,
        base INTEGER,
        uses INTEGER NOT NULL,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX texts_by_hash ON texts (hash) WHERE hash IS NOT NULL",
    # The same answer from `first` to `last`, `count` times. Without a text: a loss, or the link (`why`).
    """
    CREATE TABLE runs (
        stream INTEGER NOT NULL,
        stretch INTEGER NOT NULL,
        first REAL NOT NULL,
        last REAL NOT NULL,
        count INTEGER NOT NULL,
        text INTEGER,
        status INTEGER,
        why TEXT,
        PRIMARY KEY (stream, stretch, first)
    ) WITHOUT ROWID""",
    # The newest of each stream is apart: it changes every second, and few pages are written for it.
    """
    CREATE TABLE open (
        stream INTEGER PRIMARY KEY,
        stretch INTEGER NOT NULL,
        first REAL NOT NULL,
        last REAL NOT NULL,
        count INTEGER NOT NULL,
        text INTEGER,
        status INTEGER,
        why TEXT
    )""",
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        pair TEXT NOT NULL,
        at REAL NOT NULL,
        node TEXT,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        text TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_time ON events (pair, at)",
    """
    CREATE TABLE figures (
        pair TEXT NOT NULL,
        name TEXT NOT NULL,
        at REAL NOT NULL,
        seconds REAL NOT NULL,
        count INTEGER NOT NULL,
        low REAL NOT NULL,
        total REAL NOT NULL,
        high REAL NOT NULL,
        PRIMARY KEY (pair, name, at)
    ) WITHOUT ROWID""",
    """
    CREATE TABLE service (
        pair TEXT NOT NULL,
        first REAL NOT NULL,
        last REAL NOT NULL,
        served TEXT NOT NULL,
        node TEXT,
        PRIMARY KEY (pair, first)
    ) WITHOUT ROWID""",
    """
    CREATE TRIGGER run_gone AFTER DELETE ON runs WHEN OLD.text IS NOT NULL BEGIN
        UPDATE texts SET uses = uses - 1 WHERE id = OLD.text;
        DELETE FROM texts WHERE id = OLD.text AND uses < 1;
    END""",
    """
    CREATE TRIGGER text_gone AFTER DELETE ON texts WHEN OLD.base IS NOT NULL BEGIN
        UPDATE texts SET uses = uses - 1 WHERE id = OLD.base;
        DELETE FROM texts WHERE id = OLD.base AND uses < 1;
    END""",
)

_REMEDIES = (
    ("full", "the disk is full: free space there"),
    ("locked", "another process keeps it locked: see who with fstat or lsof"),
    ("readonly", "it is read-only: check owner and mode of the file and its directory"),
    ("not a database", "it is no recording, or is damaged: move it aside"),
    ("malformed", "it is damaged: move it aside (sqlite3 .recover may save some of it)"),
    ("unable to open", "it cannot be opened: check owner and mode of the file and its directory"),
    ("i/o error", "the disk reports an error or is full: look into the system log"),
)


class NoRecording(Exception):
    """The recording cannot be read or written; `str()` is one line with the file and what to do."""


def in_words(path: Path, odd: Exception) -> NoRecording:
    """What went wrong with the file, and what to do."""
    if isinstance(odd, NoRecording):
        return odd
    if isinstance(odd, OSError):
        return NoRecording(
            f"{odd.filename or path}: {odd.strerror}: check owner and mode, and the space there"
        )
    said = str(odd).lower()
    return NoRecording(f"{path}: {next((words for word, words in _REMEDIES if word in said), str(odd))}")


def open_to_write(path: Path, patience: float = 5.0) -> sqlite3.Connection:
    """The file, made if there is none (0640: its group may read).

    Raises:
        OSError, sqlite3.Error, NoRecording: it cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o640))
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        if _is_empty(db):
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        check_format(db, path)
        db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing of what was committed; a machine that loses power may lose seconds.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA journal_size_limit = 8388608")
        db.execute("PRAGMA secure_delete = OFF")
        # A text that goes may take a row of others along (trigger text_gone).
        db.execute("PRAGMA recursive_triggers = ON")
        _make_tables(db)
    except BaseException:
        db.close()
        raise
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """The file, for reading only. Raises NoRecording."""
    if not path.exists():
        raise NoRecording(f"{path}: there is no recording: `mirrorgate record` keeps one")
    if path.is_dir():
        raise NoRecording(f"{path}: it is a directory: name the file of the recording")
    try:
        try:
            return _reading(path, "mode=ro")
        except sqlite3.OperationalError:
            # One that nobody writes to, in a directory in which nothing can be made beside it.
            if Path(f"{path}-wal").exists():
                raise
            return _reading(path, "mode=ro&immutable=1")
    except (sqlite3.Error, OSError) as odd:
        raise in_words(path, odd) from odd


def _reading(path: Path, how: str) -> sqlite3.Connection:
    name = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    db = sqlite3.connect(
        f"file:{name}?{how}", uri=True, timeout=5.0, isolation_level=None, check_same_thread=False
    )
    try:
        if _is_empty(db):
            raise NoRecording(f"{path}: nothing is recorded in it yet")
        check_format(db, path)
    except BaseException:
        db.close()
        raise
    return db


def identity(path: Path) -> tuple[int, int] | None:
    """Which file has this name now; None: there is none. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def check_format(db: sqlite3.Connection, path: Path) -> None:
    """Raises NoRecording: it is another program's file, or a newer mirrorgate's."""
    if _is_empty(db):
        return
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise NoRecording(f"{path}: this is no recording of mirrorgate: name another file")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise NoRecording(f"{path}: written by a newer mirrorgate (format {version}): update this one")


def _is_empty(db: sqlite3.Connection) -> bool:
    return not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]


def _make_tables(db: sqlite3.Connection) -> None:
    if not _is_empty(db):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for table in _TABLES:
            db.execute(table)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
