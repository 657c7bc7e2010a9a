"""svstat(8) of daemontools, alone or as `qmailctl stat` prints it together with qmail-qstat."""

import re
from dataclasses import dataclass

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class Service:
    """A supervised service. `up` is None when svstat could not tell; `error` then says why."""

    name: str
    up: bool | None = None
    pid: int | None = None
    seconds: int | None = None
    normally: str | None = None
    """`up` or `down`, where it differs from the present state."""
    want: str | None = None
    paused: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceStates:
    """Every service, and the two counts of qmail-qstat when they follow."""

    services: tuple[Service, ...] = ()
    queue: int | None = None
    todo: int | None = None


_STATE = re.compile(
    r"(.+): (?:up \(pid ([0-9]{1,20})\)|down) (-?[0-9]{1,20}) seconds?((?:, [a-z ]+)*)(?:, got TERM)?\s*"
)
_TROUBLE = re.compile(r"(.+): (unable to .+|supervise not running|bad supervise/status.*)")
_QUEUE = re.compile(r"messages in queue( but not yet preprocessed)?: *([0-9]{1,20})\s*")


def read_svstat(text: str) -> Reading[ServiceStates]:
    """Read one line per service directory (svstat(8))."""
    services: list[Service] = []
    unread: list[str] = []
    queue = todo = None
    for line in filled(text, unread):
        if found := _STATE.fullmatch(line.strip()):
            services.append(_service(found))
        elif found := _QUEUE.fullmatch(line.strip()):
            if found[1]:
                todo = whole(found[2])
            else:
                queue = whole(found[2])
        elif found := _TROUBLE.fullmatch(line.strip()):
            services.append(Service(found[1], error=found[2]))
        else:
            unread.append(line)
    return Reading(ServiceStates(tuple(services), queue, todo), tuple(unread))


def _service(found: re.Match[str]) -> Service:
    name, pid, seconds, remarks = found.groups()
    normally = want = None
    paused = False
    for remark in remarks.split(", "):
        match remark.split():
            case ["normally", state]:
                normally = state
            case ["want", state]:
                want = state
            case ["paused"]:
                paused = True
    return Service(name, pid is not None, whole(pid or ""), int(seconds), normally, want, paused)
