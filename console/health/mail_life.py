"""The lines of a log that tell of the message that has a number now: numbers are used again at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.parse.qmail_log import (
    Bounced,
    Delivered,
    Ended,
    Exiting,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Starting,
    TripleBounce,
    decode_all,
)


@dataclass(frozen=True, slots=True)
class Life:
    """One message's lines, from its first to its newest."""

    lines: tuple[Line, ...] = ()
    earlier: int = 0
    """How many lines tell of messages that had the number before."""
    info: MessageInfo | None = None
    running: tuple[Starting, ...] = ()
    """Deliveries without a result yet."""
    ended: float | None = None
    """When `end msg` was written, Unix seconds by the node's clock."""
    over: bool = False
    """Whether `end msg` was read."""


def life(lines: Iterable[bytes], msg: int) -> Life:
    """The last life of a number in these lines, which are those that concern it (others are left out).

    A message that is announced again before it was ended or delivered is the same: qmail-send was killed
    while it preprocessed it.
    """
    kept: list[Line] = []
    earlier = 0
    info: MessageInfo | None = None
    open_: dict[int, Starting] = {}
    ended: Line | None = None
    delivered = False
    for line in decode_all(raw.decode("utf-8", "backslashreplace") for raw in lines):
        match line.event:
            case NewMessage(number) if number == msg:
                if kept and (ended is not None or delivered):
                    earlier, kept, open_, info = earlier + len(kept), [], {}, None
                ended, delivered = None, False
            case MessageInfo(number) if number == msg:
                info = line.event
            case Starting(delivery=1) if line.event.msg != msg:
                # qmail-send counts anew: what still ran died with it.
                open_ = {}
                continue
            case Starting(delivery, number) if number == msg:
                open_ = {} if delivery == 1 else open_
                open_[delivery], delivered = line.event, True
            case Delivered(delivery) | Mangled(delivery) if delivery in open_:
                del open_[delivery]
            case Ended(number) if number == msg:
                ended = line
            case Bounced(number) | TripleBounce(number) if number == msg:
                pass
            case Exiting():
                open_ = {}
                continue
            case _:
                continue
        kept.append(line)
    stamp = ended.stamp if ended is not None else None
    at = stamp.seconds + stamp.nanoseconds / 1e9 if stamp is not None and stamp.seconds is not None else None
    return Life(tuple(kept), earlier, info, tuple(open_.values()), at, ended is not None)
