"""The jobs of the pair: what can be done, when one needs it, and runs that did not reach their end."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from console.engine.journal import JournalTrouble
from console.model.form import JobInfo, Value, answered
from console.screens.job_dialogs import ButtonsDialog
from console.screens.job_form import AnswersScreen
from console.screens.job_plan import PlanScreen
from console.screens.job_run import RunScreen
from console.screens.job_survey import SurveyDialog
from console.screens.showing import PairScreen
from playbooks.job import CannotPlan
from widgets.drawn import Drawn, words
from widgets.job_list import JobList
from widgets.plain import one_line
from widgets.signs import Tone, mark

NO_ANSWERS: Mapping[str, Value] = MappingProxyType({})
READ_ONLY = "read-only: this console can look at the pair, but changes nothing. Jobs need `mirrorgate`."


class JobsScreen(PairScreen):
    """Choose a job, or go on with an unfinished run."""

    HERE = "jobs"
    CSS_PATH = "jobs.tcss"
    HELP = """
Every job asks its questions one by one, then shows the **whole plan**: each command, on which node, why, what
must hold before and after it, and how it is taken back. Nothing is sent before the plan is run; going back
works until then. A run goes on while you look at other screens, and when this console dies
`mirrorgate resume` picks it up.

Runs that did not reach their end stand on top: `enter` shows where they stopped.
"""

    def content(self) -> ComposeResult:
        """The list; in a read-only console a sentence."""
        if self.app.jobs is None:
            yield Drawn(id="no-jobs")
        else:
            yield JobList().data_bind(PairScreen.filter)

    def on_mount(self) -> None:
        """The list has the keys."""
        if self.app.jobs is None:
            self.query_one("#no-jobs", Drawn).draw(mark(Tone.IDLE, READ_ONLY))
            return
        listed = self.query_one(JobList)
        listed.jobs = tuple(self.app.jobs.offered())
        listed.focus()

    def take(self) -> None:
        """Another pair has other runs."""
        before = self.pair
        super().take()
        if self.pair != before:
            self.look()

    def on_screen_resume(self) -> None:
        """Runs may have ended meanwhile."""
        super().on_screen_resume()
        self.look()

    @work(exclusive=True, group="unfinished")
    async def look(self) -> None:
        """Ask for the runs that did not reach their end."""
        if self.app.jobs is None:
            return
        try:
            runs = tuple(await self.app.jobs.unfinished(self.app.pair))
        except JournalTrouble as trouble:
            self.app.notify(one_line(str(trouble)), severity="error", markup=False, timeout=8)
            return
        if self.is_attached:
            self.query_one(JobList).runs = runs

    def on_job_list_chosen(self, event: JobList.Chosen) -> None:
        """`enter` on a job."""
        self.open(event.job)

    def on_job_list_reopened(self, event: JobList.Reopened) -> None:
        """`enter` on a run: look at it, go on with it, or take it back."""
        running = self.app.running
        if running is None or not self.is_current:
            return
        if not running.busy:
            self.app.job_run = event.run
        self.app.push_screen(RunScreen())

    def open(self, job: JobInfo, values: Mapping[str, Value] = NO_ANSWERS) -> None:
        """Ask the job's questions; without any, show its plan. `values` stand there as answers already."""
        jobs, running = self.app.jobs, self.app.running
        if jobs is None or running is None:
            return
        if running.busy:
            self.app.notify("a run is under way: it comes first", markup=False, timeout=3)
            self.app.push_screen(RunScreen())
            return
        pair = self.app.pair
        # What is found has been found: a run of it that ends early must not hide behind the words.
        self.action_leave_filter()
        try:
            machines = tuple(jobs.surveys(pair, job.name, values))
        except (CannotPlan, ValueError) as why:
            self._no_plan(job, why)
            return
        if not machines:
            self._ask(pair, job, values, ())
            return

        def read(done: bool | None) -> None:
            if done:
                self._ask(pair, job, values, machines)

        self.app.push_screen(SurveyDialog(pair, machines), read)

    def _ask(self, pair: str, job: JobInfo, values: Mapping[str, Value], read: Sequence[str]) -> None:
        """The questions, once the machines `read` are known."""
        jobs = self.app.jobs
        if jobs is None:
            return
        try:
            form = answered(jobs.form(pair, job.name, values), values)
            plan = None if form.fields else jobs.plan(pair, job.name, {})
        except (CannotPlan, ValueError) as why:
            self._no_plan(job, why)
            return
        self.app.push_screen(AnswersScreen(pair, form, read) if plan is None else PlanScreen(plan))

    def _no_plan(self, job: JobInfo, why: Exception) -> None:
        told = mark(Tone.WARNING, loud=True).append(" ").append(words(str(why)))
        nothing = Content.styled("Nothing was changed.", "dim")
        self.app.push_screen(
            ButtonsDialog(f"no plan for: {job.title}", [told, nothing], [("back", "Back", "default")])
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is no text of a node behind a job."""
        if self.app.jobs is None and action in ("filter", "copy"):
            return False
        return action != "raw"

    def action_copy(self) -> None:
        """The job or run under the cursor."""
        if self.app.jobs is None:
            return
        match self.query_one(JobList).pointed:
            case JobInfo() as job:
                self.app.copy_text(f"{job.name}: {job.title}. {job.when}", job.title)
            case None:
                pass
            case run:
                self.app.copy_text(f"{run.id} {run.state} {run.why} {run.safe_state}", run.id)
