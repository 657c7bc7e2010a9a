"""What a recording says of a pair over time, as the trends screen draws it."""

from collections.abc import Iterable

from console.memory.reading import Recording
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
            Away(max(first, one.first), min(last, one.last), one.served)
            for one in recording.service(pair, first, last)
            if one.served is not Answer.YES
        ),
    )


def drills(runs: Iterable[RunRecord], first: float, last: float) -> tuple[Drill, ...]:
    """The failover drills among runs that began between two times, oldest first."""
    found = [
        Drill(run.started, run.id, run.state.value, run.measures.get("rto"))
        for run in runs
        if run.plan.job == _DRILL and first <= run.started <= last
    ]
    return tuple(sorted(found, key=lambda drill: drill.at))
