"""Several pairs in one process: none of them waits for another."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest

from console.model.config import NodeConfig
from console.model.snapshot import LinkState, PairState
from console.ssh.trouble import Trouble
from console.watch.fleet import Fleet
from console.watch.pair_watch import PairWatch
from tests.screens import fleet
from tests.watch.fake_session import GEOM, HOST, MOUNTS, FakeSession


def _answer(section: str) -> str | None:
    known = {"host": HOST.format(now=int(time.time()), name="web"), "mounts": MOUNTS, "geom": GEOM}
    return known.get(section, "")


def _quick(number: int) -> PairWatch:
    return PairWatch(fleet.pair(number, interval=0.05), _open)


async def _open(node: NodeConfig) -> FakeSession:
    """Pairs 1 to 3: a node that never answers a connection, one that hangs once connected, one refused."""
    if node.host.startswith("10.1.1."):
        await asyncio.Event().wait()
    if node.host.startswith("10.1.2."):
        return FakeSession(lambda _: None)
    if node.host.startswith("10.1.3."):
        raise Trouble(node.name, "Permission denied", "authorize a key", retry=False)
    return FakeSession(_answer)


async def test_dead_hanging_and_refused_nodes_slow_down_no_other_pair() -> None:
    watches = [_quick(number) for number in range(1, 41)]
    seen: dict[str, int] = {}
    newest: dict[str, PairState] = {}
    async with asyncio.timeout(30), aclosing(Fleet(watches).states()) as states:
        async for state in states:
            name = state.snapshot.config.name
            newest[name] = state
            seen[name] = seen.get(name, 0) + all(n.link.state is LinkState.LIVE for n in state.snapshot.nodes)
            if len(seen) == 40 and all(seen[f"customer-{number:03}"] >= 5 for number in range(4, 41)):
                break
    assert [seen[f"customer-{number:03}"] for number in (1, 2, 3)] == [0, 0, 0]
    assert newest["customer-001"].snapshot.master.link.state is LinkState.CONNECTING


class Chatty(PairWatch):
    """Says several things at once, then nothing."""

    async def states(self) -> AsyncGenerator[PairState, None]:
        """Five states without a pause."""
        for number in range(5):
            snapshot = self.snapshot()
            yield PairState(replace(snapshot, now=float(number)))
        await asyncio.Event().wait()


async def test_a_reader_that_falls_behind_gets_only_the_newest_of_each_pair() -> None:
    watches = [Chatty(fleet.pair(number), _open) for number in (4, 5)]
    async with asyncio.timeout(30), aclosing(Fleet(watches).states()) as states:
        told = [await anext(states), await anext(states)]
    said = [(state.snapshot.config.name, state.snapshot.now) for state in told]
    assert said == [("customer-004", 4.0), ("customer-005", 4.0)]


async def test_a_bug_in_the_watch_of_one_pair_is_not_kept_quiet() -> None:
    async def broken(_: NodeConfig) -> FakeSession:
        raise ZeroDivisionError

    watches = [_quick(4), PairWatch(fleet.pair(5), broken)]
    async with asyncio.timeout(30), aclosing(Fleet(watches).states()) as states:
        with pytest.raises(ZeroDivisionError):
            async for _ in states:
                pass
