"""The command of a job as a process of its own: signals reach it, and its output is on disk as it comes.

bashkit writes what it redirects into a file when the command is over, and its `sh FILE` is no process. So the
runner of mirrorgate's jobs (console/ssh/runner.sh) is given this in place of `exec /bin/sh`.
"""

import asyncio
import re
from collections.abc import Mapping

from console.lab.call import Call, Command
from console.lab.files import resolve
from console.lab.lineinput import LineInput
from console.lab.shell import Runner, Shell
from console.lab.world import Node

_RUNNER = re.compile(r"/var/db/mirrorgate/jobs/[^/]+/runner")


def is_runner(words: list[str]) -> bool:
    """Whether a command line starts the runner of a job."""
    return words[0] == "/bin/sh" and len(words) > 1 and _RUNNER.fullmatch(words[1]) is not None


def as_runner(
    node: Node, words: list[str], commands: Mapping[str, Command]
) -> tuple[str, dict[str, Command]]:
    """What a shell runs in place of a runner's command line, and the commands it needs for that."""
    text = node.fs.read_file(words[1]).decode("utf-8", "surrogateescape")
    given = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words[2:])
    return (
        f"set -- {given}\n{text.replace('exec /bin/sh', '__job')}",
        {**commands, "__job": _job_shell(commands)},
    )


def _job_shell(commands: Mapping[str, Command]) -> Command:
    """`sh FILE` for a runner: FILE is the job's command, `out` and `err` are beside it."""

    async def sh(call: Call) -> int:
        path = resolve(call, call.arguments[0])
        folder = path.rpartition("/")[0]
        processes = call.node.processes
        files = call.node.fs
        live = LineInput()
        live.feed(await call.stdin.read())
        live.end()

        async def out(data: bytes) -> None:
            files.append_file(f"{folder}/out", data)
            call.say(data.decode("utf-8", "surrogateescape"), end="")

        async def err(data: bytes) -> None:
            files.append_file(f"{folder}/err", data)
            call.complain(data.decode("utf-8", "surrogateescape"), end="")

        process = processes.spawn(f"/bin/sh {path}", call.parent, user=call.user)
        user = Runner(call.user, call.uid, tuple(call.groups), call.env.get("HOME", "/root"))
        shell = Shell(call.node, commands, live, out, err, user, call.env, parent=process.pid)
        signalled: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def deliver(number: int) -> None:
            if not signalled.done():
                signalled.set_result(number)

        process.on_signal = deliver

        async def run() -> int:
            await shell.run("cd /")
            return await shell.run(files.read_file(path).decode("utf-8", "surrogateescape"))

        work = asyncio.ensure_future(run())
        try:
            await asyncio.wait({work, signalled}, return_when=asyncio.FIRST_COMPLETED)
            return 128 + signalled.result() if signalled.done() else work.result()
        finally:
            if not work.done():
                shell.cancel()
                work.cancel()
            signalled.cancel()
            processes.exit(process)

    return sh
