"""The command line: every screen's job is also a subcommand. Heavy rooms are imported only when needed."""

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from console.commands import dispatching, job_arguments, jump_host
from console.commands.complaining import complain
from console.commands.wide_parser import Parser

_EPILOG = (
    "Without a command the console opens on the configured pairs. Try it without any server: mirrorgate lab"
)
_LOCAL = frozenset({"log", "trace", "completion"})
"""Commands that log nothing: they need not wait for `logging`."""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top: argparse.ArgumentParser = Parser(
        prog="mirrorgate",
        description="Operations console for FreeBSD pairs: gmirror over ggate, freevrrpd, qmail.",
        epilog=_EPILOG,
    )
    top.add_argument(
        "--config", type=Path, metavar="FILE", help="configuration: a file, or a directory of *.toml"
    )
    top.add_argument("--log-file", type=Path, metavar="FILE", help="write a log there (never a secret)")
    top.add_argument("--ascii", action="store_true", help="draw with ASCII signs only")
    top.add_argument("--read-only", action="store_true", help="the same as the command monitor")
    top.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", prog=top.prog)

    def sampling(name: str, words: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=words, description=words)
        one.add_argument("pair", nargs="?", help="only this pair (default: all)")
        return one

    def limited(name: str, words: str, *flags: str, seconds: float = 15.0) -> argparse.ArgumentParser:
        one = sampling(name, words)
        words = f"give up after S seconds ({seconds:g})"
        one.add_argument(*flags, "--timeout", type=_seconds, default=seconds, metavar="S", help=words)
        return one

    monitor = sampling("monitor", "the console, read-only: nothing that could change a node is constructed")
    monitor.add_argument(
        "--wall", action="store_true", help="as a login shell or ForceCommand: obey and trust no viewer"
    )
    status = limited("status", "print what each pair is doing now")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.add_argument("--watch", action="store_true", help="print again whenever something changes")
    limited("check", "one line and exit status for a monitoring system (Monitoring Plugins)", "-t")
    export = commands.add_parser("export", help="serve metrics to Prometheus (OpenMetrics) until ended")
    export.add_argument("--pair", metavar="PAIR", help="only this pair (default: all)")
    export.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:9650", help="where to serve (127.0.0.1:9650)"
    )
    shared = export.add_mutually_exclusive_group()
    shared.add_argument("--rules", action="store_true", help="only print alert rules for Prometheus")
    shared.add_argument("--dashboard", action="store_true", help="only print a dashboard for Grafana")
    doctor = limited("doctor", "what is wrong with the set-up, and how to mend it")
    doctor.add_argument("--json", action="store_true", help="as JSON")
    events = sampling("events", "print role, mirror, mount and link changes as they happen")
    events.add_argument("--json", action="store_true", help="one JSON object per line")
    events.add_argument(
        "--for", dest="seconds", type=jump_host.seconds, metavar="S", help="stop after S seconds"
    )
    init = commands.add_parser("init", help="discover a pair and write the configuration")
    init.add_argument(
        "hosts", nargs=2, metavar="HOST", help="[user@]host of each node, or an ssh_config alias"
    )
    init.add_argument("--name", help="name of the pair")
    init.add_argument("--ssh-config", metavar="FILE", help="ssh_config file to use in place of ~/.ssh/config")
    init.add_argument("--become", choices=("none", "sudo", "doas"), default="none", help="how to become root")
    init.add_argument("--overwrite", action="store_true", help="replace an existing file without asking")
    parse = commands.add_parser(
        "parse", help="explain pasted command output as JSON: mirrorgate parse KIND < file"
    )
    parse.add_argument("kind", nargs="?", help="kind of output; without one the kinds are listed")
    log = commands.add_parser("log", help="qmail-send logs with human times, or their figures")
    log.add_argument("--summary", action="store_true", help="messages, outcomes, reasons, times, top senders")
    log.add_argument("--json", action="store_true", help="as JSON; without --summary one object per line")
    log.add_argument("files", nargs="*", metavar="FILE", help="in this order; .gz, .zst, - (standard input)")
    trace = commands.add_parser("trace", help="where is my message? what the log says about it")
    trace.add_argument(
        "words", nargs="+", metavar="ADDRESS|MSG|DELIVERY", help="part of an address, N, msg N, delivery N"
    )
    for name, which in (("--since", "from"), ("--until", "up to")):
        trace.add_argument(
            name, metavar="TIME", help=f"only what happened {which} TIME: 2026-11-23T00:17, 90m"
        )
    trace.add_argument("--json", action="store_true", help="as JSON")
    trace.add_argument(
        "--log",
        nargs="+",
        metavar="FILE",
        help="in this order; .gz, .zst, - (standard input); else the nodes",
    )
    queue = commands.add_parser("queue", help="the mail queues: states, oldest and biggest messages")
    for asks_nodes in (trace, queue):
        asks_nodes.add_argument("--pair", metavar="PAIR", help="only this pair (default: all)")
        asks_nodes.add_argument("--node", metavar="NODE", help="only this node (default: both)")
    queue.add_argument(
        "--list", type=int, metavar="N", help="list the N oldest messages with their envelopes"
    )
    queue.add_argument("--json", action="store_true", help="as JSON")
    control = commands.add_parser(
        "control", help="qmail's control files: what they say, what is wrong with them"
    )
    control.add_argument("--pair", metavar="PAIR", help="only this pair (default: all)")
    control.add_argument("--node", metavar="NODE", help="only this node")
    control.add_argument("--dir", type=Path, metavar="DIR", help="a local directory, without asking any node")
    control.add_argument(
        "--timeout", type=_seconds, default=15.0, metavar="S", help="give up after S seconds (15)"
    )
    control.add_argument("--json", action="store_true", help="as JSON")
    lab = commands.add_parser("lab", help="a simulated pair behind real SSH servers, and the console on it")
    lab.add_argument("--serve", action="store_true", help="only run the servers and say how to reach them")
    lab.add_argument("--speed", type=float, default=1.0, metavar="N", help="world time runs N times faster")
    lab.add_argument("--bare", action="store_true", help="two nodes without a pair, to try `provision` on")
    lab.add_argument(
        "--disks", action="store_true", help="the first node on an old disk, to try `migrate` on"
    )
    lab.add_argument(
        "words", nargs="*", metavar="fault NAME …", help="send a fault to a running lab; `fault` lists them"
    )
    job_arguments.add(commands)
    jump_host.add(commands)
    completion = commands.add_parser("completion", help="print shell completion code")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    return top


