"""What became of each message of a log, attempt by attempt, each with its own times.

The joining is that of `qmail_joining`, which keeps figures only: a message is its number within one life, a
bounce is known by its qp, deliveries are numbered anew when qmail-send starts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from console.model.mail import Channel
from console.model.mail_timeline import Attempt, AttemptOutcome, Timeline, When
from console.parse.qmail_log import (
    Bounced,
    Delivered,
    Ended,
    Event,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Stamp,
    Starting,
    TripleBounce,
)
from console.parse.qmail_retry import next_attempt

_NUMBERED = re.compile(r"(?:(msg|delivery)[ :])?([0-9]{1,20})")
_DEPTH = 8
"""A message, its bounce, its double bounce; a log that says more of that kind is made up."""


@dataclass(slots=True, eq=False)
class _Try:
    delivery: int
    channel: Channel
    recipient: str
    number: int
    started: When
    pass_began: float | None
    """When qmail-send began to go through the recipients of this channel: retries are counted from it."""
    ended: When | None = None
    outcome: AttemptOutcome = "running"
    report: str = ""


@dataclass(slots=True, eq=False)
class _Life:
    msg: int | None
    first: When
    last: When
    told: tuple[str, int, int, int] | None = None
    qp: int | None = None
    arrived: When | None = None
    announced: int = 0
    again: When | None = None
    """When it was announced again; nothing more was said of it yet."""
    born: float | None = None
    tries: list[_Try] = field(default_factory=list)
    count: dict[tuple[str, Channel], int] = field(default_factory=dict)
    passes: dict[Channel, tuple[float | None, set[str]]] = field(default_factory=dict)
    ended: When | None = None
    bounced: When | None = None
    bounce: "_Life | None" = None
    discarded: When | None = None

    def begin_try(self, event: Starting, at: When) -> _Try:
        began, names = self.passes.get(event.channel, (None, {event.recipient}))
        if event.recipient in names and not self._runs(event.channel):
            # A pass goes through each recipient once: whoever comes again comes in the next one, or stands
            # in the envelope twice.
            began, names = at.at, set()
            self.passes[event.channel] = (began, names)
        names.add(event.recipient)
        key = (event.recipient, event.channel)
        number = self.count[key] = self.count.get(key, 0) + 1
        one = _Try(event.delivery, event.channel, event.recipient, number, at, began)
        self.tries.append(one)
        return one

    def _runs(self, channel: Channel) -> bool:
        return any(one.outcome == "running" for one in reversed(self.tries) if one.channel == channel)

    def frozen(self, depth: int = 0) -> Timeline:
        sender, size, _, uid = self.told or (None, None, None, None)
        return Timeline(
            msg=self.msg,
            sender=sender,
            bytes=size,
            qp=self.qp,
            uid=uid,
            arrived=self.arrived,
            announced=self.announced,
            born=self.born,
            attempts=tuple(map(self._attempt, self.tries)),
            first=self.first,
            last=self.last,
            ended=self.ended,
            bounced=self.bounced,
            bounce=self.bounce.frozen(depth + 1) if self.bounce is not None and depth < _DEPTH else None,
            discarded=self.discarded,
        )

    def _attempt(self, one: _Try) -> Attempt:
        again = None
        if one.outcome == "deferral" and self.born is not None and one.pass_began is not None:
            again = float(next_attempt(self.born, one.pass_began, one.channel))
        return Attempt(
            delivery=one.delivery,
            channel=one.channel,
            recipient=one.recipient,
            number=one.number,
            started=one.started,
            ended=one.ended,
            outcome=one.outcome,
            report=one.report,
            next_try=again,
        )


class Timelines:
    """Takes lines in the order of the log."""

    def __init__(self) -> None:
        self._lives: list[_Life] = []
        self._alive: dict[int, _Life] = {}
        self._open: dict[int, tuple[_Life, _Try]] = {}
        self._awaited: dict[int, _Life] = {}

    def take(self, line: Line) -> None:
        """Add one decoded line; lines that concern no message change nothing."""
        if line.event is not None:
            self._event(line.event, _when(line.stamp))

    def all(self) -> tuple[Timeline, ...]:
        """Every life, in the order of its first line."""
        return tuple(life.frozen() for life in self._lives)

    def _event(self, event: Event, at: When) -> None:
        match event:
            case NewMessage(msg):
                known = self._alive.get(msg)
                if known is not None and known.announced and not known.tries:
                    known.announced += 1
                    known.last = known.again = at
                else:
                    life = self._begin(msg, at)
                    life.arrived, life.announced = at, 1
            case MessageInfo(msg, size, sender, qp, uid):
                self._info(msg, (sender, size, qp, uid), at)
            case Starting(delivery, msg):
                if delivery == 1:
                    for _, lost in self._open.values():
                        lost.outcome = "lost"
                    self._open.clear()
                elif delivery in self._open:
                    self._open[delivery][1].outcome = "lost"
                life = self._life(msg, at)
                self._open[delivery] = (life, life.begin_try(event, at))
            case Delivered(delivery, result, report):
                self._result(delivery, result, report, at)
            case Mangled(delivery):
                self._result(delivery, "deferral", "report mangled, will defer", at)
            case Bounced(msg, qp):
                life = self._life(msg, at)
                life.bounced = at
                life.bounce = _Life(None, at, at, qp=qp)
                self._awaited[qp] = life
            case TripleBounce(msg):
                self._life(msg, at).discarded = at
            case Ended(msg):
                self._life(msg, at).ended = at
                del self._alive[msg]

    def _result(self, delivery: int, outcome: AttemptOutcome, report: str, at: When) -> None:
        life, answered = self._open.pop(delivery, (None, None))
        if life is not None and answered is not None:
            life.last = at
            answered.ended, answered.outcome, answered.report = at, outcome, report

    def _begin(self, msg: int, at: When) -> _Life:
        life = self._alive[msg] = _Life(msg, at, at)
        self._lives.append(life)
        return life

    def _life(self, msg: int, at: When) -> _Life:
        life = self._alive.get(msg) or self._begin(msg, at)
        life.last, life.again = at, None
        return life

    def _info(self, msg: int, told: tuple[str, int, int, int], at: When) -> None:
        known = self._alive.get(msg)
        again = known.again if known is not None else None
        life = self._life(msg, at)
        bare = life.told is None and again is not None
        if (life.told is not None and life.told != told) or (bare and (life.bounce or life.discarded)):
            life.announced = max(life.announced - 1, 0)
            life = self._begin(msg, again or at)
            life.arrived, life.announced, life.last = again or at, 1, at
        elif bare and again is not None:
            life.first = life.arrived = again
            self._lives.remove(life)
            self._lives.append(life)
        life.told, life.qp, life.born = told, told[2], at.at
        # A process number repeats; a bounce has an empty sender, a double bounce #@[].
        awaited = self._awaited.get(told[2]) if told[0] in ("", "#@[]") else None
        if awaited is not None and awaited is not life:
            del self._awaited[told[2]]
            awaited.bounce = life


def _when(stamp: Stamp | None) -> When:
    if stamp is None:
        return When()
    if stamp.seconds is None:
        return When(None, stamp.text)
    return When(stamp.seconds + stamp.nanoseconds / 1e9, stamp.text)


def timelines(lines: Iterable[Line]) -> tuple[Timeline, ...]:
    """Every message of these lines, in the order in which it is first met."""
    telling = Timelines()
    for line in lines:
        telling.take(line)
    return telling.all()


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
