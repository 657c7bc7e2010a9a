"""`mirrorgate` and `mirrorgate monitor`: the console itself, wired to the watch."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.app import MirrorgateApp
from console.commands.sampling import chosen, opener
from console.engine.journal import Journal
from console.machines.hooks import Hooks
from console.model.asking import Asker
from console.model.config import Config, PairConfig, Watcher
from console.model.form import FirstJob
from console.model.snapshot import PairState
from console.ssh.mail_reader import MailReader
from console.watch.fleet import Fleet
from console.watch.fresh import PairEyes
from console.watch.pair_watch import PairWatch

if TYPE_CHECKING:
    from console.commands.pair_jobs import PairJobs


class Watching:
    """The app's source of states: every pair watched over SSH, sampler lanes only."""

    def __init__(self, config: Config, pairs: Sequence[PairConfig], where: Watcher = "console") -> None:
        self._config = config
        self._pairs = tuple(pairs)
        self._hooks = Hooks(config.on_event, where)
        self._fleet: Fleet | None = None
        self._eyes: dict[str, PairEyes] = {}
        self.asker: Asker | None = None
        """Who is asked, once the console follows."""

    def states(self, asker: Asker) -> AsyncIterator[PairState]:
        """States of every pair, as they change; questions go to `asker`."""
        reach = opener(self._config, asker)
        self.asker = asker
        watches = tuple(PairWatch(pair, reach) for pair in self._pairs)
        self._eyes = {pair.name: PairEyes(watch) for pair, watch in zip(self._pairs, watches, strict=True)}
        self._fleet = Fleet(watches)
        return self._hooks.beside(self._fleet.states())

    def retry_now(self) -> None:
        """Reconnect to every node that is not connected, at once."""
        if self._fleet:
            self._fleet.retry_now()

    def eyes(self, pair: str) -> PairEyes:
        """Fresh readings by the watch that draws the pair."""
        return self._eyes[pair]


def jobs(config: Config, watching: Watching, journal: Journal) -> "PairJobs":
    """The jobs of a console. A read-only one does not even load what could change a node."""
    from console.commands.pair_jobs import PairJobs

    return PairJobs(config, watching.eyes, journal, lambda: watching.asker)


def mails(config: Config, watching: Watching) -> MailReader:
    """What looks closely at the mail, in a read-only console too: it can change nothing."""
    ssh_config = Path(config.ssh_config) if config.ssh_config else None
    return MailReader(config.pairs, ssh_config, lambda: watching.asker)


def run(
    config: Config,
    path: Path,
    name: str | None,
    *,
    read_only: bool,
    ascii_only: bool,
    first: FirstJob | None = None,
) -> int:
    """Open the console, at the questions of `first` if there is one, and return its exit status."""
    pairs = chosen(config, path, name)
    return asyncio.run(_run(config, pairs, read_only=read_only, ascii_only=ascii_only, first=first))


async def _run(
    config: Config, pairs: Sequence[PairConfig], *, read_only: bool, ascii_only: bool, first: FirstJob | None
) -> int:
    watching, journal = Watching(config, pairs, "monitor" if read_only else "console"), Journal()
    reader = mails(config, watching)
    try:
        app = MirrorgateApp(
            pairs,
            watching,
            read_only=read_only,
            jobs=None if read_only else jobs(config, watching, journal),
            mails=reader,
            journal=journal.runs,
            ascii_only=ascii_only,
            first=first,
        )
        await app.run_async()
        return app.return_code or 0
    finally:
        await reader.close()
        await journal.close()
