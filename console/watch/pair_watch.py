"""Both nodes of a pair watched together: snapshots in, `PairState` out."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator

from console.health.events import changes, finding_changes
from console.health.findings import findings
from console.health.history import History, queue_depths, remember
from console.health.progress import progress
from console.health.readiness import readiness
from console.health.truths import truths
from console.model.config import PairConfig
from console.model.snapshot import Event, Finding, PairSnapshot, PairState
from console.watch.node_watch import NodeWatch, Opener

_TOGETHER = 0.04
"""Seconds to wait after the first change, so that both nodes' answers to one tick are drawn once."""
_EVENTS_KEPT = 500
_log = logging.getLogger("mirrorgate.watch")


class PairWatch:
    """Watches a pair for as long as its states are read."""

    def __init__(self, pair: PairConfig, open_session: Opener) -> None:
        self.pair = pair
        self._news = asyncio.Event()
        self.master = NodeWatch(pair.master, pair, open_session, self._news.set)
        self.slave = NodeWatch(pair.slave, pair, open_session, self._news.set)
        self._before: PairSnapshot | None = None
        self._history = History()
        self._events: tuple[Event, ...] = ()
        self._found: tuple[Finding, ...] = ()
        self.settled = False
        """Whether in the newest state each node has answered everything once, or cannot be reached."""

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
        self._history = remember(self._history, snapshot)
        found = findings(snapshot, self._history)
        fresh = changes(self._before, snapshot)
        # What is found before both nodes have answered once is no news.
        if self.settled:
            fresh = (*finding_changes(self._found, found, snapshot.now), *fresh)
        self._found = found
        self.settled = self.master.settled and self.slave.settled
        for event in reversed(fresh):
            _log.info("%s %s %s: %s", self.pair.name, event.node or "-", event.kind, event.text)
        self._events = (*fresh, *self._events)[:_EVENTS_KEPT]
        self._before = snapshot
        master, slave = snapshot.nodes
        ready = readiness(snapshot)
        serving = slave if ready.serving == slave.name else master
        return PairState(
            snapshot=snapshot,
            truths=(truths(master, self.pair, slave), truths(slave, self.pair, master)),
            findings=found,
            readiness=ready,
            events=self._events,
            sync=progress(self._history, snapshot),
            queue_history=queue_depths(self._history, serving),
        )
