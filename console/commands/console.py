"""`mirrorgate`: the console itself, wired to the watch and to the jobs; read-only it is `monitor`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.app import MirrorgateApp
from console.commands import monitor
from console.commands.monitor import Watching, mails
from console.commands.sampling import chosen
from console.engine.journal import Journal
from console.memory.reader import Reader
from console.memory.recorder import recording_of
from console.model.config import Config, PairConfig
from console.model.form import FirstJob

if TYPE_CHECKING:
    from console.commands.pair_jobs import PairJobs

__all__ = ["Watching", "jobs", "mails", "run"]


def jobs(config: Config, watching: Watching, journal: Journal) -> "PairJobs":
    """The jobs of a console."""
    from console.commands.pair_jobs import PairJobs

    return PairJobs(config, watching.eyes, journal, lambda: watching.asker)


def run(
    config: Config,
    path: Path,
    name: str | None,
    *,
    read_only: bool,
    ascii_only: bool,
    first: FirstJob | None = None,
    wall: bool = False,
) -> int:
    """Open the console, at the questions of `first` if there is one, and return its exit status."""
    if read_only:
        return monitor.run(config, path, name, ascii_only=ascii_only, wall=wall)
    pairs = chosen(config, path, name)
    return asyncio.run(_run(config, pairs, ascii_only=ascii_only, first=first))


async def _run(
    config: Config, pairs: Sequence[PairConfig], *, ascii_only: bool, first: FirstJob | None
) -> int:
    watching, journal = Watching(config, pairs), Journal()
    reader, recording = mails(config, watching), Reader(recording_of(config))
    try:
        app = MirrorgateApp(
            pairs,
            watching,
            jobs=jobs(config, watching, journal),
            mails=reader,
            journal=journal.runs,
            ascii_only=ascii_only,
            first=first,
            reader=recording,
        )
        await app.run_async()
        return app.return_code or 0
    finally:
        await reader.close()
        await recording.close()
        await journal.close()
