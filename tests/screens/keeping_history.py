"""The console with a journal: runs handed in, as the app would read them."""

from collections.abc import Callable
from typing import Any, ClassVar

from textual.screen import Screen

from console.app import MirrorgateApp
from console.engine.journal import JournalTrouble
from console.model.run import RunRecord
from console.screens.history import HistoryScreen
from tests.engine.sample_runs import drill, failed_drill
from tests.screens import sample
from tests.screens.feeding import Clock, Feed


class HistoryApp(MirrorgateApp):
    """Its journal is a tuple, or trouble."""

    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        **MirrorgateApp.MODES,
        "history": HistoryScreen,
    }
    kept: tuple[RunRecord, ...] | JournalTrouble = ()
    asked = 0

    async def history(self) -> tuple[RunRecord, ...]:
        self.asked += 1
        if isinstance(self.kept, JournalTrouble):
            raise self.kept
        return self.kept


def many() -> tuple[RunRecord, ...]:
    """Seven drills, of which one failed and the sixth was slow to mount."""
    took = (0.8, 0.9, 0.75, 0.8, 0.95, 4.2)
    return (*(drill(n, mount=mount) for n, mount in reversed(list(enumerate(took)))), failed_drill(-1))


def history_console(
    *runs: RunRecord, trouble: str = "", theme: str = "textual-dark", ascii_only: bool = False
) -> HistoryApp:
    feed = Feed(sample.healthy())
    app = HistoryApp([sample.pair_config()], feed, ascii_only=ascii_only, clock=Clock())
    app.kept = JournalTrouble(trouble) if trouble else runs
    app.animation_level = "none"
    app.theme = theme
    return app
