"""The process table as ps(1), procstat(1) and top(1) print it."""

import getopt
import re
from collections.abc import Callable
from datetime import UTC, datetime

from console.lab.call import Call, Command
from console.lab.commands.base_identity import load_averages
from console.lab.processes import Process
from console.lab.users import user_named

IDLE_AFTER = 20.0
"""Seconds of sleep after which ps(1) prints I instead of S."""

_WAITS = {
    "kernel": "swapin", "init": "wait", "crypto": "crypto_w", "cam": "-", "rand_harvestq": "-",
    "pagedaemon": "psleep", "vmdaemon": "psleep", "bufdaemon": "psleep", "vnlru": "vlruwt",
    "syncer": "syncer",
    "audit": "audit_wo", "intr": "-", "geom": "-", "idle": "-", "devd": "select", "syslogd": "select",
    "cron": "nanslp", "sshd": "select", "ggated": "accept", "ggatec": "uwait", "sh": "wait",
}  # fmt: skip

Show = Callable[[Call, Process], str]


def _uid(call: Call, process: Process) -> int:
    user = user_named(call.node, process.user)
    return user.uid if user else 0


def _state(call: Call, process: Process) -> str:
    slept = call.node.clock.now() - process.started
    if process.stat.startswith("S") and "s" in process.stat and slept > IDLE_AFTER:
        return "I" + process.stat[1:]
    return process.stat


def _started(call: Call, process: Process) -> str:
    when = datetime.fromtimestamp(process.started, UTC)
    age = call.node.clock.now() - process.started
    return f"{when:%H:%M}" if age < 86400 else f"{when:%a%H}" if age < 7 * 86400 else f"{when:%d%b%y}"


def _long_start(_: Call, process: Process) -> str:
    when = datetime.fromtimestamp(process.started, UTC)
    return f"{when:%a %b} {when.day:2d} {when:%H:%M:%S %Y}"


def _elapsed(call: Call, process: Process) -> str:
    seconds = max(0, int(call.node.clock.now() - process.started))
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    head = f"{days}-{hours:02d}:" if days else f"{hours:02d}:" if hours else ""
    return f"{head}{rest // 60:02d}:{rest % 60:02d}"


def _share(_: Call, process: Process) -> str:
    """Of a quiet machine: what the idle thread leaves goes to the session that asks."""
    return "94.0" if process.name == "idle" else "1.0" if "@notty" in process.command else "0.0"


def is_kernel(process: Process) -> bool:
    """True for the kernel's own processes, which have no memory of their own."""
    return process.command.startswith("[")


def _wait(_: Call, process: Process) -> str:
    return _WAITS.get(process.name, "-" if process.stat.startswith("R") else "select")


COLUMNS: dict[str, tuple[str, bool, Show]] = {
    "pid": ("PID", True, lambda _, p: str(p.pid)),
    "ppid": ("PPID", True, lambda _, p: str(p.ppid)),
    "pgid": ("PGID", True, lambda _, p: str(p.pid)),
    "sid": ("SID", True, lambda _, p: str(p.pid)),
    "uid": ("UID", True, lambda c, p: str(_uid(c, p))),
    "user": ("USER", False, lambda _, p: p.user),
    "stat": ("STAT", False, _state),
    "tty": ("TTY", False, lambda _, p: p.tty),
    "tt": ("TT ", False, lambda _, p: p.tty),
    "%cpu": ("%CPU", True, _share),
    "%mem": ("%MEM", True, lambda _, p: "0.0" if is_kernel(p) else "0.3"),
    "vsz": ("VSZ", True, lambda _, p: "0" if is_kernel(p) else "12792"),
    "rss": ("RSS", True, lambda _, p: "16" if is_kernel(p) else "2484"),
    "start": ("STARTED", False, _started),
    "lstart": ("STARTED", False, _long_start),
    "etime": ("ELAPSED", True, _elapsed),
    "etimes": ("ELAPSED", True, lambda c, p: str(int(c.node.clock.now() - p.started))),
    "time": ("TIME", True, lambda _, p: "0:00.01"),
    "nice": ("NI", True, lambda _, p: "0"),
    "pri": ("PRI", True, lambda _, p: "20"),
    "wchan": ("MWCHAN", False, _wait),
    "command": ("COMMAND", False, lambda _, p: p.command),
    "comm": ("COMMAND", False, lambda _, p: p.name),
}  # fmt: skip
"""Keyword: header, right-aligned, value."""

_ALIASES = {
    "args": "command", "state": "stat", "ucomm": "comm", "pcpu": "%cpu", "pmem": "%mem", "ni": "nice",
    "cputime": "time", "tdev": "tty", "ruser": "user", "logname": "user", "mwchan": "wchan", "tdaddr": "pid",
}  # fmt: skip
_DEFAULT = ("pid", "tt", "stat", "time", "command")
_USER = ("user", "pid", "%cpu", "%mem", "vsz", "rss", "tt", "stat", "start", "time", "command")
_LONG = ("uid", "pid", "ppid", "pri", "nice", "vsz", "rss", "wchan", "stat", "tt", "time", "command")
_KEEP_NAME = {"wchan": "WCHAN"}

USAGE = """usage: ps [--libxo] [-aCcdeHhjlmrSTuvwXxZ] [-O fmt | -o fmt]
          [-G gid[,gid...]] [-J jid[,jid...]] [-M core] [-N system]
          [-p pid[,pid...]] [-t tty[,tty...]] [-U user[,user...]]
       ps [--libxo] -L"""


