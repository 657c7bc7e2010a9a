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
