"""A fleet as a table, one line per pair, that draws only the rows that can be seen and have changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from console.model.config import PairConfig
from console.model.pair_line import PairLine
from widgets.amounts import age
from widgets.cursor_rows import KEYS, CursorRows
from widgets.fleet_rows import SORTS, Cell, FleetRows, Row
from widgets.plain import padded
from widgets.signs import Tone

_COLUMNS = (
    ("", 1, 0),
    ("pair", 8, 0),
    ("ssh", 4, 100),
    ("role", 4, 0),
    ("addr", 4, 0),
    ("mount", 5, 0),
    ("halves", 6, 90),
    ("mirror", 12, 0),
    ("serves", 12, 170),
    ("ready", 6, 0),
    ("queue", 7, 74),
    ("age", 4, 66),
    ("tags", 16, 140),
    ("findings", 8, 0),
)
"""Each column, its cells, and the width of the table from which it is there; some have a form of their own
where there is much room or little."""
_AT_LENGTH = ("rebuild", 33, 140)
"""`mirror` with the rate of a rebuild and the time left."""
_IN_SHORT = ("found", 6, 66)
"""`findings` by number only, below that width."""
_RIGHT = frozenset({"queue", "age"})
_NOTHING = ("·", Tone.UNKNOWN)
_OLD = 60.0
"""Seconds after which an age is not quiet any more, whatever the line says: nobody tells of the pair."""


def layout(width: int, longest: int) -> list[tuple[str, int]]:
    """The columns and their cells at a width, when the longest name of a pair has `longest` cells."""
    columns = {name: cells for name, cells, least in _COLUMNS if width >= least}
    if width >= _AT_LENGTH[2]:
        columns = {_AT_LENGTH[0] if name == "mirror" else name: cells for name, cells in columns.items()}
        columns[_AT_LENGTH[0]] = _AT_LENGTH[1]
    last = "findings"
    if width < _IN_SHORT[2]:
        del columns[last]
        last = _IN_SHORT[0]
        columns[last] = _IN_SHORT[1]
    room = max(0, width - sum(columns.values()) - (len(columns) - 1))
    more = min(max(0, longest - columns["pair"]), room, 20 if width >= 120 else 10)
    columns["pair"] += more
    columns[last] += room - more
    return list(columns.items())


def fleet_age(seconds: float) -> str:
    """How long ago, in steps so large that a fleet to which nothing happens is not drawn every second."""
    if seconds < 10:
        return "<10s"
    return age(seconds // 10 * 10 if seconds < 100 else seconds)


class FleetTable(CursorRows, can_focus=True):
    """Pairs; the arrow keys move the cursor, `enter` shows one.

    At the top row the cursor stays at the top, so that the worst are always seen; anywhere else it stays on
    its pair.
    """

    DEFAULT_CSS = """
    FleetTable {
        height: 1fr;
        background: transparent;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        & > .fleet-table--head { color: $foreground 60%; }
        & > .fleet-table--ok { color: $text-success; }
        & > .fleet-table--warning { color: $text-warning; }
        & > .fleet-table--critical { color: $text-error; text-style: bold; }
        & > .fleet-table--unknown { color: $foreground 60%; }
        & > .fleet-table--working { color: $text-accent; }
        & > .fleet-table--cursor { background: $foreground 12%; }
        &:focus > .fleet-table--cursor { background: $foreground 20%; }
        &:ansi > .fleet-table--unknown { text-style: dim; }
        &:ansi:focus > .fleet-table--cursor { text-style: bold reverse; }
        &:nocolor:focus > .fleet-table--cursor { text-style: bold reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"fleet-table--{part}"
        for part in ("head", "cursor", "ok", "warning", "critical", "unknown", "working")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Show", tooltip="Show this pair on the overview"),
        Binding("s", "sort", "Sort", tooltip="Worst first, name, longest queue, rebuild under way"),
        *KEYS,
    ]

    lines: var[Mapping[str, PairLine]] = var(dict)
    filter: var[str] = var("")

    @dataclass
    class Chosen(Message):
        """Someone wants to see a pair."""

        pair: str

    @dataclass
    class Pointed(Message):
        """The cursor is on another pair, or its row, the order or the choice has changed."""

    def __init__(self, pairs: Sequence[PairConfig], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = FleetRows(pairs)
        self.drawn = 0
        """How many rows were drawn, for the tests that count them."""
        self._longest = max((cell_len(pair.name) for pair in pairs), default=0)
        self._now = 0.0
        self._newest: Mapping[str, PairLine] = {}
        self._on_screen: dict[int, tuple[Row, Cell]] = {}
        """Row and age that stand on each line of the screen now."""
        self._styles: dict[tuple[str, Tone | None], Style] = {}

    def watch_lines(self) -> None:
        """Some pairs are different now."""
        self._keeping(lambda: self.rows.tell(self.lines))

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._keeping(lambda: self.rows.arrange(wanted=self.filter))

    def action_sort(self) -> None:
        """The next order."""
        self._keeping(lambda: self.rows.arrange(SORTS[(SORTS.index(self.rows.sort) + 1) % len(SORTS)]))

    def tell_time(self, now: float, newest: Mapping[str, PairLine]) -> None:
        """Another second; `newest` has the times at which the nodes were last heard of."""
        self._now, self._newest = now, newest
        self._redraw()

    @property
    def pointed(self) -> Row | None:
        """The pair under the cursor."""
        return self.rows.shown[self.cursor] if self.cursor < len(self.rows.shown) else None

    def _keeping(self, change: Callable[[], None]) -> None:
        before = self.pointed
        change()
        self._fit()
        at = self.cursor
        if at and before is not None:
            names = [row.pair.name for row in self.rows.shown]
            at = names.index(before.pair.name) if before.pair.name in names else at
        self.set_reactive(FleetTable.cursor, max(0, min(at, len(self.rows.shown) - 1)))
        self._show_cursor()
        self._redraw()
        self.post_message(self.Pointed())

    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.rows.shown) + 1)

    def _redraw(self) -> None:
        """Draw again the lines that do not show what they should."""
        shown, top = self.rows.shown, self.scroll_offset.y
        width = self.scrollable_content_region.width
        for y in range(1, self._high + 1):
            at = top + y - 1
            should = (shown[at], self._age(shown[at])) if at < len(shown) else None
            stands = self._on_screen.get(y)
            if (should is None) is not (stands is None) or (
                should and stands and (should[0] is not stands[0] or should[1] != stands[1])
            ):
                self.refresh(Region(0, y, width, 1))

    def _age(self, row: Row) -> Cell:
        seconds = row.age(self._now, self._newest.get(row.pair.name) or row.line)
        if seconds is None:
            return "–", Tone.UNKNOWN
        return fleet_age(seconds), Tone.UNKNOWN if seconds < _OLD else Tone.WARNING

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows.shown)

    def on_resize(self, event: Resize) -> None:
        """More or fewer rows can be seen."""
        self._fit()
        self._show_cursor()

    def watch_cursor(self) -> None:
        """Only the rows that differ are drawn again, unless the rows move."""
        top = self.scroll_offset.y
        self._show_cursor()
        if self.scroll_offset.y == top:
            self.refresh()
        self.post_message(self.Pointed())

    def action_choose(self) -> None:
        """The pair under the cursor."""
        if self.pointed is not None:
            self.post_message(self.Chosen(self.pointed.pair.name))

    def on_click(self, event: Click) -> None:
        """The mouse points; on the row that is pointed at it chooses."""
        at = event.get_content_offset(self)
        row = self.scroll_offset.y + at.y - 1 if at is not None and at.y > 0 else -1
        if not 0 <= row < len(self.rows.shown):
            return
        if row == self.cursor:
            self.action_choose()
        else:
            self.cursor = row

    def render_line(self, y: int) -> Strip:
        """A line of the screen: the head stays where it is, rows move under it."""
        width = self.scrollable_content_region.width
        columns = layout(width, self._longest)
        if y == 0:
            head = " ".join(_title(name, cells) for name, cells in columns)
            return Strip([Segment(padded(head, width), self._style("head"))], width)
        at = y - 1 + self.scroll_offset.y
        if at >= len(self.rows.shown):
            self._on_screen.pop(y, None)
            return Strip([Segment(" " * width, self._style(""))], width)
        self.drawn += 1
        row = self.rows.shown[at]
        said = self._age(row)
        self._on_screen[y] = (row, said)
        return Strip(self._segments(row, said, columns, at == self.cursor), width)

    def _segments(
        self, row: Row, said: Cell, columns: Sequence[tuple[str, int]], pointed: bool
    ) -> list[Segment]:
        base = self._style("cursor" if pointed else "")
        segments: list[Segment] = []
        for name, cells in columns:
            text, tone = said if name == "age" else row.cells.get(name, _NOTHING)
            text = f"{text:>{cells}}" if name in _RIGHT else text
            loud = tone is not None and tone is not Tone.IDLE
            style = self._style("cursor" if pointed else "", tone) if loud else base
            segments += (Segment(padded(text, cells), style), Segment(" ", base))
        return segments[:-1]

    def notify_style_update(self) -> None:
        """Another theme, or the focus came or went."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, ground: str, tone: Tone | None = None) -> Style:
        """The style of a line, or of a cell on it that has a tone: its colour, on the line's ground."""
        known = self._styles.get((ground, tone))
        if known is None:
            known = self.get_component_rich_style(f"fleet-table--{ground}") if ground else self.rich_style
            if tone is not None:
                own = self.get_component_rich_style(f"fleet-table--{tone.name.lower()}")
                known += Style(color=own.color, bold=own.bold, dim=own.dim)
            self._styles[ground, tone] = known
        return known


def _title(column: str, cells: int) -> str:
    word = "mirror" if column == _AT_LENGTH[0] else column
    return padded(f"{word:>{cells}}" if column in _RIGHT else word, cells)
