"""A recording as a line of time: where one is, what was recorded, and what happened when."""

from bisect import bisect_right
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click, Resize
from textual.message import Message
from textual.reactive import var

from console.model.replaying import Replaying
from console.model.snapshot import Event
from console.model.words import Severity
from widgets.amounts import clock, date_and_clock
from widgets.drawn import Drawn, words
from widgets.events_list import told
from widgets.signs import SEVERITY_TONES, Tone

HEAD = "┃"
"""Where one is."""
PASSED, AHEAD, MISSING = "━", "─", " "


class TimeSlider(Drawn):
    """Two lines, or one where there is little room; a click goes to that moment."""

    FIXED_SIZE = True
    DEFAULT_CSS = """
    TimeSlider {
        height: 2;
        padding: 0 1;
        background: $primary 20%;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    replaying: var[Replaying | None] = var(None)

    @dataclass
    class Sought(Message):
        """A moment was clicked on."""

        at: float

    def watch_replaying(self) -> None:
        """Time went by, or was jumped over."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Other cells for the same time."""
        self._draw()

    def on_click(self, event: Click) -> None:
        """Go there."""
        one = self.replaying
        if one is None or self.size.height < 1:
            return
        x = event.get_content_offset_capture(self).x
        left, width = self._bar_place(one)
        if left <= x < left + width and (event.y == 0 or self.size.height == 1):
            begin, end = one.shown
            self.post_message(self.Sought(begin + (x - left + 0.5) / width * (end - begin)))

    @property
    def _low(self) -> bool:
        return self.size.height < 2

    def _bar_place(self, one: Replaying) -> tuple[int, int]:
        """The bar's first cell and its length."""
        if self._low:
            left = len(_place(one, short=True)) + 1
            return left, max(1, self.size.width - 2 - left)
        begin, end = _ends(one)
        return len(begin) + 1, max(1, self.size.width - 2 - len(begin) - len(end) - 2)

    def _draw(self) -> None:
        one = self.replaying
        if one is None or not self.size.width:
            return
        if one.trouble:
            self.draw(Content.assemble((Tone.WARNING.sign, Tone.WARNING.style), " ", words(one.trouble)))
            return
        bar_line = bar(one, self._bar_place(one)[1])
        if self._low:
            self.draw(Content.assemble((_place(one, short=True), "bold"), " ", bar_line))
            return
        begin, end = _ends(one)
        first = Content.assemble((f"{begin} ", "dim"), bar_line, (f" {end}", "dim"))
        self.draw(Content("\n").join([first, self._under(one)]))

    def _under(self, one: Replaying) -> Content:
        """Where one is, and what was the last thing that happened."""
        place = Content.styled(_place(one, short=False), "bold")
        last = last_event(one)
        if last is None:
            return place
        tone = SEVERITY_TONES.get(last.severity, Tone.IDLE)
        said = Content.assemble(
            (f"   {clock(last.at)} ", "dim"), (tone.sign, tone.style), " ", words(_who(last) + told(last))
        )
        return Content.assemble(place, said)


def _who(event: Event) -> str:
    return f"{event.node} " if event.node else ""


def last_event(one: Replaying) -> Event | None:
    """What happened last before the moment that is shown, as far as the slider shows it."""
    at = bisect_right(one.events, one.at, key=lambda event: event.at)
    return one.events[at - 1] if at else None


def _place(one: Replaying, *, short: bool) -> str:
    """Playing or not, when, how fast."""
    sign = "▶" if one.playing else "="
    speed = f" ×{one.speed:g}" if one.speed != 1 else ""
    return f"{sign} {clock(one.at) if short else date_and_clock(one.at)}{speed}"


def _ends(one: Replaying) -> tuple[str, str]:
    """The times at both ends of the bar; the date where it spans more than a day."""
    begin, end = one.shown
    if end - begin > 86400:
        return date_and_clock(begin)[5:10], date_and_clock(end)[5:10]
    cells = 8 if end - begin <= 600 else 5
    return clock(begin)[:cells], clock(end)[:cells]


def bar(one: Replaying, width: int) -> Content:
    """The line: passed, head, ahead; blank where nothing was recorded; the worst event of each cell on it."""
    begin, end = one.shown
    wide = max(end - begin, 1.0)

    def cell(at: float) -> int:
        return min(width - 1, max(0, int((at - begin) / wide * width)))

    head = cell(one.at)
    cells: list[tuple[str, str]] = [
        (PASSED, "$primary") if place < head else (AHEAD, "$foreground 50%") for place in range(width)
    ]
    step = wide / width
    for place in range(width):
        middle = begin + (place + 0.5) * step
        if not one.first <= middle <= one.last + step or any(a <= middle <= b for a, b in one.gaps):
            cells[place] = (MISSING, "")
    worst: dict[int, Event] = {}
    for event in one.events:
        place = cell(event.at)
        if begin <= event.at <= end and (
            place not in worst or event.severity.rank < worst[place].severity.rank
        ):
            worst[place] = event
    for place, event in worst.items():
        tone = SEVERITY_TONES.get(event.severity, Tone.IDLE)
        cells[place] = ("·", "bold") if event.severity is Severity.NOTICE else (tone.sign, tone.loud)
    sign = cells[head][0]
    # An event under the head stays to be seen: reversed.
    cells[head] = (HEAD, "bold") if head not in worst else (sign, "bold reverse")
    return Content.assemble(*_runs(cells))


def _runs(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one style as one piece."""
    runs: list[tuple[str, str]] = []
    for sign, style in cells:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + sign, style)
        else:
            runs.append((sign, style))
    return runs
