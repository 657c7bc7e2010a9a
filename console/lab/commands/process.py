"""kill(1) for processes that the shell did not start, and becoming root: sudo and doas without a password."""

import re
import shlex

from console.lab.call import Call, Command
from console.lab.catalogue import commands
from console.lab.commands.base_signals import signal_number
from console.lab.lineinput import LineInput
from console.lab.shell import ROOT, Runner, Shell

_NAMES = "HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM URG STOP TSTP CONT CHLD"

_RULE = re.compile(
    r"\s*(#.*|deny\s+\S+.*|permit\s+((nopass|nolog|persist|keepenv|setenv\s*\{[^}]*\})\s+)*[\w:@.-]+"
    r"(\s+as\s+\S+)?(\s+cmd\s+\S+(\s+args(\s.*)?)?)?)\s*$"
)


async def kill(call: Call) -> int:
    """Send a signal to processes by number."""
    words = list(call.arguments)
    number = 15
    if words[:1] == ["-l"]:
        call.say(_NAMES)
        return 0
    if words[:1] == ["-s"] and len(words) > 1:
        words = ["-" + words[1], *words[2:]]
    if words and words[0].startswith("-") and len(words[0]) > 1:
        found = signal_number(words.pop(0)[1:])
        if found is None:
            call.complain("kill: unknown signal")
            return 2
        number = found
    status = 0
    for word in words:
        if not word.isdigit():
            call.complain(f"kill: illegal process id: {word}")
            status = 2
            continue
        process = call.node.processes.get(int(word))
        if process is None:
            call.complain(f"kill: {word}: No such process")
            status = 1
        elif call.uid != 0 and process.user != call.user:
            call.complain(f"kill: {word}: Operation not permitted")
            status = 1
        else:
            call.node.processes.kill(process.pid, number)
    return status


async def become(call: Call) -> int:
    """`sudo` and `doas` without a password, for members of wheel."""
    words = list(call.arguments)
    if call.name == "doas" and words[:1] == ["-C"]:
        return _read_rules(call, words[1:])
    while words and words[0].startswith("-"):
        if words.pop(0) == "-u" and words:
            words.pop(0)
    if call.uid != 0 and "wheel" not in call.groups:
        call.complain(
            "sudo: a password is required" if call.name == "sudo" else "doas: Operation not permitted"
        )
        return 1
    return await _shell(call, ROOT, shlex.join(words))


def _read_rules(call: Call, words: list[str]) -> int:
    """`doas -C FILE`: whether each line is a rule (doas.conf(5), the port's 6.3)."""
    if not words or not call.node.fs.exists(words[0]):
        call.complain(f"doas: could not open config file {words[0] if words else ''}")
        return 1
    for number, line in enumerate(call.node.fs.read_file(words[0]).decode().splitlines(), 1):
        if line.strip() and not _RULE.match(line):
            call.complain(f"doas: syntax error at line {number}")
            return 1
    return 0


async def _shell(call: Call, user: Runner, text: str) -> int:
    async def out(data: bytes) -> None:
        call.say(data.decode("utf-8", "surrogateescape"), end="")
        await call.flush()

    async def err(data: bytes) -> None:
        call.complain(data.decode("utf-8", "surrogateescape"), end="")
        await call.flush()

    live = LineInput()
    live.end()
    return await Shell(call.node, commands(), live, out, err, user).run(text)


COMMANDS: dict[str, Command] = {"__kill": kill, "sudo": become, "doas": become}
