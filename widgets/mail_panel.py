"""qmail at a glance: how deep the queue is, how many deliveries run, and where it is going."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.getters import query_one
from textual.reactive import var
from textual.widgets import Sparkline

from console.model.facts import Mail
from console.model.mail import OldestMail
from console.model.snapshot import NodeView, PairState
from console.model.tai64n import tai_seconds
from console.model.words import Home, Role
from widgets.amounts import age, date_and_clock
from widgets.drawn import Drawn, Titled, words
from widgets.moment import Moment
from widgets.node_words import stale, unknown
from widgets.plain import one_line
from widgets.signs import Tone, mark

REMEMBERED = 900.0
"""Seconds for which the oldest message of a walk is told: later it may long have gone."""


def slots(name: str, used: tuple[int, int] | None) -> Content:
    """Delivery slots in use of the limit; full ones are a warning."""
    if used is None:
        return Content.assemble(f"{name} ", ("?", "dim"))
    text = f"{name} {used[0]}/{used[1]}"
    return mark(Tone.WARNING, text) if used[1] and used[0] >= used[1] else Content(text)


def depth(mail: Mail) -> Content:
    """Messages in the queue, and those that qmail-send has not looked at yet."""
    queue = f"{mail.queue:,}" if mail.queue is not None else "?"
    todo = f"{mail.todo:,}" if mail.todo is not None else "?"
    return Content.assemble(
        "queue ", (queue, "bold" if mail.queue is not None else "dim"), f"   not preprocessed {todo}"
    )


def mail_lines(view: NodeView, enabled: bool) -> tuple[Content, ...]:
    """One node's mail in two lines, or why it is not known."""
    fact = view.facts.mail
    if not enabled:
        return (Content.styled("qmail is not watched for this pair", "dim"),)
    mail = fact.last
    if mail is None:
        return (unknown(fact),)
    slot = Content("   ").join([slots("local", mail.local), slots("remote", mail.remote)])
    if mail.exitasap:
        slot = Content.assemble(slot, "   ", mark(Tone.WARNING, "shutting down"))
    lines = (depth(mail), slot)
    return tuple(Content.styled(line.plain, "dim") for line in lines) if stale(fact) else lines


def serving_home(state: PairState) -> Home:
    """Whose mail matters: the node that serves, else the home master."""
    for view, truths in zip(state.snapshot.nodes, state.truths, strict=True):
        if state.readiness is not None and state.readiness.serving is not None:
            if view.name == state.readiness.serving:
                return view.config.home
        elif truths.role is Role.MASTER:
            return view.config.home
    return Home.MASTER


class MailPanel(Vertical, Titled, can_focus=True):
    """The queue of one node; without a `home`, of the node that serves."""

    DEFAULT_CSS = """
    MailPanel {
        height: 5;
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0 1;
        &:focus { border: heavy $foreground 60%; }
        Drawn { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
        Sparkline { height: 1; width: 1fr; margin: 0; }
        Sparkline > .sparkline--min-color { color: $foreground 40%; }
        Sparkline > .sparkline--max-color { color: $foreground 80%; }
        &.-compact {
            height: 1; border: none; padding: 0 1;
            Sparkline { display: none; }
        }
        &.-compact:focus { border: none; background: $foreground 10%; }
    }
    """

    state: var[PairState | None] = var(None)
    moment: var[Moment | None] = var(None)
    compact: var[bool] = var(False, toggle_class="-compact")
    oldest: var[OldestMail | None] = var(None)
    """The oldest message that the last walk over the queue found."""
    full: var[bool] = var(False)
    """Whether the newest line of the log and its alerts are shown too."""

    _words = query_one(Drawn)
    _line = query_one(Sparkline)

    def __init__(self, home: Home | None = None, *, full: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.home = home
        self.set_reactive(MailPanel.full, full)
        self._history: tuple[int, ...] = ()

    def compose(self) -> ComposeResult:
        """The counts, and the line of the queue's depth."""
        yield Drawn()
        yield Sparkline([])

    def watch_state(self) -> None:
        """New counts."""
        self._draw()

    def watch_compact(self) -> None:
        """One line or the box."""
        self._draw()

    def watch_full(self) -> None:
        """With the log's end or without."""
        self._draw()

    def watch_oldest(self) -> None:
        """A walk found another one."""
        self._draw()

    def watch_moment(self) -> None:
        """The age in the title, and of the oldest message."""
        self._entitle()
        if self.oldest is not None:
            self._draw()

    def on_resize(self, event: Resize) -> None:
        """The title reaches from corner to corner."""
        self._entitle()

    def _view(self, state: PairState) -> NodeView:
        return state.snapshot.node(self.home or serving_home(state))

    def _entitle(self) -> None:
        if self.state is None or self.moment is None or self.compact:
            return
        newest = self._view(self.moment.state).facts.mail
        seconds = self.moment.age(newest)
        if seconds is None or not self.state.snapshot.config.qmail.enabled:
            right = Content("")
        elif newest.unknown is None:
            # Mail is read every half minute: a coarse age keeps a quiet border quiet.
            right = Content.styled("<1m" if seconds < 60 else age(seconds), "dim")
        else:
            right = mark(Tone.UNKNOWN, age(seconds))
        self.entitle(Content.assemble(("mail ", "dim"), words(self._view(self.state).name)), right)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        if self.state is None:
            self.entitle(Content.styled("mail", "dim"))
            self._words.draw(Content.styled("no reading yet", "dim"))
            self._line.display = False
            return
        state = self.state
        view = self._view(state)
        lines = mail_lines(view, state.snapshot.config.qmail.enabled)
        if self.compact:
            head = Content.assemble(("mail ", "dim"), words(view.name).truncate(16, ellipsis=True))
            self._words.draw(Content("   ").join([head, *lines]))
            return
        self._entitle()
        mail = view.facts.mail.last
        if not self.full and len(lines) > 1 and (oldest := self._oldest()) is not None:
            lines = (*lines[:-1], Content.assemble(lines[-1], ("   oldest ", "dim"), oldest))
        if self.full and mail is not None:
            lines = (*lines, *self._details(mail))
        self._words.draw(Content("\n").join(lines))
        history = state.queue_history if view.config.home is serving_home(state) else ()
        if history != self._history:
            self._history = history
            self._line.data = list(history)
        self._line.display = bool(history)

    def _oldest(self) -> str | None:
        """How long the oldest message has waited; None where no walk was lately."""
        if self.oldest is None or self.moment is None:
            return None
        since = self.moment.now - self.oldest.at
        return age(self.oldest.age + since) if 0 <= since <= REMEMBERED else None

    @staticmethod
    def _details(mail: Mail) -> tuple[Content, ...]:
        lines = [Content.assemble(("newest log line  ", "dim"), words(_moment(mail.last_event)))]
        lines.append(Content.assemble(("last message end ", "dim"), words(_moment(mail.last_end))))
        lines += [mark(Tone.WARNING, one_line(alert)) for alert in mail.alerts[-20:][::-1]]
        return tuple(lines)


def _moment(stamp: str | None) -> str:
    """A log stamp as the operator's clock says it, or as it was written."""
    seconds = tai_seconds(stamp)
    return date_and_clock(seconds) if seconds is not None else stamp or "?"
