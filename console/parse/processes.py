"""ps: processes in any of the column sets that people use, with or without their header (ps(1)).

The header, when there is one, says the columns; without it (`ps … | grep …`) they are told by their shapes.
"""

import re
from dataclasses import dataclass

from console.model.facts import Process
from console.parse.lines import lines, whole
from console.parse.reading import Reading

_STAT = re.compile(r"[DILRSTUWZXB?][+<>ACEFHJLNOPSVWXs]{0,9}")
_DAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)")
_CLOCK = re.compile(r"\d{1,2}:\d\d:\d\d")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,3})?")
_LSTART_WORDS = 5
"""`Mon Nov 23 01:18:13 2026`."""
_AUX = ("USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TT", "STAT", "STARTED", "TIME", "COMMAND")
_SHAPES = (
    _AUX,
    ("PID", "PPID", "STAT", "LSTART", "COMMAND"),
    ("PID", "STAT", "LSTART", "COMMAND"),
    ("PID", "PPID", "STAT", "COMMAND"),
    ("PID", "STAT", "COMMAND"),
    ("PID", "COMMAND"),
)
"""Column sets without a header, the one that says most first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of ps; what its columns do not hold is absent."""

    pid: int
    command: str
    ppid: int | None = None
    stat: str | None = None
    user: str | None = None
    started: str | None = None
    time: str | None = None
    tt: str | None = None
    wchan: str | None = None


@dataclass(frozen=True, slots=True)
class Ps:
    """The processes listed."""

    processes: tuple[Listed, ...] = ()


def read_ps(text: str) -> Reading[Ps]:
    """`ps -auxww`, `ps -axww -o …`, `pgrep -lf`, whole or filtered by grep (ps(1))."""
    unread: list[str] = []
    found: list[Listed] = []
    columns: tuple[str, ...] | None = None
    for line in lines(text):
        words = line.split(None, 12)
        if not words:
            continue
        if "PID" in words and words[-1] in ("COMMAND", "CMD", "ARGS"):
            columns = tuple("COMMAND" if word in ("CMD", "ARGS") else word for word in words)
            continue
        shapes = _SHAPES if columns is None else (columns,)
        row = next((row for shape in shapes if (row := _row(line, shape))), None)
        if row is None:
            unread.append(line)
        else:
            found.append(row)
    return Reading(Ps(tuple(found)), tuple(unread))


def read_processes(text: str) -> Reading[tuple[Process, ...]]:
    """`ps -axww -o pid,ppid,stat,command`: rows that lack one of these are unread."""
    reading = read_ps(text)
    found = tuple(
        Process(pid=row.pid, ppid=row.ppid, stat=row.stat, command=row.command)
        for row in reading.facts.processes
        if row.ppid is not None and row.stat is not None
    )
    partial = tuple(
        f"{row.pid} {row.command}" for row in reading.facts.processes if row.ppid is None or row.stat is None
    )
    return Reading(found, (*reading.unread, *partial))


def _row(line: str, columns: tuple[str, ...]) -> Listed | None:
    """One line by its columns; the last one is the rest of the line."""
    rest = line.strip()
    fields: dict[str, str] = {}
    for column in columns[:-1]:
        count = 1
        if column in ("STARTED", "LSTART") and (dated := _lstart(rest)):
            count = _LSTART_WORDS
        elif column == "LSTART":
            return None
        words = rest.split(None, count)
        if len(words) < count:
            return None
        fields[column] = dated if count > 1 and dated else words[0]
        rest = words[count] if len(words) > count else ""
    return _listed(fields, rest)


def _lstart(rest: str) -> str | None:
    words = rest.split(None, _LSTART_WORDS)[:_LSTART_WORDS]
    if len(words) == _LSTART_WORDS and _DAY.fullmatch(words[0]) and _CLOCK.fullmatch(words[3]):
        return " ".join(words)
    return None


def _listed(fields: dict[str, str], command: str) -> Listed | None:
    pid, ppid = whole(fields.get("PID", "")), whole(fields.get("PPID", ""))
    stat = fields.get("STAT", fields.get("S"))
    if pid is None or ("PPID" in fields and ppid is None):
        return None
    if stat is not None and not _STAT.fullmatch(stat):
        return None
    if any(not _NUMBER.fullmatch(fields[key]) for key in ("%CPU", "%MEM", "VSZ", "RSS") if key in fields):
        return None
    return Listed(
        pid=pid,
        command=command,
        ppid=ppid,
        stat=stat,
        user=fields.get("USER"),
        started=fields.get("STARTED", fields.get("LSTART")),
        time=fields.get("TIME"),
        tt=fields.get("TT", fields.get("TTY")),
        wchan=fields.get("WCHAN", fields.get("MWCHAN")),
    )
