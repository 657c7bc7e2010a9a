"""Pairs that a viewer reads itself; which ones changes as a collector comes and goes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable

from console.model.snapshot import PairState
from console.watch.pair_watch import PairWatch


class Polling:
    """Watches the pairs that it was told to."""

    def __init__(self, watch_of: Callable[[str], PairWatch]) -> None:
        self._watch_of = watch_of
        self._watches: dict[str, PairWatch] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._latest: dict[str, PairState] = {}
        self._news = asyncio.Event()

    @property
    def pairs(self) -> frozenset[str]:
        """Those that are watched."""
        return frozenset(self._watches)

    def watch(self, pairs: Iterable[str]) -> None:
        """Watch these pairs and no others from now on."""
        wanted = frozenset(pairs)
        for pair in self.pairs - wanted:
            del self._watches[pair]
            self._latest.pop(pair, None)
            # It ends by itself; `states` looks at how.
            self._tasks[pair].cancel()
        for pair in wanted - self.pairs:
            watch = self._watches[pair] = self._watch_of(pair)
            self._tasks[pair] = asyncio.create_task(self._follow(watch, self._tasks.get(pair)))
        self._news.set()

    def settled(self, pair: str) -> bool:
        """Whether both nodes of a watched pair have said everything once, or cannot be reached."""
        watch = self._watches.get(pair)
        return watch is not None and watch.settled

    def retry_now(self) -> None:
        """Try nodes that are not connected at once."""
        for watch in self._watches.values():
            watch.retry_now()

    async def states(self) -> AsyncGenerator[PairState, None]:
        """Each new state; a reader that falls behind gets only the latest of each pair."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                for pair, task in tuple(self._tasks.items()):
                    if task.done():
                        del self._tasks[pair]
                        if not task.cancelled():
                            task.result()
                ready, self._latest = self._latest, {}
                for state in ready.values():
                    yield state
        finally:
            tasks = tuple(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, watch: PairWatch, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await asyncio.wait({before})
            states = watch.states()
            try:
                async for state in states:
                    self._latest[watch.pair.name] = state
                    self._news.set()
            finally:
                await states.aclose()
        finally:
            self._news.set()
