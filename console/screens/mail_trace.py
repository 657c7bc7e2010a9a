"""Where is my message: its deliveries, its bounces and its end, out of the logs of both nodes."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from console.model.config import NodeConfig
from console.model.mail import MailReading, MailTrouble, NodeSearch, Wanted
from console.model.mail_timeline import Timeline
from console.parse.qmail_blocks import text_of
from console.parse.qmail_log import decode_all
from console.parse.qmail_retry import LIFETIME
from console.parse.qmail_timeline import concerning, timelines
from console.parse.qmail_times import when
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.amounts import size
from widgets.drawn import Drawn
from widgets.mail_timeline import STATE_TONES, Told, timeline
from widgets.plain import one_line
from widgets.signs import Tone, mark
from widgets.traced_list import Traced, TracedList


@dataclass(frozen=True, slots=True)
class Answer:
    """What the search on one node brought."""

    found: tuple[Timeline, ...] = ()
    search: NodeSearch | None = None
    trouble: str = ""
    lifetime: float | None = None


class TraceScreen(PairScreen):
    """A line to type an address or a number into, and what the logs tell of it."""

    HERE = "mail"
    CSS_PATH = "mail_trace.tcss"
    HELP = """
Type an address or a part of it (of a sender or a recipient, as the log writes it), `msg N`, `delivery N` or a
number, and `enter`: the logs of both nodes are searched there, and only the lines needed come over. Since and
until take `2026-11-23 00:17`, `90m`, `2h`, `3d` (ago) or a stamp `@4000…`. `escape` stops a search.

