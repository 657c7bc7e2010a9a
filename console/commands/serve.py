"""`mirrorgate serve`: the read-only console in a browser, a process of its own for each tab."""

import argparse
import asyncio
import signal
import socket
import sys
from pathlib import Path

from console.commands.complaining import complain
from console.commands.export import address
from console.commands.sampling import chosen
from console.model.config import Config

_MODULES = frozenset({"aiohttp", "aiohttp_jinja2", "jinja2", "textual_serve"})


def main(arguments: argparse.Namespace, config: Config, path: Path) -> int:
    """Run the command; returns its exit status. Raises BadConfig."""
    try:
        from console.browser import doors, server  # noqa: F401
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _MODULES:
            raise
        complain("serve needs what is not installed: pip install 'mirrorgate[browser]'")
        return 2
    try:
        host, port = address(arguments.listen)
    except ValueError as odd:
        complain(f"--listen: {odd}")
        return 2
    try:
        public = doors.public_url(arguments.public_url) if arguments.public_url else None
    except ValueError as odd:
        complain(f"--public-url: {odd}")
        return 2
    if host not in doors.LOOPBACK and public is None:
        complain(
            f"serve has no password and no TLS: to listen at {host}, put a proxy that has both in front "
            "of it, and say with --public-url what address it has there"
        )
        return 2
    chosen(config, path, arguments.pair)
    argv = [sys.executable, "-m", "console.commands.browser_tab", str(path.absolute())]
    argv += [arguments.pair] if arguments.pair else []
    argv += ["--ascii"] if arguments.ascii else []
    try:
        at = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as odd:
        complain(f"cannot listen at {arguments.listen}: {odd.strerror}; choose another address with --listen")
        return 2
    with at:
        return asyncio.run(_serve(at, host, argv, public, arguments.viewers))


async def _serve(at: socket.socket, host: str, argv: list[str], public: str | None, viewers: int) -> int:
    """Serve until SIGTERM or SIGINT; the consoles end first."""
    from console.browser.doors import LOOPBACK, doors
    from console.browser.server import TabServer

    port = at.getsockname()[1]
    server = TabServer(argv, doors(host, port, public), viewers, _say)
    runner = await server.listen(at)
    shown = f"[{host}]" if ":" in host else host
    _say(f"the console at {public or f'http://{shown}:{port}'}/ for {viewers} viewers at most, read-only")
    if host not in LOOPBACK:
        _say(f"whoever reaches {shown}:{port} may watch: let a firewall leave only the proxy there")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        await ended.wait()
    finally:
        await runner.cleanup()
    return 0


def _say(line: str) -> None:
    print(f"mirrorgate: {line}", file=sys.stderr, flush=True)
