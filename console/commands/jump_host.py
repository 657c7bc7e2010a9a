"""The part of the command line for a jump host: many viewers, a memory, a browser, papers."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from console.model.config import Config

N = TypeVar("N", int, float)

NAMES = frozenset({"collect", "record", "replay", "trends", "serve"})
"""The commands this module describes that need the configuration."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe every command of a jump host."""
    collect = _command(commands, "collect", "read the nodes once for many read-only consoles, until ended")
    collect.add_argument("--socket", type=_file, metavar="FILE", help="the Unix socket to serve at")
    collect.add_argument(
        "--group", metavar="NAME", help="whose members may connect (default: the user's own)"
    )
    collect.add_argument("--record", action="store_true", help="keep a recording too")
    record = _command(commands, "record", "keep a recording of every pair, until ended")
    for one in (collect, record):
        one.add_argument(
            "--for",
            dest="seconds",
            type=seconds,
            metavar="SECONDS",
            help="end after so long (default: never)",
        )
        one.add_argument(
            "--size", type=_megabytes, metavar="MB", help="what the recording may take (50 for each pair)"
        )
    replay = _command(commands, "replay", "the console on a recording: what was to be seen at a time")
    replay.add_argument("pair", nargs="?", metavar="PAIR", help="only this pair (default: all)")
    replay.add_argument("--at", metavar="TIME", help="begin there: 2026-11-23T03:12, 03:12, 90m (ago)")
    replay.add_argument("--until", metavar="TIME", help="with --json: up to there")
    replay.add_argument("--speed", type=float, default=1.0, metavar="N", help="N times as fast as it was")
    replay.add_argument("--json", action="store_true", help="print the span as JSON, one line a snapshot")
    replay.add_argument(
        "--every", type=seconds, default=60.0, metavar="SECONDS", help="with --json: a line so often (60)"
    )
    trends = _command(commands, "trends", "queue, rebuild rate, outages and drills of each pair over time")
    trends.add_argument("pair", nargs="?", metavar="PAIR", help="only this pair (default: all)")
    trends.add_argument(
        "--since", metavar="TIME", default="7d", help="from there on: 7d (ago), 2026-11-23T03:12"
    )
    trends.add_argument("--until", metavar="TIME", help="up to there")
    trends.add_argument("--json", action="store_true", help="as JSON")
    for one in (record, replay, trends):
        one.add_argument("--file", type=_file, metavar="FILE", help="the recording")
    serve = _command(commands, "serve", "the read-only console in a browser, until ended")
    serve.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:9651", help="where to serve (127.0.0.1:9651)"
    )
    serve.add_argument("--pair", metavar="PAIR", help="only this pair (default: all)")
    serve.add_argument("--public-url", metavar="URL", help="its https address at the proxy in front of it")
    serve.add_argument(
        "--viewers", type=_viewers, default=10, metavar="N", help="as many at once, and no more (10)"
    )
    papers = _command(commands, "papers", "manual pages, service files and notes for a jump host")
    papers.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="write them there")


def run(arguments: argparse.Namespace, config: "Config", path: Path) -> int:
    """Run one of `NAMES`; returns its exit status. Raises BadConfig."""
    match arguments.command:
        case "collect":
            from console.commands import collect

            return collect.main(arguments, config, path)
        case "record":
            from console.commands import record

            return record.main(arguments, config, path)
        case "replay":
            from console.commands import replay

            return replay.main(arguments, config, path)
        case "trends":
            from console.commands import trends

            return trends.main(arguments, config, path)
        case _:
            from console.commands import serve

            return serve.main(arguments, config, path)


def seconds(word: str) -> float:
    """The value of `--for` and its like. Raises ArgumentTypeError."""
    return _number(word, float, 0.1, 86400, "seconds, 0.1 to 86400")


def _megabytes(word: str) -> int:
    return _number(word, int, 1, 1_000_000, "megabytes, a whole number from 1 on")


def _viewers(word: str) -> int:
    return _number(word, int, 1, 200, "a whole number, 1 to 200")


def _file(word: str) -> Path:
    if not word:
        raise argparse.ArgumentTypeError("expected the path of a file")
    return Path(word)


def _number(word: str, kind: Callable[[str], N], lowest: float, highest: float, expected: str) -> N:
    try:
        number = kind(word)
    except ValueError:
        number = kind("0")
    # A NaN is on neither side of a bound.
    if not lowest <= number <= highest:
        raise argparse.ArgumentTypeError(f"{word!r}: expected {expected}")
    return number


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=words, description=words)
