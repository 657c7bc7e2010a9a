"""The app: states in from the watch, screens and dialogs out. It holds no way to change a node."""

import asyncio
import codecs
import gc
import locale
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen

from console.engine.journal import JournalTrouble
from console.health.pair_line import looked_at
from console.lab.control import Refused
from console.memory.reader import Reader
from console.model.asking import Asker
from console.model.config import PairConfig
from console.model.form import FirstJob, JobInfo
from console.model.mail import MailReading
from console.model.pair_line import PairLine
from console.model.run import RunRecord
from console.model.snapshot import PairState
from console.screens.asking import PassphraseDialog, TrustDialog
from console.screens.events import EventsScreen
from console.screens.faults import Faults, FaultsDialog
from console.screens.findings import FindingsScreen
from console.screens.help import HelpScreen
from console.screens.history import HistoryScreen
from console.screens.job_dialogs import ButtonsDialog
from console.screens.job_list import READ_ONLY, JobsScreen
from console.screens.job_words import leaving_words
from console.screens.jobs import Jobs
from console.screens.lines import Lines
from console.screens.logs import LogsScreen
from console.screens.mail import MailScreen
from console.screens.node import NodeScreen
from console.screens.overview import OverviewScreen
from console.screens.pairs import PairsScreen
from console.screens.palette import NamedCommands
from console.screens.replaying import NOT_NOW, ReplayingApp, Start
from console.screens.showing import SCREENS, ConsoleApp, PairScreen
from console.screens.trends import TrendsScreen
from widgets.plain import one_line
from widgets.plain_terminal import PlainTerminal

T = TypeVar("T")

THEMES = ("textual-dark", "textual-light", "ansi-dark", "ansi-light")
"""What `t` goes through; the palette offers the rest."""


WIDTHS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (150, "-roomy")]
HEIGHTS = [(0, "-low"), (20, "-high")]


class Watching(Protocol):
    """Where states come from: SSH, a collector, the lab, a recording, or a test's list."""

    def states(self, asker: Asker) -> AsyncIterator[PairState | PairLine]:
        """What each pair is, as it changes, whole or in a line; questions go to `asker`."""
        ...

    def look(self, pair: str) -> None:
        """Whole states of this pair are wanted from now on; who has them anyway need not care.

        Called once before `states`, and whenever another pair is shown.
        """
        ...

    def retry_now(self) -> None:
        """Reconnect to every node that is not connected, at once."""
        ...


def terminal_speaks_utf8() -> bool:
    """Whether the locale lets us draw more than ASCII."""
    try:
        return codecs.lookup(locale.getpreferredencoding(False)).name == "utf-8"
    except LookupError:
        return False


