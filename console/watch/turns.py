"""Connecting to many nodes: a few at a time, so that none runs out of time while all are greeted at once."""

import asyncio

from console.model.config import NodeConfig
from console.watch.node_watch import Opener, Session

AT_ONCE = 16
LONGEST = 1.0
"""Seconds that one attempt may hold up those behind it: one that waits for a dead node costs no processor."""


def in_turn(open_session: Opener, at_once: int = AT_ONCE, longest: float = LONGEST) -> Opener:
    """The same opener; `at_once` attempts have their turn, which is given up after `longest` seconds."""
    turns = asyncio.Semaphore(at_once)

    async def opened(node: NodeConfig) -> Session:
        await turns.acquire()
        over = False

        def end() -> None:
            nonlocal over
            if not over:
                over = True
                turns.release()

        timer = asyncio.get_running_loop().call_later(longest, end)
        try:
            return await open_session(node)
        finally:
            timer.cancel()
            end()

    return opened
