"""One node held: hands opened when needed, and again when the connection went."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from console.engine.parties import Hands, OpenHands
from console.model.config import NodeConfig
from console.model.job import HandsLost, HandsRefused
from console.ssh.backoff import delays

OPENING = 20.0
"""Seconds one attempt to connect may take."""
CALL = 60.0
"""Seconds any one call may take: hands bound their own calls, this is for the case that they do not."""

T = TypeVar("T")


class Grip:
    """A node and the hands on it, if there are any now."""

    def __init__(self, node: NodeConfig, open_hands: OpenHands, say: Callable[[str], None]) -> None:
        self.node = node
        self._open = open_hands
        self._say = say
        self._hands: Hands | None = None
        self._opening = asyncio.Lock()
        self._was_lost = False

    async def once(self, do: Callable[[Hands], Awaitable[T]]) -> T:
        """Make one call, connecting first where necessary.

        Raises:
            HandsLost: the node cannot be reached, or the connection went during the call.
        """
        hands = await self._ready()
        try:
            async with asyncio.timeout(CALL):
                return await do(hands)
        except TimeoutError as late:
            await self._lose(hands, f"{self.node.name} did not answer within {CALL:.0f} s")
            raise HandsLost(f"{self.node.name} did not answer within {CALL:.0f} s") from late
        except HandsRefused:
            raise
        except HandsLost as lost:
            await self._lose(hands, str(lost))
            raise

    async def until(self, deadline: float, do: Callable[[Hands], Awaitable[T]]) -> T:
        """Make a call that does no harm when it is made twice, again and again until `deadline` (loop time).

        Raises:
            HandsLost: it could not be made until then; it was tried once at least.
            HandsRefused: the node could not do it; it is not asked again.
        """
        loop = asyncio.get_running_loop()
        pauses = delays(first=0.25, longest=15.0)
        while True:
            try:
                return await self.once(do)
            except HandsRefused:
                raise
            except HandsLost:
                left = deadline - loop.time()
                if left <= 0:
                    raise
                await asyncio.sleep(min(next(pauses), left))

    async def close(self) -> None:
        """Close the connection, if there is one."""
        hands, self._hands = self._hands, None
        if hands is not None:
            await _closed(hands)

    async def _ready(self) -> Hands:
        async with self._opening:
            if self._hands is None:
                try:
                    async with asyncio.timeout(OPENING):
                        self._hands = await self._open(self.node)
                except TimeoutError as late:
                    raise HandsLost(f"{self.node.name} cannot be reached within {OPENING:.0f} s") from late
                if self._was_lost:
                    self._was_lost = False
                    self._say(f"{self.node.name}: connected again")
            return self._hands

    async def _lose(self, hands: Hands, why: str) -> None:
        if self._hands is not hands:
            return
        self._hands = None
        self._was_lost = True
        self._say(f"{self.node.name}: {why}")
        await _closed(hands)


async def _closed(hands: Hands) -> None:
    try:
        async with asyncio.timeout(5.0):
            await hands.close()
    except (HandsLost, TimeoutError):
        return
