"""One line of a qmail-send log: its stamp and what it says (qmail-log(5), tai64n(8), multilog(8)).

Addresses and reports are one word each: qmail-send writes `_` for blanks, control and 8-bit bytes and `/`
for a line feed, so their original cannot be recovered. Nothing here keeps state; a message number is used
again after `end msg`.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

if TYPE_CHECKING:
    from datetime import tzinfo

TAI_EPOCH = 2**62 + 10
"""The label that multilog gives to Unix second 0: a constant, no table of leap seconds."""

StampForm: TypeAlias = Literal["tai64n", "unix", "local", "syslog"]
Channel: TypeAlias = Literal["local", "remote"]
Result: TypeAlias = Literal["success", "deferral", "failure"]


class Stamp(NamedTuple):
    """When a line was written. `seconds` is Unix time; None for a text time of unknown zone."""

    form: StampForm
    text: str
    seconds: int | None
    nanoseconds: int


class NewMessage(NamedTuple):
    """`new msg M`: a new life of number M begins."""

    msg: int


class MessageInfo(NamedTuple):
    """`info msg M: bytes B from <S> qp Q uid U`; bytes is the size of the mess file."""

    msg: int
    bytes: int
    sender: str
    qp: int
    uid: int


class Starting(NamedTuple):
    """`starting delivery D: msg M to local|remote R`."""

    delivery: int
    msg: int
    channel: Channel
    recipient: str


class Delivered(NamedTuple):
    """`delivery D: success|deferral|failure: TEXT`; the text may be empty and may hold colons."""

    delivery: int
    result: Result
    report: str


class Mangled(NamedTuple):
    """`delivery D: report mangled, will defer`."""

    delivery: int


class Status(NamedTuple):
    """`status: local a/b remote c/d[ exitasap]`: deliveries running and allowed."""

    local: int
    local_limit: int
    remote: int
    remote_limit: int
    exitasap: bool


class Exiting(NamedTuple):
    """`status: exiting`."""


class Bounced(NamedTuple):
    """`bounce msg M qp Q`: the bounce is a new message whose info line carries this qp."""

    msg: int
    qp: int


class TripleBounce(NamedTuple):
    """`triple bounce: discarding bounce/M`."""

    msg: int


class Ended(NamedTuple):
    """`end msg M`: the number is free again."""

    msg: int


class Alert(NamedTuple):
    """`alert: …`: qmail-send cannot go on without help."""

    text: str


class Warned(NamedTuple):
    """`warning: …`: qmail-send goes on."""

    text: str


class Server(NamedTuple):
    """`tcpserver: …` with -v: one of status, pid, ok, deny, end, and its words."""

    what: str
    words: tuple[str, ...]


Event: TypeAlias = (
    NewMessage
    | MessageInfo
    | Starting
    | Delivered
    | Mangled
    | Status
    | Exiting
    | Bounced
    | TripleBounce
    | Ended
    | Alert
    | Warned
    | Server
)

EVENT_NAMES: dict[type[Event], str] = {
    NewMessage: "new msg",
    MessageInfo: "info msg",
    Starting: "starting delivery",
    Delivered: "delivery",
    Mangled: "delivery",
    Status: "status",
    Exiting: "exiting",
    Bounced: "bounce msg",
    TripleBounce: "triple bounce",
    Ended: "end msg",
    Alert: "alert",
    Warned: "warning",
    Server: "tcpserver",
}


class Line(NamedTuple):
    """A decoded line. `event` is None when the text has no known shape; `text` is what follows the stamp."""

    stamp: Stamp | None
    event: Event | None
    text: str
    continues: bool = False
    """Whether splogger marked it as the rest of the line before (`+` after the time)."""


_N = "([0-9]{1,20})"
_INFO = re.compile(rf"info msg {_N}: bytes {_N} from <(.*)> qp {_N} uid {_N} *")
_STARTING = re.compile(rf"starting delivery {_N}: msg {_N} to (local|remote) (.*)")
_DELIVERY = re.compile(rf"delivery {_N}: (?:(success|deferral|failure): ?(.*)|report mangled, will defer *)")
_STATUS = re.compile(rf"status: local {_N}/{_N} remote {_N}/{_N}( exitasap)? *")
_BOUNCE = re.compile(rf"bounce msg {_N} qp {_N} *")
_TRIPLE = re.compile(rf"triple bounce: discarding bounce/(?:{_N}/)?{_N} *")
_SERVER = re.compile(r"tcpserver: (status|pid|ok|deny|end|warning|fatal):? ?(.*)")


def _new(text: str) -> Event | None:
    msg = text[8:].rstrip(" ")
    return NewMessage(int(msg)) if text.startswith("new msg ") and _plain(msg) else None


def _end(text: str) -> Event | None:
    msg = text[8:].rstrip(" ")
    return Ended(int(msg)) if text.startswith("end msg ") and _plain(msg) else None


def _plain(word: str) -> bool:
    return word.isdigit() and word.isascii() and len(word) <= 20


def _info(text: str) -> Event | None:
    if found := _INFO.fullmatch(text):
        msg, size, sender, qp, uid = found.groups()
        return MessageInfo(int(msg), int(size), sender, int(qp), int(uid))
    return None


def _starting(text: str) -> Event | None:
    if found := _STARTING.fullmatch(text):
        delivery, msg, channel, recipient = found.groups()
        return Starting(int(delivery), int(msg), cast(Channel, channel), recipient.rstrip(" "))
    return None


def _delivery(text: str) -> Event | None:
    if found := _DELIVERY.fullmatch(text):
        delivery, result, report = found.groups()
        if result is None:
            return Mangled(int(delivery))
        return Delivered(int(delivery), cast(Result, result), report.rstrip(" "))
    return None


def _status(text: str) -> Event | None:
    if found := _STATUS.fullmatch(text):
        local, local_limit, remote, remote_limit, exitasap = found.groups()
        return Status(int(local), int(local_limit), int(remote), int(remote_limit), exitasap is not None)
    return Exiting() if text.rstrip(" ") == "status: exiting" else None


def _bounce(text: str) -> Event | None:
    found = _BOUNCE.fullmatch(text)
    return Bounced(int(found[1]), int(found[2])) if found else None


def _triple(text: str) -> Event | None:
    found = _TRIPLE.fullmatch(text)
    return TripleBounce(int(found[2])) if found else None


def _alert(text: str) -> Event | None:
    return Alert(text[7:]) if text.startswith("alert: ") else None


def _warning(text: str) -> Event | None:
    return Warned(text[9:]) if text.startswith("warning: ") else None


def _server(text: str) -> Event | None:
    found = _SERVER.fullmatch(text)
    return Server(found[1], tuple(found[2].split())) if found else None


_BY_START: dict[str, Callable[[str], Event | None]] = {
    "stat": _status,
    "star": _starting,
    "deli": _delivery,
    "new ": _new,
    "info": _info,
    "end ": _end,
    "boun": _bounce,
    "trip": _triple,
    "aler": _alert,
    "warn": _warning,
    "tcps": _server,
}


def event(text: str) -> Event | None:
    """What a line says, its stamp already taken off; None when its shape is unknown."""
    reader = _BY_START.get(text[:4])
    return reader(text) if reader else None


_TAI64N = re.compile(r"@([0-9a-f]{16})([0-9a-f]{8}) ")
_UNIX = re.compile(r"([0-9]{1,15})\.([0-9]{1,9})([ +])")
_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))? ")
_SYSLOG = re.compile(
    r"(?:<[0-9]{1,3}>)?(?:([A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}) (?:[^ ]+ )?)?qmail(?:\[[0-9]+\])?: (?=.)"
)


def decode(line: str) -> Line:
    """Read one line without its line feed, whatever it holds."""
    if line.startswith("@"):
        if found := _TAI64N.match(line):
            seconds = int(found[1], 16) - TAI_EPOCH
            stamp = Stamp("tai64n", found[0][:-1], seconds, int(found[2], 16))
            text = line[26:]
            return Line(stamp, event(text), text)
        return Line(None, None, line)
    if (known := event(line)) is not None:
        return Line(None, known, line)
    if found := _LOCAL.match(line):
        text = line[found.end() :]
        return Line(Stamp("local", found[1], None, _nanoseconds(found[2])), event(text), text)
    syslog = _SYSLOG.match(line)
    rest = line[syslog.end() :] if syslog else line
    if found := _UNIX.match(rest):
        text = rest[found.end() :]
        stamp = Stamp("unix", found[0][:-1], int(found[1]), _nanoseconds(found[2]))
        continues = found[3] == "+"
        return Line(stamp, None if continues else event(text), text, continues)
    if syslog:
        stamped = Stamp("syslog", syslog[1], None, 0) if syslog[1] else None
        return Line(stamped, event(rest), rest)
    return Line(None, None, line)


def _nanoseconds(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def decode_all(lines: Iterable[str]) -> Iterator[Line]:
    """Decode lines in order, putting back together what splogger cut."""
    held: Line | None = None
    for line in lines:
        now = decode(line)
        if now.continues and held is not None and held.stamp == now.stamp:
            text = held.text + now.text
            held = Line(held.stamp, event(text), text, held.continues)
            continue
        if held is not None:
            yield held
        held = now
    if held is not None:
        yield held


_YEAR_1 = -62_135_510_400
_YEAR_9999 = 253_402_214_400
"""Unix times a day inside what `datetime` can hold, so that no zone can push one out."""


def local_stamp(stamp: Stamp, zone: "tzinfo | None" = None) -> str:
    """The stamp as tai64nlocal(8) prints it, `2026-11-23 00:17:54.745107500`, in `zone` (UTC without one).

    A stamp without Unix time, or outside the years 1 to 9999, is returned as it was written.
    """
    if stamp.seconds is None or not _YEAR_1 <= stamp.seconds <= _YEAR_9999:
        return stamp.text
    # Imported here: searching a log needs no calendar, and the import takes as long as reading 10 MB.
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(stamp.seconds, zone or UTC):%Y-%m-%d %H:%M:%S}.{stamp.nanoseconds:09d}"


def moment(digits: bytes) -> str | None:
    """TAI64N digits as ISO 8601 in UTC with nanoseconds; None for none or outside the calendar."""
    seconds = int(digits[:16] or b"0", 16) - TAI_EPOCH
    try:
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(digits[16:], 16):09d}Z"
    except (ValueError, OverflowError, OSError):
        return None


def localised(line: str, zone: "tzinfo | None" = None) -> str:
    """A log line with its TAI64N stamp made readable as tai64nlocal(8) does; other lines unchanged."""
    stamp = decode(line).stamp if line.startswith("@") else None
    return f"{local_stamp(stamp, zone)}{line[25:]}" if stamp else line
