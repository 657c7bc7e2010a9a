"""History: the runs of the pair, how the times of their phases went, and the report of each."""

import json
from typing import ClassVar, Protocol, runtime_checkable

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import app as the_app
from textual.reactive import var
from textual.screen import ModalScreen
from textual.widgets import Footer

from console.engine.journal import JournalTrouble
from console.engine.measures import with_measures
from console.engine.report import as_json, as_markdown
from console.model.run import RunRecord
from console.screens.raw import RawScreen
from console.screens.showing import ConsoleApp, PairScreen
from widgets.phase_trend import PhaseTrend
from widgets.plain import one_line
from widgets.run_report import RunReport
from widgets.runs_table import RunsTable


@runtime_checkable
class KeepsHistory(Protocol):
    """An app that can read the journal."""

    async def history(self) -> tuple[RunRecord, ...]:
        """The runs of the pair that is shown, newest first; raises JournalTrouble."""
        ...


class ReportScreen(ModalScreen[None]):
    """The report of one run."""

    CSS_PATH = "history.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", key_display="q"),
        Binding("y", "copy", "Copy", tooltip="Copy the report (Markdown) to the clipboard"),
    ]
    app = the_app(ConsoleApp)

    def __init__(self, run: RunRecord, report: str) -> None:
        super().__init__()
        self._run = run
        self._report = report

    def compose(self) -> ComposeResult:
        """The box."""
        box = RunReport()
        box.report = self._report
        box.border_title = Content(one_line(self._run.id, 70))
        yield box
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(RunReport).focus()

    def action_copy(self) -> None:
        """All of it."""
        self.app.copy_text(self._report, f"report of {self._run.id}")


class HistoryScreen(PairScreen):
    """What was run on this pair, newest first."""

    HERE = "history"
    CSS_PATH = "history.tcss"
    HELP = """
Every run of a job on this pair, newest first: when, which job, how it ended, how long it took, how long
the service was away (RTO) and how many of a drill's acknowledged markers were lost. Below, the phases of
the job under the cursor over its runs that ended well, oldest at the left, each bar as high as its time is
beside the longest.

`enter` opens the report; `y` copies it as Markdown, `r` shows it as JSON; `/` looks for words. The same
on the command line: `mirrorgate runs`, `mirrorgate report RUN`.
"""
    runs: var[tuple[RunRecord, ...] | None] = var(None)
    """None until they were read."""
    trouble: var[str] = var("")

    def content(self) -> ComposeResult:
        """The runs, and the times of the phases."""
        yield RunsTable().data_bind(PairScreen.filter, HistoryScreen.runs, HistoryScreen.trouble)
        yield PhaseTrend()

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one(RunsTable).focus()

    def on_resize(self) -> None:
        """Fewer phases on a low terminal."""
        super().on_resize()
        self.query_one(PhaseTrend).rows = max(2, self.app.size.height // 2 - 5)

    def take(self) -> None:
        """Another pair has other runs."""
        before = self.pair
        super().take()
        if self.pair != before:
            self.runs = None
            self.look()

    def take_run(self) -> None:
        """A run that began or ended is in the journal."""
        before = self.run.state if self.run else None
        super().take_run()
        if self.is_current and (self.run.state if self.run else None) is not before:
            self.look()

    def on_screen_resume(self) -> None:
        """Another console may have run something meanwhile."""
        super().on_screen_resume()
        self.look()

    @work(exclusive=True, group="history")
    async def look(self) -> None:
        """Read the journal."""
        app = self.app
        if not isinstance(app, KeepsHistory):
            self.trouble = "this console keeps no history"
            return
        try:
            found = await app.history()
        except JournalTrouble as trouble:
            self.trouble = str(trouble)
            self.runs = ()
            return
        self.trouble = ""
        self.runs = tuple(with_measures(run) for run in found if run.plan.pair == self.pair)

    def watch_runs(self) -> None:
        """The trend is of the same runs."""
        self.query_one(PhaseTrend).runs = self.runs or ()

    def on_runs_table_pointed(self, event: RunsTable.Pointed) -> None:
        """The trend is of the job under the cursor."""
        self.query_one(PhaseTrend).run = event.run

    def on_runs_table_chosen(self, event: RunsTable.Chosen) -> None:
        """Open the report."""
        self.app.push_screen(ReportScreen(event.run, as_markdown(event.run, self.runs or ())))

    def action_copy(self) -> None:
        """The report of the run under the cursor."""
        run = self.query_one(RunsTable).pointed
        if run is not None:
            self.app.copy_text(as_markdown(run, self.runs or ()), f"report of {run.id}")

    def action_raw(self) -> None:
        """All that is known of the run under the cursor, as data."""
        run = self.query_one(RunsTable).pointed
        if run is not None:
            data = as_json(run, self.runs or ())
            self.app.push_screen(RawScreen(run.id, json.dumps(data, indent=2, ensure_ascii=False)))
