"""`mirrorgate export`: every pair's state as OpenMetrics, for Prometheus to scrape."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from console.commands.complaining import complain
from console.commands.open_files import allow_files
from console.commands.sampling import chosen, opener
from console.machines.exposition import Board, Exposition
from console.machines.hooks import Hooks
from console.machines.serving import MetricsServer
from console.model.config import Config, HookConfig, PairConfig
from console.watch.fleet import Fleet
from console.watch.node_watch import Opener
from console.watch.pair_watch import PairWatch

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def address(word: str) -> tuple[str, int]:
    """`HOST:PORT` or `[IPV6]:PORT`; port 0 means any that is free.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = word.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or not port.isdecimal() or int(port) > 65535 or (":" in bare and bare == host):
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:9650 or [::1]:9650")
    return bare, int(port)


def print_shared(name: str) -> int:
    """Print the alert rules (`rules`) or the dashboard (`dashboard`)."""
    from console.machines import shared

    sys.stdout.write(shared.alert_rules() if name == "rules" else shared.dashboard())
    return 0


async def main(arguments: argparse.Namespace, config: Config, path: Path, version: str) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    try:
        listen = address(arguments.listen)
    except ValueError as odd:
        complain(f"--listen: {odd}")
        return 2
    pairs = chosen(config, path, arguments.pair)
    return await run(pairs, config.on_event, opener(config, None), listen, version)


async def run(
    pairs: Sequence[PairConfig],
    hooks: Sequence[HookConfig],
    open_session: Opener,
    listen: tuple[str, int],
    version: str,
) -> int:
    """Watch and serve until SIGTERM or SIGINT. Exit status 0 then, 2 when the address cannot be had."""
    allow_files()
    told = Hooks(hooks, "export", say=_say)
    board = Board(version, told.samples)
    server = MetricsServer(Exposition(board).write)
    host, port = listen
    try:
        port = await server.start(host, port)
    except OSError as odd:
        _say(f"cannot listen on {host}:{port}: {odd.strerror}; choose another address with --listen")
        return 2
    shown = f"[{host}]" if ":" in host else host
    _say(f"metrics at http://{shown}:{port}/metrics")
    if host not in _LOOPBACK:
        _say("whoever reaches this address can read them: let a firewall or a proxy decide who may")
    watching = asyncio.create_task(_watch(pairs, open_session, board, told))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, watching.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        watching.cancel()
        await server.close()
    return 0


async def _watch(pairs: Sequence[PairConfig], open_session: Opener, board: Board, told: Hooks) -> None:
    watches = {pair.name: PairWatch(pair, open_session) for pair in pairs}
    states = told.beside(Fleet(tuple(watches.values())).states())
    try:
        async for state in states:
            board.take(state, settled=watches[state.snapshot.config.name].settled)
    finally:
        await states.aclose()


def _say(line: str) -> None:
    print(f"mirrorgate: {line}", file=sys.stderr, flush=True)
