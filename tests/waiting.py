"""Waiting on a condition, with a deadline: the only way a test waits."""

import asyncio
from collections.abc import Callable

from textual._wait import wait_for_idle


async def eventually(holds: Callable[[], object], within: float = 30.0, what: str = "") -> None:
    """Return as soon as `holds()` is true; fail after `within` seconds of real time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not holds():
        if loop.time() > deadline:
            raise AssertionError(f"not within {within} s: {what or holds}")
        await asyncio.sleep(0.01)


async def idle(min_sleep: float = 1 / 50, max_sleep: float = 1.0) -> None:
    """Textual's own waiting, and then until everything on the loop waits for a timer or something outside.

    The first alone takes a process that gets no processor for an idle one.
    """
    await wait_for_idle(min_sleep, max_sleep)
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    quiet = 0
    for _ in range(10_000):
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1
        if quiet == 3:
            return
