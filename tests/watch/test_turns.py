"""Many nodes are connected to a few at a time; dead ones hold up nobody for long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from console.model.config import NodeConfig
from console.watch.node_watch import Session
from console.watch.turns import in_turn
from tests.waiting import eventually
from tests.watch.fake_session import FakeSession
from tests.watch.test_node_watch import PAIR

NODE = PAIR.master


def _opener(
    act: Callable[[], Awaitable[None]],
) -> Callable[[NodeConfig], Awaitable[Session]]:
    async def opened(node: NodeConfig) -> Session:
        await act()
        return FakeSession(lambda section: "")

    return opened


async def test_no_more_at_once_than_have_their_turn() -> None:
    under_way, most, done = 0, 0, 0

    async def act() -> None:
        nonlocal under_way, most, done
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        done += 1

    opened = in_turn(_opener(act), at_once=3, longest=60.0)
    await asyncio.gather(*(opened(NODE) for _ in range(20)))
    assert (most, done) == (3, 20)


async def test_nodes_that_are_dead_do_not_keep_the_others_waiting() -> None:
    dead, answered = asyncio.Event(), []

    async def never() -> None:
        if len(started) < 4:
            started.append(1)
            await dead.wait()
        answered.append(1)

    started: list[int] = []
    opened = in_turn(_opener(never), at_once=2, longest=0.01)
    tasks = [asyncio.ensure_future(opened(NODE)) for _ in range(6)]
    await eventually(lambda: len(answered) == 2)
    dead.set()
    await asyncio.gather(*tasks)


async def test_a_turn_ends_with_trouble_and_with_cancellation() -> None:
    async def fail() -> None:
        raise OSError

    opened = in_turn(_opener(fail), at_once=1, longest=60.0)
    for _ in range(3):
        with pytest.raises(OSError):  # noqa: PT011 - there are no words in it
            await opened(NODE)
    hanging = asyncio.Event()

    async def hang() -> None:
        await hanging.wait()

    waits = in_turn(_opener(hang), at_once=1, longest=60.0)
    first, second = (asyncio.ensure_future(waits(NODE)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    hanging.set()
    await waits(NODE)
