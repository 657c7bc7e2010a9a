"""One node of a pair: the four truths, what runs on it, and how old each line is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click, Resize
from textual.getters import query_one
from textual.message import Message
from textual.reactive import var

from console.model.facts import Fact
from console.model.snapshot import LinkState, NodeView, PairState, Truths
from console.model.words import Home, Role
from widgets import node_words
from widgets.age_column import Age, AgeColumn
from widgets.drawn import Drawn, Titled, words
from widgets.moment import Moment
from widgets.node_words import LABEL, Line

WIDE = 60
"""Cells inside the card from which every state is written out."""


class NodeCard(Horizontal, Titled, can_focus=True):
    """The card of the node that lives at `home`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Node", tooltip="Everything known of this node")
    ]

    DEFAULT_CSS = """
    NodeCard {
        height: 7;
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0 1;
        &:focus { border: heavy $foreground 60%; }
        &.-compact { height: 2; border: none; padding: 0 1; }
        &.-compact:focus { border: none; background: $foreground 10%; text-style: bold; }
        #words { width: 1fr; height: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
        #words.-told { text-wrap: wrap; }
    }
    """

    state: var[PairState | None] = var(None)
    moment: var[Moment | None] = var(None)
    compact: var[bool] = var(False, toggle_class="-compact")

    _words = query_one("#words", Drawn)
    _ages = query_one(AgeColumn)

    @dataclass
    class Chosen(Message):
        """Someone wants to see the whole node."""

        home: Home

    def __init__(self, home: Home, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.home = home
        self._sections: tuple[tuple[str, ...], ...] = ()

    def compose(self) -> ComposeResult:
        """The text and, at its right, the ages."""
        yield Drawn(id="words")
        yield AgeColumn()

    def action_choose(self) -> None:
        """Ask for the whole node."""
        self.post_message(self.Chosen(self.home))

    def on_click(self, event: Click) -> None:
        """A second click is `enter`."""
        if event.chain == 2:
            self.action_choose()

    def watch_state(self) -> None:
        """New facts."""
        self._draw()
        self._tell_ages()

    def watch_moment(self) -> None:
        """A second passed: only ages, and how long a silent node has been silent."""
        self._tell_ages()
        view = self._view
        if view is not None and view.link.state is not LinkState.LIVE:
            self._draw()

    def watch_compact(self) -> None:
        """Two lines or five."""
        self._draw()
        self._tell_ages()

    def on_resize(self, event: Resize) -> None:
        """The title reaches from corner to corner."""
        self._draw()

    @property
    def _view(self) -> NodeView | None:
        return self.state.snapshot.node(self.home) if self.state else None

    def _truths(self, state: PairState) -> tuple[Truths, Truths]:
        mine, other = state.truths
        return (mine, other) if self.home is Home.MASTER else (other, mine)

    def _lines(self) -> tuple[Line, ...]:
        state, view = self.state, self._view
        if state is None or view is None:
            self.entitle(Content.styled(f"home {self.home.value}", "dim"))
            return (Line("", Content.styled("no reading yet", "dim")),)
        mine, other = self._truths(state)
        both = mine.role is Role.MASTER and other.role is Role.MASTER
        pair = state.snapshot.config
        now = self.moment.now if self.moment else state.snapshot.now
        gone = node_words.notice(view, now)
        if self.compact:
            first, second = node_words.brief(view, mine, pair, both)
            return (first, second if gone is None else Line("", gone))
        self.entitle(
            Content.assemble(words(view.name).stylize("bold"), (f" ─ home {self.home.value}", "dim")),
            node_words.role_words(view, mine, both),
        )
        never = view.link.last_seen is None and gone is not None
        self._words.set_class(never, "-told")
        if never and gone is not None:
            return (Line("", gone),)
        whole = node_words.lines(view, mine, pair, now, self.size.width < WIDE)
        return whole if gone is None else (*whole[:-1], Line("", gone))

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        lines = self._lines()
        self._sections = tuple(line.sections for line in lines)
        rows = (
            line.text if not line.label else Content.assemble((f"{line.label:<{LABEL}}", "dim"), line.text)
            for line in lines
        )
        self._words.draw(Content("\n").join(rows))

    def _tell_ages(self) -> None:
        if not self.is_mounted:
            return
        if self.moment is None:
            self._ages.tell([])
            return
        facts = self.moment.state.snapshot.node(self.home).facts
        self._ages.tell([self._worst([getattr(facts, name) for name in names]) for names in self._sections])

    def _worst(self, facts: Sequence[Fact[Any]]) -> Age | None:
        """The age of a line: of what is unknown, else of what is oldest."""
        if self.moment is None or not facts:
            return None
        unknown = [fact for fact in facts if fact.unknown is not None]
        ages = [self.moment.age(fact) for fact in unknown or facts]
        return Age(None if None in ages else max(age for age in ages if age is not None), not unknown)
