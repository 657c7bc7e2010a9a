"""A pasted piece of a qmail-send log: every line decoded, its first message and its last delivery."""

import re
from dataclasses import dataclass
from typing import Any

from console.parse.lines import lines
from console.parse.qmail_log import (
    EVENT_NAMES,
    Alert,
    Bounced,
    Channel,
    Delivered,
    Ended,
    Exiting,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Result,
    Server,
    Starting,
    Status,
    TripleBounce,
    Warned,
    decode_all,
    local_stamp,
)
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class Slots:
    """Delivery slots, (used, limit), of a `status:` line."""

    local: tuple[int, int]
    remote: tuple[int, int]


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line with the fields its shape has."""

    event: str
    time: str | None = None
    """As tai64nlocal(8) prints it, UTC; a text stamp as written."""
    seconds: int | None = None
    nanoseconds: int | None = None
    msg: int | None = None
    bytes: int | None = None
    sender: str | None = None
    qp: int | None = None
    uid: int | None = None
    delivery: int | None = None
    channel: Channel | None = None
    recipient: str | None = None
    result: Result | None = None
    detail: str | None = None
    status: Slots | None = None
    exitasap: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class QmailLog:
    """The whole piece. Single values are those of its first message and of its last delivery report."""

    events: tuple[str, ...] = ()
    log: tuple[LogRow, ...] = ()
    tai64n: bool = False
    time: str | None = None
    """Of the first stamped line, to the second: UTC for stamps that tell, else as written."""
    msg: int | None = None
    bytes: int | None = None
    sender: str | None = None
    delivery: int | None = None
    channel: Channel | None = None
    recipient: str | None = None
    result: Result | None = None
    detail: str | None = None
    status: Slots | None = None
    """Of the last `status:` line."""
    exitasap: bool = False
    exiting: bool = False
    bounced: bool = False
    bounce_qp: int | None = None
    ended: bool = False
    triple_bounces: tuple[int, ...] = ()
    alerts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


_NUMBERED = re.compile(r"[0-9]{1,6}\.[ \t]{1,8}(?=@)")
"""Documents number the lines they quote."""


def read_qmail_log(text: str) -> Reading[QmailLog]:
    """Read a qmail-send log with TAI64N, tai64nlocal, splogger or no stamps (qmail-log(5))."""
    rows: list[LogRow] = []
    unread: list[str] = []
    decoded = [line for line in decode_all(_bare(line) for line in lines(text)) if line.text.strip()]
    for line in decoded:
        if line.event is None:
            unread.append(_as_written(line))
        else:
            rows.append(_row(line))
    return Reading(_told(decoded, rows), tuple(unread))


def _bare(line: str) -> str:
    line = line.lstrip(" \t")
    if line[:1].isdigit() and (numbered := _NUMBERED.match(line)):
        return line[numbered.end() :]
    return line


def _as_written(line: Line) -> str:
    if line.stamp is None:
        return line.text
    return f"{line.stamp.text}{'+' if line.continues else ' '}{line.text}"


def _row(line: Line) -> LogRow:
    stamp = line.stamp
    fields: dict[str, Any] = {"time": local_stamp(stamp) if stamp else None}
    if stamp and stamp.form in ("tai64n", "unix"):
        fields |= {"seconds": stamp.seconds, "nanoseconds": stamp.nanoseconds}
    event = line.event
    match event:
        case Status(local, local_limit, remote, remote_limit, exitasap):
            fields |= {
                "status": Slots((local, local_limit), (remote, remote_limit)),
                "exitasap": exitasap or None,
            }
        case Delivered(delivery, result, report):
            fields |= {"delivery": delivery, "result": result, "detail": report}
        case Mangled(delivery):
            fields |= {"delivery": delivery, "text": "report mangled, will defer"}
        case Alert(said) | Warned(said):
            fields["text"] = said
        case Server(what, words):
            fields["text"] = " ".join((what, *words))
        case None | Exiting():
            pass
        case _:
            fields |= event._asdict()
    return LogRow(EVENT_NAMES[type(event)] if event is not None else "", **fields)


def _told(decoded: list[Line], rows: list[LogRow]) -> QmailLog:
    events = [line.event for line in decoded if line.event is not None]
    info = next((event for event in events if isinstance(event, MessageInfo)), None)
    begun = next((event.msg for event in events if isinstance(event, NewMessage | MessageInfo)), None)
    reports = [event for event in events if isinstance(event, Delivered)]
    starts = [event for event in events if isinstance(event, Starting)]
    report = reports[-1] if reports else None
    start = next(
        (event for event in reversed(starts) if report is None or event.delivery == report.delivery),
        None,
    )
    message = begun if begun is not None else (start.msg if start else _named(rows))
    bounces = [event for event in events if isinstance(event, Bounced) and event.msg == message]
    statuses = [event for event in events if isinstance(event, Status)]
    stamps = [line.stamp for line in decoded if line.stamp is not None]
    return QmailLog(
        events=tuple(row.event for row in rows),
        log=tuple(rows),
        tai64n=any(stamp.form == "tai64n" for stamp in stamps),
        time=local_stamp(stamps[0]).split(".")[0] if stamps else None,
        msg=message,
        bytes=info.bytes if info else None,
        sender=info.sender if info else None,
        delivery=report.delivery if report else (start.delivery if start else None),
        channel=start.channel if start else None,
        recipient=start.recipient if start else None,
        result=report.result if report else None,
        detail=report.report if report else None,
        status=_slots(statuses[-1]) if statuses else None,
        exitasap=any(event.exitasap for event in statuses),
        exiting=any(isinstance(event, Exiting) for event in events),
        bounced=bool(bounces),
        bounce_qp=bounces[0].qp if bounces else None,
        ended=any(isinstance(event, Ended) and event.msg == message for event in events),
        triple_bounces=tuple(event.msg for event in events if isinstance(event, TripleBounce)),
        alerts=tuple(event.text for event in events if isinstance(event, Alert)),
        warnings=tuple(event.text for event in events if isinstance(event, Warned)),
    )


def _named(rows: list[LogRow]) -> int | None:
    return next((row.msg for row in rows if row.msg is not None), None)


def _slots(status: Status) -> Slots:
    return Slots((status.local, status.local_limit), (status.remote, status.remote_limit))
