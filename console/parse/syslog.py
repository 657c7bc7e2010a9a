"""Lines of /var/log/messages (syslogd(8), both its formats) and of the console: stamp, program, pid, text."""

import re
from collections.abc import Iterable

from console.model.facts import LogLine, VrrpLog
from console.parse.lines import filled
from console.parse.reading import Reading

_BSD = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?:<[\w.]{1,40}> )?(\S{1,255}) (.*)")
_RFC5424 = re.compile(
    r"(?:<\d{1,3}>1 )?(\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d)) (\S{1,255}) (\S{1,48}) (\S{1,20}) "
    r"\S{1,32} "
    r"(?:-|\[[^\]]*\]) ?(.*)"
)
_PROGRAM = re.compile(r"([\w./-]{1,48})(?:\[(\d{1,9})\])?: ?(.*)")
_REPEATED = re.compile(r"(?:syslogd: )?last message repeated \d{1,9} times?")
_BARE = re.compile(r"(?:\[\d{1,9}(?:\.\d{1,9})?\] )?((?:GEOM_[A-Z]+(?:\[\d\])?: |arp: |WARNING: ).*)")
_STATE = re.compile(r"server state vrid (\d{1,3}): ([a-z]{1,20})", re.IGNORECASE)


def read_syslog(text: str) -> Reading[tuple[LogLine, ...]]:
    """Syslog lines, oldest first; kernel lines without a stamp (dmesg, console) have an empty one."""
    unread: list[str] = []
    found: list[LogLine] = []
    for line in filled(text, unread):
        parsed = log_line(line)
        if parsed is None:
            unread.append(line)
        else:
            found.append(parsed)
    return Reading(tuple(found), tuple(unread))


def log_line(line: str) -> LogLine | None:
    """One line, or None when it is none of syslogd's or the kernel's."""
    if bsd := _BSD.fullmatch(line):
        stamp, said = bsd[1], bsd[3]
        if _REPEATED.fullmatch(said):
            return LogLine(stamp, "syslogd", said.removeprefix("syslogd: "))
        program = _PROGRAM.fullmatch(said)
        if program is None:
            return None
        name = program[1].rsplit("/", 1)[-1]
        return LogLine(stamp, name, program[3], int(program[2]) if program[2] else None)
    if new := _RFC5424.fullmatch(line):
        return LogLine(new[1], new[3], new[5], int(new[4]) if new[4].isascii() and new[4].isdigit() else None)
    if bare := _BARE.fullmatch(line.strip()):
        return LogLine("", "kernel", bare[1])
    return None


def states_of(lines: Iterable[LogLine]) -> dict[int, tuple[str, str]]:
    """The last state word and its stamp for each vrid, in the order in which the vrids were last heard of."""
    states: dict[int, tuple[str, str]] = {}
    for line in lines:
        if line.program == "freevrrpd" and (found := _STATE.search(line.text)):
            states.pop(int(found[1]), None)
            states[int(found[1])] = (found[2].lower(), line.stamp)
    return states


def vrrp_log(lines: Iterable[LogLine], older: Iterable[tuple[int, str, str]] = ()) -> VrrpLog:
    """What these lines say of freevrrpd; `older` states count where the lines tell nothing of a vrid."""
    mine = tuple(line for line in lines if line.program == "freevrrpd")
    states = {vrid: (word, stamp) for vrid, word, stamp in older}
    states.update(states_of(mine))
    return VrrpLog(
        states=tuple((vrid, word, stamp) for vrid, (word, stamp) in sorted(states.items())),
        lines=mine,
    )
