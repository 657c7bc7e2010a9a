"""Trends: a pair's figures over time out of the recording, its outages and its drills."""

import math
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var

from console.engine.journal import JournalTrouble
from console.engine.measures import with_measures
from console.memory.reader import Reader
from console.memory.reading import NoRecording
from console.memory.trending import drills, trends
from console.model.lasting import lasting
from console.model.replaying import WINDOWS
from console.model.trends import Away, Drill, Trends
from console.model.words import Answer
from console.screens.history import KeepsHistory
from console.screens.logs import replay_of
from console.screens.replaying import NOTHING_RECORDED, ReplayingApp, Start
from console.screens.showing import PairScreen
from widgets.amounts import date_and_clock, span
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.signs import Tone
from widgets.trend_curves import TrendCurves


def away_line(one: Away) -> Content:
    """An outage, or a time of which nothing is known."""
    tone, said = (
        (Tone.CRITICAL, "no node served")
        if one.served is Answer.NO
        else (Tone.UNKNOWN, "not known who served" if one.recorded else "nothing recorded")
    )
    return Content.assemble(
        (date_and_clock(one.first), "dim"),
        " ",
        (tone.sign, tone.style),
        f" {said} for {span(one.last - one.first)}",
    )


def drill_line(one: Drill) -> Content:
    """A drill and how long the service was away."""
    tone = Tone.OK if one.state == "done" else Tone.WARNING
    rto = f", RTO {lasting(one.rto)}" if one.rto is not None else ""
    return Content.assemble(
        (date_and_clock(one.at), "dim"),
        " ",
        (tone.sign, tone.style),
        words(f" drill {one.state}{rto}  {one.run}"),
    )


class TrendsScreen(PairScreen):
    """Queue, rebuild rate and gate over time, when the service was away, and drills."""

    HERE = "trends"
    CSS_PATH = "trends.tcss"
    HELP = """
Figures of this pair out of the recording (`mirrorgate record`), each column the highest of its piece of time,
blank where nothing is known. Below them when no node had the address and the mirror mounted (or nobody could
tell), and the drills of the journal. `z` shows more time: an hour to a year, up to the newest moment.

`enter` on a line shows that moment in the recording. The same on the command line: `mirrorgate trends`.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "range", "Zoom", tooltip="How much time is shown: an hour to a year"),
    ]
    trends: var[Trends | None] = var(None)
    at: var[float | None] = var(None)
    trouble: var[str] = var("")
    window: var[float] = var(WINDOWS[2])

    def content(self) -> ComposeResult:
        """The curves, and a list of what was not well."""
        yield TrendCurves().data_bind(TrendsScreen.trends, TrendsScreen.at, TrendsScreen.trouble)
        yield OptionLines(id="away")

    def on_mount(self) -> None:
        """The list has the keys."""
        self._moments: dict[str, float] = {}
        self._lines: list[tuple[str, Content]] = []
        self.query_one(OptionLines).focus()
        self.set_interval(60.0, self.look)

    def take(self) -> None:
        """Another pair has other figures."""
        before = self.pair
        super().take()
        if self.is_current:
            self.at = self.app.beat if replay_of(self.app) is not None else None
            if self.pair != before:
                self.trends = None
                self.look()

    def _beat(self) -> None:
        super()._beat()
        if self.is_current:
            self.at = self.app.beat if replay_of(self.app) is not None else None

    def on_screen_resume(self) -> None:
        """More was recorded meanwhile."""
        super().on_screen_resume()
        self.look()

    def action_range(self) -> None:
        """The next wider range, after the widest the narrowest."""
        self.window = WINDOWS[(WINDOWS.index(self.window) + 1) % len(WINDOWS)]
        self.look()

    @property
    def _reader(self) -> Reader | None:
        app = self.app
        return app.reader if isinstance(app, ReplayingApp) else None

    @work(exclusive=True, group="trends")
    async def look(self) -> None:
        """Read recording and journal."""
        if not self.is_current:
            return
        pair, window, reader = self.app.pair, self.window, self._reader
        if reader is None:
            self.trouble = NOTHING_RECORDED
            return
        try:
            whole = await reader.ask(lambda recording: recording.span(pair))
            if whole is None:
                self.trouble = f"{pair} is not in the recording {reader.path}"
                return
            # Whole minutes, so that columns stay the same while time goes by.
            last = math.ceil(whole.last / 60) * 60.0
            first = max(math.floor(whole.first / 60) * 60.0, last - window)
            found = await reader.ask(lambda recording: trends(recording, pair, first, last))
        except NoRecording as why:
            self.trouble = str(why)
            return
        self.trouble = ""
        self.trends = shown = replace(found, drills=await self._drills(pair, first, last))
        self._list(shown)

    async def _drills(self, pair: str, first: float, last: float) -> tuple[Drill, ...]:
        app = self.app
        try:
            runs = await app.history() if isinstance(app, KeepsHistory) else ()
        except JournalTrouble:
            # A recording can be looked at without a journal beside it.
            return ()
        return drills((with_measures(run) for run in runs if run.plan.pair == pair), first, last)

    def _list(self, found: Trends) -> None:
        told = [(one.first, away_line(one)) for one in found.away]
        told += [(one.at, drill_line(one)) for one in found.drills]
        told.sort(key=lambda one: one[0], reverse=True)
        self._moments = {f"{number}/{at}": at for number, (at, _) in enumerate(told)}
        self._lines = [(key, line) for key, (_, line) in zip(self._moments, told, strict=True)]
        self._show()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        wanted = self.filter.casefold()
        lines = [(key, line) for key, line in self._lines if wanted in line.plain.casefold()]
        listed = self.query_one(OptionLines)
        listed.entitle(Content.styled("outages and drills", "dim"), Content.styled(str(len(lines)), "dim"))
        nothing = Content.styled("nothing matches" if wanted else "the service was there all the time", "dim")
        listed.show_lines(lines or [("", nothing)])

    def on_option_list_option_selected(self) -> None:
        """`enter` on a line: that moment in the recording."""
        at, app = self._moments.get(self.query_one(OptionLines).highlighted_key or ""), self.app
        if at is None or not isinstance(app, ReplayingApp):
            return
        if app.replay is not None:
            app.go_to(at)
        else:
            app.action_replay(Start(at))
        app.action_go("overview")

    def action_copy(self) -> None:
        """The list as text."""
        self.app.copy_text("\n".join(line.plain for _, line in self._lines), "outages and drills")
