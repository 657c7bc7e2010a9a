"""The command line: every screen's job is also a subcommand. Heavy rooms are imported only when needed."""

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from console.commands import job_arguments, jump_host
from console.commands.complaining import complain, no_terminal
from console.commands.wide_parser import Parser

if TYPE_CHECKING:
    from console.model.config import Config

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
        status = _run(arguments)
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


def _run(arguments: argparse.Namespace) -> int:
    from console.commands import read_only as wall

    if why := wall.refusal(arguments):
        complain(why)
        return 2
    if getattr(arguments, "wall", False):
        # First of all: what is imported from here on reads the environment.
        from console.commands import wall as standing

        if why := standing.enter():
            complain(why)
            return standing.REFUSED
    match arguments.command:
        case "completion":
            return _completion(arguments.shell)
        case "parse":
            from console.commands import parse

            return parse.main(arguments.kind)
        case "log":
            from console.commands import log

            return log.main(arguments.files, summary=arguments.summary, as_json=arguments.json)
        case "trace" if arguments.log:
            return _trace(arguments)
        case "papers":
            from console.commands import papers

            return papers.main(arguments.folder)
        case "init":
            return _init(arguments)
        case "control" if arguments.dir:
            from console.commands import control

            return control.lint_directory(arguments.dir, as_json=arguments.json)
        case "lab":
            from console.commands import lab

            return lab.main(
                arguments.words,
                serve=arguments.serve,
                speed=arguments.speed,
                ascii_only=arguments.ascii,
                bare=arguments.bare,
                disks=arguments.disks,
            )
        case "export" if arguments.rules or arguments.dashboard:
            from console.commands import export

            return export.print_shared("rules" if arguments.rules else "dashboard")
        case "runs" | "report":
            import asyncio

            return asyncio.run(_tell(arguments))
    import asyncio

    from console import config_file

    path = arguments.config or config_file.default_path()
    config = config_file.load(path)
    if arguments.command in (None, "monitor"):
        from console.commands import console

        read_only = arguments.read_only or arguments.command == "monitor"
        wanted = getattr(arguments, "pair", None)
        if no_terminal("status --watch"):
            return 2
        return console.run(
            config,
            path,
            wanted,
            read_only=read_only,
            ascii_only=arguments.ascii,
            wall=getattr(arguments, "wall", False),
        )
    if arguments.command == "authorize":
        from console.commands import authorizing

        return authorizing.main(arguments, config, path)
    if arguments.command == "migrate":
        from console.commands import migrating

        return migrating.main(arguments, config, path)
    if arguments.command == "control":
        from console.commands import control

        return asyncio.run(control.main(arguments, config, path))
    if arguments.command == "queue":
        from console.commands import queue

        return asyncio.run(queue.main(arguments, config, path))
    if arguments.command == "trace":
        from console.commands import trace_nodes

        return asyncio.run(trace_nodes.main(arguments, config, path))
    if arguments.command in jump_host.NAMES:
        return jump_host.run(arguments, config, path)
    if arguments.command in job_arguments.NAMES:
        from console.commands import acting

        return asyncio.run(acting.main(arguments, config, path))
    if arguments.command == "export":
        from console.commands import export

        return asyncio.run(export.main(arguments, config, path, _version()))
    if arguments.command == "check":
        from console.commands import check

        with check.in_time(arguments.timeout):
            return asyncio.run(_look(arguments, config, path))
    return asyncio.run(_look(arguments, config, path))


def _completion(shell: str) -> int:
    import shtab

    top = parser()
    for action in top._actions:
        if action.dest == "config":
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's way to mark a file argument
    print(shtab.complete(top, shell))
    return 0


def _trace(arguments: argparse.Namespace) -> int:
    from console.commands import trace

    try:
        since, until = (trace.when(word) if word else None for word in (arguments.since, arguments.until))
    except ValueError as odd:
        complain(f"trace: {odd}")
        return 2
    wanted = trace.Wanted(" ".join(arguments.words), since, until)
    return trace.main(wanted, arguments.log, as_json=arguments.json)


async def _tell(arguments: argparse.Namespace) -> int:
    from console.commands import runs

    if arguments.command == "report":
        return await runs.report(arguments.run or "last", as_json_text=arguments.json)
    if arguments.export:
        return await runs.export(arguments.export, arguments.pair)
    return await runs.list_runs(arguments.pair, as_json_text=arguments.json)


def _init(arguments: argparse.Namespace) -> int:
    import asyncio

    from console import config_file
    from console.commands import init

    return asyncio.run(
        init.run(
            arguments.config or config_file.default_path(),
            (arguments.hosts[0], arguments.hosts[1]),
            name=arguments.name,
            ssh_config=arguments.ssh_config,
            become=arguments.become,
            overwrite=arguments.overwrite,
        )
    )


async def _look(arguments: argparse.Namespace, config: "Config", path: Path) -> int:
    from console.commands import check, doctor, events, sampling, status
    from console.commands.terminal_asker import TerminalAsker

    pairs = sampling.chosen(config, path, arguments.pair)
    reach = sampling.opener(config, None if arguments.command == "check" else TerminalAsker())
    match arguments.command:
        case "status" if arguments.watch:
            return await status.watch(pairs, reach, as_json_text=arguments.json)
        case "status":
            return await status.run(pairs, reach, arguments.timeout, as_json_text=arguments.json)
        case "check":
            return await check.run(pairs, reach, arguments.timeout)
        case "doctor":
            keys = doctor.keys(config, TerminalAsker()) if arguments.read_only else None
            return await doctor.run(pairs, reach, arguments.timeout, as_json=arguments.json, keys=keys)
        case _:
            return await events.run(pairs, reach, arguments.seconds, as_json=arguments.json)


if __name__ == "__main__":
    main()