class MirrorgateApp(ReplayingApp):
    """The console on one or several pairs."""

    TITLE = "mirrorgate"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMMAND_PALETTE_BINDING = "p"
    COMMANDS = App.COMMANDS | {NamedCommands}
    DEFAULT_MODE = "overview"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "overview": OverviewScreen,
        "node": NodeScreen,
        "findings": FindingsScreen,
        "mail": MailScreen,
        "pairs": PairsScreen,
        "events": EventsScreen,
        "jobs": JobsScreen,
        "history": HistoryScreen,
        "logs": LogsScreen,
        "trends": TrendsScreen,
    }
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"go('{mode}')", title, show=False, tooltip=f"Screen: {title.lower()}")
            for key, mode, title in SCREENS
        ),
        Binding("t", "next_theme", "Theme", tooltip="Dark, light, or the terminal's own colours", show=False),
        Binding("j", "jobs", "Jobs", tooltip="Change the pair: jobs, each with its whole plan first"),
        Binding("f", "faults", "Faults", tooltip="Break or mend the simulated pair"),
        Binding(
            "question_mark", "help", "Help", key_display="?", tooltip="What the screen shows, signs and keys"
        ),
        Binding("q", "leave", "Back", tooltip="Back to the overview, to all pairs, and out"),
    ]

    def __init__(
        self,
        pairs: Sequence[PairConfig],
        watching: Watching,
        *,
        read_only: bool = False,
        jobs: Jobs | None = None,
        mails: MailReading | None = None,
        journal: Callable[[str], Awaitable[tuple[RunRecord, ...]]] | None = None,
        faults: Faults | None = None,
        ascii_only: bool = False,
        first: FirstJob | None = None,
        reader: Reader | None = None,
        start: Start | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`reader`: the recording; `start`: show it at once, there is nothing else."""
        if len(pairs) > 1:
            # Several pairs: the console opens on all of them. Textual reads it of the app when it is made.
            self.DEFAULT_MODE = "pairs"  # type: ignore[misc]
        super().__init__(pairs, read_only=read_only, jobs=jobs, mails=mails)
        self._watching = watching
        self._journal = journal
        self._faults = faults
        self._first = first
        self.reader = reader
        self.start = start
        self._clock = clock
        self._plain: list[LineFilter] = []
        self._asking = asyncio.Lock()
        self._lines = Lines(self._show_lines, self.set_timer)
        if ascii_only or not terminal_speaks_utf8():
            self._plain.append(PlainTerminal())
        self.set_reactive(ConsoleApp.pair, self.pairs[0].name)
        self.set_reactive(ConsoleApp.beat, clock())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last thing before the terminal: without UTF-8, every sign and line becomes ASCII."""
        return [*super().get_line_filters(), *self._plain]

    def on_mount(self) -> None:
        """Begin to follow, and to count seconds."""
        self._watching.look(self.pair)
        self.watch(self, "pair", self._look, init=False)
        self.follow()
        if self.start is not None:
            self.begin_replay(self.start)
        self.set_interval(1.0, self._second)
        if not self.is_headless:
            # What was loaded stays: a full collection that looks at it all again stalls the keys for 50 ms.
            gc.collect()
            gc.freeze()

    def _second(self) -> None:
        self.beat = self.now()

    def _look(self, pair: str) -> None:
        self._watching.look(pair)
        if self.replay is not None:
            self.replay.look(pair)

    @work(group="watch", exclusive=True)
    async def follow(self) -> None:
        """Take each state as it comes."""
        async for news in self._watching.states(self):
            if not self.aside(news):
                self.show(news)

    def take(self, state: PairState) -> None:
        """One state; an equal one only brings newer times."""
        name = state.snapshot.config.name
        self.newest[name] = state
        self._lines.take(name, state)
        if self._first is not None and name == self.pair and looked_at(state):
            first, self._first = self._first, None
            self.call_later(self._open_first, first)
        if self.states.get(name) != state:
            self.states = {**self.states, name: state}

    def take_line(self, line: PairLine) -> None:
        """One line; of a pair that nobody looks at any more its last whole state is let go."""
        self._lines.take(line.pair, line)
        if line.pair != self.pair and line.pair in self.states:
            del self.newest[line.pair]
            self.states = {name: state for name, state in self.states.items() if name != line.pair}

    def clear_lines(self) -> None:
        """Let lines go that wait to be drawn."""
        self._lines.clear()

    def _show_lines(self, fresh: dict[str, PairLine]) -> None:
        self.newest_lines.update(fresh)
        changed = {name: line for name, line in fresh.items() if self.lines.get(name) != line}
        if changed:
            self.lines = {**self.lines, **changed}

    async def _open_first(self, first: FirstJob) -> None:
        """The questions that the console was opened for."""
        await self.switch_mode("jobs")
        if isinstance(self.screen, JobsScreen):
            self.screen.open(first.job, first.values)

    async def passphrase(self, key: str) -> str | None:
        """Ask the operator for the passphrase of a private key."""
        return await self._ask(PassphraseDialog(key))

    async def trust(self, host: str, fingerprint: str, key_type: str) -> bool:
        """Ask the operator whether an unknown host key is the node's own."""
        said = await self._ask(TrustDialog(host, fingerprint, key_type))
        return said is True

    async def _ask(self, dialog: ModalScreen[T]) -> T | None:
        """One question at a time, from whatever task asks."""
        async with self._asking:
            answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

            def answered(said: T | None) -> None:
                if not answer.done():
                    answer.set_result(said)

            self.call_later(self.push_screen, dialog, answered)
            return await answer

    def action_go(self, mode: str) -> None:
        """Show another screen."""
        if mode == "jobs" and self.replay is not None:
            self.notify(NOT_NOW, markup=False, timeout=4)
        elif not isinstance(self.screen, ModalScreen):
            self.switch_mode(mode)

    def action_leave(self) -> None:
        """To the overview; from there to the fleet, where there is one; from there, out."""
        if isinstance(self.screen, ModalScreen):
            self.screen.dismiss()
        elif isinstance(self.screen, PairScreen) and self.screen.go_back():
            return
        elif self.current_mode == self.DEFAULT_MODE:
            self.quit()
        elif self.current_mode != "overview":
            self.switch_mode("overview")
        else:
            self.switch_mode(self.DEFAULT_MODE)

    async def history(self) -> tuple[RunRecord, ...]:
        """The runs of the pair that is shown, newest first; raises JournalTrouble."""
        if self._journal is None:
            raise JournalTrouble("this console was opened without a journal: try `mirrorgate runs`")
        return await self._journal(self.pair)

    def quit(self) -> None:
        """Leave the console; with a run under way, ask first."""
        run = self.job_run
        if self.running is None or not self.running.busy or run is None:
            self.exit()
            return
        if isinstance(self.screen, ButtonsDialog):
            return
        buttons = [("stay", "Stay", "default"), ("quit", "Quit", "warning")]
        self.push_screen(ButtonsDialog("a run is under way", leaving_words(run), buttons), self._left)

    def _left(self, said: str | None) -> None:
        if said == "quit":
            self.exit()

    async def action_quit(self) -> None:
        """`ctrl+q`."""
        self.quit()

    def action_jobs(self) -> None:
        """The jobs, or where they were left."""
        if isinstance(self.screen, ModalScreen):
            return
        if self.jobs is None:
            self.notify(NOT_NOW if self.replay is not None else READ_ONLY, markup=False, timeout=4)
        else:
            self.switch_mode("jobs")

    def open_job(self, job: JobInfo) -> None:
        """Ask a job's questions; a job that is open already comes first."""
        if isinstance(self.screen, JobsScreen):
            self.screen.open(job)
        elif not isinstance(self.screen, ModalScreen):
            self.notify("another job is open: q closes it", markup=False, timeout=3)

    def action_next_theme(self) -> None:
        """Dark, light, and the terminal's own sixteen colours."""
        at = THEMES.index(self.theme) if self.theme in THEMES else -1
        self.theme = THEMES[(at + 1) % len(THEMES)]
        self.notify(f"theme {self.theme}", markup=False, timeout=2)

    def action_help(self) -> None:
        """Help for this screen."""
        if not isinstance(self.screen, ModalScreen):
            self.push_screen(HelpScreen(self.screen))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Faults exist only in a lab."""
        if action == "faults":
            return self._faults is not None
        return super().check_action(action, parameters)

    def action_faults(self) -> None:
        """The menu of faults."""
        if self._faults is not None and not isinstance(self.screen, ModalScreen):
            self.push_screen(FaultsDialog(self._faults.offered()), self._chosen_fault)

    def _chosen_fault(self, said: str | None) -> None:
        if said:
            self._bring_about(said)

    @work(group="fault")
    async def _bring_about(self, said: str) -> None:
        if self._faults is None:
            return
        name, *args = said.split()
        try:
            told = await self._faults.fault(name, *args)
        except Refused as why:
            self.notify(one_line(f"refused: {said}: {why}"), severity="warning", markup=False, timeout=5)
            return
        self.notify(one_line(told), markup=False, timeout=3)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every screen and action; nodes and pairs by name come from `NamedCommands`."""
        for key, mode, title in SCREENS:
            yield SystemCommand(
                title, f"Show this screen (key {key})", lambda mode=mode: self.action_go(mode)
            )
        yield SystemCommand(
            "Reconnect now", "Try every node that does not answer at once", self._watching.retry_now
        )
        yield from self.replay_commands()
        yield SystemCommand(
            "Next theme", "Dark, light, or the terminal's own colours (key t)", self.action_next_theme
        )
        if self.jobs is not None:
            yield SystemCommand(
                "Change the pair", "The jobs, each with its whole plan first (key j)", self.action_jobs
            )
        if self._faults is not None:
            yield SystemCommand("Faults", "Break or mend the simulated pair (key f)", self.action_faults)
        yield SystemCommand("Help", "What the screen shows, signs and keys (key ?)", self.action_help)
        yield SystemCommand("Quit", "Leave the console; the pair is not touched", self.quit)
