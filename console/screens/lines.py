"""Lines of many pairs, gathered: however fast states come, the fleet is drawn a few times a second."""

import time
from collections.abc import Callable

from console.health.pair_line import line_of, looked_at
from console.model.pair_line import PairLine
from console.model.snapshot import PairState

GAP = 0.25
"""Seconds between two drawings of the fleet, at least."""
_SOON = 0.02
"""Seconds that the first news waits for more."""


class Lines:
    """Takes news of pairs; calls `show` with the newest line of each that had any.

    `later(seconds, call)` calls once after so many seconds, on the app's own loop.
    """

    def __init__(
        self,
        show: Callable[[dict[str, PairLine]], None],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._show = show
        self._later = later
        self._news: dict[str, PairState | PairLine] = {}
        self._shown = -GAP

    def take(self, name: str, news: PairState | PairLine) -> None:
        """News of a pair; older news of it that was not shown is left out."""
        if not self._news:
            self._later(max(_SOON, self._shown + GAP - time.monotonic()), self._flush)
        self._news[name] = news

    def clear(self) -> None:
        """Let go what was not shown yet."""
        self._news = {}

    def _flush(self) -> None:
        news, self._news = self._news, {}
        self._shown = time.monotonic()
        self._show(
            {
                name: one if isinstance(one, PairLine) else line_of(one, settled=looked_at(one))
                for name, one in news.items()
            }
        )
