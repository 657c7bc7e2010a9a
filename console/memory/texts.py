"""Texts kept once and small: deflated, by the words of an earlier text of the same stream where that pays.

They live in three places of one table, each filled at its end and emptied at its beginning, so that whole
pages become free: what was written within the last hour, what is kept for a week, what is kept for a year. In
the first they stand on one whole text of their stream; in the others on the text before, a few in a row:
neighbours in time share most of their words. A text stands only on an earlier one of its own place.
"""

import hashlib
import sqlite3
import zlib
from dataclasses import dataclass

_LOOKED_UP = 256
"""Characters from which on a text is looked for among those in the file: a shorter one costs less again."""
_WORTH = 0.4
"""Part of a whole text's size up to which a text by the words of another is worth while."""
_ROW = 12
"""Texts that stand on one another at most."""
_SHORT_LOG = 40
"""Lines that are left of a mail log after a week."""
_LOG = b"\n## log\n"
HOURS, MINUTES, SECONDS = 1, 1 << 33, 1 << 36
"""Where the ids of each place begin."""


@dataclass(slots=True)
class _Base:
    id: int
    plain: bytes
    enough: int
    """Bytes from which on it is asked whether another text would serve better."""


class Texts:
    """Puts texts into the file; for each stream it knows one text that the next are deflated by."""

    def __init__(self) -> None:
        self._bases: dict[int, _Base] = {}
        self._ends: dict[int, int] = {}

    def forget(self) -> None:
        """What was put in last is not in the file after all."""
        self._bases.clear()

    def put(self, db: sqlite3.Connection, stream: int, text: str) -> int:
        """The id of a text, used once more."""
        plain = _plain(text)
        mark = _hash(plain) if len(text) >= _LOOKED_UP else None
        if mark is not None and (id := _find(db, mark, plain, SECONDS)) is not None:
            db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (id,))
            return id
        whole: bytes | None = None
        base = self._bases.get(stream)
        if base is not None:
            body = _deflated(plain, base.plain)
            if len(body) > base.enough:
                whole = _deflated(plain)
                base.enough = int(1.2 * len(body))
            if whole is None or len(body) <= _WORTH * len(whole):
                known = db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (base.id,))
                if known.rowcount:
                    return self._insert(db, SECONDS, mark, base.id, body)
        whole = _deflated(plain) if whole is None else whole
        id = self._insert(db, SECONDS, mark, None, whole)
        self._bases[stream] = _Base(id, plain, max(32, len(whole) // 8))
        return id

    def move(self, db: sqlite3.Connection, id: int, place: int, before: int | None) -> int:
        """Move one use of a text to another place, there it may stand on `before`; returns its id there.

        Where texts are kept for a year a mail log is shortened to its end.
        """
        plain = _read(db, id)[0]
        if place == HOURS:
            plain = _short(plain)
        mark = _hash(plain) if len(plain) >= _LOOKED_UP else None
        there = None if mark is None else _find(db, mark, plain, place)
        if there is not None:
            db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (there,))
        else:
            body, base = _deflated(plain), None
            if before is not None and _place(before) == place:
                words, standing = _read(db, before)
                by_words = _deflated(plain, words)
                if words and standing < _ROW and len(by_words) < 0.9 * len(body):
                    body, base = by_words, before
                    db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (base,))
            there = self._insert(db, place, mark, base, body)
        drop(db, id)
        return there

    def _insert(
        self, db: sqlite3.Connection, place: int, mark: int | None, base: int | None, body: bytes
    ) -> int:
        if place not in self._ends:
            row = db.execute("SELECT max(id) FROM texts WHERE id < ?", (_following(place),)).fetchone()
            self._ends[place] = max(place - 1, row[0] or 0)
        # Never one that was given before: what is gone may still be remembered above.
        self._ends[place] += 1
        id = self._ends[place]
        db.execute(
            "INSERT INTO texts (id, hash, base, uses, body) VALUES (?, ?, ?, 1, ?)", (id, mark, base, body)
        )
        return id


def read_text(db: sqlite3.Connection, id: int) -> str:
    """A text by its id; empty when it is not there."""
    return _read(db, id)[0].decode("utf-8", "surrogatepass")


def drop(db: sqlite3.Connection, id: int) -> None:
    """A text is used once less; without a use it goes, and what it stood on is used once less."""
    db.execute("UPDATE texts SET uses = uses - 1 WHERE id = ?", (id,))
    db.execute("DELETE FROM texts WHERE id = ? AND uses < 1", (id,))


def _place(id: int) -> int:
    return next(place for place in (SECONDS, MINUTES, HOURS) if id >= place)


def _following(place: int) -> int:
    return {HOURS: MINUTES, MINUTES: SECONDS, SECONDS: 1 << 62}[place]


def _short(plain: bytes) -> bytes:
    """The section of the mail with the end of its log; any other text as it is."""
    place = plain.find(_LOG)
    if not plain.startswith(b"## qstat\n") or place < 0:
        return plain
    head, log = plain[: place + len(_LOG)], plain[place + len(_LOG) :]
    return head + b"".join(log.splitlines(keepends=True)[-_SHORT_LOG:])


def _read(db: sqlite3.Connection, id: int) -> tuple[bytes, int]:
    """A text, and on how many others it stands."""
    bodies: list[bytes] = []
    following: int | None = id
    while following is not None:
        row = db.execute("SELECT body, base FROM texts WHERE id = ?", (following,)).fetchone()
        if row is None:
            return b"", 0
        bodies.append(row[0])
        following = row[1]
    plain = b""
    for body in reversed(bodies):
        inflating = zlib.decompressobj(-15, zdict=plain) if plain else zlib.decompressobj(-15)
        plain = inflating.decompress(body) + inflating.flush()
    return plain, len(bodies) - 1


def _find(db: sqlite3.Connection, mark: int, plain: bytes, place: int) -> int | None:
    """A text that is in a place already."""
    known = db.execute(
        "SELECT id FROM texts WHERE hash = ? AND id >= ? AND id < ?", (mark, place, _following(place))
    ).fetchall()
    return next((int(id) for (id,) in known if _read(db, id)[0] == plain), None)


def _hash(plain: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big", signed=True)


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _deflated(plain: bytes, words: bytes = b"") -> bytes:
    press = zlib.compressobj(9, wbits=-15, zdict=words) if words else zlib.compressobj(9, wbits=-15)
    return press.compress(plain) + press.flush()
