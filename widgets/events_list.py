"""What changed and when, newest first."""

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive

from console.model.snapshot import Event, PairState
from console.model.words import Severity
from widgets.amounts import clock, date_and_clock
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.plain import one_line, padded
from widgets.signs import SEVERITY_TONES, Tone

SHOWN = 500


def event_line(event: Event, dated: bool) -> Content:
    """One event: time, sign, node, what."""
    tone = SEVERITY_TONES.get(event.severity, Tone.IDLE)
    at = date_and_clock(event.at) if dated else clock(event.at)
    node = padded(event.node or "", 8 if not dated else 14)
    kind = f"{padded(event.kind, 10)} " if dated else ""
    return Content.assemble(
        (at, "dim"),
        " ",
        (tone.sign, tone.style),
        f" {node} ",
        (kind, "dim"),
        words(event.text, "" if event.severity is Severity.NOTICE else tone.style),
    )


def event_text(event: Event) -> str:
    """One event as plain text."""
    where = f"{one_line(event.node or '-')} {event.kind}"
    return f"{date_and_clock(event.at)} {event.severity} {where} {one_line(event.text)}"


class EventsList(OptionLines):
    """The timeline of a pair."""

    state: reactive[PairState | None] = reactive(None)
    filter: reactive[str] = reactive("")
    dated: reactive[bool] = reactive(False)

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
            return
        wanted = self.filter.casefold()
        events = [
            event
            for event in self.state.events[:SHOWN]
            if wanted in f"{event.node or ''} {event.kind} {event.severity} {event.text}".casefold()
        ]
        title = f"events  / {one_line(self.filter, 30)}" if wanted else "events"
        self.entitle(Content.styled(title, "dim"), Content.styled(f"{len(events)}" if events else "", "dim"))
        self._events = {f"{number}": event for number, event in enumerate(reversed(events))}
        lines = [(key, event_line(event, self.dated)) for key, event in reversed(self._events.items())]
        if not lines:
            nothing = (
                "nothing matches the filter" if wanted else "nothing has changed since the console started"
            )
            lines = [("", Content.styled(nothing, "dim"))]
        self.show_lines(lines)
