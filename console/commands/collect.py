"""`mirrorgate collect`: one process reads the nodes, many read-only consoles are shown it."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console.collector.collecting import Collecting
from console.collector.socket_file import NoSocket, SocketFile
from console.commands.complaining import complain
from console.commands.open_files import allow_files
from console.commands.sampling import opener
from console.machines.hooks import Hooks
from console.memory.schema import NoRecording
from console.model.config import Config
from console.ssh.text import inert
from console.watch.node_watch import Opener

if TYPE_CHECKING:
    from console.memory.recorder import Recorder


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status."""
    socket = arguments.socket or (Path(config.collector) if config.collector else None)
    if socket is None:
        complain(
            f"{path}: no socket is named: add collector = "
            '"/var/run/mirrorgate/collector.sock" at its beginning, or give --socket'
        )
        return 2
    recorder = None
    if arguments.record:
        from console.memory.recorder import Recorder, limit_of, recording_of

        recorder = Recorder(recording_of(config), limit_of(config, arguments.size), _say)
    reach = opener(config, None)
    return asyncio.run(run(config, reach, socket, arguments.group, recorder, arguments.seconds))


async def run(
    config: Config,
    open_session: Opener,
    socket: Path,
    group: str | None,
    recorder: "Recorder | None",
    seconds: float | None = None,
) -> int:
    """Collect for `seconds` (None: until SIGTERM or SIGINT).

    Exit status 0 then, 2 when socket or recording cannot be had.
    """
    allow_files()
    try:
        # First of all: a second collector must neither ask the nodes anything nor record.
        file = SocketFile.open(socket, group)
    except NoSocket as why:
        complain(why)
        return 2
    try:
        if recorder is not None:
            await recorder.start()
    except NoRecording as why:
        file.close()
        complain(why)
        return 2
    working = asyncio.create_task(_collect(config, open_session, file, recorder))
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, working.cancel)
    try:
        await asyncio.wait({working}, timeout=seconds)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    except NoSocket as why:
        complain(why)
        return 2
    finally:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
        file.close()
        if recorder is not None:
            await recorder.close()
    return 0


async def _collect(
    config: Config, open_session: Opener, file: SocketFile, recorder: "Recorder | None"
) -> None:
    number = len(config.pairs)
    _say(f"collecting from {number} pair{'' if number == 1 else 's'}, viewers at {file.path}")
    if recorder is not None:
        _say(f"recording into {recorder.path}")
    hooks = Hooks(config.on_event, "collect", say=_say)
    await Collecting(config.pairs, open_session, beside=hooks.beside, keeper=recorder).run(file)


def _say(line: str) -> None:
    """A line for whoever reads the log of the service."""
    with contextlib.suppress(BrokenPipeError):
        print(f"mirrorgate: {inert(line)}", file=sys.stderr, flush=True)
