"""Follows the log of every node of a pair, and says so when one goes away or comes back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from console.model.config import NodeConfig
from console.model.mail import LogLines, MailReading, MailTrouble
from console.parse.qmail_merging import Merging, unseen

AT_ONCE = 2000
"""Lines that are taken before the keyboard has its turn."""
PAUSES = (2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before a log is looked for again."""


class TailsHeard(Protocol):
    """Whoever shows the tails."""

    def standing(self, node: str, *, offset: float | None, trouble: str) -> None:
        """How a node's log stands now; `offset` is None where its clock is not known."""
        ...

    def came(self, lines: int) -> None:
        """Lines came that were just written."""
        ...


class Tail:
    """The log of one node; whoever runs it ends it by cancelling."""

    def __init__(
        self,
        mails: MailReading,
        pair: str,
        node: NodeConfig,
        merging: Merging,
        heard: TailsHeard,
        clock: Callable[[], float],
    ) -> None:
        self._mails, self._pair, self._node = mails, pair, node
        self._merging, self._heard, self._clock = merging, heard, clock
        self._last: bytes | None = None
        self._away = False
        self._failures = 0

    async def follow(self) -> None:
        """For ever: a log that cannot be read is looked for again, less and less often."""
        while True:
            try:
                await self._once()
                trouble = f"{self._node.name}: its log is not followed any more"
            except MailTrouble as why:
                trouble = str(why)
            self._gone(trouble)
            await asyncio.sleep(PAUSES[min(self._failures, len(PAUSES) - 1)])
            self._failures += 1

    async def _once(self) -> None:
        chunks = self._mails.tail(self._pair, self._node.home)
        try:
            first = True
            async for chunk in chunks:
                if self._away:
                    self._note("is read again")
                    self._away = False
                self._failures = 0
                await self._take(chunk, first)
                first = False
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    async def _take(self, chunk: LogLines, first: bool) -> None:
        lines, meets = unseen(chunk.lines, self._last) if first else (chunk.lines, True)
        if not meets:
            self._note("lines between are not shown: more came than are read again")
        if chunk.rotated:
            self._note("a new log file was begun")
        if chunk.missed:
            self._note(f"{chunk.missed:,} bytes are not shown: it grew faster than it is read")
        self._heard.standing(self._node.name, offset=chunk.offset, trouble="")
        for at in range(0, len(lines), AT_ONCE):
            part = lines[at : at + AT_ONCE]
            self._merging.take(self._node.name, part, chunk.offset, self._tick())
            self._last = part[-1]
            await asyncio.sleep(0)
        if not lines:
            self._merging.take(self._node.name, (), chunk.offset, self._tick())
        if not first:
            self._heard.came(len(lines))

    def _gone(self, trouble: str) -> None:
        if not self._away:
            self._note(f"no more lines: {trouble.removeprefix(f'{self._node.name}: ')}")
        self._away = True
        self._merging.gone(self._node.name)
        self._heard.standing(self._node.name, offset=None, trouble=trouble)

    def _note(self, words: str) -> None:
        self._merging.note(self._node.name, words, self._clock(), self._tick())

    @staticmethod
    def _tick() -> float:
        return asyncio.get_running_loop().time()
