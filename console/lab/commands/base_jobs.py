"""Commands that run commands, or wait: sleep(1), timeout(1), daemon(8), lockf(1), su(1), which(1), sh -n."""

import asyncio
import signal
from weakref import WeakKeyDictionary

from console.lab import catalogue
from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.commands.base_signals import signal_number
from console.lab.files import entry, resolve
from console.lab.jobs import as_runner, is_runner
from console.lab.lineinput import LineInput
from console.lab.shell import Runner, Shell
from console.lab.users import user_named
from console.lab.world import Node

_LOCKED: WeakKeyDictionary[Node, set[str]] = WeakKeyDictionary()


def _quoted(words: list[str]) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _shell(call: Call, user: Runner | None = None) -> Shell:
    """A shell whose output is the caller's."""
    live = LineInput()
    live.end()

    async def out(data: bytes) -> None:
        call.say(data.decode("utf-8", "surrogateescape"), end="")
        await call.flush()

    async def err(data: bytes) -> None:
        call.complain(data.decode("utf-8", "surrogateescape"), end="")
        await call.flush()

    runner = user or Runner(call.user, call.uid, tuple(call.groups), call.env.get("HOME", "/root"))
    return Shell(call.node, catalogue.commands(), live, out, err, runner, parent=call.parent)


async def run_words(call: Call, words: list[str]) -> int:
    """Run a command where the caller is, with the caller's output."""
    return await _shell(call).run(f"cd {_quoted([call.cwd])}; {_quoted(words)}")


async def sleep(call: Call) -> int:
    """Wait for so many seconds of world time."""
    seconds = 0.0
    try:
        seconds = sum(float(word.rstrip("smhd")) * _UNIT.get(word[-1:], 1) for word in call.arguments)
    except ValueError:
        call.complain(f"sleep: invalid time interval: {call.arguments[0]}")
        return 1
    if not call.arguments:
        call.complain(
            "usage: sleep number[unit] [...]\n"
            "Unit can be 's' (seconds, the default), m (minutes), h (hours), or d (days)."
        )
        return 1
    process = call.node.processes.spawn(
        "sleep " + " ".join(call.arguments), call.parent, stat="S", user=call.user
    )
    process.cwd = call.cwd
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(_: int) -> None:
        if not ended.done():
            ended.set_result(None)

    process.on_signal = end
    nap = asyncio.ensure_future(call.node.clock.sleep(seconds))
    try:
        await asyncio.wait({nap, ended}, return_when=asyncio.FIRST_COMPLETED)
        return 143 if ended.done() else 0
    finally:
        nap.cancel()
        ended.cancel()
        call.node.processes.exit(process)


_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}


