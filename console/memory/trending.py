"""What a recording says of a pair over time, as the trends screen draws it."""

from collections.abc import Iterable, Iterator

from console.memory.reading import Recording
from console.memory.stretches import Span
from console.model.run import RunRecord
from console.model.trends import Away, Curve, Drill, Figure, Trends
from console.model.words import Answer

CURVES = (
    ("queue", "mail queue", ""),
    ("todo", "mail todo", ""),
    ("sync-rate", "rebuild rate", "B/s"),
    ("sync-percent", "rebuild", "%"),
    ("gate-queue", "gate queue", ""),
)
"""Name of the series, title, unit."""
_DRILL = "failover-drill"
_ROUNDED = 60.0
"""Seconds at either end that are no gap: times are asked for in whole minutes."""


def trends(recording: Recording, pair: str, first: float, last: float) -> Trends:
    """All of it between two times. Blocks; raises NoRecording."""
    return Trends(
        pair,
        first,
        last,
        tuple(
            Curve(
                name,
                title,
                unit,
                tuple(
                    Figure(point.at, point.seconds, point.mean, point.high)
                    for point in recording.series(pair, name, first, last)
                ),
            )
            for name, title, unit in CURVES
        ),
        tuple(
            sorted((*_away(recording, pair, first, last), *_gaps(recording, pair, first, last)), key=_first)
        ),
    )


def _first(one: Away) -> float:
    return one.first


def _away(recording: Recording, pair: str, first: float, last: float) -> Iterator[Away]:
    for one in recording.service(pair, first, last):
        if one.served is not Answer.YES:
            yield Away(max(first, one.first), min(last, one.last), one.served)


def _gaps(recording: Recording, pair: str, first: float, last: float) -> Iterator[Away]:
    """When nothing was recorded."""
    at = first
    for span in (*recording.stretches(pair), Span(last, last)):
        end = min(span.first, last)
        rounded = _ROUNDED if at == first or end == last else 0.0
        if end - at > rounded:
            yield Away(at, end, Answer.UNKNOWN, recorded=False)
        at = max(at, span.last)


def drills(runs: Iterable[RunRecord], first: float, last: float) -> tuple[Drill, ...]:
    """The failover drills among runs that began between two times, oldest first."""
    found = [
        Drill(run.started, run.id, run.state.value, run.measures.get("rto"))
        for run in runs
        if run.plan.job == _DRILL and first <= run.started <= last
    ]
    return tuple(sorted(found, key=lambda drill: drill.at))
