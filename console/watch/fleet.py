"""Several pairs watched in one process, as one stream of states."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from console.model.snapshot import PairState
from console.watch.pair_watch import PairWatch


class Fleet:
    """Every pair's watch; a slow or dead pair never holds up another."""

    def __init__(self, pairs: Sequence[PairWatch]) -> None:
        self._pairs = tuple(pairs)

    def retry_now(self) -> None:
        """Reconnect everywhere at once."""
        for pair in self._pairs:
            pair.retry_now()

    async def states(self) -> AsyncGenerator[PairState, None]:
        """Each new state of each pair; a reader that falls behind gets only the latest of each."""
        latest: dict[str, PairState] = {}
        news = asyncio.Event()

        async def follow(pair: PairWatch) -> None:
            states = pair.states()
            try:
                async for state in states:
                    latest[state.snapshot.config.name] = state
                    news.set()
            finally:
                await states.aclose()

        tasks = [asyncio.create_task(follow(pair)) for pair in self._pairs]
        for task in tasks:
            task.add_done_callback(lambda _: news.set())
        try:
            while True:
                await news.wait()
                for task in tasks:
                    if task.done():
                        task.result()
                news.clear()
                ready, latest = latest, {}
                for state in ready.values():
                    yield state
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
