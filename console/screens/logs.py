"""Both nodes' logs beside one another: as they were read last, or around the moment of a recording."""

from textual import work
from textual.app import ComposeResult
from textual.reactive import var

from console.health.logs_beside import LogReadings, in_order
from console.memory.reading import NoRecording
from console.memory.replay import Replay
from console.model.replaying import LoggedLine
from console.model.snapshot import PairState
from console.screens.raw import RawScreen
from console.screens.showing import ConsoleApp, PairScreen
from widgets.logs_beside import Both, LogsBeside

_ENOUGH = 60.0
"""Seconds by which the moment may go on before the logs around it are read again."""


def replay_of(app: ConsoleApp) -> Replay | None:
    """What plays a recording in this console now."""
    found = getattr(app, "replay", None)
    return found if isinstance(found, Replay) else None


def logged(state: PairState) -> tuple[LoggedLine, ...]:
    """The lines of both nodes that the newest readings have, oldest first."""
    lines: list[LoggedLine] = []
    for view in state.snapshot.nodes:
        reading = LogReadings(view.config.home, view.facts.clock_offset.value or 0.0)
        if view.facts.messages.last is not None:
            reading.take("messages", view.facts.messages.last, view.facts.messages.taken or 0.0)
        if view.facts.vrrplog.last is not None:
            reading.take("vrrplog", view.facts.vrrplog.last.lines, view.facts.vrrplog.taken or 0.0)
        lines += reading.lines()
    return tuple(in_order(lines))


class LogsScreen(PairScreen):
    """What mirror, gate and freevrrpd wrote on both nodes, in one order."""

    HERE = "logs"
    HELP = """
The lines of mirror, gate and freevrrpd in the logs of both nodes, home master at the left, in one order: by
the console's clock (each node's clock offset is taken out; its time zone is learnt from lines that appear).
On narrow terminals a name stands before each line.

In a recording the rule is the moment that is shown: what is below it came later. `/` looks for words, arrow
keys scroll, `y` copies everything.
"""
    both: var[Both | None] = var(None)
    _looked: tuple[str, float] | None = None
    """Of which pair, and around which moment, the lines were read from a recording."""

    def content(self) -> ComposeResult:
        """One list."""
        yield LogsBeside().data_bind(LogsScreen.both, PairScreen.filter)

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one(LogsBeside).focus()

    def take(self) -> None:
        """Another state: other lines."""
        super().take()
        state = self.state
        if not self.is_current:
            return
        if state is None:
            self.both = None
        elif replay_of(self.app) is None:
            self._looked = None
            self._show(logged(state))
        else:
            self._move()

    def _beat(self) -> None:
        super()._beat()
        if self.is_current and self.both is not None:
            self._move()

    def _move(self) -> None:
        """The moment went on; a recording is asked again once it has left what was read around it."""
        replay = replay_of(self.app)
        if replay is not None:
            pair, read = self._looked or ("", 0.0)
            if pair != self.pair or not read <= self.app.beat <= read + _ENOUGH:
                self._looked = (self.pair, self.app.beat)
                self._look(replay)
                return
        if self.both is not None:
            self._show(self.both.lines)

    def _show(self, lines: tuple[LoggedLine, ...]) -> None:
        if self.state is None:
            return
        first, second = self.state.snapshot.nodes
        both = Both((first.name, second.name), lines, self.app.beat)
        if both != self.both:
            self.both = both

    @work(exclusive=True, group="logs")
    async def _look(self, replay: Replay) -> None:
        try:
            lines = await replay.logs()
        except NoRecording:
            # The slider says why.
            self._looked = None
            return
        if self.is_current and replay_of(self.app) is replay:
            self._show(lines)

    def action_raw(self) -> None:
        """The lines as plain text."""
        self.app.push_screen(RawScreen("both logs", self.query_one(LogsBeside).text))

    def action_copy(self) -> None:
        """All of them."""
        self.app.copy_text(self.query_one(LogsBeside).text, "both logs")
