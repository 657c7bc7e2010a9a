"""The console on a recording: from what is watched to what was recorded, and back; the keys of time."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.memory.reader import Reader
from console.memory.reading import NoRecording
from console.memory.replay import Replay
from console.model.mail import MailReading, OldestMail
from console.model.pair_line import PairLine
from console.model.replaying import Replaying
from console.model.snapshot import PairState
from console.model.words import Home
from console.screens.go_to_time import GoToTime
from console.screens.job_running import Running
from console.screens.jobs import Jobs
from console.screens.showing import ConsoleApp

NOTHING_RECORDED = "this console has no recording: begin one with `mirrorgate record`"
ONLY_RECORDED = "this console was opened on the recording alone: q leaves it"
NOT_NOW = "this is a recording: R goes back to what is so now"


@dataclass(frozen=True, slots=True)
class Start:
    """A console that begins on the recording and has nothing else."""

    at: float | None = None
    """Unix seconds; None = the end."""
    speed: float = 1.0
    playing: bool = False


@dataclass(slots=True)
class _Held:
    """What belongs to the present and waits while the past is shown."""

    states: Mapping[str, PairState]
    lines: Mapping[str, PairLine]
    newest: dict[str, PairState]
    newest_lines: dict[str, PairLine]
    oldest: Mapping[tuple[str, Home], OldestMail]
    jobs: Jobs | None
    running: Running | None
    mails: MailReading | None
    news: dict[str, PairState | PairLine] = field(default_factory=dict)
    """The newest of each pair that came meanwhile."""


class ReplayingApp(ConsoleApp):
    """A console that can show a recording in place of the present."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "live", "Live", tooltip="Back to what is so now"),
        Binding("R", "replay", "Replay", tooltip="Show what was recorded", show=False),
        Binding("space", "replay_pause", "Play", tooltip="Let recorded time go by, or stand still"),
        Binding("a", "replay_to", "At", tooltip="Go to a time: 03:12, 2026-11-23T03:12, 90m"),
        Binding("comma", "replay_step(-60)", "-1 min", key_display=",", tooltip="A minute earlier"),
        Binding("full_stop", "replay_step(60)", "+1 min", key_display=".", tooltip="A minute later"),
        Binding(
            "less_than_sign", "replay_step(-3600)", key_display="<", tooltip="An hour earlier", show=False
        ),
        Binding(
            "greater_than_sign", "replay_step(3600)", key_display=">", tooltip="An hour later", show=False
        ),
        Binding(
            "left_square_bracket", "replay_event(-1)", key_display="[", tooltip="The event before", show=False
        ),
        Binding(
            "right_square_bracket", "replay_event(1)", key_display="]", tooltip="The next event", show=False
        ),
        Binding("plus", "replay_faster(1)", key_display="+", tooltip="Recorded time goes faster", show=False),
        Binding(
            "minus", "replay_faster(-1)", key_display="-", tooltip="Recorded time goes slower", show=False
        ),
        Binding("z", "replay_widen", "Zoom", tooltip="How much time the slider shows: 1 h to a year"),
        Binding("0", "replay_logs", "Logs", tooltip="Both nodes' logs beside one another, around the moment"),
        Binding("0", "logs", "Logs", tooltip="Both nodes' logs beside one another", show=False),
        Binding(
            "9", "trends", "Trends", tooltip="Queue, rebuild rate, outages and drills over time", show=False
        ),
    ]

    reader: Reader | None = None
    """The recording, if there may be one."""
    replay: Replay | None = None
    """What plays it, while it is shown."""
    start: Start | None = None
    _held: _Held | None = None
    _clock: Callable[[], float] = time.time

    def take(self, state: PairState) -> None:
        """Draw a state."""
        raise NotImplementedError

    def take_line(self, line: PairLine) -> None:
        """Draw a line of a pair."""
        raise NotImplementedError

    def clear_lines(self) -> None:
        """Let lines go that wait to be drawn."""
        raise NotImplementedError

    def now(self) -> float:
        """Console time: of the recording, while one is shown."""
        return self.replay.at if self.replay is not None else self._clock()

    def aside(self, news: PairState | PairLine) -> bool:
        """Whether news of the present has to wait; it is kept then."""
        if self._held is None:
            return False
        name = news.pair if isinstance(news, PairLine) else news.snapshot.config.name
        self._held.news[name] = news
        return True

    def show(self, news: PairState | PairLine) -> None:
        """Draw news, from wherever it comes."""
        if isinstance(news, PairLine):
            self.take_line(news)
        else:
            self.take(news)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of time are there only where time can be chosen."""
        if action in ("replay", "live"):
            return (self.replay is None) == (action == "replay")
        if action.startswith("replay_"):
            return self.replay is not None
        return super().check_action(action, parameters)

    def action_replay(self, start: Start | None = None) -> None:
        """Show the recording, at its end or at a moment."""
        if self.reader is None:
            self.notify(NOTHING_RECORDED, markup=False, timeout=5)
        elif self.running is not None and (self.running.busy or self.question is not None):
            self.notify("a run is under way: it has to end first", markup=False, timeout=5)
        elif self.replay is None and not isinstance(self.screen, ModalScreen):
            self.begin_replay(start or Start())

    @work(group="replay", exclusive=True)
    async def begin_replay(self, start: Start) -> None:
        """Swap the present for the recording, and follow that until it is ended."""
        reader = self.reader
        if reader is None:
            return
        try:
            await reader.ask(lambda recording: recording.pairs())
        except NoRecording as why:
            self.notify(str(why), severity="warning", markup=False, timeout=8)
            if self.start is None:
                return
        self._hold()
        await self._renew_mail()
        replay = Replay(reader, self.pairs, self._told, at=start.at, speed=start.speed, playing=start.playing)
        replay.look(self.pair)
        self.replay = replay
        self._told(replay.place)
        self.refresh_bindings()
        async for news in replay.states():
            if isinstance(news, PairState):
                self.beat = news.snapshot.now
            self.show(news)

    def action_go(self, mode: str) -> None:
        """Show another screen."""
        raise NotImplementedError

    async def _renew_mail(self) -> None:
        """A log that is followed or a message that is read belongs to the present: the mail begins anew."""
        here = self.current_mode
        if here in ("mail", "jobs"):
            await self.switch_mode("overview")
        await self.remove_mode("mail")
        self.add_mode("mail", self.MODES["mail"])
        if here == "mail":
            await self.switch_mode("mail")

    def _hold(self) -> None:
        self.clear_lines()
        self._held = _Held(
            self.states,
            self.lines,
            dict(self.newest),
            dict(self.newest_lines),
            self.oldest,
            self.jobs,
            self.running,
            self.mails,
        )
        # Nothing that would be planned from the past may be done to the present.
        self.jobs = self.running = self.mails = None
        self.newest, self.newest_lines = {}, {}
        self.states, self.lines, self.oldest = {}, {}, {}

    def _told(self, place: Replaying) -> None:
        self.replaying = place

    async def action_live(self) -> None:
        """Back to the present."""
        held = self._held
        if self.start is not None:
            self.notify(ONLY_RECORDED, markup=False, timeout=4)
            return
        if held is None or isinstance(self.screen, ModalScreen):
            return
        self.workers.cancel_group(self, "replay")
        self.replay, self._held = None, None
        self.replaying = None
        self.clear_lines()
        self.jobs, self.running, self.mails = held.jobs, held.running, held.mails
        self.newest, self.newest_lines, self.oldest = held.newest, held.newest_lines, held.oldest
        self.beat = self._clock()
        self.states, self.lines = held.states, held.lines
        for news in held.news.values():
            self.show(news)
        self.refresh_bindings()
        await self._renew_mail()

    def action_replay_pause(self) -> None:
        """Let time go by, or stand still."""
        if self.replay is not None:
            self.replay.pause()

    def action_replay_step(self, seconds: int) -> None:
        """So much later, or earlier."""
        if self.replay is not None:
            self.replay.step(seconds)

    def action_replay_event(self, by: int) -> None:
        """To the next or previous thing that happened."""
        if self.replay is not None and not self.replay.to_event(by):
            where = "after" if by > 0 else "before"
            self.notify(
                f"nothing happened {where} this in the slider's time: z widens it", markup=False, timeout=3
            )

    def action_replay_faster(self, by: int) -> None:
        """Another speed."""
        if self.replay is not None:
            self.replay.faster(by)

    def action_replay_widen(self) -> None:
        """Another window of the slider."""
        if self.replay is not None:
            self.replay.widen()

    def action_replay_to(self) -> None:
        """Ask for a time."""
        if self.replay is not None and not isinstance(self.screen, ModalScreen):
            self.push_screen(GoToTime(self.replay.place), self.go_to)

    def go_to(self, at: float | None) -> None:
        """Show a moment of the recording."""
        if self.replay is not None and at is not None:
            self.replay.go(at)

    def action_logs(self) -> None:
        """Both logs beside one another."""
        if not isinstance(self.screen, ModalScreen):
            self.switch_mode("logs")

    def action_replay_logs(self) -> None:
        """The same, in the footer of a replay."""
        self.action_logs()

    def action_trends(self) -> None:
        """Figures over time."""
        if not isinstance(self.screen, ModalScreen):
            self.switch_mode("trends")

    def replay_commands(self) -> Iterator[SystemCommand]:
        """What the palette offers of all this."""
        yield SystemCommand("Logs", "Both nodes' logs beside one another (key 0)", self.action_logs)
        yield SystemCommand("Trends", "Queue, rebuild rate, outages, drills (key 9)", self.action_trends)
        if self.replay is None:
            yield SystemCommand("Replay", "Show what was recorded (key R)", self.action_replay)
            return
        yield SystemCommand("Live", "Back to what is so now (key R)", self.action_live)
        yield SystemCommand("Go to a time", "Of the recording (key a)", self.action_replay_to)
