"""Time that passes only where somebody waits."""

import asyncio
import time

from console.lab.clock import Clock
from console.lab.running import run_text
from console.lab.world import World
from tests.faults.virtual_time import run

_HOUR = 3600.0


def test_an_hour_of_sleep_is_over_at_once_and_everybody_agrees_that_it_passed() -> None:
    outside = time.monotonic()

    async def wait() -> tuple[float, float, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time(), time.monotonic(), time.time()
        await asyncio.sleep(_HOUR)
        return loop.time() - begun[0], time.monotonic() - begun[1], time.time() - begun[2]

    assert all(_HOUR <= passed < _HOUR + 1 for passed in run(wait()))
    assert time.monotonic() - outside < _HOUR


def test_timers_fire_in_their_order_however_far_apart() -> None:
    async def order() -> list[str]:
        told: list[str] = []

        async def tell(what: str, after: float) -> None:
            await asyncio.sleep(after)
            told.append(what)

        await asyncio.gather(tell("last", 5 * _HOUR), tell("first", 1.0), tell("second", _HOUR))
        return told

    assert run(order()) == ["first", "second", "last"]


def test_no_time_passes_while_a_thread_computes() -> None:
    async def compute() -> float:
        begun = time.time()
        async with asyncio.timeout(0.01):
            await asyncio.to_thread(sum, range(3_000_000))
        return time.time() - begun

    assert run(compute()) < 0.01


def test_a_shell_on_the_lab_takes_the_time_it_sleeps_and_its_files_are_of_that_time() -> None:
    async def script() -> list[int]:
        world = World(clock=Clock(1.0))
        node = world.nodes["a"]
        await node.boot(1.0)
        text = "date +%s; sleep 100; : > /tmp/new; sleep 1000; date +%s; stat -f %m /tmp/new"
        ran = await run_text(node, text)
        await world.close()
        return [int(word) for word in ran.out.split()]

    begun, ended, made = run(script())
    assert 1100 <= ended - begun <= 1101
    assert 100 <= made - begun <= 101