The next try of a deferred message is reckoned by qmail-send's own rule from when it arrived and was last
tried; a full channel makes it later, SIGALRM sooner. Blanks in a report may have been other bytes: the log
writes `_` for them. A message that went over both nodes is two messages, one in each log. `r` shows the lines
behind what is told, `w` goes back to the line to type into.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "ask", "Search", tooltip="Type what to look for"),
    ]

    def __init__(self, words: str = "") -> None:
        super().__init__()
        self._words = words
        self._answers: dict[str, Answer] = {}
        self._progress: dict[str, str] = {}
        self._wanted: Wanted | None = None
        self._searching = False
        self._shown: Traced | None = None

    def content(self) -> ComposeResult:
        """The line, how the search goes, what was found and what became of it."""
        with Horizontal(id="asked"):
            yield Input(self._words, placeholder="address, msg N or delivery N", id="words", compact=True)
            yield Input(placeholder="since: 2h, 2026-11-23", id="since", compact=True)
            yield Input(placeholder="until", id="until", compact=True)
        yield Drawn(id="told")
        with Horizontal(id="answer"):
            yield TracedList().data_bind(PairScreen.filter)
            with VerticalScroll(id="story") as box:
                box.border_title = Content("")
                yield Drawn(id="timeline")

    def on_mount(self) -> None:
        """Something to type into, unless the question is there already."""
        if not self._words:
            self.query_one("#words", Input).focus()
        self._say()

    def watch_pair(self, before: str, now: str) -> None:
        """The question that came with the screen; another pair has other logs."""
        if before:
            self.workers.cancel_group(self, "search")
            self._forget()
        elif now and self._words:
            self.focus_content()
            self._ask()

    def _forget(self) -> None:
        self._answers, self._progress, self._wanted, self._searching = {}, {}, None, False
        self._found()
        self._say()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only the filter filters."""
        if event.input.id != "filter":
            event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        if event.input.id != "filter":
            event.prevent_default()
            self._ask()

    def _ask(self) -> None:
        values = {
            name: self.query_one(f"#{name}", Input).value.strip() for name in ("words", "since", "until")
        }
        if self.app.mails is None:
            return
        if not values["words"]:
            self._complain("type an address or a part of it, `msg N` or `delivery N`")
            return
        times: dict[str, float | None] = {"since": None, "until": None}
        for name in times:
            try:
                times[name] = when(values[name], time.time()) if values[name] else None
            except ValueError as odd:
                self._complain(f"{name}: {odd}")
                self.query_one(f"#{name}", Input).focus()
                return
        self._search(self.app.mails, Wanted(values["words"], times["since"], times["until"]))

    def _complain(self, text: str) -> None:
        self.query_one("#told", Drawn).draw(mark(Tone.WARNING, text))

    @work(exclusive=True, group="search")
    async def _search(self, mails: MailReading, wanted: Wanted) -> None:
        pair = next(one for one in self.app.pairs if one.name == self.pair)
        self._forget()
        self._wanted, self._searching = wanted, True
        self._say()
        try:
            async with asyncio.TaskGroup() as both:
                for node in pair.nodes:
                    both.create_task(self._search_on(mails, pair.name, node, wanted))
        finally:
            self._searching = False
            if self.is_attached:
                self._say()
        if any(answer.found for answer in self._answers.values()):
            self.focus_content()

    async def _search_on(self, mails: MailReading, pair: str, node: NodeConfig, wanted: Wanted) -> None:
        def told(text: str) -> None:
            self._progress[node.name] = text
            self._say()

        told("searching")
        try:
            search = await mails.search(pair, node.home, wanted, told)
        except MailTrouble as trouble:
            self._answers[node.name] = Answer(trouble=str(trouble))
        else:
            found = await asyncio.to_thread(_read, search.lines, wanted)
            self._answers[node.name] = Answer(found, search, search.trouble)
        self._progress.pop(node.name, None)
        self._found()
        self._say()
        answer = self._answers[node.name]
        if any(one.state == "deferred" and one.ended is None for one in answer.found):
            self._answers[node.name] = replace(answer, lifetime=await _lifetime(mails, pair, node))
            self._tell(self._shown)

    def _found(self) -> None:
        found = [Traced(node, one) for node, answer in self._answers.items() for one in answer.found]
        found.sort(key=lambda one: (one.story.first.at if one.story.first else None) or 0.0, reverse=True)
        listed = self.query_one(TracedList)
        listed.found = tuple(found)
        if not found:
            self._tell(None)

    def on_traced_list_pointed(self, event: TracedList.Pointed) -> None:
        """What became of the message under the cursor."""
        self._tell(event.traced)

    def on_resize(self) -> None:
        """Reasons are wrapped at the width there is."""
        self.call_after_refresh(lambda: self._tell(self._shown))

    def _tell(self, one: Traced | None) -> None:
        self._shown = one
        box, drawn = self.query_one("#story", VerticalScroll), self.query_one("#timeline", Drawn)
        if one is None:
            box.border_title = Content("")
            drawn.draw(Content(""))
            return
        tone = STATE_TONES[one.story.state]
        box.border_title = Content.assemble(
            (tone.sign, tone.style), f" {one.story.state}  msg {one.story.msg} on {one_line(one.node, 20)}"
        )
        answer = self._answers.get(one.node, Answer())
        told = Told(max(30, box.scrollable_content_region.width), self._now(one.node), answer.lifetime)
        drawn.draw(timeline(one.story, told))

    def _now(self, node: str) -> float:
        """The present by the node's clock, as well as it is known."""
        if self.state is None:
            return self.app.beat
        view = next((one for one in self.state.snapshot.nodes if one.name == node), None)
        return self.app.beat + ((view.facts.clock_offset.value or 0.0) if view is not None else 0.0)

    def _say(self) -> None:
        listed = self.query_one(TracedList)
        if self.app.mails is None:
            listed.nothing = "a search is not available here"
            return
        if self._searching:
            listed.nothing = "searching; escape stops"
        elif self._wanted is None:
            listed.nothing = "nothing was looked for yet"
        else:
            listed.nothing = "no message in these logs"
        self.query_one("#told", Drawn).draw(self._told())

    def _told(self) -> Content:
        lines: list[Content] = []
        searches = [answer.search for answer in self._answers.values() if answer.search is not None]
        if self._progress:
            parts = [f"{one_line(node, 20)}: {one_line(text, 60)}" for node, text in self._progress.items()]
            lines.append(mark(Tone.WORKING, f"{' · '.join(parts)} · escape stops"))
        elif self._searching or searches:
            nodes = next((one.nodes for one in self.app.pairs if one.name == self.pair), ())
            where = [one_line(n.name, 20) for n in nodes if self._answers.get(n.name, Answer()).found]
            cost = f"{size(sum(one.searched for one in searches))} of logs"
            took = f"{max((one.seconds for one in searches), default=0.0):.1f} s"
            lines.append(
                Content.assemble(
                    (" and ".join(where) or "not found", "bold"),
                    f" · {len(searches)} of {len(nodes)} nodes · {cost} in {took}",
                )
            )
        elif self._wanted is not None and not self._answers:
            lines.append(mark(Tone.UNKNOWN, "the search was stopped"))
        for node, answer in self._answers.items():
            if answer.trouble:
                why = answer.trouble.removeprefix(f"{node}: ")
                lines.append(mark(Tone.UNKNOWN, f"{one_line(node, 20)}: {one_line(why, 160)}"))
            if answer.search is not None and answer.search.capped:
                more = "more messages were found than are followed: be more exact, or give times"
                lines.append(mark(Tone.WARNING, f"{one_line(node, 20)}: {more}"))
        return Content("\n").join(lines)

    def action_ask(self) -> None:
        """To the line to type into."""
        self.query_one("#words", Input).focus()

    def focus_content(self) -> None:
        """What was found."""
        self.query_one(TracedList).focus()

    def action_leave_filter(self) -> None:
        """One thing at a time: the search that goes on, the filter, the screen."""
        line = self.query_one("#filter", Input)
        if self._searching:
            self.workers.cancel_group(self, "search")
            self._progress = {}
            self.action_ask()
        elif line.display or line.value:
            super().action_leave_filter()
        else:
            self.go_back()

    def go_back(self) -> bool:
        """To the screen below."""
        self.app.pop_screen()
        return True

    def action_raw(self) -> None:
        """The lines behind what is told."""
        if self._shown is not None:
            answer = self._answers.get(self._shown.node)
            lines = answer.search.lines if answer is not None and answer.search is not None else ()
            title = f"log of {self._shown.node}"
            self.app.push_screen(RawScreen(title, "\n".join(map(text_of, lines))))

    def action_copy(self) -> None:
        """The story, as text."""
        if self._shown is not None:
            story = timeline(self._shown.story, Told(110)).plain
            self.app.copy_text(story, f"msg {self._shown.story.msg} on {self._shown.node}")


def _read(lines: tuple[bytes, ...], wanted: Wanted) -> tuple[Timeline, ...]:
    found = timelines(decode_all(map(text_of, lines)))
    return concerning(found, wanted.words, wanted.since, wanted.until)


async def _lifetime(mails: MailReading, pair: str, node: NodeConfig) -> float | None:
    """How long a node keeps a message, in seconds (queuelifetime); None where that cannot be read."""
    try:
        settings = await mails.control(pair, node.home)
    except MailTrouble:
        return None
    if settings.trouble:
        return None
    one = next((file for file in settings.files if file.name == "queuelifetime"), None)
    if one is None:
        return LIFETIME
    text = (one.text or "").strip()
    return float(text) if text.isdecimal() and len(text) < 12 else None
