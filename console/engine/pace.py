"""How fast something moves, from how far it was lately: rate and time left."""

from collections import deque
from dataclasses import dataclass

WINDOW = 30.0
"""Seconds over which a rate is taken: long enough to be calm, short enough to notice a stall."""
_APART = 0.5
"""Seconds between two points that are kept."""


@dataclass(frozen=True, slots=True)
class Moving:
    """What there is to show of it; the names are those of a step's record."""

    percent: int | None
    eta: float | None
    moved: int | None
    total: int | None
    rate: float | None


class Pace:
    """One thing that moves."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int | None, float | None]] = deque()

    def at(self, now: float, moved: int | None, total: int | None, percent: float | None = None) -> Moving:
        """How it stands at `now` (seconds of any clock); without a percentage it is taken from the bytes."""
        share = percent
        if share is None and moved is not None and total:
            share = min(100.0, moved * 100 / total)
        # From a point that knows nothing no rate could be taken.
        told = moved is not None or share is not None
        if told and (not self._points or now - self._points[-1][0] >= _APART):
            self._points.append((now, moved, share))
        if not self._points:
            return Moving(None, None, moved, total, None)
        while len(self._points) > 2 and now - self._points[0][0] > WINDOW:
            self._points.popleft()
        then, was_moved, was_share = self._points[0]
        passed = now - then
        rate = None
        if passed > 0 and moved is not None and was_moved is not None and moved >= was_moved:
            rate = (moved - was_moved) / passed
        eta = None
        if rate and total is not None and moved is not None:
            eta = max(0.0, (total - moved) / rate)
        elif passed > 0 and share is not None and was_share is not None and share > was_share:
            eta = (100 - share) * passed / (share - was_share)
        return Moving(None if share is None else int(share), eta, moved, total, rate)
