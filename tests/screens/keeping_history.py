"""The console with a journal: runs handed in, as the app would read them."""

from console.app import MirrorgateApp
from console.engine.journal import JournalTrouble
from console.model.run import RunRecord
from tests.engine.sample_runs import drill, failed_drill
from tests.screens import sample
from tests.screens.feeding import Clock, Feed


class Kept:
    """A journal: a tuple, or trouble; it counts how often it was read."""

    def __init__(self, *runs: RunRecord, trouble: str = "") -> None:
        self.runs = runs
        self.trouble = trouble
        self.read = 0

    async def __call__(self, pair: str) -> tuple[RunRecord, ...]:
        self.read += 1
        if self.trouble:
            raise JournalTrouble(self.trouble)
        return self.runs


def many() -> tuple[RunRecord, ...]:
    """Seven drills, newest first: the newest was slow to mount, the oldest failed."""
    took = (0.8, 0.9, 0.75, 0.8, 0.95, 4.2)
    return (*(drill(n, mount=mount) for n, mount in reversed(list(enumerate(took)))), failed_drill(-1))


def history_console(
    kept: Kept, *, theme: str = "textual-dark", ascii_only: bool = False, pairs: tuple[str, ...] = ()
) -> MirrorgateApp:
    """An app on the healthy sample, without animation."""
    configs = [sample.pair_config(), *map(sample.pair_config, pairs)]
    app = MirrorgateApp(configs, Feed(sample.healthy()), journal=kept, ascii_only=ascii_only, clock=Clock())
    app.animation_level = "none"
    app.theme = theme
    return app
