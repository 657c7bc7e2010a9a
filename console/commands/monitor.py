"""`mirrorgate monitor`: the console that only watches. Nothing that could change a node is imported here."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

from textual.driver import Driver

from console.app import MirrorgateApp
from console.collector.collecting import Keeper
from console.collector.shared_watch import SharedWatching
from console.commands.open_files import allow_files
from console.commands.sampling import chosen, opener
from console.commands.wall_app import WallApp
from console.engine.journal import Journal
from console.machines.hooks import Hooks
from console.memory.reader import Reader
from console.memory.recorder import recording_of
from console.model.asking import Asker
from console.model.config import Config, PairConfig, Watcher
from console.model.snapshot import PairState
from console.ssh.mail_reader import MailReader
from console.watch.fleet import Fleet
from console.watch.fresh import PairEyes
from console.watch.pair_watch import PairWatch


class Watching:
    """The app's source of states: every pair watched over SSH, sampler lanes only."""

    def __init__(
        self,
        config: Config,
        pairs: Sequence[PairConfig],
        where: Watcher = "console",
        keeper: Keeper | None = None,
    ) -> None:
        """`keeper` keeps a recording of what is read."""
        self._config = config
        self._keeper = keeper
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
        told = self._keeper.take if self._keeper is not None else None
        watches = tuple(PairWatch(pair, reach, told) for pair in self._pairs)
        self._eyes = {pair.name: PairEyes(watch) for pair, watch in zip(self._pairs, watches, strict=True)}
        self._fleet = Fleet(watches)
        states = self._hooks.beside(self._fleet.states())
        return states if self._keeper is None else self._kept(states, watches, self._keeper)

    async def _kept(
        self, states: AsyncGenerator[PairState, None], watches: Sequence[PairWatch], keeper: Keeper
    ) -> AsyncGenerator[PairState, None]:
        of = {watch.pair.name: watch for watch in watches}
        try:
            async for state in states:
                keeper.follow(state, settled=of[state.snapshot.config.name].settled)
                yield state
        finally:
            await states.aclose()

    def look(self, pair: str) -> None:
        """Every pair is watched whole, whichever is shown."""

    def retry_now(self) -> None:
        """Reconnect to every node that is not connected, at once."""
        if self._fleet:
            self._fleet.retry_now()

    def eyes(self, pair: str) -> PairEyes:
        """Fresh readings by the watch that draws the pair."""
        return self._eyes[pair]


def source(config: Config, pairs: Sequence[PairConfig]) -> Watching | SharedWatching:
    """Where the states of a read-only console come from: a collector where one is named, else the nodes."""
    if config.collector is None:
        return Watching(config, pairs, "monitor")
    # Without a collector every node may have to be read here.
    allow_files()
    return SharedWatching(
        pairs,
        Path(config.collector),
        lambda asker: opener(config, asker),
        beside=Hooks(config.on_event, "monitor").beside,
    )


def mails(config: Config, watching: Watching | SharedWatching) -> MailReader:
    """What looks closely at the mail, in a read-only console too: it can change nothing."""
    ssh_config = Path(config.ssh_config) if config.ssh_config else None
    return MailReader(config.pairs, ssh_config, lambda: watching.asker)


def run(
    config: Config,
    path: Path,
    name: str | None,
    *,
    ascii_only: bool,
    wall: bool = False,
    driver: type[Driver] | None = None,
) -> int:
    """Open the read-only console and return its exit status; `wall`: its viewer is not trusted.

    `driver` draws elsewhere than in our terminal.
    """
    if wall:
        # Viewers come and go: what a hook tells is told by the collector and the exporter.
        config = config.model_copy(update={"on_event": ()})
    return asyncio.run(
        _run(config, chosen(config, path, name), ascii_only=ascii_only, wall=wall, driver=driver)
    )


async def _run(
    config: Config,
    pairs: Sequence[PairConfig],
    *,
    ascii_only: bool,
    wall: bool,
    driver: type[Driver] | None,
) -> int:
    watching, journal = source(config, pairs), Journal()
    reader, recording = mails(config, watching), Reader(recording_of(config))
    try:
        app = console(pairs, watching, reader, journal, recording=recording, ascii_only=ascii_only, wall=wall)
        if driver is not None:
            app.driver_class = driver
        await app.run_async()
        return app.return_code or 0
    finally:
        await reader.close()
        await recording.close()
        await journal.close()


def console(
    pairs: Sequence[PairConfig],
    watching: Watching | SharedWatching,
    reader: MailReader,
    journal: Journal,
    *,
    recording: Reader | None = None,
    ascii_only: bool = False,
    wall: bool = False,
) -> MirrorgateApp:
    """The console as `monitor` opens it: it has nobody who could do a job."""
    app = (WallApp if wall else MirrorgateApp)(
        pairs,
        watching,
        read_only=True,
        mails=reader,
        journal=journal.runs,
        ascii_only=ascii_only,
        reader=recording,
    )
    if isinstance(watching, SharedWatching):
        watching.say = lambda words: setattr(app, "source_words", words)
    return app
