"""Stretches of a recording: within one the recorder ran without a pause and the clock ran forward.

A recorder that is started again, a clock that is set, a disk that was full: each begins another stretch.
Where the clock was put back two stretches cover the same hour; the later one is believed.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """From a time to another, both console times in Unix seconds."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch as it is kept; a higher id was recorded later."""

    id: int
    began: float
    ended: float


def segments(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Which stretch to believe when: parts that do not overlap, in the order of time."""
    parts: list[Stretch] = []
    for new in sorted(stretches, key=lambda stretch: stretch.id):
        kept: list[Stretch] = []
        for old in parts:
            if old.ended < new.began or old.began > new.ended:
                kept.append(old)
                continue
            if old.began < new.began:
                kept.append(Stretch(old.id, old.began, new.began))
            if old.ended > new.ended:
                kept.append(Stretch(old.id, new.ended, old.ended))
        parts = [*kept, new]
    return tuple(sorted(parts, key=lambda part: (part.began, part.id)))


def credible(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Without what a clock that ran ahead has left: nothing is later than the end of the newest stretch."""
    every = sorted(stretches, key=lambda stretch: stretch.id)
    if not every:
        return ()
    end = every[-1].ended
    return tuple(Stretch(s.id, s.began, min(s.ended, end)) for s in every if s.began <= end)
