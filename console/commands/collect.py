"""`mirrorgate collect`: one process reads the nodes, many read-only consoles are shown it."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from console.collector.collecting import Collecting
from console.collector.socket_file import NoSocket, SocketFile
from console.commands.complaining import complain
from console.commands.open_files import allow_files
from console.commands.sampling import opener
from console.machines.hooks import Hooks
from console.model.config import Config
from console.watch.node_watch import Opener


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status."""
    socket = arguments.socket or (Path(config.collector) if config.collector else None)
    if socket is None:
        complain(
            f'{path}: no socket is named: add collector = "/var/run/mirrorgate/collector.sock", or --socket'
        )
        return 2
    return asyncio.run(run(config, opener(config, None), Path(socket), arguments.group))


async def run(config: Config, open_session: Opener, socket: Path, group: str | None) -> int:
    """Collect until SIGTERM or SIGINT. Exit status 0 then, 2 when the socket cannot be had or is lost."""
    allow_files()
    hooks = Hooks(config.on_event, "collect", say=_say)
    try:
        # First of all: a second collector must not ask the nodes anything.
        file = SocketFile.open(socket, group)
    except NoSocket as why:
        complain(why)
        return 2
    collecting = Collecting(config.pairs, open_session, beside=hooks.beside)
    number = len(config.pairs)
    _say(f"collecting from {number} pair{'' if number == 1 else 's'}, viewers at {socket}")
    working = asyncio.create_task(collecting.run(file))
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, working.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await working
    except NoSocket as why:
        complain(why)
        return 2
    finally:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
        file.close()
    return 0


def _say(line: str) -> None:
    print(f"mirrorgate: {line}", file=sys.stderr, flush=True)
