"""One viewer as the collector sees it: what he looks at, and what he has not been told yet.

Nothing waits in a queue. A viewer who is slow finds the newest of everything when he reads again; one who
does not read at all is let go.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from console.collector.protocol import Beat, Begin, Hello, Line, Told, Whole, line_of
from console.collector.shelf import Shelf, Slot
from console.model.pair_line import PairLine
from console.model.snapshot import Event

PATIENCE = 20.0
"""Seconds that a viewer may leave unread what was sent."""
_TOGETHER = 0.05
"""Seconds to wait after the first news, so that what comes together is sent together."""


class Viewer:
    """Takes news from the collector at any time; `serve` tells them."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        shelves: Mapping[str, Shelf],
        lines: Mapping[str, PairLine],
        events: Mapping[str, tuple[Event, ...]],
        beat: Callable[[], Beat],
        patience: float = PATIENCE,
    ) -> None:
        self._writer = writer
        self._shelves = shelves
        self._lines = lines
        self._events = events
        self._beat = beat
        self._patience = patience
        self._known: dict[str, dict[Slot, int]] = {}
        """Of each pair he looks at, which text of each slot he has."""
        self._begin: set[str] = set()
        self._slots: dict[str, set[Slot]] = {}
        self._other_lines = set(lines)
        self._beats = True
        self._news = asyncio.Event()
        self._news.set()

    def look(self, pairs: Iterable[str]) -> None:
        """Tell of these pairs whole from now on, each from its beginning unless it was looked at already."""
        wanted = {pair for pair in pairs if pair in self._shelves}
        for pair in wanted - self._known.keys():
            self._known[pair] = {}
            self._begin.add(pair)
            self._slots[pair] = set(self._shelves[pair].slots())
        for pair in self._known.keys() - wanted:
            del self._known[pair], self._slots[pair]
            self._begin.discard(pair)
            self._other_lines.add(pair)
        self._news.set()

    def changed(self, pair: str, slots: Iterable[Slot]) -> None:
        """Something of a pair is otherwise."""
        if pair in self._known:
            self._slots[pair].update(slots)
            self._news.set()

    def line(self, pair: str) -> None:
        """A pair's line is otherwise."""
        self._other_lines.add(pair)
        self._news.set()

    def beat(self) -> None:
        """It is time for a beat."""
        self._beats = True
        self._news.set()

    async def serve(self, hello: Hello) -> None:
        """Tell the viewer until he leaves; raises OSError then, TimeoutError when he does not read."""
        await self._send([hello])
        while True:
            await self._news.wait()
            await asyncio.sleep(_TOGETHER)
            self._news.clear()
            # The beat last: who has heard the first one has heard the lines.
            lines, self._other_lines = self._other_lines, set()
            await self._send(Line(self._lines[pair]) for pair in sorted(lines) if pair in self._lines)
            for pair in tuple(self._known):
                await self._tell(pair)
            if self._beats:
                self._beats = False
                await self._send([self._beat()])

    async def _tell(self, pair: str) -> None:
        # What he wishes may change at every await.
        begins = pair in self._begin
        if begins:
            self._begin.discard(pair)
            await self._send([Begin(pair, self._events.get(pair, ()))])
        if pair in self._known and self._slots[pair]:
            slots, self._slots[pair] = frozenset(self._slots[pair]), set()
            await self._send(self._shelves[pair].pieces(slots, self._known[pair]))
        if begins:
            await self._send([Whole(pair)])

    async def _send(self, messages: Iterable[Told]) -> None:
        for message in messages:
            self._writer.write(line_of(message))
            async with asyncio.timeout(self._patience):
                await self._writer.drain()
