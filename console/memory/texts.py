"""Texts kept once and small: deflated, by the words of an earlier text of the same stream where that pays.

A text that others are deflated by is itself whole, so that one look is enough to read any of them.
"""

import hashlib
import sqlite3
import zlib
from dataclasses import dataclass

_LOOKED_UP = 256
"""Characters from which on a text is looked for among those in the file: a shorter one costs less again."""
_WORTH = 0.6
"""Part of a whole text's size up to which a text by the words of another is worth while."""


@dataclass(slots=True)
class _Base:
    id: int
    plain: bytes
    size: int


class Texts:
    """Puts texts into the file; for each stream it knows one text that the next are deflated by."""

    def __init__(self) -> None:
        self._bases: dict[int, _Base] = {}

    def forget(self) -> None:
        """What was put in last is not in the file after all."""
        self._bases.clear()

    def put(self, db: sqlite3.Connection, stream: int, text: str) -> int:
        """The id of a text, used once more."""
        plain = text.encode("utf-8", "surrogatepass")
        mark = _hash(plain) if len(text) >= _LOOKED_UP else None
        if mark is not None and (id := _find(db, mark, text)) is not None:
            db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (id,))
            return id
        base = self._bases.get(stream)
        if base is not None:
            body = _deflated(plain, base.plain)
            if len(body) <= _WORTH * base.size * max(1.0, len(plain) / max(1, len(base.plain))):
                known = db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (base.id,))
                if known.rowcount:
                    return _insert(db, mark, base.id, body)
        body = _deflated(plain)
        id = _insert(db, mark, None, body)
        self._bases[stream] = _Base(id, plain, len(body))
        return id


def read_text(db: sqlite3.Connection, id: int) -> str:
    """A text by its id; empty when it is not there."""
    row = db.execute(
        "SELECT t.body, b.body FROM texts t LEFT JOIN texts b ON b.id = t.base WHERE t.id = ?", (id,)
    ).fetchone()
    if row is None:
        return ""
    body, base = row
    words = zlib.decompressobj(zdict=zlib.decompress(base)) if base is not None else zlib.decompressobj()
    return (words.decompress(body) + words.flush()).decode("utf-8", "surrogatepass")


def make_whole(db: sqlite3.Connection, id: int) -> None:
    """Deflate a text by itself where the text it stands on is there for it alone."""
    row = db.execute(
        "SELECT t.base FROM texts t JOIN texts b ON b.id = t.base WHERE t.id = ? AND b.uses = 1", (id,)
    ).fetchone()
    if row is None:
        return
    body = _deflated(read_text(db, id).encode("utf-8", "surrogatepass"))
    db.execute("UPDATE texts SET base = NULL, body = ? WHERE id = ?", (body, id))
    db.execute("DELETE FROM texts WHERE id = ?", (row[0],))


def _insert(db: sqlite3.Connection, mark: int | None, base: int | None, body: bytes) -> int:
    return (
        db.execute(
            "INSERT INTO texts (hash, base, uses, body) VALUES (?, ?, 1, ?)", (mark, base, body)
        ).lastrowid
        or 0
    )


def _find(db: sqlite3.Connection, mark: int, text: str) -> int | None:
    for (id,) in db.execute("SELECT id FROM texts WHERE hash = ?", (mark,)).fetchall():
        if read_text(db, id) == text:
            return int(id)
    return None


def _hash(plain: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big", signed=True)


def _deflated(plain: bytes, words: bytes | None = None) -> bytes:
    press = zlib.compressobj(9, zdict=words) if words else zlib.compressobj(9)
    return press.compress(plain) + press.flush()
