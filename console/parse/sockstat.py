"""sockstat: who listens and who is connected (sockstat(1))."""

import re
from dataclasses import dataclass

from console.model.facts import Socket
from console.parse.lines import filled, whole
from console.parse.reading import Reading

_PROTOCOL = re.compile(r"(?:tcp|udp|udplite|sctp|divert|icmp|raw)(?:4|6|46)?")
_ADDRESS = re.compile(r"\S+[:.](?:\*|\d{1,5})")


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of sockstat; a socket that no process owns has `?` for user and command and no pid."""

    user: str
    command: str
    proto: str
    local: str
    foreign: str | None = None
    pid: int | None = None
    fd: int | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Sockets:
    """The sockets listed."""

    sockets: tuple[Listed, ...] = ()


def read_sockstat(text: str) -> Reading[Sockets]:
    """`sockstat -4`, `-4l`, with or without its header (sockstat(1))."""
    unread: list[str] = []
    found: list[Listed] = []
    for line in filled(text, unread):
        words = line.split()
        if row := _row(words):
            found.append(row)
        elif words[:3] != ["USER", "COMMAND", "PID"]:
            unread.append(line)
    return Reading(Sockets(tuple(found)), tuple(unread))


def read_sockets(text: str) -> Reading[tuple[Socket, ...]]:
    """Internet sockets; one that no process owns (closing down) belongs to the kernel, pid 0."""
    reading = read_sockstat(text)
    found = tuple(
        Socket(command=row.command, pid=row.pid or 0, local=row.local, foreign=row.foreign or "*:*")
        for row in reading.facts.sockets
    )
    return Reading(found, reading.unread)


def _row(words: list[str]) -> Listed | None:
    """A command may hold blanks: the protocol is looked for from the right of where it should be."""
    at = next(
        (place for place, word in enumerate(words[:12]) if place >= 4 and _PROTOCOL.fullmatch(word)), None
    )
    if at is None or len(words) < at + 2:
        return None
    pid, fd = words[at - 2], words[at - 1]
    if (pid != "?" and whole(pid) is None) or (fd != "?" and whole(fd) is None):
        return None
    local, foreign, *rest = (*words[at + 1 :], "")
    if not _ADDRESS.fullmatch(local):
        return None
    return Listed(
        user=words[0],
        command=" ".join(words[1 : at - 2]),
        proto=words[at],
        local=local,
        foreign=foreign or None,
        pid=whole(pid),
        fd=whole(fd),
        state=next((word for word in rest if word.isupper()), None),
    )
