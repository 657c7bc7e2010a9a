"""The fleet screen with 200 pairs that all change: how long a redraw takes, and what the console costs.

Run by hand: `python -m tests.bench.fleet_screen [SECONDS]`. Exit status 1 when a redraw is over its goal.
"""

import asyncio
import gc
import itertools
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from console.app import MirrorgateApp
from console.model.asking import Asker
from console.model.config import PairConfig
from console.model.pair_line import PairLine
from console.model.snapshot import PairState
from tests.bench.idle import at
from tests.screens import fleet, sample
from widgets.fleet_table import FleetTable

PAIRS = 200
ROUNDS = 200
GOAL = 0.030
"""CPU seconds that one redraw may take: on a busy machine the clock on the wall says little."""


class Paced:
    """Tells every pair's news once in `interval` seconds, spread evenly."""

    def __init__(self, news: Callable[[int], PairLine | PairState], count: int, interval: float) -> None:
        self._news = news
        self._count = count
        self._interval = interval

    async def states(self, asker: Asker) -> AsyncIterator[PairState | PairLine]:
        begun = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, begun + number * self._interval / self._count - time.monotonic()))
            yield self._news(number)

    def look(self, pair: str) -> None:
        pass

    def retry_now(self) -> None:
        pass


def _lines(pairs: tuple[PairConfig, ...]) -> Callable[[int], PairLine]:
    """Lines that differ each time, read just now."""
    different = fleet.changes(pairs)
    return lambda _: replace(next(different), last_seen=(time.time(), time.time()))


def _same(pairs: tuple[PairConfig, ...]) -> Callable[[int], PairLine]:
    """Lines that differ only in their times: nothing happens."""
    lines = [fleet.well(pair) for pair in pairs]
    return lambda number: replace(lines[number % len(pairs)], last_seen=(time.time(), time.time()))


def _states(pairs: tuple[PairConfig, ...]) -> Callable[[int], PairState]:
    """Whole states that differ only in their times, as most do."""
    first = [sample.healthy(pair) for pair in pairs]
    second = [at(sample.healthy(pair), time.time()) for pair in pairs]
    return lambda number: (first, second)[number // len(pairs) % 2][number % len(pairs)]


async def redraws(size: tuple[int, int]) -> tuple[list[float], list[float], int]:
    """CPU seconds of each redraw with every pair changed, of each with ten changed; rows drawn in all."""
    pairs, lines = fleet.fleet(PAIRS)
    app = MirrorgateApp(pairs, Paced(lambda _: lines[pairs[0].name], 1, 1e6), read_only=True)
    every: list[float] = []
    some: list[float] = []
    async with app.run_test(size=size) as pilot:
        app._show_lines(lines)
        await pilot.pause(0.5)
        table = app.screen.query_one(FleetTable)
        different = fleet.changes(pairs)
        drawn = table.drawn
        gc.collect()
        gc.freeze()  # as the console does in a terminal
        for count, times in ((PAIRS, every), (10, some)):
            for _ in range(ROUNDS):
                fresh = {line.pair: line for line in itertools.islice(different, count)}
                started = time.process_time()
                app._show_lines(fresh)
                app.screen._on_timer_update()
                times.append(time.process_time() - started)
                await asyncio.sleep(0)
        drawn = table.drawn - drawn
    return sorted(every), sorted(some), drawn


async def cost(watching: Paced, pairs: tuple[PairConfig, ...], seconds: float, screen: str) -> float:
    """Share of a core that the console takes, source included."""
    app = MirrorgateApp(pairs, watching, read_only=True)
    async with app.run_test(size=(160, 48)) as pilot:
        app.action_go(screen)
        await pilot.pause(8.0)
        before, started = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        return (time.process_time() - before) / (time.monotonic() - started)


def _told(times: list[float]) -> str:
    median, p99, longest = (
        1e3 * one for one in (statistics.median(times), times[int(len(times) * 0.99) - 1], times[-1])
    )
    return f"median {median:.1f} ms, p99 {p99:.1f} ms, longest {longest:.1f} ms"


def main() -> int:
    """Measure, print, judge."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    late = False
    for size in ((160, 48), (80, 24)):
        every, some, drawn = asyncio.run(redraws(size))
        late |= every[int(len(every) * 0.99) - 1] > GOAL
        print(f"{PAIRS} pairs, {size[0]}x{size[1]}, all of them changed: redraw {_told(every)} (goal 30 ms)")
        print(f"{PAIRS} pairs, {size[0]}x{size[1]}, ten of them changed: redraw {_told(some)}")
        print(f"  {drawn / 2 / ROUNDS:.0f} rows drawn a redraw", flush=True)
    pairs, _ = fleet.fleet(PAIRS)
    for screen in ("pairs", "overview"):
        for what, news in (
            ("lines that stay", _same(pairs)),
            ("lines that change", _lines(pairs)),
            ("whole states", _states(pairs)),
        ):
            for interval in (5.0, 1.0):
                share = asyncio.run(cost(Paced(news, PAIRS, interval), pairs, seconds, screen))
                print(
                    f"{PAIRS} pairs, {what} every {interval:g} s, {screen} shown: {share:.1%} of a core",
                    flush=True,
                )
    return int(late)


if __name__ == "__main__":
    raise SystemExit(main())
