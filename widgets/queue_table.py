"""A queue as a table that draws only the rows that can be seen, however many there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from console.model.mail import Envelope, Queued
from widgets.amounts import age, size
from widgets.cursor_rows import KEYS, CursorRows
from widgets.drawn import Titled
from widgets.plain import one_line, padded
from widgets.queue_rows import NEEDS_LETTERS, SORTS, Prepared, QueueRows, left
from widgets.signs import Tone

_HEAD = f"{'number':>10} {'age':>4} {'size':>7}  {'state':<7} {'left':>11}  "
"""Cells of `left` hold two counts: local and remote recipients without a final answer."""


def row_text(one: Queued, letter: Envelope | None, taken: float, width: int) -> str:
    """One message on one line of exactly `width` cells; what is not read yet shows `·`."""
    old = age(max(0.0, taken - one.since)) if one.since is not None else "?"
    big = size(one.bytes) if one.bytes is not None else "?"
    sign = Tone.WARNING.sign if one.state == "other" else " "
    text = f"{one.msg:>10} {old:>4} {big:>7}  {sign}{one.state:<6} {_left(letter):>11}  "
    room = max(10, width - len(_HEAD))
    if letter is None:
        return padded(f"{text}·", width)
    sender = (
        "?"
        if letter.sender is None
        else f"<{letter.sender}>"
        if letter.sender in ("", "#@[]")
        else letter.sender
    )
    to = _recipients(letter)
    share = room * 2 // 5
    return padded(f"{text}{padded(sender, share)}  {one_line(to, max(1, room - share - 2))}", width)


def _left(letter: Envelope | None) -> str:
    if letter is None:
        return "·"
    local = sum(r.channel == "local" and not r.done for r in letter.recipients)
    return f"{local:,} + {left(letter) - local:,}"


def _recipients(letter: Envelope) -> str:
    first = next((r for r in letter.recipients if not r.done), None) or next(iter(letter.recipients), None)
    if first is None:
        return "bouncing" if letter.bouncing else ""
    more = f" and {len(letter.recipients) - 1:,} more" if len(letter.recipients) > 1 else ""
    return f"{first.address[:120]}{more}"


class QueueTable(CursorRows, Titled, can_focus=True):
    """Messages; the arrow keys move the cursor, `enter` opens one."""

    DEFAULT_CSS = """
    QueueTable {
        height: 1fr;
        border: round $foreground 35%;
        border-title-color: $foreground;
        background: transparent;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        &:focus { border: heavy $foreground 60%; }
        & > .queue-table--head { color: $foreground 60%; }
        & > .queue-table--cursor { background: $foreground 12%; color: $foreground; }
        &:focus > .queue-table--cursor { background: $foreground 20%; color: $foreground; }
        &:ansi:focus > .queue-table--cursor { text-style: bold reverse; }
        &:nocolor:focus > .queue-table--cursor { text-style: bold reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"queue-table--head", "queue-table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Message", tooltip="The files, recipients and log lines of the message"),
        Binding("s", "sort", "Sort", tooltip="Age, size, sender, recipients left, state, number"),
        Binding("S", "turn", "Turn", show=False, tooltip="The other way round"),
        *KEYS,
    ]

    @dataclass
    class Chosen(Message):
        """Someone wants to look at a message."""

        one: Queued

    @dataclass
    class Moved(Message):
        """Other rows can be seen, or they stand in another order."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = QueueRows()
        self.taken = 0.0
        self.drawn = 0
        """How many rows were drawn, for the tests that count them."""

    def load(self, prepared: Prepared, taken: float) -> None:
        """Another listing; the cursor stays on its message, or where it was."""
        self._keeping(lambda: self.rows.load(prepared), taken)

    def add(self, asked: Sequence[int], letters: Mapping[int, Envelope]) -> None:
        """Envelopes that were read."""
        if self.rows.wanted or self.rows.sort in NEEDS_LETTERS:
            self._keeping(lambda: self.rows.add(asked, letters), self.taken)
        else:
            self.rows.add(asked, letters)
            self.refresh()

    def order(self, **how: str | bool) -> None:
        """Another order or other words to look for: see `QueueRows.arrange`."""
        self._keeping(lambda: self.rows.arrange(**how), self.taken)  # type: ignore[arg-type]

    def _keeping(self, change: Callable[[], None], taken: float) -> None:
        before = self.pointed
        change()
        self.taken = taken
        self.virtual_size = Size(self.size.width, len(self.rows.shown) + 1)
        at = self.rows.place(before.msg) if before is not None else None
        self.set_reactive(
            QueueTable.cursor, min(self.cursor if at is None else at, max(0, len(self.rows.shown) - 1))
        )
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved())

    @property
    def pointed(self) -> Queued | None:
        """The message under the cursor."""
        shown = self.rows.shown
        return self.rows.messages[shown[self.cursor]] if self.cursor < len(shown) else None

    @property
    def seen(self) -> range:
        """The rows that can be seen."""
        top = self.scroll_offset.y
        return range(top, min(len(self.rows.shown), top + self._high))

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows.shown)

    def on_resize(self, event: Resize) -> None:
        """More or fewer rows can be seen."""
        self.virtual_size = Size(self.size.width, len(self.rows.shown) + 1)
        self._show_cursor()
        self.post_message(self.Moved())

    def watch_cursor(self, before: int, now: int) -> None:
        """Only the two rows that differ are drawn again, unless the rows move."""
        top = self.scroll_offset.y
        self._show_cursor()
        if self.scroll_offset.y == top:
            for row in (before, now):
                self.refresh_line(row + 1)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows can be seen."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Moved())

    def action_sort(self) -> None:
        """The next order."""
        self.order(sort=SORTS[(SORTS.index(self.rows.sort) + 1) % len(SORTS)], backwards=False)

    def action_turn(self) -> None:
        """The same order the other way round."""
        self.order(backwards=not self.rows.backwards)

    def action_choose(self) -> None:
        """The message under the cursor."""
        if self.pointed is not None:
            self.post_message(self.Chosen(self.pointed))

    def on_click(self, event: Click) -> None:
        """The mouse points."""
        at = event.get_content_offset(self)
        if at is not None and at.y > 0 and self.scroll_offset.y + at.y - 1 < len(self.rows.shown):
            self.cursor = self.scroll_offset.y + at.y - 1

    def render_line(self, y: int) -> Strip:
        """A line of the screen: the head stays where it is, rows move under it."""
        width = self.scrollable_content_region.width
        if y == 0:
            head = padded(f"{_HEAD}{'sender':<{max(10, width - len(_HEAD)) * 2 // 5}}  recipients", width)
            return Strip([Segment(head, self._style("queue-table--head"))], width)
        row = y - 1 + self.scroll_offset.y
        if row >= len(self.rows.shown):
            return Strip([Segment(" " * width, self.rich_style)], width)
        self.drawn += 1
        one = self.rows.messages[self.rows.shown[row]]
        letter = self.rows.letters.get(one.msg)
        style = self._style("queue-table--cursor") if row == self.cursor else self.rich_style
        return Strip([Segment(row_text(one, letter, self.taken, width), style)], width)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)
