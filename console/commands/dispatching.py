"""Which module carries out which command. Each is imported only when it is asked for."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands import job_arguments, jump_host
from console.commands.complaining import complain, no_terminal

if TYPE_CHECKING:
    from console.model.config import Config


def run(
    arguments: argparse.Namespace, parser: Callable[[], argparse.ArgumentParser], version: Callable[[], str]
) -> int:
    """Carry out what was asked for; returns the exit status. Raises BadConfig, OSError.

    `parser` makes the whole command line again, for those who complete it.
    """
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
            return _completion(arguments.shell, parser())
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

        return asyncio.run(export.main(arguments, config, path, version()))
    if arguments.command == "check":
        from console.commands import check

        with check.in_time(arguments.timeout):
            return asyncio.run(_look(arguments, config, path))
    return asyncio.run(_look(arguments, config, path))


def _completion(shell: str, top: argparse.ArgumentParser) -> int:
    import shtab

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
