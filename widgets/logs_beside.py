"""Both nodes' logs beside one another, by time, around the moment that is shown."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var
from textual.strip import Strip

from console.model.replaying import LoggedLine
from console.model.words import Home
from widgets.amounts import clock, date_and_clock
from widgets.drawn import Titled
from widgets.plain import one_line, padded

BESIDE = 100
"""Cells from which on each node has a column of its own."""


@dataclass(frozen=True, slots=True)
class Both:
    """The lines of both nodes, and the moment that is shown."""

    names: tuple[str, str]
    """Home master first."""
    lines: tuple[LoggedLine, ...]
    """Oldest first."""
    at: float


class LogsBeside(Titled, can_focus=True):
    """A line of the log a row; a rule where the moment is. What is later is dim."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"logs-beside--moment"}
    DEFAULT_CSS = """
    LogsBeside {
        border: round $foreground 35%;
        border-title-color: $foreground;
        height: 1fr;
        background: transparent;
        &:focus { border: heavy $foreground 60%; }
        & > .logs-beside--moment { color: $text-accent; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "end(-1)", show=False),
        Binding("end", "end(1)", show=False),
    ]

    both: var[Both | None] = var(None)
    filter: var[str] = var("")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[LoggedLine] = []
        self._place = 0
        """The row before which the moment is."""
        self._top: int | None = None
        """The first row in sight; None = so that the moment is."""

    @property
    def shown(self) -> Sequence[LoggedLine]:
        """The lines that pass the filter, oldest first."""
        return self._rows

    @property
    def text(self) -> str:
        """All of them as plain text."""
        names = self.both.names if self.both is not None else ("", "")
        rows = [
            f"{row.stamp or '-':<15} {one_line(names[row.home is Home.SLAVE])} {_said(row)}"
            for row in self._rows
        ]
        rows.insert(self._place, f"-- {date_and_clock(self.both.at)} --" if self.both is not None else "")
        return "\n".join(rows)

    def watch_both(self, before: Both | None, after: Both | None) -> None:
        """Other lines, or another moment: the moment comes in sight again."""
        if before is None or after is None or before.at != after.at:
            self._top = None
        self._choose()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._top = None
        self._choose()

    def on_resize(self, event: events.Resize) -> None:
        """The title reaches from corner to corner."""
        self._entitle()

    def _choose(self) -> None:
        lines = self.both.lines if self.both is not None else ()
        needles = self.filter.casefold().split()
        names = self.both.names if self.both is not None else ("", "")
        self._rows = [
            row
            for row in lines
            if all(n in f"{names[row.home is Home.SLAVE]} {_said(row)}".casefold() for n in needles)
        ]
        times: list[float] = []
        for row in self._rows:
            times.append(row.at if row.at is not None else times[-1] if times else 0.0)
        self._place = bisect_right(times, self.both.at) if self.both is not None else 0
        self._entitle()
        self.refresh()

    def _entitle(self) -> None:
        wanted = f"  / {one_line(self.filter, 30)}" if self.filter else ""
        count = f"{len(self._rows)} lines" if self._rows else ""
        self.entitle(Content.styled(f"both logs{wanted}", "dim"), Content.styled(count, "dim"))

    @property
    def _count(self) -> int:
        """Rows with the one of the moment."""
        return len(self._rows) + 1

    @property
    def _height(self) -> int:
        return max(1, self.size.height - self._heads)

    @property
    def _heads(self) -> int:
        return 1 if self.size.width >= BESIDE else 0

    def _first(self) -> int:
        last = max(0, self._count - self._height)
        wanted = self._place - self._height * 2 // 3 if self._top is None else self._top
        return max(0, min(wanted, last))

    def action_move(self, by: int) -> None:
        """One row up or down."""
        self._top = self._first() + by
        self._top = self._first()
        self.refresh()

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.action_move(by * max(1, self._height - 1))

    def action_end(self, by: int) -> None:
        """To the oldest or the newest line."""
        self.action_move(by * self._count)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.action_move(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.action_move(3)

    def render_line(self, y: int) -> Strip:
        """One row in sight."""
        width, both = self.size.width, self.both
        base = self.rich_style
        if both is None:
            text = "no reading yet" if not y else ""
            return Strip([Segment(text, base + Style(dim=True))]).adjust_cell_length(width, base)
        if y < self._heads:
            half = (width - 9) // 2
            head = " " * 9 + "".join(padded(name, half) for name in both.names)
            return Strip([Segment(head, base + Style(bold=True))]).adjust_cell_length(width, base)
        at = self._first() + y - self._heads
        if at >= self._count:
            return Strip([Segment("", base)]).adjust_cell_length(width, base)
        if at == self._place:
            return self._moment(width, both)
        later = at > self._place
        row = self._rows[at - 1 if later else at]
        style = base + Style(dim=True) if later else base
        return Strip(self._cells(row, width, both, style)).adjust_cell_length(width, style)

    def _moment(self, width: int, both: Both) -> Strip:
        style = self.rich_style + self.get_component_rich_style("logs-beside--moment", partial=True)
        told = f"{clock(both.at)} "
        if not self._rows:
            told += (
                "no line matches "
                if self.filter
                else "neither log holds a line of mirror, gate or freevrrpd "
            )
        return Strip([Segment(told + "─" * max(0, width - len(told)), style)]).adjust_cell_length(
            width, style
        )

    @staticmethod
    def _cells(row: LoggedLine, width: int, both: Both, style: Style) -> list[Segment]:
        when = clock(row.at) if row.at is not None else padded(row.stamp, 8)
        second = row.home is Home.SLAVE
        if width < BESIDE:
            name = padded(both.names[second], min(14, max(map(len, both.names))))
            return [
                Segment(f"{when} ", style + Style(dim=True)),
                Segment(f"{name} ", style + Style(bold=not second)),
                Segment(one_line(_said(row), max(1, width)), style),
            ]
        half = (width - 9) // 2
        text = padded(_said(row), half - 1)
        return [
            Segment(f"{when} ", style + Style(dim=True)),
            Segment(" " * half if second else "", style),
            Segment(text, style),
        ]


def _said(row: LoggedLine) -> str:
    """Program and words, inert."""
    return one_line(f"{row.program}: {row.text}" if row.program else row.text)
