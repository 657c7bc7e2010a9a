"""Waiting on a condition, with a deadline: the only way a test waits."""

import asyncio
from collections.abc import Callable


async def eventually(holds: Callable[[], object], within: float = 30.0, what: str = "") -> None:
    """Return as soon as `holds()` is true; fail after `within` seconds of real time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not holds():
        if loop.time() > deadline:
            raise AssertionError(f"not within {within} s: {what or holds}")
        await asyncio.sleep(0.01)


async def nothing_ready(min_sleep: float = 0.0, max_sleep: float = 0.0) -> None:
    """Wait until everything on the loop waits for a timer or for something outside of it.

    In place of Textual's own `wait_for_idle`, which takes a process that gets no processor for an idle one.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    await asyncio.sleep(0.02)
    quiet = 0
    for _ in range(10_000):
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1
        if quiet == 3:
            return