def _seconds(word: str) -> float:
    with suppress(ValueError):
        if 0 < (seconds := float(word)) <= 3600:
            return seconds
    raise argparse.ArgumentTypeError(f"{word!r}: expected seconds, more than 0 and up to 3600")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes longer than searching a log."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"mirrorgate {_version()}")
        parser.exit()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mirrorgate")
    except PackageNotFoundError:
        return "(not installed)"


def main() -> None:
    """Run the command line and leave with its exit status."""
    arguments = _arguments()
    try:
        if arguments.log_file or arguments.command not in _LOCAL:
            _log(arguments.log_file)
        status = dispatching.run(arguments, parser, _version)
    except _bad_config() as bad:
        status = _failed(arguments, bad)
    except BrokenPipeError:
        status = 0
    except OSError as odd:
        status = _failed(arguments, f"{odd.strerror}: {odd.filename}" if odd.strerror else odd)
    except Exception as bug:
        if arguments.command != "check" and not getattr(arguments, "wall", False):
            raise
        # Python's own exit status for it is 1, which a monitoring system takes for WARNING.
        status = _failed(arguments, f"a bug in mirrorgate: {type(bug).__name__}: {bug}")
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left (`mirrorgate status | head`): nothing more to say, and no traceback at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _arguments() -> argparse.Namespace:
    """What was asked for; a usage error of `check` is UNKNOWN, which argparse's own status 2 is not."""
    try:
        return parser().parse_args()
    except SystemExit as ended:
        if ended.code == 2 and "check" in sys.argv[1:]:
            print("MIRRORGATE UNKNOWN - wrong arguments; see mirrorgate check --help")
            sys.exit(3)
        raise


def _failed(arguments: argparse.Namespace, why: object) -> int:
    """Say what went wrong where it is read: a monitoring system reads standard output. Returns the status."""
    if arguments.command != "check":
        complain(why)
        return 2
    from console.commands import check

    return check.unknown(why)


def _log(path: Path | None) -> None:
    from console.log_file import log_to, stay_quiet

    if path:
        log_to(path)
    else:
        stay_quiet()


def _bad_config() -> type[Exception]:
    # Asked for only when something was raised: reading logs must not wait for pydantic.
    from console.config_file import BadConfig

    return BadConfig


if __name__ == "__main__":
    main()
