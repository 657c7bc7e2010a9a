"""`mirrorgate record`: a recording of every pair, kept while it runs."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from console.commands.complaining import complain
from console.commands.open_files import allow_files
from console.commands.sampling import opener
from console.machines.hooks import Hooks
from console.memory.recorder import MEGABYTE, Recorder, limit_of, recording_of
from console.memory.schema import NoRecording
from console.model.config import Config
from console.ssh.text import inert
from console.watch.fleet import Fleet
from console.watch.node_watch import Opener
from console.watch.pair_watch import PairWatch


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    file, limit = recording_of(config, arguments.file), limit_of(config, arguments.size)
    return asyncio.run(run(config, opener(config, None), file, limit, arguments.seconds))


async def run(
    config: Config, open_session: Opener, file: Path, limit: int, seconds: float | None = None
) -> int:
    """Watch and record for `seconds` (None: until SIGTERM or SIGINT). Exit status 0; 2 without the file."""
    allow_files()
    recorder = Recorder(file, limit, say)
    try:
        await recorder.start()
    except NoRecording as why:
        complain(why)
        return 2
    number = len(config.pairs)
    pairs = f"{number} pair{'' if number == 1 else 's'}"
    say(f"recording {pairs} into {file}, at most {limit // MEGABYTE} MB")
    working = asyncio.create_task(_watch(config, open_session, recorder))
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, working.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            async with asyncio.timeout(seconds):
                await working
    finally:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
        await recorder.close()
    return 0


async def _watch(config: Config, open_session: Opener, recorder: Recorder) -> None:
    watches = {pair.name: PairWatch(pair, open_session, recorder.take) for pair in config.pairs}
    told = Hooks(config.on_event, "record", say=say)
    states = told.beside(Fleet(tuple(watches.values())).states())
    try:
        async for state in states:
            recorder.follow(state, settled=watches[state.snapshot.config.name].settled)
    finally:
        await states.aclose()


def say(line: str) -> None:
    """A line for whoever reads the log of the service."""
    with contextlib.suppress(BrokenPipeError):
        print(f"mirrorgate: {inert(line)}", file=sys.stderr, flush=True)
