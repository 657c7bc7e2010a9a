"""`mirrorgate replay`: the console on a recording, without a connection to any node."""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from console.commands.complaining import complain, no_terminal
from console.commands.sampling import chosen
from console.memory.reader import Reader
from console.memory.reading import NoRecording
from console.memory.recorder import recording_of
from console.model.asking import Asker
from console.model.config import Config, PairConfig
from console.model.pair_line import PairLine
from console.model.snapshot import PairState
from console.parse.spoken_time import spoken_time


class Nothing:
    """A source without a present: no node is asked anything."""

    async def states(self, asker: Asker) -> AsyncGenerator[PairState | PairLine, None]:
        """Never any."""
        await asyncio.Event().wait()
        raise AssertionError("nobody ends the wait")
        yield

    def look(self, pair: str) -> None:
        """Nothing is looked at."""

    def retry_now(self) -> None:
        """Nothing is connected to."""


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    if arguments.json:
        from console.commands import replay_export

        return replay_export.main(arguments, config, path)
    if not 0 < arguments.speed <= 86400:
        complain("--speed is a number above 0 and not above 86400")
        return 2
    return asyncio.run(_run(arguments, config, chosen(config, path, arguments.pair)))


async def _run(arguments: argparse.Namespace, config: Config, pairs: Sequence[PairConfig]) -> int:
    from console.app import MirrorgateApp
    from console.engine.journal import Journal
    from console.screens.replaying import Start

    reader, journal = Reader(recording_of(config, arguments.file)), Journal()
    try:
        at = await _at(arguments.at, reader, pairs)
        if no_terminal("replay --json"):
            return 2
        start = Start(at, arguments.speed, playing=at is not None)
        app = MirrorgateApp(
            pairs,
            Nothing(),
            read_only=True,
            journal=journal.runs,
            ascii_only=arguments.ascii,
            reader=reader,
            start=start,
        )
        await app.run_async()
        return app.return_code or 0
    except (NoRecording, ValueError) as why:
        complain(f"replay: {why}")
        return 2
    finally:
        await reader.close()
        await journal.close()


async def _at(word: str | None, reader: Reader, pairs: Sequence[PairConfig]) -> float | None:
    """The moment to begin at; a time of day is the last one before the recording's end.

    Raises NoRecording; ValueError: it is no time, or nothing of these pairs was recorded.
    """
    spans = [await reader.ask(lambda r, name=pair.name: r.span(name)) for pair in pairs]  # type: ignore[misc]
    ends = [span.last for span in spans if span is not None]
    if not ends:
        raise ValueError(f"{reader.path}: none of these pairs is in it; `mirrorgate record` keeps them")
    if word is None:
        return None
    try:
        return spoken_time(word, min(time.time(), max(ends)))
    except ValueError as odd:
        raise ValueError(f"--at {word}: {odd}") from odd
