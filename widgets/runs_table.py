"""The runs of a pair, newest first, a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList

from console.model.lasting import lasting
from console.model.run import RunRecord, RunState
from widgets.amounts import date_and_clock
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.plain import one_line, padded
from widgets.run_signs import RUN_TONES, run_word
from widgets.signs import Tone

_LOUD = (Tone.WARNING, Tone.CRITICAL, Tone.WORKING)
WIDE = 110
"""Cells from which on a line has the year, the seconds and the reason."""


def run_line(run: RunRecord, width: int) -> Content:
    """Sign, when, job, outcome, how long, service away, markers lost, who; and with room, why."""
    wide = width >= WIDE
    tone = RUN_TONES[run.state]
    at = date_and_clock(run.started) if wide else date_and_clock(run.started)[5:16]
    took = lasting(run.ended - run.started) if run.ended is not None else ""
    rto = f"RTO {lasting(run.measures['rto'])}" if "rto" in run.measures else ""
    parts: list[Content | str | tuple[str, str]] = [
        (tone.sign, tone.style),
        (f" {at}  ", "dim"),
        f"{padded(run.plan.job, 18 if wide else 15)} ",
        (f"{padded(run_word(run), 8)} ", tone.style if tone in _LOUD else ""),
        f"{padded(took, 12)}{padded(rto, 15 if wide else 12)}",
    ]
    if wide:
        parts.append(f"{padded(_lost(run), 18)} ")
    parts.append(words(one_line(run.operator, 24 if wide else 12), "dim"))
    if wide and run.state is not RunState.DONE and run.why:
        parts += ["  ", words(run.why)]
    return Content.assemble(*parts)


def _lost(run: RunRecord) -> str:
    lost, acked = run.measures.get("rpo.markers_lost"), run.measures.get("rpo.markers_acked")
    return "" if lost is None or acked is None else f"lost {lost:.0f} of {acked:.0f}"


class RunsTable(OptionLines):
    """Runs; `enter` opens the report of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Report", tooltip="The report of the run: times, checks, every step")
    ]

    runs: var[Sequence[RunRecord] | None] = var(None)
    """None until they were read."""
    trouble: var[str] = var("")
    """Why they cannot be read."""
    filter: var[str] = var("")

    @dataclass
    class Pointed(Message):
        """The cursor is on another run, or on none."""

        run: RunRecord | None

    @dataclass
    class Chosen(Message):
        """Someone wants to read the report of a run."""

        run: RunRecord

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: dict[str, RunRecord] = {}

    @property
    def pointed(self) -> RunRecord | None:
        """The run under the cursor."""
        return self._runs.get(self.highlighted_key or "")

    def watch_runs(self) -> None:
        """Runs were read."""
        self._draw()

    def watch_trouble(self) -> None:
        """They cannot be read, or can again."""
        self._draw()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Lines are as long as there is room."""
        self._draw()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor moved."""
        event.stop()
        self.post_message(self.Pointed(self.pointed))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter` on a line."""
        event.stop()
        if self.pointed is not None:
            self.post_message(self.Chosen(self.pointed))

    def _draw(self) -> None:
        if not self.size.width:
            return
        wanted = self.filter.casefold()
        drawn = [(run, run_line(run, self.size.width)) for run in self.runs or ()]
        found = [
            (run, line) for run, line in drawn if wanted in f"{run.id} {run.why} {line.plain}".casefold()
        ]
        self._runs = {run.id: run for run, _ in found}
        title = f"runs  / {one_line(self.filter, 30)}" if wanted else "runs"
        self.entitle(Content.styled(title, "dim"), Content.styled(f"{len(found)}" if found else "", "dim"))
        self.show_lines([(run.id, line) for run, line in found] or [("", self._nothing(wanted))])
        if self.highlighted is None and found:
            self.highlighted = 0
        self.post_message(self.Pointed(self.pointed))

    def _nothing(self, wanted: str) -> Content:
        if self.trouble:
            return Content.assemble((f"{Tone.UNKNOWN.sign} ", "dim"), words(self.trouble, Tone.WARNING.style))
        if self.runs is None:
            return Content.styled("reading the history", "dim")
        return Content.styled(
            "nothing matches the filter" if wanted else "no job was run on this pair yet", "dim"
        )
