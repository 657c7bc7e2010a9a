"""How long each phase of a job took, over the runs that ended well: a bar a run, oldest at the left."""

import statistics
from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.reactive import var

from console.model.lasting import lasting
from console.model.measure_names import away, of_outage, outside
from console.model.run import RunRecord, RunState
from widgets.drawn import Drawn, Titled
from widgets.plain import one_line, padded

BARS = "▁▂▃▄▅▆▇"
"""Never a full block: the rows must not grow into each other."""
MOST = 30
"""Runs drawn at most."""
NAME, FIGURE = 16, 12


def names(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """The times these runs have, in the order of the newest plan: each outage, its phases, the rest."""
    if not runs:
        return ()
    plan = runs[-1].plan
    wanted = (*away(plan), *outside(plan), "took")
    return tuple(name for name in wanted if any(name in run.measures for run in runs))


def bars(values: Sequence[float | None]) -> list[str]:
    """A block a value, as high as it is beside the longest; a dot where there is none."""
    top = max((value for value in values if value is not None), default=0.0)

    def block(value: float | None) -> str:
        if value is None:
            return "·"
        return BARS[min(len(BARS) - 1, int(value / top * len(BARS)))] if top > 0 else BARS[0]

    return [block(value) for value in values]


def trend_line(name: str, runs: Sequence[RunRecord], run: RunRecord, gap: str) -> Content:
    """One phase: its bars, then this run's time beside the best and the median."""
    values = [one.measures.get(name) for one in runs]
    known = [value for value in values if value is not None]
    mine = run.measures.get(name)
    parts: list[Content | str | tuple[str, str]] = [
        padded(_word(name, run), NAME),
        " ",
    ]
    for one, bar in zip(runs, bars(values), strict=True):
        parts.append((bar, "bold $text-accent" if one.id == run.id else "$text-accent 70%"))
        parts.append(gap)
    parts.append(" ")
    slow = (
        mine is not None
        and len(known) > 2
        and mine > 1.5 * statistics.median(known)
        and mine - min(known) > 1
    )
    for figure, style in (
        (mine, "bold $text-warning" if slow else "bold"),
        (min(known, default=None), "dim"),
        (statistics.median(known) if known else None, "dim"),
    ):
        parts.append((padded(lasting(figure) if figure is not None else "–", FIGURE), style))
    return Content.assemble(*parts)


def _word(name: str, run: RunRecord) -> str:
    """A time in few words; a phase of an outage stands under it."""
    if (part := of_outage(name)) is not None:
        number, phase = part
        many = f" {number}" if len(run.plan.outages) > 1 else ""
        return one_line(f"· {phase}") if phase else f"service away{many}"
    phase = name.partition(".")[2]
    if not phase:
        return "whole run"
    within = any((part := of_outage(one)) is not None and part[1] == phase for one in run.measures)
    return one_line(f"{phase}, rest" if within else phase)


class PhaseTrend(Drawn, Titled):
    """The times of a job's phases over its last runs, beside those of the run under the cursor."""

    DEFAULT_CSS = """
    PhaseTrend {
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0 1;
        height: auto;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    runs: var[Sequence[RunRecord]] = var(())
    """Of the pair, any job, newest first."""
    run: var[RunRecord | None] = var(None)
    """The one under the cursor."""
    rows: var[int] = var(8)
    """Phases shown at most."""

    def watch_runs(self) -> None:
        """Runs were read."""
        self._draw()

    def watch_run(self) -> None:
        """Another run is looked at."""
        self._draw()

    def watch_rows(self) -> None:
        """More or less room."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """More bars with more room."""
        self._draw()

    def _draw(self) -> None:
        run = self.run
        if run is None:
            self.entitle(Content.styled("trend", "dim"))
            self.draw(Content.styled("no run to compare", "dim"))
            return
        same = [one for one in self.runs if one.plan.job == run.plan.job and one.state is RunState.DONE]
        same = same[:MOST][::-1]
        told = f"{len(same)} that ended well" if same else "none ended well so far"
        self.entitle(
            Content.styled(f"{one_line(run.plan.job, 24)} by phase", "dim"), Content.styled(told, "dim")
        )
        found = names([*same, run])[: self.rows]
        if not found:
            self.draw(Content.styled("nothing of it was timed", "dim"))
            return
        room = max(1, self.content_size.width - NAME - 3 * FIGURE - 2)
        gap = " " if 2 * len(same) <= room else ""
        same = same[-room:]
        figures = "".join(padded(title, FIGURE) for title in ("this run", "best", "median"))
        first = padded("phase", NAME) + " " * (len(same) * (1 + len(gap)) + 2)
        lines = [
            Content.styled(first + figures, "dim"),
            *(trend_line(name, same, run, gap) for name in found),
        ]
        self.draw(Content("\n").join(lines))
