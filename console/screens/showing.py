"""What every screen shares: the app as screens know it, the pair that is shown, filter, copy and raw text."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.getters import app as the_app
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Footer, Input

from console.model.config import PairConfig
from console.model.form import JobInfo
from console.model.mail import MailReading, OldestMail
from console.model.pair_line import PairLine
from console.model.replaying import Replaying
from console.model.run import Question, RunRecord
from console.model.snapshot import PairState
from console.model.words import Home
from console.screens.job_running import Running, SecretAsked
from console.screens.jobs import JobRefused, Jobs
from widgets.moment import Moment
from widgets.plain import many_lines, one_line
from widgets.time_slider import TimeSlider
from widgets.top_bar import TopBar

SCREENS = (
    ("1", "overview", "Overview"),
    ("2", "node", "Node"),
    ("3", "findings", "Findings"),
    ("4", "mail", "Mail"),
    ("5", "pairs", "Pairs"),
    ("6", "events", "Events"),
    ("7", "jobs", "Jobs"),
    ("8", "history", "History"),
)
"""Key, mode and title of each screen."""


class ConsoleApp(App[None]):
    """The app as its screens see it: states by pair, the pair that is shown, and the second hand."""

    states: var[Mapping[str, PairState]] = var(dict)
    """The state of each pair; replaced only when something other than a time is different.

    A source may tell of a pair that is not shown in a line only: then it has no state here.
    """
    lines: var[Mapping[str, PairLine]] = var(dict)
    """Each pair that something is known of, in a line; replaced only when more than a time is different."""
    source_words: var[str] = var("")
    """Where the states come from when not simply over SSH, in one line: `collector, 3 viewers`."""
    replaying: var[Replaying | None] = var(None)
    """Where the recording stands that is shown in place of the present; None = the present is shown."""
    pair: var[str] = var("")
    """The name of the pair that is shown."""
    home: var[Home] = var(Home.MASTER)
    """Which of its nodes the node screen shows."""
    beat: var[float] = var(0.0)
    """Console time, once a second."""
    job_run: var[RunRecord | None] = var(None)
    job_busy: var[bool] = var(False)
    """Whether a run is under way in this console."""
    """The run that is shown: under way, or ended and not left yet."""
    question: var[Question | SecretAsked | None] = var(None)
    """What the run waits for the operator with."""
    refusal: var[JobRefused | None] = var(None)
    """Why the run that was asked for did not begin."""

    oldest: var[Mapping[tuple[str, Home], OldestMail]] = var(dict)
    """The oldest message by pair and node, where a queue was walked."""

    def __init__(
        self,
        pairs: Sequence[PairConfig],
        *,
        read_only: bool,
        jobs: Jobs | None = None,
        mails: MailReading | None = None,
    ) -> None:
        super().__init__()
        self.mails = mails
        """What looks closely at the mail of a node; None where nothing does."""
        self.pairs = tuple(pairs)
        self.read_only = read_only
        self.jobs = None if read_only else jobs
        self.running = Running(self, self.jobs) if self.jobs is not None else None
        """The run's side of the operator; without jobs there is none."""
        self.newest: dict[str, PairState] = {}
        """The newest state of each pair, equal to the one in `states` but with newer times."""
        self.newest_lines: dict[str, PairLine] = {}
        """The newest line of each pair, equal to the one in `lines` but with newer times."""

    def go_to(self, at: float | None) -> None:
        """Show a moment of the recording, while one is shown."""

    def open_job(self, job: JobInfo) -> None:
        """Ask a job's questions, if nothing else of a job is open."""

    def moment(self) -> Moment | None:
        """The present of the pair that is shown, if there is a state of it yet."""
        state = self.newest.get(self.pair)
        return Moment(self.beat, state) if state is not None else None

    def copy_text(self, text: str, what: str) -> None:
        """Put text on the clipboard of the operator's terminal and say so."""
        self.copy_to_clipboard(many_lines(text))
        self.notify(f"copied: {one_line(what, 60)}", markup=False, timeout=2)


