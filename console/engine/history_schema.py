"""The tables of the history file, and how an older file becomes a newer one (`PRAGMA user_version`).

Names are kept plain on purpose: an administrator may ask the file with sqlite3(1), for example for a trend:
`SELECT r.started, m.value FROM runs r JOIN measures m ON m.run = r.id WHERE r.job = 'failover-drill' AND
m.name = 'rto.mount' ORDER BY r.started`. Times are Unix seconds of the console.
"""

import sqlite3

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            pair TEXT NOT NULL,
            job TEXT NOT NULL,
            operator TEXT NOT NULL,
            state TEXT NOT NULL,
            started REAL NOT NULL,
            ended REAL,
            safe_state TEXT NOT NULL,
            why TEXT NOT NULL,
            locks TEXT NOT NULL,
            revision INTEGER NOT NULL
        )""",
        "CREATE INDEX runs_by_time ON runs (pair, started)",
        "CREATE TABLE plans (run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE, json TEXT NOT NULL)",
        """
        CREATE TABLE steps (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
            position INTEGER NOT NULL,
            id TEXT NOT NULL,
            state TEXT NOT NULL,
            started REAL,
            ended REAL,
            exit_status INTEGER,
            out_length INTEGER NOT NULL,
            err_length INTEGER NOT NULL,
            why TEXT NOT NULL,
            guards TEXT NOT NULL,
            expects TEXT NOT NULL,
            percent INTEGER,
            eta REAL,
            attempt INTEGER NOT NULL,
            undoing INTEGER NOT NULL,
            PRIMARY KEY (run, position)
        )""",
        """
        CREATE TABLE output (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
            position INTEGER NOT NULL,
            stream TEXT NOT NULL,
            at INTEGER NOT NULL,
            length INTEGER NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (run, position, stream, at)
        )""",
        """
        CREATE TABLE events (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
            position INTEGER NOT NULL,
            at REAL NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (run, position)
        )""",
        """
        CREATE TABLE measures (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
            name TEXT NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (run, name)
        )""",
        "CREATE INDEX measures_by_name ON measures (name, run)",
    ),
    # Of older runs it is not known, and then a job that is not there may have run.
    ("ALTER TABLE steps ADD COLUMN reached INTEGER NOT NULL DEFAULT 1",),
    (
        "ALTER TABLE steps ADD COLUMN moved INTEGER",
        "ALTER TABLE steps ADD COLUMN total INTEGER",
        "ALTER TABLE steps ADD COLUMN rate REAL",
    ),
    ("ALTER TABLE steps ADD COLUMN tried INTEGER NOT NULL DEFAULT 0",),
)
"""Statements by version: the first entry makes version 1. Never change one that was released; append."""


class NewerHistory(Exception):
    """The file was written by a newer mirrorgate than this one."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring the file to the newest version, one transaction per version.

    Raises:
        NewerHistory: it is newer than this program.
        sqlite3.Error: it cannot be read or written.
    """
    while (version := _version(db)) < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        try:
            # Another console may have done it while this one waited for the lock.
            if _version(db) == version:
                for statement in MIGRATIONS[version]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version + 1:d}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    if version > len(MIGRATIONS):
        raise NewerHistory(f"version {version}, this program knows {len(MIGRATIONS)}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
