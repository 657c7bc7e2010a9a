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
_RARELY_NEEDED = frozenset({"metadata"})
"""Only a direction rests on it, and it hangs while a gate is dead: guards must not wait for it each time."""
GRACE = 1.0
"""Seconds to wait for a section that is rarely needed, or is known to hang."""


class Recency:
    """The newest answer of each section of one node, and the moment somebody last wanted a newer one."""

    def __init__(self, sections: Iterable[str]) -> None:
        self._sections = tuple(s for s in sections if s not in UNHURRIED)
        self._answered: dict[str, float] = {}
        self._lanes: set[asyncio.Event] = set()
        self._waiting: set[asyncio.Event] = set()
        self._hanging: set[str] = set()
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
        self._hanging.discard(section)
        self.changed()

    def hangs(self, section: str) -> None:
        """A section is overdue: nobody waits long for it until it answers."""
        self._hanging.add(section)

    def changed(self) -> None:
        """Something that somebody may wait for is different now."""
        for news in self._waiting:
            news.set()

    def forget(self) -> None:
        """The connection is gone: no answer counts any more."""
        self._answered.clear()
        self._hanging.clear()
        self.changed()

    def missing(self, since: float) -> tuple[str, ...]:
        """Sections without an answer to a tick sent after `since`."""
        return tuple(s for s in self._sections if self._answered.get(s, -math.inf) <= since)

    async def newer(self, since: float, limit: float, given_up: Callable[[], bool]) -> dict[str, str]:
        """Wait until every section was answered to a tick sent after `since`; at most `limit` seconds.

        Returns the sections that were not, each with the reason. Ends at once when `given_up`, which is asked
        again whenever something has changed.
        """
        news = asyncio.Event()
        excused = _RARELY_NEEDED | self._hanging
        left_out = _RARELY_NEEDED & self._hanging

        def lose_patience() -> None:
            nonlocal left_out
            left_out = excused
            self._hanging |= _RARELY_NEEDED.intersection(self.missing(since))
            news.set()

        timer = asyncio.get_running_loop().call_later(GRACE, lose_patience)
        self._waiting.add(news)
        late = False
        try:
            async with asyncio.timeout(limit):
                while not given_up() and not left_out.issuperset(self.missing(since)):
                    news.clear()
                    await news.wait()
        except TimeoutError:
            late = True
        finally:
            timer.cancel()
            self._waiting.discard(news)
        if given_up():
            return dict.fromkeys(self.missing(since), "not connected")
        spent = limit if late else GRACE
        return dict.fromkeys(self.missing(since), f"no answer within {spent:g} s")
