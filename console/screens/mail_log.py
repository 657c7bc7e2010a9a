"""The log of qmail-send as it grows, both nodes merged by time."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from console.model.mail_log import LogRow
from console.parse.qmail_log import localised
from console.parse.qmail_merging import Merging
from console.parse.qmail_words import subject_of, words_of
from console.screens.mail_tails import Tail
from console.screens.mail_trace import TraceScreen
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.amounts import clock, offset
from widgets.drawn import Drawn, words
from widgets.log_view import LogView
from widgets.plain import one_line
from widgets.signs import Tone, mark

EVERY = 0.1
"""Seconds between two looks at what came."""
AT_ONCE = 5_000
"""Lines that are placed at one look, which takes about 15 ms: a key waits no longer."""
RATE_OVER = 5.0
"""Seconds over which lines per second are counted."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the log of a node stands."""

    offset: float | None = None
    trouble: str = ""
    since: float = 0.0
    heard: bool = False


class LogScreen(PairScreen):
    """A live tail of `current` of both nodes."""

    HERE = "mail"
    CSS_PATH = "mail_log.tcss"
    HELP = """
The newest lines of qmail-send's log on both nodes, merged by time. Times are the console's: by how much a
node's clock is ahead or behind stands in the first line and is taken out; the stamp as it was written, to the
nanosecond, is behind `r`. A line waits a second for an earlier one of the other node.

The view stays at the newest line until the cursor goes up; `end` follows again, `space` holds everything.
`/` shows only lines with some words, `s` looks for words without hiding the others, `n` and `N` go to the
next and the one before. `enter` traces the message of the line under the cursor.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", tooltip="Stand still; lines that come meanwhile are kept"),
        Binding("s", "seek", "Search", tooltip="Look for words: n the next line below, N above"),
        Binding("n", "step(1)", "Next", tooltip="The next line with the words looked for", show=False),
        Binding("N", "step(-1)", "Previous", tooltip="The line before with them", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._merging = Merging(())
        self._standing: dict[str, Standing] = {}
        self._counts: deque[tuple[float, int]] = deque()

    def content(self) -> ComposeResult:
        """How both logs stand, their lines, and a line to look for words."""
        yield Drawn(id="standing")
        yield LogView(words_of)
        line = Input(placeholder="look for words; n next, N previous", id="seek", compact=True)
        line.display = False
        yield line

    def on_mount(self) -> None:
        """The lines have the keys."""
        self.query_one(LogView).focus()
        self.set_interval(EVERY, self._look)

    def watch_pair(self) -> None:
        """Another pair has other logs."""
        if self.pair:
            self.query_one(LogView).clear()
            self._follow()

    @work(exclusive=True, group="tails")
    async def _follow(self) -> None:
        mails = self.app.mails
        if mails is None:
            self._say()
            return
        pair = next(one for one in self.app.pairs if one.name == self.pair)
        merging = self._merging = Merging([node.name for node in pair.nodes])
        self._standing = {node.name: Standing() for node in pair.nodes}
        self._say()
        async with asyncio.TaskGroup() as tails:
            for node in pair.nodes:
                tail = Tail(mails, pair.name, node, merging, self, lambda: self.app.beat)
                tails.create_task(tail.follow())

    def standing(self, node: str, *, offset: float | None, trouble: str) -> None:
        """A tail tells how it stands."""
        before = self._standing.get(node, Standing())
        since = before.since if before.trouble and trouble else self.app.beat
        self._standing[node] = Standing(offset, trouble, since, True)

    def came(self, lines: int) -> None:
        """A tail tells how much came."""
        self._counts.append((asyncio.get_running_loop().time(), lines))

    def _look(self) -> None:
        """Show what has found its place."""
        now = asyncio.get_running_loop().time()
        while self._counts and self._counts[0][0] < now - RATE_OVER:
            self._counts.popleft()
        self.query_one(LogView).add(self._merging.ready(now, AT_ONCE))
        if self.is_current:
            self._say()

    def _say(self) -> None:
        view = self.query_one(LogView)
        if self.app.mails is None:
            self.query_one("#standing", Drawn).draw(Content.styled("the log is not available here", "dim"))
            return
        parts = [self._told(node, one) for node, one in self._standing.items()]
        self.query_one("#standing", Drawn).draw(Content(" · ").join(parts))
        left = f"log  / {one_line(self.filter, 30)}" if self.filter else "log"
        right: list[Content] = []
        if view.paused:
            right.append(mark(Tone.WARNING, f"paused, {view.behind:,} new lines"))
        elif not view.following:
            right.append(Content.styled("not following (end)", "dim"))
        rate = sum(count for _, count in self._counts) / RATE_OVER
        if rate >= 1:
            right.append(Content.styled(f"{rate:,.0f} lines/s", "dim"))
        if view.kept:
            shown = f"{len(view.shown):,} of " if self.filter else ""
            older = f", {view.dropped:,} older ones gone" if view.dropped else ""
            right.append(Content.styled(f"{shown}{view.kept:,} lines{older}", "dim"))
        view.say(Content.styled(left, "dim"), Content.styled(" · ", "dim").join(right))

    def _told(self, node: str, one: Standing) -> Content:
        if one.trouble:
            why = one_line(one.trouble.removeprefix(f"{node}: "), 100)
            return mark(Tone.UNKNOWN, f"{one_line(node, 20)} since {clock(one.since)}: {why}")
        if not one.heard:
            return mark(Tone.WORKING, f"{one_line(node, 20)} opening its log")
        if one.offset is None:
            skew = "clock not known"
        else:
            # What is left of it when the node's clock tells whole seconds is no fault of the clock.
            skew = "clock right" if abs(one.offset) < 1 else f"clock {offset(one.offset)}"
        return Content.assemble(mark(Tone.OK), " ", words(node), (f" {skew}", "dim"))

    def watch_filter(self) -> None:
        """Other words are wanted."""
        self.query_one(LogView).narrow(self.filter)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Mark while typing; the filter's own line is looked after by what every screen does."""
        if event.input.id == "seek":
            event.prevent_default()
            self.query_one(LogView).seek(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the lines, to the newest one with what was looked for."""
        if event.input.id == "seek":
            event.prevent_default()
            event.input.display = bool(event.value)
            self.focus_content()
            if event.value:
                self.action_step(-1)

    def focus_content(self) -> None:
        """The lines."""
        self.query_one(LogView).focus()

    def action_seek(self) -> None:
        """Show the line to look for words with."""
        line = self.query_one("#seek", Input)
        line.display = True
        line.focus()

    def action_step(self, by: int) -> None:
        """To the next line with the words."""
        if not self.query_one("#seek", Input).value:
            self.action_seek()
        elif not self.query_one(LogView).step(by):
            self.app.notify("no line here has these words", markup=False, timeout=2)

    def action_pause(self) -> None:
        """Stand still, or go on."""
        self.query_one(LogView).pause()
        self._say()

    def action_leave_filter(self) -> None:
        """One thing at a time: the words looked for, the filter, the screen."""
        seek, line = self.query_one("#seek", Input), self.query_one("#filter", Input)
        if seek.display:
            seek.value, seek.display = "", False
            self.focus_content()
        elif line.display or line.value:
            super().action_leave_filter()
        else:
            self.go_back()

    def go_back(self) -> bool:
        """To the screen below."""
        self.app.pop_screen()
        return True

    def on_log_view_opened(self, event: LogView.Opened) -> None:
        """Trace the message of that line."""
        subject = "" if event.row.note else subject_of(event.row.line)
        if subject:
            self.app.push_screen(TraceScreen(subject))
        else:
            self.app.notify("this line is not of a message", markup=False, timeout=2)

    def _pointed(self) -> tuple[str, LogRow] | None:
        row = self.query_one(LogView).pointed
        if row is None:
            return None
        return row.line.decode(errors="backslashreplace"), row

    def action_raw(self) -> None:
        """The line as it was written, with its stamp told exactly."""
        if (found := self._pointed()) is not None:
            text, row = found
            self.app.push_screen(RawScreen(f"log of {row.node}", f"{text}\n\n{localised(text)} (UTC)"))

    def action_copy(self) -> None:
        """The line under the cursor, as it was written."""
        if (found := self._pointed()) is not None:
            self.app.copy_text(found[0], found[0])
