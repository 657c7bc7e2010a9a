"""Both nodes of a pair watched together: snapshots in, `PairState` out."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable

from console.model.config import PairConfig
from console.model.snapshot import PairSnapshot, PairState
from console.model.tape import NodeNews, Taped
from console.model.words import Home
from console.watch.composing import Composing
from console.watch.node_watch import NodeWatch, Opener

_TOGETHER = 0.04
"""Seconds to wait after the first change, so that both nodes' answers to one tick are drawn once."""
_log = logging.getLogger("mirrorgate.watch")


class PairWatch:
    """Watches a pair for as long as its states are read; `told` hears every piece that is learnt."""

    def __init__(
        self, pair: PairConfig, open_session: Opener, told: Callable[[Taped], None] | None = None
    ) -> None:
        self.pair = pair
        self._news = asyncio.Event()
        self._told = told
        self.master, self.slave = (
            NodeWatch(node, pair, open_session, self._news.set, told=self._teller(node.home))
            for node in (pair.master, pair.slave)
        )
        self._composing = Composing(pair)
        self.settled = False
        """Whether in the newest state each node has answered everything once, or cannot be reached."""

    def _teller(self, home: Home) -> Callable[[NodeNews], None] | None:
        told = self._told
        if told is None:
            return None
        return lambda news: told(Taped(self.pair.name, home, time.time(), news))

    def retry_now(self) -> None:
        """Reconnect to both nodes at once, without waiting for the backoff."""
        self.master.retry_now()
        self.slave.retry_now()

    def snapshot(self) -> PairSnapshot:
        """Both nodes as they were last read."""
        return PairSnapshot(self.pair, self.master.view, self.slave.view, time.time())

    async def run(self) -> None:
        """Keep both nodes' facts current without deriving anything from them; ends only by cancellation."""
        async with asyncio.TaskGroup() as nodes:
            nodes.create_task(self.master.run())
            nodes.create_task(self.slave.run())

    async def states(self) -> AsyncGenerator[PairState, None]:
        """Yield the pair's state each time something was read; ends only by cancellation or `aclose`."""
        tasks = [asyncio.create_task(node.run()) for node in (self.master, self.slave)]
        try:
            while True:
                yield self._compose()
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
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _compose(self) -> PairState:
        snapshot = self.snapshot()
        self.settled = self.master.settled and self.slave.settled
        state = self._composing.state(snapshot, settled=self.settled)
        for event in reversed(self._composing.fresh):
            _log.info("%s %s %s: %s", self.pair.name, event.node or "-", event.kind, event.text)
        return state
