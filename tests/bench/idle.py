"""What the console costs while nothing happens: CPU share and memory at one state a second.

Run by hand: `python -m tests.bench.idle [SECONDS]`. It prints two lines and exits 1 when a target is missed.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace

from console.app import MirrorgateApp
from console.model.asking import Asker
from console.model.facts import Fact, NodeFacts
from console.model.snapshot import NodeView, PairState
from tests.screens import sample

CPU_TARGET = 3.0
RSS_TARGET = 120.0


def at(state: PairState, now: float) -> PairState:
    """The same state read at `now`, all values equal but in new objects, as a fresh sample would be."""

    def facts(one: NodeFacts, jitter: float) -> NodeFacts:
        moved = {
            name: replace(getattr(one, name), taken=now - 0.1) for name in NodeFacts.__dataclass_fields__
        }
        moved["clock_offset"] = Fact(last=jitter, unknown=None, taken=now)
        return NodeFacts(**moved)

    def view(one: NodeView) -> NodeView:
        link = replace(one.link, last_seen=now, round_trip=0.03)
        return replace(one, link=link, facts=facts(one.facts, now % 1 / 50))

    snapshot = state.snapshot
    return replace(
        state, snapshot=replace(snapshot, master=view(snapshot.master), slave=view(snapshot.slave), now=now)
    )


class Steady:
    """A healthy pair, sampled once a second."""

    async def states(self, asker: Asker) -> AsyncIterator[PairState]:
        while True:
            yield at(sample.healthy(), time.time())
            await asyncio.sleep(1.0)

    def look(self, pair: str) -> None:
        pass

    def retry_now(self) -> None:
        pass


async def measure(seconds: float) -> tuple[float, float]:
    """CPU percent of one core and resident megabytes."""
    app = MirrorgateApp([sample.pair_config()], Steady())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(3.0)
        before, started = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        spent = time.process_time() - before
        share = 100 * spent / (time.monotonic() - started)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return share, rss


def main() -> int:
    """Measure, print, judge."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    os.environ.setdefault("TERM", "xterm-256color")
    share, rss = asyncio.run(measure(seconds))
    print(f"idle console, 1 s refresh, 120x40: {share:.2f} % of a core (target {CPU_TARGET})")
    print(f"idle console, resident: {rss:.0f} MB (target {RSS_TARGET:.0f})")
    return 0 if share <= CPU_TARGET and rss <= RSS_TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
