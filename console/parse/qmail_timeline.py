"""What became of each message of a log, attempt by attempt, each with its own times."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

from console.model.mail import Channel
from console.model.mail_timeline import Attempt, Timeline, When
from console.parse.qmail_joining import Message, joined
from console.parse.qmail_log import Line, Stamp
from console.parse.qmail_retry import next_attempt

_NUMBERED = re.compile(r"(?:(msg|delivery)[ :])?([0-9]{1,20})")
_DEPTH = 8
"""A message, its bounce, its double bounce; a log that says more of that kind is made up."""


def timelines(lines: Iterable[Line]) -> tuple[Timeline, ...]:
    """Every message of these lines, in the order in which it is first met."""
    return tuple(map(_timeline, joined(lines)))


def _timeline(message: Message, depth: int = 0) -> Timeline:
    bounce = message.bounce
    return Timeline(
        msg=message.message,
        sender=message.sender,
        bytes=message.bytes,
        qp=message.qp,
        uid=message.uid,
        arrived=_when(message.started) if message.announced else None,
        announced=message.announced,
        born=_when(message.born).at,
        attempts=tuple(_attempts(message)),
        first=_when(message.started),
        last=_when(message.last),
        ended=_when(message.ended) if message.over else None,
        bounced=_when(message.bounced) if bounce is not None else None,
        bounce=_timeline(bounce, depth + 1) if bounce is not None and depth < _DEPTH else None,
        discarded=_when(message.given_up) if message.discarded else None,
    )


@dataclass(slots=True)
class _Pass:
    began: float | None = None
    """When qmail-send began to go through the recipients of a channel: retries are counted from it."""
    names: set[str] = field(default_factory=set)
    until: float = 0
    """The line at which the last of its deliveries was over."""


def _attempts(message: Message) -> Iterator[Attempt]:
    born = _when(message.born).at
    passes: dict[Channel, _Pass] = {"local": _Pass(), "remote": _Pass()}
    tries = [(one, n, of) for of in message.recipients.values() for n, one in enumerate(of.tries, 1)]
    for one, number, of in sorted(tries, key=lambda row: row[0].line):
        now = passes[of.channel]
        if now.until <= one.line and (not now.names or of.recipient in now.names):
            # A pass goes through each recipient once: whoever comes again comes in the next one, or stands
            # in the envelope twice.
            now.began, now.names = _when(one.started).at, set()
        now.names.add(of.recipient)
        now.until = max(now.until, one.until or inf)
        again = None
        if one.outcome == "deferral" and born is not None and now.began is not None:
            again = float(next_attempt(born, now.began, of.channel))
        yield Attempt(
            delivery=one.delivery,
            channel=of.channel,
            recipient=of.recipient,
            number=number,
            started=_when(one.started),
            ended=_when(one.ended) if one.outcome not in ("running", "lost") else None,
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
