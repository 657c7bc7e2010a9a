"""`mirrorgate` and `mirrorgate monitor`: the console itself, wired to the watch."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from console.app import MirrorgateApp
from console.commands.sampling import chosen, opener
from console.model.asking import Asker
from console.model.config import Config, PairConfig
from console.model.snapshot import PairState
from console.watch.fleet import Fleet
from console.watch.pair_watch import PairWatch


class Watching:
    """The app's source of states: every pair watched over SSH, sampler lanes only."""

    def __init__(self, config: Config, pairs: Sequence[PairConfig]) -> None:
        self._config = config
        self._pairs = tuple(pairs)
        self._fleet: Fleet | None = None

    def states(self, asker: Asker) -> AsyncIterator[PairState]:
        """States of every pair, as they change; questions go to `asker`."""
        reach = opener(self._config, asker)
        self._fleet = Fleet(tuple(PairWatch(pair, reach) for pair in self._pairs))
        return self._fleet.states()

    def retry_now(self) -> None:
        """Reconnect to every node that is not connected, at once."""
        if self._fleet:
            self._fleet.retry_now()


def run(config: Config, path: Path, name: str | None, *, read_only: bool, ascii_only: bool) -> int:
    """Open the console and return its exit status."""
    pairs = chosen(config, path, name)
    app = MirrorgateApp(pairs, Watching(config, pairs), read_only=read_only, ascii_only=ascii_only)
    app.run()
    return app.return_code or 0
