"""The jobs there are, each with the sentence that says when; unfinished runs stand on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList

from console.model.form import JobInfo
from console.model.run import RunRecord
from widgets.amounts import date_and_clock
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.plain import one_line
from widgets.run_signs import RUN_TONES, finished
from widgets.signs import mark


def job_text(job: JobInfo) -> Content:
    """Its title, and when an operator needs it."""
    return Content.assemble(words(job.title, "bold"), "  ", words(job.name, "dim"), "\n  ", words(job.when))


def run_text(run: RunRecord) -> Content:
    """A run that did not reach its end: how far it is, what it left, and why."""
    far = f"{finished(run)} of {len(run.plan.steps)} steps"
    head = Content.assemble(
        mark(RUN_TONES[run.state], one_line(f"{run.plan.title}: {run.state.value}", 100), loud=True),
        (f"  {far}, begun {date_and_clock(run.started)} by ", "dim"),
        words(run.operator, "dim"),
    )
    told = " · ".join(one for one in (run.why, run.safe_state and f"left as: {run.safe_state}") if one)
    return Content.assemble(head, "\n  ", words(told or "not finished; enter shows it"))


class JobList(OptionLines):
    """Unfinished runs and jobs; `enter` opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Open", tooltip="Answer a job's questions, or look at an unfinished run")
    ]
    DEFAULT_CSS = """
    JobList { text-wrap: wrap; height: 1fr; }
    """

    jobs: var[Sequence[JobInfo]] = var(())
    runs: var[Sequence[RunRecord]] = var(())
    filter: var[str] = var("")

    @dataclass
    class Chosen(Message):
        """Someone wants to do a job."""

        job: JobInfo

    @dataclass
    class Reopened(Message):
        """Someone wants to see an unfinished run."""

        run: RunRecord

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._things: dict[str, JobInfo | RunRecord] = {}

    @property
    def pointed(self) -> JobInfo | RunRecord | None:
        """What is under the cursor."""
        return self._things.get(self.highlighted_key or "")

    def watch_jobs(self) -> None:
        """Other jobs."""
        self._draw()

    def watch_runs(self, before: Sequence[RunRecord], runs: Sequence[RunRecord]) -> None:
        """A run came to its end, or there is one more: what is unfinished comes before anything new."""
        untouched = self.highlighted in (None, len(before)) or not before
        self._draw()
        if runs and untouched and not self.filter:
            self.highlighted = 0

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """The title reaches from corner to corner."""
        self._draw()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter` on a line."""
        event.stop()
        match self.pointed:
            case JobInfo() as job:
                self.post_message(self.Chosen(job))
            case RunRecord() as run:
                self.post_message(self.Reopened(run))

    def _draw(self) -> None:
        wanted = self.filter.casefold()
        drawn: list[tuple[str, Content]] = []
        self._things = {}
        for run in self.runs:
            self._things[f"run/{run.id}"] = run
            drawn.append((f"run/{run.id}", run_text(run)))
        for job in self.jobs:
            self._things[f"job/{job.name}"] = job
            drawn.append((f"job/{job.name}", job_text(job)))
        lines = [(key, text) for key, text in drawn if wanted in text.plain.casefold()]
        title = f"jobs  / {one_line(self.filter, 30)}" if wanted else "jobs"
        open_runs = Content.styled(f"{len(self.runs)} unfinished", "bold") if self.runs else None
        self.entitle(Content.styled(title, "dim"), open_runs)
        if not lines:
            nothing = "nothing matches the filter" if drawn else "there are no jobs here"
            lines = [("", Content.styled(nothing, "dim"))]
        self.show_lines(lines)
        if self.highlighted is None and lines[0][0]:
            self.highlighted = 0
