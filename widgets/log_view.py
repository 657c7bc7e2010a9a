"""A log that grows fast: only the lines in sight are ever drawn, and nothing needs a layout.

It stays at its end until somebody goes up; then it stands still while lines come below.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from console.model.mail_log import LogKind, LogRow, LogWords
from widgets.drawn import Titled
from widgets.plain import one_line, padded

RING = 50_000
"""Lines that are kept."""


def wanted(row: LogRow, needles: Sequence[bytes]) -> bool:
    """Whether every needle (lower case) is in a row's node or words; a note is always wanted."""
    if row.note:
        return True
    line = row.line[25:] if row.line.startswith(b"@") else row.line
    hay = row.node.encode().lower() + b" " + line.lower()
    return all(needle in hay for needle in needles)


def needles_of(words: str) -> tuple[bytes, ...]:
    """Words as they are looked for."""
    return tuple(word.encode(errors="backslashreplace").lower() for word in words.split())


class LogView(Titled, can_focus=True):
    """The last lines of a log, with a cursor once it is moved."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log-view--{kind}" for kind in get_args(LogKind)} | {
        "log-view--found",
        "log-view--column",
    }
    DEFAULT_CSS = """
    LogView {
        border: round $foreground 35%;
        border-title-color: $foreground;
        height: 1fr;
        background: transparent;
        &:focus { border: heavy $foreground 60%; }
        & > .log-view--column { text-style: dim; }
        & > .log-view--quiet { text-style: dim; }
        & > .log-view--begun { color: $text-primary; }
        & > .log-view--good { color: $text-success; }
        & > .log-view--warn { color: $text-warning; }
        & > .log-view--bad { color: $text-error; text-style: bold; }
        & > .log-view--note { text-style: bold reverse; }
        & > .log-view--found { text-style: bold underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "first", show=False),
        Binding("end", "follow", "Follow", tooltip="To the end of the log, and stay there"),
        Binding("enter", "open", "Trace", tooltip="Trace the message of the line under the cursor"),
    ]

    @dataclass
    class Opened(Message):
        """`enter` on a line."""

        row: LogRow

    def __init__(self, told: Callable[[bytes], LogWords], *, ring: int = RING, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told = told
        self._ring = ring
        self._rows: list[LogRow] = []
        self._shown: list[LogRow] = []
        self._late: list[LogRow] = []
        self._late_dropped = 0
        self._needles: tuple[bytes, ...] = ()
        self._sought: tuple[bytes, ...] = ()
        self._cursor: int | None = None
        self._top = 0
        self._node_width = 0
        self.dropped = 0
        """Lines that had to go because of newer ones."""
        self.paused = False
        self.drawn = 0
        """Lines that were ever drawn, for the tests that count work."""

    @property
    def shown(self) -> Sequence[LogRow]:
        """The lines that pass the filter, oldest first."""
        return self._shown

    @property
    def kept(self) -> int:
        """How many lines are kept, shown or not."""
        return len(self._rows) + len(self._late)

    @property
    def behind(self) -> int:
        """Lines that came while it was paused."""
        return len(self._late) + self._late_dropped

    @property
    def following(self) -> bool:
        """Whether the newest line is in sight."""
        return self._cursor is None

    @property
    def pointed(self) -> LogRow | None:
        """The line under the cursor; the last one while it follows."""
        if not self._shown:
            return None
        return self._shown[-1 if self._cursor is None else min(self._cursor, len(self._shown) - 1)]

    def clear(self) -> None:
        """Forget everything; the filter stays."""
        self._rows, self._shown, self._late = [], [], []
        self._cursor, self._top, self.dropped, self._late_dropped = None, 0, 0, 0
        self.refresh()

    def add(self, rows: Sequence[LogRow]) -> None:
        """Newer lines."""
        if not rows:
            return
        self._node_width = max(self._node_width, *(min(len(row.node), 14) for row in rows))
        if self.paused:
            self._late += rows
            if (over := len(self._late) - self._ring) > 0:
                del self._late[:over]
                self._late_dropped += over
            return
        self._rows += rows
        self._shown += [row for row in rows if wanted(row, self._needles)] if self._needles else rows
        if (over := len(self._rows) - self._ring) > 0:
            del self._rows[:over]
            self.dropped += over
            gone = bisect_left(self._shown, self._rows[0].serial, key=lambda row: row.serial)
            del self._shown[:gone]
            self._top = max(0, self._top - gone)
            if self._cursor is not None:
                self._cursor = max(0, self._cursor - gone)
        self.refresh()

    def pause(self) -> None:
        """Stand still, or show what came meanwhile."""
        self.paused = not self.paused
        if not self.paused:
            late, self._late = self._late, []
            self.dropped += self._late_dropped
            self._late_dropped = 0
            self.add(late)

    def narrow(self, words: str) -> None:
        """Show only lines with all these words; nothing shows every line."""
        needles = needles_of(words)
        if needles == self._needles:
            return
        pointed = self.pointed if self._cursor is not None else None
        self._needles = needles
        self._shown = [row for row in self._rows if wanted(row, needles)]
        if pointed is not None:
            self._point(bisect_left(self._shown, pointed.serial, key=lambda row: row.serial))
        self.refresh()

    def seek(self, words: str) -> None:
        """Mark these words wherever they stand."""
        self._sought = needles_of(words)
        self.refresh()

    def step(self, by: int) -> bool:
        """To the next line below (1) or above (-1) with the sought words, around the end; whether one is."""
        count = len(self._shown)
        if not self._sought or not count:
            return False
        at = count - 1 if self._cursor is None else self._cursor
        for n in range(1, count + 1):
            there = (at + by * n) % count
            row = self._shown[there]
            if not row.note and wanted(row, self._sought):
                self._point(there)
                return True
        return False

    def _height(self) -> int:
        return max(1, self.size.height)

    def _first_in_sight(self) -> int:
        end = max(0, len(self._shown) - self._height())
        return end if self._cursor is None else min(self._top, end)

    def _point(self, at: int) -> None:
        """Put the cursor on a line and bring it in sight."""
        top = self._first_in_sight()
        at = max(0, min(at, len(self._shown) - 1))
        height = self._height()
        self._top = at if at < top else at - height + 1 if at >= top + height else top
        self._cursor = at
        self.refresh()

    def action_move(self, by: int) -> None:
        """One line up or down; below the last it follows again."""
        last = len(self._shown) - 1
        at = last if self._cursor is None else self._cursor
        if at + by > last:
            self.action_follow()
        else:
            self._point(at + by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.action_move(by * max(1, self._height() - 1))

    def action_first(self) -> None:
        """To the oldest line."""
        self._point(0)

    def action_follow(self) -> None:
        """To the newest line, and stay there."""
        self._cursor = None
        self.refresh()

    def action_open(self) -> None:
        """Tell which line was meant."""
        if (row := self.pointed) is not None:
            self.post_message(self.Opened(row))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves three lines."""
        event.stop()
        self._point(self._first_in_sight() - 3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves three lines; at the end it follows again."""
        event.stop()
        self.action_move(3) if self._cursor is not None else None

    def on_click(self, event: events.Click) -> None:
        """The line under the mouse."""
        y = event.get_content_offset_capture(self).y + self._first_in_sight()
        if y < len(self._shown):
            self._point(y)

    def render_line(self, y: int) -> Strip:
        """One line in sight."""
        width = self.size.width
        at = self._first_in_sight() + y
        if at >= len(self._shown):
            text = "no line yet" if not self._rows and not y else ""
            text = "no line has these words" if self._rows and not self._shown and not y else text
            return Strip([Segment(text, self.rich_style + Style(dim=True))]).adjust_cell_length(width)
        self.drawn += 1
        row = self._shown[at]
        here = self.has_focus and at == (len(self._shown) - 1 if self._cursor is None else self._cursor)
        strip = Strip(self._segments(row, width)).adjust_cell_length(width, self.rich_style)
        return strip.apply_style(Style(reverse=True)) if here else strip

    def _segments(self, row: LogRow, width: int) -> Iterator[Segment]:
        base = self.rich_style
        column = base + self.get_component_rich_style("log-view--column", partial=True)
        yield Segment(f"{padded(row.node, max(1, self._node_width))} {_time(row.at, width)} ", column)
        told = LogWords(row.line.decode(), "note") if row.note else self._told(row.line)
        style = base + self.get_component_rich_style(f"log-view--{told.kind}", partial=True)
        text = one_line(told.text, max(1, width - self._node_width - len(_time(None, width)) - 2))
        if not self._sought or row.note:
            yield Segment(text, style)
            return
        found = style + self.get_component_rich_style("log-view--found", partial=True)
        sought = "|".join(re.escape(needle.decode(errors="replace")) for needle in self._sought)
        for n, part in enumerate(re.split(f"({sought})", text, flags=re.IGNORECASE)):
            if part:
                yield Segment(part, found if n % 2 else style)

    def say(self, left: Content, right: Content) -> None:
        """Both ends of the title."""
        self.entitle(left, right)


def _time(at: float | None, width: int) -> str:
    """When, to the millisecond on wide terminals; blank where it is not known."""
    wide = width >= 90
    if at is None or not 0 <= at < 253_402_214_400:
        return " " * (18 if wide else 8)
    moment = datetime.fromtimestamp(at, UTC).astimezone()
    return f"{moment:%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}" if wide else f"{moment:%H:%M:%S}"
