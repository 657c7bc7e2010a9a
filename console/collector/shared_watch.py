"""A viewer's source of states: a collector where there is one, else the nodes themselves."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from console.collector.client import Client, Heard, NoCollector
from console.collector.polling import Polling
from console.collector.protocol import Beat, Begin, Line, Whole, digest
from console.model.asking import Asker
from console.model.config import PairConfig
from console.model.pair_line import PairLine
from console.model.snapshot import PairState
from console.model.tape import Taped
from console.watch.node_watch import Opener, lane_plans, sections_of
from console.watch.pair_watch import PairWatch
from console.watch.taped import TapedPair

GRACE = 3.0
"""Seconds that a collector which was there may be away before the nodes are read without it."""
AGAIN = 5.0
"""Seconds between two looks for a collector that is not there."""
_AT_ONCE = 0.5
_TOGETHER = 0.04
"""Seconds to wait after the first piece, so that both nodes' answers are drawn once."""
_log = logging.getLogger("mirrorgate.collector")

News = PairState | PairLine
Beside = Callable[[AsyncGenerator[PairState, None]], AsyncGenerator[PairState, None]]


class SharedWatching:
    """Satisfies the app's `Watching`; `say` hears in a few words where the states come from."""

    def __init__(
        self,
        pairs: Sequence[PairConfig],
        socket: Path,
        reach: Callable[[Asker], Opener],
        *,
        beside: Beside = lambda states: states,
        grace: float = GRACE,
        again: float = AGAIN,
    ) -> None:
        """`reach` says how the nodes are read; `beside` passes on the states that were read here."""
        self._pairs = {pair.name: pair for pair in pairs}
        self._digests = {pair.name: digest(pair) for pair in pairs}
        self._socket = socket
        self._reach = reach
        self._beside = beside
        self._grace = grace
        self._again = again
        self._client: Client | None = None
        self._polling: Polling | None = None
        self._beats = 0
        self._served: frozenset[str] = frozenset()
        """Pairs that the collector reads as they are configured here."""
        self._looking = ""
        self._tape: TapedPair | None = None
        self._whole = False
        self._lines: dict[str, PairLine] = {}
        self._told: set[str] = set()
        """Pairs that are shown as the collector told of them."""
        self._latest: dict[str, News | TapedPair] = {}
        self._news = asyncio.Event()
        self._words = ""
        self.say: Callable[[str], None] = lambda words: None
        self.asker: Asker | None = None
        """Who is asked, once the console follows."""

    async def states(self, asker: Asker) -> AsyncGenerator[News, None]:
        """Whole states of the pair that is looked at and of those read here, lines of the others."""
        self.asker = asker
        reach = self._reach(asker)
        self._polling = Polling(lambda name: PairWatch(self._pairs[name], reach))
        tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._poll(self._polling))]
        try:
            while True:
                waiting = asyncio.create_task(self._news.wait())
                try:
                    await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiting.cancel()
                for task in tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(_TOGETHER)
                self._news.clear()
                ready, self._latest = self._latest, {}
                for news in ready.values():
                    yield news.state() if isinstance(news, TapedPair) else news
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def look(self, pair: str) -> None:
        """Whole states of this pair are wanted from now on."""
        before, self._looking = self._looking, pair
        if before != pair and before in self._told:
            # A line in place of a whole state that gets old.
            self._show(before, self._lines[before])
        self._wish()

    def retry_now(self) -> None:
        """Reconnect to every node that is not connected, at once."""
        if self._client is not None:
            self._client.retry()
        if self._polling is not None:
            self._polling.retry_now()

    async def _follow(self) -> None:
        """Look for the collector, take what it tells, look again; never ends."""
        loop = asyncio.get_running_loop()
        alone_at = loop.time()
        while True:
            try:
                client = await Client.open(self._socket)
                try:
                    await self._take_from(client)
                finally:
                    client.close()
            except NoCollector as odd:
                why = str(odd)
            if self._client is not None:
                _log.warning("%s", why)
                # One that only ever begins gets no more time.
                if self._steady:
                    alone_at = loop.time() + self._grace
                    self._say(f"{why}: trying again")
                self._client, self._served, self._tape, self._beats = None, frozenset(), None, 0
            if loop.time() >= alone_at:
                self._say(f"polling itself: {why}")
                self._watch(self._pairs.keys())
                await asyncio.sleep(self._again)
            else:
                await asyncio.sleep(min(_AT_ONCE, self._grace))

    async def _take_from(self, client: Client) -> None:
        """Raises NoCollector in the end."""
        served = frozenset(name for name, known in self._digests.items() if client.pairs.get(name) == known)
        async for heard in client.heard():
            if self._client is None:
                # It counts from its first word after the greeting on.
                self._client, self._served = client, served
                self._watch(self._polled | (self._pairs.keys() - served))
                self._wish()
            self._take(heard)

    def _take(self, heard: Heard) -> None:
        match heard:
            case Begin(pair, events) if pair == self._looking and pair in self._served:
                config = self._pairs[pair]
                self._tape = TapedPair(config, sections_of(lane_plans(config)), events)
                self._whole = False
            case Whole(pair) if self._tape is not None and pair == self._tape.pair.name:
                self._whole = True
                self._show_tape(self._tape)
            case Taped(pair=pair) if self._tape is not None and pair == self._tape.pair.name:
                self._tape.apply(heard)
                self._show_tape(self._tape)
            case Line(line) if line.pair in self._served:
                self._take_line(line)
            case Beat(viewers, seen):
                for pair in seen.keys() & self._lines.keys() & self._served:
                    self._take_line(replace(self._lines[pair], last_seen=seen[pair]))
                self._beats += 1
                self._say(self._counted(viewers))

    def _take_line(self, line: PairLine) -> None:
        pair = line.pair
        self._lines[pair] = line
        if pair in self._polled:
            # A collector that has only just begun knows less than what was read here meanwhile.
            if not line.settled or not self._steady:
                return
            self._watch(self._polled - {pair})
            self._wish()
        if pair != self._looking:
            self._show(pair, line)

    def _show_tape(self, tape: TapedPair) -> None:
        # Half of what is known would look like something that happens when the rest comes.
        if self._whole and tape.pair.name == self._looking:
            self._show(tape.pair.name, tape)

    def _show(self, pair: str, news: PairLine | TapedPair) -> None:
        self._told.add(pair)
        self._latest[pair] = news
        self._news.set()

    async def _poll(self, polling: Polling) -> None:
        states = self._beside(polling.states())
        try:
            async for state in states:
                pair = state.snapshot.config.name
                if pair in self._told and not polling.settled(pair):
                    continue
                self._told.discard(pair)
                self._latest[pair] = state
                self._news.set()
        finally:
            await states.aclose()

    @property
    def _steady(self) -> bool:
        return self._beats > 1

    @property
    def _polled(self) -> frozenset[str]:
        return self._polling.pairs if self._polling is not None else frozenset()

    def _watch(self, pairs: Iterable[str]) -> None:
        if self._polling is not None:
            self._polling.watch(pairs)

    def _wish(self) -> None:
        if self._client is not None:
            self._client.look({self._looking} & (self._served - self._polled))

    def _counted(self, viewers: int) -> str:
        words = f"collector, {viewers} viewer{'' if viewers == 1 else 's'}"
        here = len(self._polled)
        return f"{words}; {here} pair{'' if here == 1 else 's'} read here" if here else words

    def _say(self, words: str) -> None:
        if words != self._words:
            self._words = words
            self.say(words)
