"""Figures of a pair over time, as they are drawn."""

from dataclasses import dataclass

from console.model.words import Answer


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over a short time: from `at` for `seconds`."""

    at: float
    seconds: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure over the time that is shown."""

    name: str
    title: str
    unit: str
    """`` = a count, `B/s` or `%`."""
    figures: tuple[Figure, ...] = ()
    """Oldest first; none where nothing is known."""


@dataclass(frozen=True, slots=True)
class Away:
    """The service was not there, or it could not be told whether it was."""

    first: float
    last: float
    served: Answer
    """No, or unknown."""
    recorded: bool = True
    """Whether anything was recorded then; without it nobody knows."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A failover drill that was run on the pair."""

    at: float
    run: str
    state: str
    rto: float | None
    """Seconds that the service was away; None where it was not measured."""


@dataclass(frozen=True, slots=True)
class Trends:
    """Everything the trends screen draws."""

    pair: str
    first: float
    last: float
    curves: tuple[Curve, ...] = ()
    away: tuple[Away, ...] = ()
    """Oldest first."""
    drills: tuple[Drill, ...] = ()
    """Oldest first."""
