"""The live input of a session: bytes as they arrive, handed out in lines or chunks."""

import asyncio
import re

ENOUGH = 1 << 20
"""Bytes that nobody has read yet, from which on the client has to wait."""


class LineInput:
    """What a client sent and nobody has read yet."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._ended = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def ended(self) -> bool:
        """True when the client closed its side and everything was read."""
        return self._ended and not self._kept

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._kept += data
        self._news.set()

    async def room(self) -> None:
        """Wait until somebody has read most of what is here."""
        while len(self._kept) >= ENOUGH:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """The client closed its side."""
        self._ended = True
        self._news.set()

    async def line(self, limit: float | None = None) -> bytes | None:
        """The next line with its newline, the rest without one at the end, or None after `limit` seconds."""
        while b"\n" not in self._kept and not self._ended:
            if not await self._wait(limit):
                return None
        end = self._kept.find(b"\n") + 1 or len(self._kept)
        return self._take(end)

    async def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes as soon as there are any, everything when negative; b"" at the end."""
        while not self._ended and (size < 0 or not self._kept):
            await self._wait(None)
        return self._take(len(self._kept) if size < 0 else min(size, len(self._kept)))

    def take_all(self) -> bytes:
        """Everything that is here now."""
        return self._take(len(self._kept))

    def _take(self, size: int) -> bytes:
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        self._room.set()
        return taken

    async def _wait(self, limit: float | None) -> bool:
        self._news.clear()
        if limit is None:
            await self._news.wait()
            return True
        try:
            await asyncio.wait_for(self._news.wait(), limit)
        except TimeoutError:
            return False
        return True


def assignments(line: str, ifs: str, words: list[str]) -> str:
    """What `read` with these words would assign, as shell text."""
    raw = False
    names: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-") and not names:
            raw |= "r" in word
            skip = word[-1:] in "tpdnu"
        else:
            names.append(word)
    if not raw:
        line = re.sub(r"\\(.)", r"\1", line)
    separators = " \t\n" if ifs == "unset" else ifs
    blanks = "".join(c for c in separators if c in " \t\n")
    names = names or ["REPLY"]
    values: list[str] = []
    rest = line.strip(blanks) if blanks else line
    for _ in names[:-1]:
        found = re.match(f"([^{re.escape(separators)}]*)[{re.escape(separators)}]?(.*)$", rest, re.S)
        if not separators or found is None:
            values.append(rest)
            rest = ""
        else:
            values.append(found[1])
            rest = found[2].lstrip(blanks) if blanks else found[2]
    values.append(rest)
    quoted = ("'" + value.replace("'", "'\\''") + "'" for value in values)
    return "; ".join(f"{name}={value}" for name, value in zip(names, quoted, strict=True))
