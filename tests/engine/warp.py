"""An event loop whose time jumps: a sleep of an hour takes no time, and everything happens in order."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

START = 1_795_400_000.0
"""Console time when the loop's own is 0."""


class _Jump(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("everything waits for something that will never happen")
        self.now += max(0.0, timeout)
        return super().select(0)


class WarpLoop(asyncio.SelectorEventLoop):
    """Jumps to the next thing that is due."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)
        self.turns = 0
        """How often it has looked for something to do: every await that is resumed is in one of these."""
        self.flow = 0.0
        """Seconds that go by in each turn, as they do in a real loop."""
        self.at_turn: tuple[int, Callable[[], object]] = (0, lambda: None)

    def _run_once(self) -> None:
        self.turns += 1
        self._jump.now += self.flow
        turn, then = self.at_turn
        if self.turns == turn:
            then()
        super()._run_once()  # type: ignore[misc]

    def time(self) -> float:
        """Seconds since the loop began, as its timers see them."""
        return self._jump.now

    def delay(self, seconds: float) -> None:
        """Let time go by at once, as for a loop that was kept busy."""
        self._jump.now += seconds


def warped(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on such a loop."""
    with asyncio.Runner(loop_factory=WarpLoop) as runner:
        return runner.run(main)


def console_time() -> float:
    """Unix seconds by the warped clock."""
    return START + asyncio.get_running_loop().time()
