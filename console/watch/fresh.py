"""Fresh readings of a pair for whoever is about to change it, from the watch that screens draw."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from console.model.config import PairConfig
from console.model.snapshot import PairSnapshot
from console.watch.node_watch import Opener
from console.watch.pair_watch import PairWatch


class PairEyes:
    """Reads a pair on demand. The watch has to run: in a console that follows its states, or by `open`."""

    def __init__(self, watch: PairWatch) -> None:
        self.watch = watch

    @classmethod
    @asynccontextmanager
    async def open(cls, pair: PairConfig, open_session: Opener) -> AsyncIterator["PairEyes"]:
        """Watch a pair in the background while the block runs: for the command line, where no screen does."""
        watch = PairWatch(pair, open_session)
        watching = asyncio.create_task(watch.run())
        try:
            yield cls(watch)
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            if not watching.cancelled():
                # Only a bug ends a watch by itself; it must not pass for a node that does not answer.
                watching.result()

    async def fresh(self, limit: float = 5.0) -> PairSnapshot:
        """Both nodes as read after this call began; at most `limit` seconds.

        What was not answered in that time is unknown, and so is all of a node that is not connected. Mail and
        free disk space are not waited for: they are as the watch last read them.
        """
        master, slave = await asyncio.gather(self.watch.master.fresh(limit), self.watch.slave.fresh(limit))
        return PairSnapshot(self.watch.pair, master, slave, time.time())

    def latest(self) -> PairSnapshot:
        """The newest reading there is, for drawing."""
        return self.watch.snapshot()