async def ps(call: Call) -> int:
    """List processes."""
    words = call.arguments
    if words and not words[0].startswith("-"):
        words = ["-" + words[0], *words[1:]]
    try:
        options, rest = getopt.getopt(words, "aAcCde fG:hHjJ:lLmM:N:O:o:p:rSTt:U:uvwXxZ".replace(" ", ""))
    except getopt.GetoptError as error:
        call.complain(f"ps: illegal option -- {error.opt}")
        call.complain(USAGE)
        return 1
    flags = {letter for letter, _ in options}
    chosen: list[tuple[str, str]] = []
    for letter, value in options:
        if letter in ("-o", "-O"):
            for name, header in _keywords(value):
                if name not in COLUMNS:
                    call.complain(f"ps: {name}: keyword not found")
                    continue
                chosen.append((name, header))
    if any(letter in ("-o", "-O") for letter, _ in options) and not chosen:
        call.complain("ps: no valid keywords; valid keywords:")
        return 1
    if not chosen:
        names = _USER if "-u" in flags else _LONG if "-l" in flags else _DEFAULT
        chosen = [(name, COLUMNS[name][0]) for name in names]
    listed = _selected(call, flags, dict(options), rest)
    if "-u" in flags:
        listed.sort(key=lambda process: (-float(COLUMNS["%cpu"][2](call, process)), process.pid))
    _print(call, chosen, listed)
    return 0 if listed else 1


def _keywords(text: str) -> list[tuple[str, str]]:
    """Split a -o list; `name=HEADER` takes everything to the end as the header."""
    found = []
    while text:
        found_name = re.match(r"[^,=\s]*", text)
        name = found_name[0] if found_name else ""
        separator, rest = text[len(name) : len(name) + 1], text[len(name) + 1 :]
        name = _ALIASES.get(name.lower(), name.lower())
        if separator == "=":
            found.append((name, rest))
            break
        if name:
            header = _KEEP_NAME.get(name) or COLUMNS[name][0] if name in COLUMNS else name
            found.append((name, header))
        text = rest
    return found


def _selected(call: Call, flags: set[str], options: dict[str, str], rest: list[str]) -> list[Process]:
    every = list(call.node.processes)
    pids = [word for text in [options.get("-p", ""), *rest] for word in re.split(r"[,\s]+", text) if word]
    if pids:
        return [process for process in every if str(process.pid) in pids]
    if "-U" in options:
        return [process for process in every if process.user in options["-U"].split(",")]
    if "-x" in flags or "-A" in flags:
        return [p for p in every if "-a" in flags or "-A" in flags or _uid(call, p) == call.uid]
    return [process for process in every if process.tty != "-"]


def _print(call: Call, chosen: list[tuple[str, str]], listed: list[Process]) -> None:
    rows = [[COLUMNS[name][2](call, process) for name, _ in chosen] for process in listed]
    headers = [header for _, header in chosen]
    widths = [max(len(cell) for cell in column) for column in zip(headers, *rows, strict=True)]
    last = len(chosen) - 1
    lines = rows if not any(headers) else [headers, *rows]
    for row in lines:
        cells = [
            cell.rjust(width) if COLUMNS[name][1] else cell if index == last else cell.ljust(width)
            for index, ((name, _), cell, width) in enumerate(zip(chosen, row, widths, strict=True))
        ]
        call.say(" ".join(cells))


async def procstat(call: Call) -> int:
    """One line per process (-a), or of the given pids."""
    pids = [word for word in call.arguments if word.isdigit()]
    call.say("  PID  PPID  PGID   SID  TSID THR LOGIN    WCHAN     EMUL          COMM        ")
    for process in call.node.processes:
        if pids and str(process.pid) not in pids:
            continue
        kernel = is_kernel(process)
        group = 0 if kernel else process.pid
        login = "-" if kernel else process.user
        kind = "-" if kernel else "FreeBSD ELF64"
        threads = {0: 19, 2: 2}.get(process.pid, 1)
        call.say(
            f"{process.pid:5d} {process.ppid:5d} {group:5d} {group:5d} {0:5d} {threads:3d} {login:8} "
            f"{_wait(call, process)[:8]:9} {kind:13} {process.name[:12]:12}"
        )
    return 0


async def top(call: Call) -> int:
    """One batch screen (-b)."""
    now = datetime.fromtimestamp(call.node.clock.now(), UTC)
    up = int(call.node.clock.now() - call.node.boot_time)
    listed = [process for process in call.node.processes if not is_kernel(process) and process.pid != 1]
    loads = ",  ".join(f"{load:.2f}" for load in load_averages(call))
    last = max((process.pid for process in call.node.processes), default=0)
    span = f"{up // 86400}+{up // 3600 % 24:02d}:{up // 60 % 60:02d}:{up % 60:02d}"
    call.say(f"last pid: {last:5d};  load averages:  {loads}  up {span}    {now:%H:%M:%S}")
    call.say(f"{len(listed) + 1} processes:  1 running, {len(listed)} sleeping")
    call.say("CPU:  0.4% user,  0.0% nice,  1.2% system,  0.0% interrupt, 98.4% idle")
    call.say("Mem: 8232K Active, 79M Inact, 70M Wired, 940K Buf, 580M Free")
    call.say("Swap: 512M Total, 512M Free\n")
    call.say("  PID USERNAME    THR PRI NICE   SIZE    RES STATE    TIME    WCPU COMMAND")
    newest_first = sorted(listed, key=lambda process: (process.name != "sshd", -process.pid))
    for process in newest_first:
        call.say(
            f"{process.pid:5d} {process.user:9} {1:5d} {20:3d} {0:4d} {'12M':>6} {'2484K':>6} "
            f"{_wait(call, process)[:8]:8} 0:00   0.00% {process.name}"
        )
    return 0


COMMANDS: dict[str, Command] = {"ps": ps, "procstat": procstat, "top": top}
