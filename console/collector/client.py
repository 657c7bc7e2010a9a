"""A viewer's end of the socket: what a collector says, as values."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from console.collector.protocol import (
    BEAT,
    LONGEST,
    VERSION,
    Again,
    Beat,
    Begin,
    Full,
    Hello,
    Line,
    Linked,
    Look,
    Lost,
    Read,
    Retry,
    Told,
    Whole,
    Wish,
    line_of,
    taped,
    told,
)
from console.model.tape import SectionRead, Taped
from console.model.words import Home
from console.parse.sections import SECTION_FIELDS

CONNECT_LIMIT = 5.0
"""Seconds to connect and hear the first word."""
SILENCE = 5 * BEAT
"""Seconds without a word after which a collector does not count any more."""

Heard = Begin | Whole | Taped | Line | Beat


class NoCollector(Exception):
    """There is none, or it says nothing of use; `str()` is a few words."""


class Client:
    """One connection to a collector."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: Hello, silence: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._silence = silence
        self._texts: dict[tuple[str, Home, str], SectionRead] = {}
        self._looking: frozenset[str] = frozenset()
        self.pairs = dict(hello.pairs)
        """Digest of the configuration of each pair that the collector reads."""

    @classmethod
    async def open(cls, path: Path, limit: float = CONNECT_LIMIT, silence: float = SILENCE) -> "Client":
        """Connect; raises NoCollector."""
        try:
            async with asyncio.timeout(limit):
                reader, writer = await asyncio.open_unix_connection(str(path), limit=LONGEST)
                try:
                    return cls(reader, writer, _hello(await _next(reader)), silence)
                except BaseException:
                    writer.transport.abort()
                    raise
        except TimeoutError:
            raise NoCollector("the collector does not answer") from None
        except PermissionError:
            raise NoCollector("no right to use the collector's socket") from None
        except OSError:
            raise NoCollector("no collector") from None

    async def heard(self) -> AsyncIterator[Heard]:
        """What the collector says, until it stops: raises NoCollector then."""
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    message = await _next(self._reader)
            except TimeoutError:
                raise NoCollector("the collector says nothing any more") from None
            except OSError:
                raise NoCollector("the collector is gone") from None
            if (news := self._understood(message)) is not None:
                yield news

    def look(self, pairs: Iterable[str]) -> None:
        """Wish for every piece of these pairs."""
        wanted = frozenset(pairs)
        if wanted != self._looking:
            self._looking = wanted
            self._texts = {key: text for key, text in self._texts.items() if key[0] in wanted}
            self._wish(Look(tuple(sorted(wanted))))

    def retry(self) -> None:
        """Wish that nodes that are not connected are tried now."""
        self._wish(Retry())

    def close(self) -> None:
        """Leave."""
        self._writer.transport.abort()

    def _wish(self, wish: Wish) -> None:
        if not self._writer.is_closing():
            self._writer.write(line_of(wish))

    def _understood(self, message: Told) -> Heard | None:
        """A message as a viewer takes it; None: it is of no use to this one."""
        match message:
            case Begin(pair):
                self._texts = {key: text for key, text in self._texts.items() if key[0] != pair}
                return message
            case Read(pair, home, news):
                if news.section not in SECTION_FIELDS:
                    return None
                self._texts[(pair, home, news.section)] = news
                return taped(message, time.time())
            case Again(pair, home, section, taken):
                text = self._texts.get((pair, home, section))
                if text is None:
                    # Told before it heard that the pair is looked at again: it begins anew in a moment.
                    return None
                read = SectionRead(section, text.text, text.exit_status, taken)
                return Taped(pair, home, time.time(), read)
            case Lost() | Linked():
                return taped(message, time.time())
            case Whole() | Line() | Beat():
                return message
            case Full() | Hello():
                return None


async def _next(reader: asyncio.StreamReader) -> Told:
    try:
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise NoCollector("the collector is gone")
        return told(line)
    except ValueError as odd:
        raise NoCollector("the collector says what cannot be understood") from odd


def _hello(message: Told) -> Hello:
    match message:
        case Full(most):
            raise NoCollector(f"the collector has {most} viewers already")
        case Hello(version=version) if version != VERSION:
            raise NoCollector("the collector is of another version")
        case Hello():
            return message
    raise NoCollector("what answers there is no collector")
