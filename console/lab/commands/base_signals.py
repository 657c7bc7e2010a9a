"""Finding processes and sending them signals: pgrep(1), pkill(1), kill(1), killall(1)."""

import re
import signal
from collections.abc import Iterable

from console.lab.call import Call, Command
from console.lab.commands.base_ps import is_kernel
from console.lab.processes import SIGINFO, Process

USAGE = (
    "usage: {} [-LSfilnoqvx] [-d delim] [-F pidfile] [-G gid] [-M core] [-N system]\n"
    "             [-P ppid] [-U uid] [-c class] [-g pgrp] [-j jail] [-s sid]\n"
    "             [-t tty] [-u euid] pattern ..."
)


def signal_number(word: str) -> int | None:
    """The number of a signal given as 15, TERM or SIGTERM; None when there is none of that name."""
    if word.isdigit():
        return int(word)
    name = "SIG" + word.upper().removeprefix("SIG")
    if name == "SIGINFO":
        return SIGINFO
    return int(signal.Signals[name]) if name in signal.Signals.__members__ else None


def _is_ancestor(call: Call, process: Process) -> bool:
    """True for the shell that runs this very command: pgrep(1) leaves its ancestors out."""
    return process.command.startswith("/bin/sh -c ") and call.name in process.command


def _matching(call: Call, flags: set[str], values: dict[str, str], patterns: list[str]) -> list[Process]:
    kind = re.IGNORECASE if "i" in flags else 0
    found = []
    for process in call.node.processes:
        if (is_kernel(process) and "S" not in flags) or (_is_ancestor(call, process) and "a" not in flags):
            continue
        if "P" in values and str(process.ppid) not in values["P"].split(","):
            continue
        if values.keys() & {"u", "U"} and process.user not in (values.get("u") or values["U"]).split(","):
            continue
        text = process.command if "f" in flags else process.name
        match = re.fullmatch if "x" in flags else re.search
        fits = not patterns or any(match(pattern, text, kind) for pattern in patterns)
        if fits != ("v" in flags):
            found.append(process)
    if "n" in flags:
        found = found[-1:]
    if "o" in flags:
        found = found[:1]
    return found


def _read(call: Call, program: str) -> tuple[set[str], dict[str, str], list[str], int] | None:
    flags: set[str] = set()
    values: dict[str, str] = {}
    number = int(signal.SIGTERM)
    words = list(call.arguments)
    while words and words[0].startswith("-") and len(words[0]) > 1:
        word = words.pop(0)[1:]
        if program == "pkill" and (sent := signal_number(word)) is not None:
            number = sent
            continue
        if word == "-":
            break
        for index, letter in enumerate(word):
            if letter in "dFGMNPUcgjstu":
                values[letter] = word[index + 1 :] or (words.pop(0) if words else "")
                break
            if letter not in "LSafilnoqvx":
                call.complain(f"{program}: illegal option -- {letter}")
                call.complain(USAGE.format(program))
                return None
            flags.add(letter)
    if not words and not values:
        call.complain(USAGE.format(program))
        return None
    return flags, values, words, number


async def pgrep(call: Call) -> int:
    """Print the pids (-l with names, -lf with arguments) of processes whose name matches."""
    read = _read(call, "pgrep")
    if read is None:
        return 2
    flags, values, patterns, _ = read
    found = _matching(call, flags, values, patterns)
    if "q" not in flags:
        for process in found:
            name = process.command if "f" in flags else process.name
            call.say(f"{process.pid} {name}" if "l" in flags else str(process.pid))
    return 0 if found else 1


async def pkill(call: Call) -> int:
    """Signal the processes whose name matches."""
    read = _read(call, "pkill")
    if read is None:
        return 2
    flags, values, patterns, number = read
    found = _matching(call, flags, values, patterns)
    sent = _signal(call, "pkill", found, number)
    return 0 if sent else 1


def _signal(call: Call, program: str, targets: Iterable[Process], number: int) -> bool:
    sent = False
    for process in targets:
        if call.uid != 0 and process.user != call.user:
            call.complain(f"{program}: signalling pid {process.pid}: Operation not permitted")
            continue
        sent |= call.node.processes.kill(process.pid, number)
    return sent


async def killall(call: Call) -> int:
    """Signal processes by their exact name."""
    words = list(call.arguments)
    number = int(signal.SIGTERM)
    while words and words[0].startswith("-"):
        number = signal_number(words.pop(0)[1:]) or number
    if not words:
        call.complain(
            "usage: killall [-delmsqvz] [-help] [-I] [-j jail]\n"
            "               [-u user] [-t tty] [-c cmd] [-SIGNAL] [cmd]..."
        )
        return 1
    found = [process for process in call.node.processes if process.name in words and not is_kernel(process)]
    if not found:
        call.complain("No matching processes were found")
        return 1
    return 0 if _signal(call, "killall", found, number) else 1


COMMANDS: dict[str, Command] = {"pgrep": pgrep, "pkill": pkill, "killall": killall}
