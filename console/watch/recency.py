"""How recent each section's answer is: when its tick was sent, and who waits for a newer one.

An answer is newer than a moment only if it was *asked for* after it: one that was on its way already may have
been sampled before whatever has changed since.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

UNHURRIED = frozenset({"mail", "df"})
"""Sections that no guard rests on and that cost the node too much to ask out of turn."""


class Recency:
    """The newest answer of each section of one node, and the moment somebody last wanted a newer one."""

    def __init__(self, sections: Iterable[str]) -> None:
        self._sections = tuple(s for s in sections if s not in UNHURRIED)
        self._answered: dict[str, float] = {}
        self._lanes: set[asyncio.Event] = set()
        self._waiting: set[asyncio.Event] = set()
        self.wanted = -math.inf
        """Loop time: readings asked for at or before it are too old for somebody who waits."""

    @contextmanager
    def lane(self) -> Iterator[asyncio.Event]:
        """An event that wakes a lane when somebody wants newer readings."""
        wake = asyncio.Event()
        self._lanes.add(wake)
        try:
            yield wake
        finally:
            self._lanes.discard(wake)

    def want(self, since: float) -> None:
        """Have every lane ask again what it asked at `since` or before."""
        self.wanted = max(self.wanted, since)
        for wake in self._lanes:
            wake.set()

    def answered(self, section: str, asked: float) -> None:
        """A section was answered, to a tick sent at `asked`."""
        self._answered[section] = asked
        self.changed()

    def changed(self) -> None:
        """Something that somebody may wait for is different now."""
        for news in self._waiting:
            news.set()

    def forget(self) -> None:
        """The connection is gone: no answer counts any more."""
        self._answered.clear()
        self.changed()

    def missing(self, since: float) -> tuple[str, ...]:
        """Sections without an answer to a tick sent after `since`."""
        return tuple(s for s in self._sections if self._answered.get(s, -math.inf) <= since)

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until `done`; it is asked again whenever something has changed."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            while not done():
                news.clear()
                await news.wait()
        finally:
            self._waiting.discard(news)
