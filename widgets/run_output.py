"""What a step prints, as it prints it: the last lines, drawn as text only.

Lines of progress are left out, which stands as a bar beside it; those of a checklist (`pass|warn|fail WHAT:
why`) get a sign and a colour.
"""

import re
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.drawn import Titled
from widgets.plain import one_line
from widgets.signs import Tone

MAX_LINES = 2000
MAX_WIDTH = 500
MATCH = 256
"""Characters of the end of the old text that are looked for in a new one that was cut at its beginning."""

_PROGRESS = re.compile(r"progress [a-z0-9][a-z0-9-]* (?:-|[0-9.]+) (?:-|[0-9]+) (?:-|[0-9]+)")
_CHECK = re.compile(r"(pass|warn|fail) [^:]{1,80}: ")
_TONES = {"pass": Tone.OK, "warn": Tone.WARNING, "fail": Tone.CRITICAL}


def added(before: str, now: str) -> str | None:
    """What came after `before` when `now` is it, longer, perhaps cut at its front; None = another text."""
    if now.startswith(before):
        return now[len(before) :]
    end = before[-MATCH:]
    at = now.rfind(end) if len(end) == MATCH else -1
    return now[at + MATCH :] if at >= 0 else None


class RunOutput(ScrollView, Titled, can_focus=True):
    """The tail of both streams, as they came; it stays at its end unless somebody scrolled up."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"run-output--{one}" for one in _TONES}
    DEFAULT_CSS = """
    RunOutput {
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0 1;
        background: transparent;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        overflow-x: auto;
        &:focus { border: heavy $foreground 60%; }
        & > .run-output--pass { color: $text-success; }
        & > .run-output--warn { color: $text-warning; text-style: bold; }
        & > .run-output--fail { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._key: object = None
        self._before = {"out": "", "err": ""}
        self._open = {"out": "", "err": ""}
        self._lines: list[str] = []
        self._wide = 0
        self._left_out = 0
        self._stuck = True
        self.written = 0
        """Lines that were ever taken over, for the tests that count work."""

    @property
    def lines(self) -> list[str]:
        """What is shown, oldest first; the last may still be going on. Errors begin with `! `."""
        rests = ((name, rest) for name, rest in self._open.items() if rest and not _is_progress(name, rest))
        return [*self._lines, *(_told(name, rest) for name, rest in rests)]

    def show(self, key: object, out: str, err: str, title: str) -> None:
        """Show the output so far of `key`; only what is new in it is worked on."""
        if key != self._key:
            self._clear()
            self._key = key
        if self.max_scroll_y:
            self._stuck = self.scroll_offset.y >= self.max_scroll_y - 1
        streams = {"out": out, "err": err}
        if any(added(self._before[name], text) is None for name, text in streams.items()):
            self._clear()
        fresh = [self._take(name, text) for name, text in streams.items()]
        self.entitle(Content.styled(one_line(title, 60), "dim"), self._counted())
        if any(fresh) or self.virtual_size.height != len(self.lines):
            self.virtual_size = Size(self._wide, len(self.lines))
            if self._stuck:
                # Only after the layout that shows the bar can it be moved.
                self.scroll_end(animate=False, x_axis=False)
            self.refresh()

    def on_resize(self, event: Resize) -> None:
        """The end stays in sight."""
        if self._stuck:
            self.scroll_end(animate=False, x_axis=False)

    def _clear(self) -> None:
        self._before = {"out": "", "err": ""}
        self._open = {"out": "", "err": ""}
        self._lines, self._wide, self._left_out = [], 0, 0

    def _take(self, name: str, text: str) -> bool:
        if text == self._before[name]:
            return False
        new = added(self._before[name], text) or ""
        self._before[name] = text
        *whole, rest = (self._open[name] + new).split("\n")
        if len(whole) > MAX_LINES:
            self._left_out += len(whole) - MAX_LINES
            whole = whole[-MAX_LINES:]
        plain = [
            _told(name, one_line(line.expandtabs(8), MAX_WIDTH))
            for line in whole
            if not _is_progress(name, line)
        ]
        self.written += len(plain)
        self._open[name] = one_line(rest.expandtabs(8), MAX_WIDTH)
        self._lines += plain
        if (over := len(self._lines) - MAX_LINES) > 0:
            self._left_out += over
            del self._lines[:over]
        self._wide = max([self._wide, len(rest), *map(len, plain)])
        return True

    def _counted(self) -> Content:
        count = self._left_out + len(self.lines)
        return Content.styled(f"{count:,} lines" if count != 1 else "1 line", "dim") if count else Content("")

    def render_line(self, y: int) -> Strip:
        """One line of the text under the window."""
        at_x, at_y = self.scroll_offset
        width = self.scrollable_content_region.width
        lines = self._lines if at_y + y < len(self._lines) else self.lines
        style = self.rich_style
        text = lines[at_y + y] if at_y + y < len(lines) else ""
        if not lines and not y:
            text, style = "nothing printed so far", style + Style(dim=True)
        if (check := _CHECK.match(text)) is not None:
            told = self.get_component_rich_style(f"run-output--{check[1]}", partial=True)
            style += Style(color=told.color, bold=told.bold)
            text = f"{_TONES[check[1]].sign} {text}"
        return Strip([Segment(text, style)]).crop_extend(at_x, at_x + width, self.rich_style)


def _is_progress(name: str, line: str) -> bool:
    return name == "out" and line.startswith("progress ") and _PROGRESS.fullmatch(line.strip()) is not None


def _told(name: str, line: str) -> str:
    return f"! {line}" if name == "err" else line
