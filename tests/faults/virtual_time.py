"""An event loop whose time jumps to the next timer as soon as nothing has anything left to do.

What happens in it depends neither on how busy this machine is nor on how long anybody computes: an hour of
waiting takes no time, and no pause of the process looks like a silent node. bashkit executes in threads of
its own that the loop does not see, so the kernel is asked whether they all sleep: that needs Linux.
"""

import asyncio
import bisect
import selectors
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from console.lab import attributes
from console.lab.shell import Shell
from console.lab.threads import Threads

T = TypeVar("T")

_STEP = 1e-6
"""Seconds that each look at the clock takes, so that what is asked later is later."""
_NAP = 0.001
"""Real seconds between two looks at threads that are at work; what comes from them wakes the loop at once."""

_real_time = time.time


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; nearly all of its time never passed outside."""

    def __init__(self) -> None:
        self._now = time.monotonic()
        self._since_1970 = _real_time() - self._now
        self._outside = [_real_time()]
        self._here = [self._outside[0]]
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds on this loop's clock."""
        self._now += _STEP
        return self._now

    def moment(self) -> float:
        """The same, in seconds since 1970."""
        return self.time() + self._since_1970

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._outside.append(_real_time())
        self._here.append(self._now + self._since_1970)

    def since(self, outside: float) -> float:
        """Seconds of this loop since the clock outside showed that: a file has its time from it."""
        at = bisect.bisect_right(self._outside, outside) - 1
        return self.moment() - self._here[max(0, at)]


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting for as long as the loop would, lets the time pass once nothing else happens."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._others = Threads()

    def close(self) -> None:
        """End it."""
        self._others.close()
        super().close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What can be read or written; nothing once the time has passed."""
        while not (ready := super().select(0)):
            if timeout is not None and timeout <= 0:
                return []
            # Whether one executes is the cheap way to see what is so nearly always.
            if Shell.executing > Shell.calling or not self._others.all_sleep():
                if ready := super().select(_NAP):
                    return ready
                continue
            if ready := super().select(0):
                return ready
            if timeout is None:
                raise RuntimeError("nothing will ever happen any more")
            self._loop.jump(timeout)
            return []
        return ready


@contextmanager
def virtual_time() -> Iterator[asyncio.Runner]:
    """A runner on such a loop; for as long as the block runs its time is everybody's time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.MonkeyPatch.context() as patch:
        loop = runner.get_loop()
        if not isinstance(loop, VirtualLoop):
            raise TypeError("another loop was made")
        patch.setattr(time, "time", loop.moment)
        patch.setattr(time, "monotonic", loop.time)
        patch.setattr(attributes, "seconds_since", loop.since)
        yield runner


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do something in no time."""
    with virtual_time() as runner:
        return runner.run(work)