class PairScreen(Screen[None]):
    """A screen that shows the current pair. It draws only while it is the one on top."""

    HERE: ClassVar[str] = ""
    """The mode of the screen, for the first line."""
    AUTO_FOCUS = ""
    FILTER_HINT: ClassVar[str] = "words to look for; escape clears"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Panes", tooltip="Go to the next pane", show=False),
        Binding(
            "slash", "filter", "Filter", key_display="/", tooltip="Show only lines that contain some words"
        ),
        Binding("r", "raw", "Raw", tooltip="The text the node printed"),
        Binding("y", "copy", "Copy", tooltip="Copy what is selected to the clipboard"),
        Binding("escape", "leave_filter", "Clear filter", show=False),
    ]

    app = the_app(ConsoleApp)
    state: var[PairState | None] = var(None)
    moment: var[Moment | None] = var(None)
    pair: var[str] = var("")
    run: var[RunRecord | None] = var(None)
    compact: var[bool] = var(False, toggle_class="-compact")
    """Narrower than 120 columns or lower than 24 lines: the short forms."""
    filter: var[str] = var("")
    source_words: var[str] = var("")
    replaying: var[Replaying | None] = var(None, toggle_class="-replaying")

    def compose(self) -> ComposeResult:
        """The first line, the screen's own content, a filter that is hidden until asked for, the keys."""
        yield TopBar(SCREENS, self.HERE, self.app.read_only).data_bind(
            PairScreen.state,
            PairScreen.pair,
            PairScreen.run,
            PairScreen.replaying,
            source=PairScreen.source_words,
        )
        with Container(id="content"):
            yield from self.content()
        yield TimeSlider().data_bind(PairScreen.replaying)
        line = Input(placeholder=self.FILTER_HINT, id="filter", compact=True)
        line.display = False
        yield line
        yield Footer(compact=True)

    def content(self) -> ComposeResult:
        """What the screen itself shows."""
        yield from ()

    def on_mount(self) -> None:
        """Follow the app."""
        self.watch(self.app, "states", self.take)
        self.watch(self.app, "pair", self.take)
        self.watch(self.app, "beat", self._beat)
        self.watch(self.app, "job_run", self.take_run)
        self.watch(self.app, "source_words", self._take_source)
        self.watch(self.app, "replaying", self._take_source)

    def on_screen_resume(self) -> None:
        """What was missed while another screen was on top."""
        self.take()
        self.take_run()
        self._take_source()

    def on_resize(self) -> None:
        """Short forms on small terminals."""
        self.compact = self.app.size.width < 120 or self.app.size.height < 24

    def take(self) -> None:
        """The newest state of the pair that is shown."""
        if not self.is_current:
            return
        self.pair = self.app.pair
        self.state = self.app.states.get(self.app.pair)
        self.moment = self.app.moment()

    def take_run(self) -> None:
        """The run as it is now."""
        if self.is_current:
            self.run = self.app.job_run

    def _take_source(self) -> None:
        if self.is_current:
            self.source_words = self.app.source_words
            self.replaying = self.app.replaying

    def on_time_slider_sought(self, event: TimeSlider.Sought) -> None:
        """A moment of the recording was clicked on."""
        self.app.go_to(event.at)

    def _beat(self) -> None:
        if self.is_current:
            self.moment = self.app.moment()

    def action_filter(self) -> None:
        """Show the line to type words into."""
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    def action_leave_filter(self) -> None:
        """Show everything again."""
        line = self.query_one("#filter", Input)
        line.value = ""
        line.display = False
        self.focus_content()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self.filter = event.value

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the list, filtered."""
        event.input.display = bool(event.value)
        self.focus_content()

    def go_back(self) -> bool:
        """`q`: whether the screen went back by itself; else the console shows the overview."""
        return False

    def focus_content(self) -> None:
        """Give the focus to what the keys should act on."""
        first = next((w for w in self.focus_chain if w.id != "filter"), None)
        if first is not None:
            first.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing here are not shown."""
        return True

    def action_raw(self) -> None:
        """The raw text behind what is selected."""

    def action_copy(self) -> None:
        """Copy what is selected."""
