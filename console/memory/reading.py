"""A recording read: what a pair was like at a time, what came after it, and its figures over time.

A `Recording` may be read while it is being written, by any number of readers. Its calls are plain blocking ones (a
few milliseconds; a span takes longer): from an event loop use `asyncio.to_thread`. One object may be used by several
threads, one call after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.memory.stretches import Span
from console.model.snapshot import Event
from console.model.tape import Taped
from console.model.words import Answer


class NoRecording(Exception):
    """The recording cannot be read; `str()` is one line with the file and what to do."""


@dataclass(frozen=True, slots=True)
class Point:
    """A figure over a short time."""

    at: float
    """Where that time begins."""
    seconds: float
    """How long it is: 60 within the last week, 3600 before."""
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Service:
    """From a time to another the service was there (yes), was not (no), or it could not be told (unknown)."""

    first: float
    last: float
    served: Answer
    by: str | None
    """The node that held the floating address and had the mirror mounted."""


class Recording:
    """A recording, opened for reading only."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises NoRecording."""
        self.path = path
        raise NotImplementedError

    def close(self) -> None:
        """Close the file; the recording may not be used after it."""
        raise NotImplementedError

    def pairs(self) -> tuple[str, ...]:
        """The pairs that are in it, by name. Raises NoRecording, as every call may."""
        raise NotImplementedError

    def span(self, pair: str) -> Span | None:
        """From the first to the last moment of it; None: the pair is not in it."""
        raise NotImplementedError

    def stretches(self, pair: str) -> tuple[Span, ...]:
        """Where it was recorded, in the order of time: what lies between two of them was not."""
        raise NotImplementedError

    def grain(self, pair: str, at: float) -> float:
        """Seconds between two kept readings around a time: 1 in the last hour, 60 in the last week, 3600.

        Around an event they are kept more closely (a second for a week, then a minute).
        """
        raise NotImplementedError

    def pieces(self, pair: str, at: float) -> list[Taped]:
        """What brings the pair about as it was at a time, in order: apply all of it to a new TapedPair.

        Where nothing was recorded at that time, both nodes are told as not recorded: everything is unknown.
        """
        raise NotImplementedError

    def after(self, pair: str, at: float, until: float, *, pulse: float = 1.0) -> Iterator[Taped]:
        """What was learnt later than `at`, up to `until`, oldest first.

        A section that said the same again is told again at most every `pulse` seconds: its age is then right to
        that. Read it as far as needed: it looks into the file a minute at a time.
        """
        raise NotImplementedError

    def events(self, pair: str, first: float, last: float) -> tuple[Event, ...]:
        """What happened between two times, oldest first."""
        raise NotImplementedError

    def series(self, pair: str, name: str, first: float, last: float) -> tuple[Point, ...]:
        """A figure over time, oldest first; see `console.memory.figures.FIGURES` for the names and units.

        Where nothing is known there is no point.
        """
        raise NotImplementedError

    def service(self, pair: str, first: float, last: float) -> tuple[Service, ...]:
        """When the service was there and when it was not, oldest first: outages are those with `served` no."""
        raise NotImplementedError
