"""What became of each message of a log, attempt by attempt, each with its own times."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from console.model.mail import Channel
from console.model.mail_timeline import Attempt, Timeline, When
from console.parse.qmail_joining import Joining, Message, Try
from console.parse.qmail_log import Line, Stamp
from console.parse.qmail_retry import next_attempt

_NUMBERED = re.compile(r"(?:(msg|delivery)[ :])?([0-9]{1,20})")
_DEPTH = 8
"""A message, its bounce, its double bounce; a log that says more of that kind is made up."""


def timelines(lines: Iterable[Line]) -> tuple[Timeline, ...]:
    """Every message of these lines, in the order in which it is first met."""
    joining = Joining()
    stamps: list[Stamp | None] = []
    for line in lines:
        joining.take(line)
        stamps.append(line.stamp)
    return tuple(_timeline(one, stamps) for one in joining.messages)


def _timeline(message: Message, stamps: Sequence[Stamp | None], depth: int = 0) -> Timeline:
    born, bounced, given_up = (
        _when(stamps[line]) if line is not None else None
        for line in (message.born, message.bounced, message.given_up)
    )
    bounce = message.bounce if depth < _DEPTH else None
    return Timeline(
        msg=message.message,
        sender=message.sender,
        bytes=message.bytes,
        qp=message.qp,
        uid=message.uid,
        arrived=_when(message.started) if message.announced else None,
        announced=message.announced,
        born=born.at if born else None,
        attempts=tuple(_attempts(message.tries, stamps, born.at if born else None)),
        first=_when(message.started),
        last=_when(message.last),
        ended=_when(message.ended) if message.over else None,
        bounced=bounced,
        bounce=_timeline(bounce, stamps, depth + 1) if bounce else None,
        discarded=given_up,
    )


@dataclass(slots=True)
class _Pass:
    began: float | None = None
    """When qmail-send began to go through the recipients of a channel: retries are counted from it."""
    names: set[str] = field(default_factory=set)
    until: float = 0
    """The line at which the last of its deliveries was over."""


def _attempts(tries: Iterable[Try], stamps: Sequence[Stamp | None], born: float | None) -> Iterator[Attempt]:
    passes: dict[Channel, _Pass] = {"local": _Pass(), "remote": _Pass()}
    for one in tries:
        recipient, channel = one.to.recipient, one.to.channel
        now = passes[channel]
        if now.until <= one.started and (not now.names or recipient in now.names):
            # A pass goes through each recipient once: whoever comes again comes in the next one, or stands
            # in the envelope twice.
            now.began, now.names = _when(stamps[one.started]).at, set()
        now.names.add(recipient)
        now.until = max(now.until, one.until or inf)
        again = None
        if one.outcome == "deferral" and born is not None and now.began is not None:
            again = float(next_attempt(born, now.began, channel))
        yield Attempt(
            delivery=one.delivery,
            channel=channel,
            recipient=recipient,
            number=one.number,
            started=_when(stamps[one.started]),
            ended=_when(stamps[one.until]) if one.until and one.outcome != "lost" else None,
            outcome=one.outcome,
            report=one.report,
            next_try=again,
        )


def _when(stamp: Stamp | None) -> When:
    if stamp is None:
        return When()
    if stamp.seconds is None:
        return When(None, stamp.text)
    return When(stamp.seconds + stamp.nanoseconds / 1e9, stamp.text)


def concerning(
    found: Iterable[Timeline], words: str, since: float | None = None, until: float | None = None
) -> tuple[Timeline, ...]:
    """Those that are wanted: an address or a part of it, `msg N`, `delivery N`, or a bare number.

    A bare number is a message number, or a delivery number when no message has it. With times: those to which
    something happened between them.
    """
    between = [one for one in found if _between(one, since, until)]
    if numbered := _NUMBERED.fullmatch(words.strip()):
        kind, number = numbered[1], int(numbered[2])
        of_message = tuple(one for one in between if one.msg == number) if kind != "delivery" else ()
        if of_message or kind == "msg":
            return of_message
        return tuple(one for one in between if any(number == t.delivery for t in one.attempts))
    return tuple(
        one
        for one in between
        if words in (one.sender or "") or any(words in attempt.recipient for attempt in one.attempts)
    )


def _between(one: Timeline, since: float | None, until: float | None) -> bool:
    first, last = (when.at if when else None for when in (one.first, one.last))
    if until is not None and first is not None and first > until:
        return False
    return not (since is not None and last is not None and last < since)
