"""World time: timers in order, a speed factor, and a virtual mode that jumps only when asked."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any


class Timer:
    """One callback waiting for its moment in world time."""

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Forget the callback; harmless after it has run."""
        self.cancelled = True


class Clock:
    """World time in seconds since 1970; speed 0 means it moves only by `advance`."""

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self._base = time.time() if start is None else start
        self._anchor = time.monotonic()
        self._speed = speed
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._wake: asyncio.TimerHandle | None = None
        self.settle: Callable[[], Awaitable[None]] = settle

    @property
    def speed(self) -> float:
        """World seconds per real second; 0 in virtual mode."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._base, self._anchor, self._speed = self.now(), time.monotonic(), value
        self._plan_wake()

    def now(self) -> float:
        """The world's time, seconds since 1970."""
        return self._base + (time.monotonic() - self._anchor) * self._speed

    def moment(self) -> datetime:
        """The world's time as a UTC datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` when world time reaches `when`."""
        timer = Timer(when, callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        self._plan_wake()
        return timer

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `seconds` of world time."""
        return self.call_at(self.now() + seconds, callback)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of world time."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await done
        finally:
            timer.cancel()

    async def advance(self, seconds: float) -> None:
        """Jump forward, running every timer that falls due on the way, in order.

        `settle` is what is waited for between two timers.
        """
        target = self.now() + seconds
        await self.settle()
        while (when := self.next_timer()) is not None and when <= target:
            self._jump(when)
            self._run_due()
            await self.settle()
        self._jump(target)
        await self.settle()

    async def run_until(self, work: Coroutine[Any, Any, Any] | asyncio.Future[Any], limit: float) -> bool:
        """In virtual mode, let time pass until `work` ends; False after `limit` world seconds."""
        task = asyncio.ensure_future(work)
        deadline = self.now() + limit
        await self.settle()
        while not task.done():
            when = self.next_timer()
            if when is None or when > deadline:
                self._jump(deadline)
                await self.settle()
                return task.done()
            self._jump(when)
            self._run_due()
            await self.settle()
        return True

    def next_timer(self) -> float | None:
        """The moment of the earliest timer, or None when nothing waits."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _jump(self, when: float) -> None:
        now = self.now()
        if when > now:
            self._base += when - now

    def _run_due(self) -> None:
        now = self.now()
        while (when := self.next_timer()) is not None and when <= now:
            heapq.heappop(self._timers)[2].callback()

    def _plan_wake(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        when = self.next_timer()
        if self._speed <= 0 or when is None:
            return
        delay = max(0.0, (when - self.now()) / self._speed)
        self._wake = asyncio.get_running_loop().call_later(delay, self._on_wake)

    def _on_wake(self) -> None:
        self._wake = None
        self._run_due()
        self._plan_wake()


async def settle(turns: int = 150) -> None:
    """Let every task that can run now run until it waits for something."""
    for _ in range(turns):
        await asyncio.sleep(0)
