"""The collector: every pair watched once, kept on its shelf, and told to hooks, recorder and viewers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from console.collector.protocol import digest
from console.collector.server import Server
from console.collector.shelf import Shelf
from console.collector.socket_file import SocketFile
from console.health.pair_line import line_of
from console.model.config import PairConfig
from console.model.snapshot import PairState
from console.model.tape import Taped
from console.watch.fleet import Fleet
from console.watch.node_watch import Opener, lane_plans, sections_of
from console.watch.pair_watch import PairWatch


class Keeper(Protocol):
    """Who keeps a recording beside (`console.memory`); neither call waits or raises."""

    def take(self, taped: Taped) -> None:
        """A piece was learnt."""
        ...

    def follow(self, state: PairState, *, settled: bool) -> None:
        """A pair has a new state."""
        ...


Beside = Callable[[AsyncGenerator[PairState, None]], AsyncGenerator[PairState, None]]
"""What passes states on and does something with each (the hooks)."""


class Collecting:
    """One process's watch over all of its pairs."""

    def __init__(
        self,
        pairs: Sequence[PairConfig],
        open_session: Opener,
        *,
        beside: Beside = lambda states: states,
        keeper: Keeper | None = None,
        server: Callable[..., Server] = Server,
    ) -> None:
        self._watches = {pair.name: PairWatch(pair, open_session, self._learnt) for pair in pairs}
        self._shelves = {pair.name: Shelf(pair.name, sections_of(lane_plans(pair))) for pair in pairs}
        self._beside = beside
        self._keeper = keeper
        self.server = server(self._shelves, {pair.name: digest(pair) for pair in pairs}, self.retry_now)

    def retry_now(self) -> None:
        """Reconnect to every node that is not connected, at once."""
        for watch in self._watches.values():
            watch.retry_now()

    async def run(self, file: SocketFile) -> None:
        """Watch and serve at `file` until cancelled; raises NoSocket where that is lost to another."""
        both = {asyncio.create_task(self.server.serve(file)), asyncio.create_task(self._watch())}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    def _learnt(self, piece: Taped) -> None:
        self.server.changed(piece.pair, self._shelves[piece.pair].put(piece))
        if self._keeper is not None:
            self._keeper.take(piece)

    async def _watch(self) -> None:
        states = self._beside(Fleet(tuple(self._watches.values())).states())
        try:
            async for state in states:
                self._take(state)
        finally:
            await states.aclose()

    def _take(self, state: PairState) -> None:
        settled = self._watches[state.snapshot.config.name].settled
        self.server.take(line_of(state, settled=settled), state.events)
        if self._keeper is not None:
            self._keeper.follow(state, settled=settled)
