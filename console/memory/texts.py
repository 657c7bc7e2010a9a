"""Texts kept once and small: deflated, by the words of an earlier text of the same stream where that pays.

What was written within the last hour stands on one whole text of its stream. What is kept when that is thinned out
stands on the text before it, a few in a row: neighbours in time share most of their words. A text stands only on
one with a smaller id, so that none ever stands on itself.
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
_LOG = "\n## log\n"


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

    def forget(self) -> None:
        """What was put in last is not in the file after all."""
        self._bases.clear()

    def put(self, db: sqlite3.Connection, stream: int, text: str) -> int:
        """The id of a text, used once more."""
        plain = _plain(text)
        mark = _hash(plain) if len(text) >= _LOOKED_UP else None
        if mark is not None and (id := _find(db, mark, text)) is not None:
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
                    return _insert(db, mark, base.id, body)
        whole = _deflated(plain) if whole is None else whole
        id = _insert(db, mark, None, whole)
        self._bases[stream] = _Base(id, plain, max(32, len(whole) // 8))
        return id


def read_text(db: sqlite3.Connection, id: int) -> str:
    """A text by its id; empty when it is not there."""
    return _read(db, id)[0].decode("utf-8", "surrogatepass")


def stand_on(db: sqlite3.Connection, id: int, before: int | None) -> None:
    """Have a text stand on the one before it in its stream, or by itself where that is smaller."""
    plain, below = _read(db, id)
    row = db.execute("SELECT base FROM texts WHERE id = ?", (id,)).fetchone()
    if row is None or before == id or (row[0] == before and below <= _ROW):
        return
    body, base = _deflated(plain), None
    if before is not None and before < id:
        words, standing = _read(db, before)
        by_words = _deflated(plain, words)
        if words and standing < _ROW and len(by_words) < 0.9 * len(body):
            body, base = by_words, before
            db.execute("UPDATE texts SET uses = uses + 1 WHERE id = ?", (base,))
    db.execute("UPDATE texts SET base = ?, body = ? WHERE id = ?", (base, body, id))
    if row[0] is not None:
        drop(db, row[0])


def shorten(db: sqlite3.Connection, id: int) -> None:
    """Of a mail log keep only the last lines. One that others stand on stays: they need all of it."""
    row = db.execute("SELECT base FROM texts WHERE id = ? AND uses = 1", (id,)).fetchone()
    if row is None:
        return
    plain = _read(db, id)[0]
    short = _short(plain)
    if len(short) < len(plain):
        words = b"" if row[0] is None else _read(db, row[0])[0]
        db.execute("UPDATE texts SET hash = NULL, body = ? WHERE id = ?", (_deflated(short, words), id))


def drop(db: sqlite3.Connection, id: int) -> None:
    """A text is used once less; without a use it goes, and what it stood on is used once less."""
    db.execute("UPDATE texts SET uses = uses - 1 WHERE id = ?", (id,))
    db.execute("DELETE FROM texts WHERE id = ? AND uses < 1", (id,))


def _short(plain: bytes) -> bytes:
    """The section of the mail with the end of its log; any other text as it is."""
    place = plain.find(_LOG.encode())
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


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _deflated(plain: bytes, words: bytes = b"") -> bytes:
    press = zlib.compressobj(9, wbits=-15, zdict=words) if words else zlib.compressobj(9, wbits=-15)
    return press.compress(plain) + press.flush()
