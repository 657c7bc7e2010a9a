"""What the mail is doing, on both nodes: how much waits, in which state, how old, from whom, and why."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.reactive import var

from console.model.words import Home
from console.screens.mail_control import ControlScreen
from console.screens.mail_log import LogScreen
from console.screens.mail_queue import QueueScreen
from console.screens.mail_trace import TraceScreen
from console.screens.mail_walking import ABSENT, Walk, WalkingScreen
from console.screens.mail_words import walk_lines
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.drawn import Drawn
from widgets.mail_panel import MailPanel, serving_home

HOMES = (Home.MASTER, Home.SLAVE)


class MailScreen(WalkingScreen):
    """qmail on both nodes: the queue, its states, its ages, who fills it and what holds it up."""

    CSS_PATH = "mail.tcss"
    HELP = """
Above: messages in the queue, and those of them that qmail-send has not looked at yet; deliveries that run, of
those that may run at once. The line under the serving node shows how deep its queue was, oldest first.

Below: what a walk over the queue's directories found. Text of messages is never read. States are told by
which files a message has: S2 its text arrives, S3 its envelope arrives, S4 queued and not preprocessed,
S5 preprocessed; `other` is what a sound queue never has. Senders and domains are those of up to 5,000
envelopes; reasons of deferrals are counted in the newest 2,000 lines of the log, numbers left out.

A walk costs the node something: the next one begins after the configured interval, but not before 50 times
what the last one took. `u` walks now, `escape` breaks a walk off.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l,enter", "list", "List", key_display="l", tooltip="The messages of this node's queue"),
        Binding("w", "trace", "Where is…", tooltip="Where is my message: look for it in the logs"),
        Binding("g", "log", "Log", tooltip="The log as it grows, of both nodes"),
        Binding("c", "control", "Control", tooltip="qmail's settings on both nodes"),
    ]

    pointed: var[Home] = var(Home.MASTER)
    """Whose box has the keys."""

    def content(self) -> ComposeResult:
        """A column for each node."""
        for home in HOMES:
            with Vertical(id=f"side-{home.value}", classes="side"):
                yield MailPanel(home, full=True, id=home.value).data_bind(PairScreen.state, PairScreen.moment)
                with VerticalScroll(id=f"box-{home.value}", classes="walked") as box:
                    box.border_title = Content.styled("queue", "dim")
                    yield Drawn(id=f"words-{home.value}")

    def on_mount(self) -> None:
        """The box of the node that serves has the keys."""
        self.pointed = serving_home(self.state) if self.state is not None else Home.MASTER
        self.query_one(f"#box-{self.pointed.value}").focus()
        self._lay_out()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The keys are about the node whose box has the focus."""
        for home in HOMES:
            if self.query_one(f"#side-{home.value}") in event.widget.ancestors_with_self:
                self.pointed = home

    def watch_pointed(self) -> None:
        """On a small terminal one node's figures are shown."""
        self._lay_out()

    def watch_compact(self) -> None:
        """Side by side or one below the other."""
        self._lay_out()

    def on_resize(self) -> None:
        """Lines are as long as there is room."""
        self.call_after_refresh(self._draw)
        self._lay_out()

    def _lay_out(self) -> None:
        if not self.query(".walked"):
            return
        low = self.app.size.height < 20
        for home in HOMES:
            here = home is self.pointed
            self.query_one(f"#box-{home.value}").display = here or not self.compact
            self.query_one(f"#side-{home.value}").set_class(here, "-pointed")
            panel = self.query_one(f"#{home.value}", MailPanel)
            panel.compact = self.compact and (low or not here)
            panel.full = not self.compact

    def watch_state(self) -> None:
        """Slots and alerts of the sampler are part of the words."""
        self._draw()

    def watch_walks(self) -> None:
        """A walk ended."""
        self._draw()

    def watch_walking(self) -> None:
        """A walk began or ended."""
        self._draw()

    def _draw(self) -> None:
        if not self.query(".walked"):
            return
        for home in HOMES:
            self.query_one(f"#words-{home.value}", Drawn).draw(self._words(home))

    def _words(self, home: Home) -> Content:
        if self.state is None:
            return Content.styled("no reading yet", "dim")
        if not self.state.snapshot.config.qmail.enabled:
            return Content.styled("qmail is not watched for this pair", "dim")
        if self.app.mails is None:
            return Content.styled(ABSENT, "dim")
        mail = self.state.snapshot.node(home).facts.mail.value
        width = self.query_one(f"#box-{home.value}").scrollable_content_region.width
        return walk_lines(self.walks.get(home, Walk()), mail, home in self.walking, width, short=self.compact)

    def action_list(self) -> None:
        """The messages of the queue of the node that is pointed at."""
        walk = self.walks.get(self.pointed)
        self.app.push_screen(QueueScreen(self.pointed, walk))

    def action_trace(self) -> None:
        """Where is my message."""
        self.app.push_screen(TraceScreen())

    def action_log(self) -> None:
        """The log as it grows."""
        self.app.push_screen(LogScreen())

    def action_control(self) -> None:
        """The settings."""
        self.app.push_screen(ControlScreen())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is no list here to filter."""
        return action != "filter" and super().check_action(action, parameters)

    def go_back(self) -> bool:
        """To the overview, as everywhere."""
        return False

    def _raw(self) -> tuple[str, str] | None:
        if self.state is None:
            return None
        view = self.state.snapshot.node(self.pointed)
        return f"mail on {view.name}", view.facts.mail.raw

    def action_raw(self) -> None:
        """What qmail-qstat and the log said."""
        if (raw := self._raw()) is not None:
            self.app.push_screen(RawScreen(*raw))

    def action_copy(self) -> None:
        """The figures as they stand there."""
        shown = self.query_one(f"#words-{self.pointed.value}", Drawn).shown.plain
        self.app.copy_text(shown, "the figures of the queue")