async def timeout(call: Call) -> int:
    """Run a command with a limit of world time; 124 when it was reached."""
    read = read_options(
        call,
        "fk:ps:",
        "Usage: timeout [--signal sig | -s sig] [--preserve-status] [--kill-after time | -k time] "
        "[--foreground] <duration> <command> <arg ...>",
    )
    if read is None or len(read[1]) < 2:
        return 125
    options, (limit, *words) = read
    seconds = float(limit.rstrip("smhd")) * _UNIT.get(limit[-1:], 1)
    shell = _shell(call)
    work = asyncio.ensure_future(shell.run(f"cd {_quoted([call.cwd])}; {_quoted(words)}"))
    late = asyncio.ensure_future(call.node.clock.sleep(seconds))
    try:
        await asyncio.wait({work, late}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
    finally:
        late.cancel()
        if not work.done():
            shell.cancel()
            work.cancel()
    preserve = signal_number(options.get("s", "TERM")) or signal.SIGTERM
    return 128 + preserve if "p" in options else 124


async def lockf(call: Call) -> int:
    """Run a command while holding a lock; 75 when another holds it."""
    read = read_options(call, "knst:w", "usage: lockf [-knsw] [-t seconds] file command [arguments]")
    if read is None or len(read[1]) < 2:
        return 64
    options, (name, *words) = read
    path = resolve(call, name)
    held = _LOCKED.setdefault(call.node, set())
    waited = 0.0
    while path in held:
        if "t" in options and waited >= float(options["t"]):
            if "s" not in options:
                call.complain(f"lockf: {name}: already locked")
            return 75
        await call.node.clock.sleep(0.1)
        waited += 0.1
    held.add(path)
    try:
        if not call.node.fs.exists(path):
            call.node.fs.write_file(path, b"")
        return await run_words(call, words)
    finally:
        held.discard(path)
        if "k" not in options and call.node.fs.exists(path):
            call.node.fs.remove(path)


async def daemon(call: Call) -> int:
    """Run a command detached, with -p its pid in a file and -o its output in another."""
    read = read_options(
        call,
        "cfSp:P:ru:o:s:l:t:m:R:T:H",
        "usage: daemon [-cfHrS] [-p child_pidfile] [-P supervisor_pidfile]\n"
        "              [-u user] [-o output_file] [-t title]\n"
        "              [-l syslog_facility] [-s syslog_priority]\n"
        "              [-T syslog_tag] [-m output_mask] [-R restart_delay_secs]\n"
        "command arguments ...",
    )
    if read is None or not read[1]:
        return 1
    options, words = read
    node = call.node
    output = resolve(call, options["o"]) if "o" in options else None
    process = node.processes.spawn(" ".join(words), stat="Ss", user=call.user)
    if "p" in options:
        node.fs.write_file(resolve(call, options["p"]), str(process.pid).encode())

    async def write(data: bytes) -> None:
        if output is not None:
            node.fs.append_file(output, data)

    if output is not None and not node.fs.exists(output):
        node.fs.write_file(output, b"")
    live = LineInput()
    live.end()
    runner = Runner(call.user, call.uid, tuple(call.groups))
    text, commands = _quoted(words), catalogue.commands()
    if is_runner(words):
        text, commands = as_runner(node, words, commands)
    shell = Shell(node, commands, live, write, write, runner, parent=process.pid)

    async def work() -> None:
        try:
            await shell.run(f"cd {_quoted([call.cwd])}; {text}")
        finally:
            node.processes.exit(process)
            if "p" in options and node.fs.exists(resolve(call, options["p"])):
                node.fs.remove(resolve(call, options["p"]))

    task = node.start(work())

    def ended(_: int) -> None:
        shell.cancel()
        task.cancel()

    process.on_signal = ended
    return 0


async def su(call: Call) -> int:
    """Run a command as another user: `su -m USER -c COMMAND`."""
    words = [word for word in call.arguments if word not in ("-", "-m", "-l", "-f")]
    name = words[0] if words and not words[0].startswith("-") else "root"
    user = user_named(call.node, name)
    if user is None:
        call.complain(f"su: unknown login: {name}")
        return 1
    if call.uid != 0:
        call.complain(
            "su: Sorry"
            if "wheel" in call.groups
            else "su: you are not in the correct group (wheel) to su root."
        )
        return 1
    runner = Runner(user.name, user.uid, tuple(group.name for group in user.groups), user.home)
    script = words[words.index("-c") + 1] if "-c" in words[:-1] else ":"
    return await _shell(call, runner).run(script)


async def which(call: Call) -> int:
    """Print where on PATH programs are."""
    read = read_options(call, "as", "usage: which [-as] program ...")
    if read is None or not read[1]:
        return 1
    status = 0
    for name in read[1]:
        places = [name] if "/" in name else [f"{part}/{name}" for part in call.env.get("PATH", "").split(":")]
        found = [
            place for place in places if (known := entry(call.node, place)) and known.kind != "directory"
        ]
        for place in found if "a" in read[0] else found[:1]:
            if "s" not in read[0]:
                call.say(place)
        status |= not found
    return status


COMMANDS: dict[str, Command] = {
    "sleep": sleep,
    "timeout": timeout,
    "lockf": lockf,
    "daemon": daemon,
    "su": su,
    "which": which,
}
