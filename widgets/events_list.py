"""What changed and when, newest first."""

from collections import Counter
from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.reactive import var

from console.model.snapshot import Event, PairState
from console.model.words import Severity
from widgets.amounts import clock, date_and_clock
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.plain import one_line, padded
from widgets.signs import SEVERITY_TONES, Tone

SHOWN = 500


def told(event: Event) -> str:
    """What happened, without the node's name that stands in its own column."""
    return event.text.removeprefix(f"{event.node} ") if event.node else event.text


def event_line(event: Event, dated: bool, wide: int) -> Content:
    """One event: time, sign, node (in `wide` cells), what."""
    tone = SEVERITY_TONES.get(event.severity, Tone.IDLE)
    at = date_and_clock(event.at) if dated else clock(event.at)
    node = padded(event.node or "", wide)
    kind = f"{padded(event.kind, 10)} " if dated else ""
    return Content.assemble(
        (at, "dim"),
        " ",
        (tone.sign, tone.style),
        f" {node} ",
        (kind, "dim"),
        words(told(event), "" if event.severity is Severity.NOTICE else tone.style),
    )


def event_text(event: Event) -> str:
    """One event as plain text."""
    where = f"{one_line(event.node or '-')} {event.kind}"
    return f"{date_and_clock(event.at)} {event.severity} {where} {one_line(told(event))}"


def keyed(events: Sequence[Event]) -> list[tuple[str, Event]]:
    """A key for each that stays the same when newer ones come and the oldest leave."""
    seen: Counter[str] = Counter()
    out: list[tuple[str, Event]] = []
    for event in reversed(events):
        key = f"{event.at}/{event.node}/{event.kind}/{event.text}"
        seen[key] += 1
        out.append((f"{key}/{seen[key]}", event))
    return out[::-1]


class EventsList(OptionLines):
    """The timeline of a pair."""

    state: var[PairState | None] = var(None)
    filter: var[str] = var("")
    dated: var[bool] = var(False)

    def __init__(self, *, dated: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(EventsList.dated, dated)
        self._events: dict[str, Event] = {}

    @property
    def pointed(self) -> Event | None:
        """The event under the cursor."""
        return self._events.get(self.highlighted_key or "")

    def watch_state(self) -> None:
        """New events."""
        self._draw()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """The title reaches from corner to corner."""
        self._draw()

    def _draw(self) -> None:
        if self.state is None:
            self._events = {}
            self.entitle(Content.styled("events", "dim"))
            self.show_lines([("", Content.styled("no reading yet", "dim"))])
            return
        wanted = self.filter.casefold()
        events = [
            event
            for event in self.state.events[:SHOWN]
            if wanted in f"{event.node or ''} {event.kind} {event.severity} {event.text}".casefold()
        ]
        title = f"events  / {one_line(self.filter, 30)}" if wanted else "events"
        self.entitle(Content.styled(title, "dim"), Content.styled(f"{len(events)}" if events else "", "dim"))
        self._events = dict(keyed(events))
        wide = min(14, max(len(node.name) for node in self.state.snapshot.nodes))
        lines = [(key, event_line(event, self.dated, wide)) for key, event in self._events.items()]
        if not lines:
            nothing = "nothing matches the filter" if wanted else "nothing has changed so far"
            lines = [("", Content.styled(nothing, "dim"))]
        self.show_lines(lines)
