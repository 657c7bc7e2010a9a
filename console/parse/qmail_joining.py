"""The lines of a qmail-send log joined into messages: what came, where it went, how it ended, what bounced.

This is the only place that joins: `qmail_timeline` tells what stands here in another way.

A message number is an inode and used again at once, so a message is its number within one life: from
`new msg M` to `end msg M`. The same message is announced twice when qmail-send is killed while it
preprocesses; it is one message when its info line is the same, and began when it was announced first.
Announced without an info line it is one with what is announced next, and began then. A log may begin
anywhere.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from console.parse.qmail_log import (
    Bounced,
    Channel,
    Delivered,
    Ended,
    Event,
    Line,
    Mangled,
    MessageInfo,
    NewMessage,
    Result,
    Stamp,
    Starting,
    TripleBounce,
)

Outcome: TypeAlias = Literal["success", "failure", "queued"]
TryOutcome: TypeAlias = Literal["success", "failure", "deferral", "running", "lost"]
"""`lost`: there will be no result, because qmail-send died while it ran."""


class Try:
    """A delivery that was started."""

    # No dataclasses in this module: importing them takes as long as searching 20 MB of log.
    __slots__ = ("delivery", "ended", "line", "outcome", "report", "started", "until")

    def __init__(self, delivery: int, started: Stamp | None, line: int) -> None:
        self.delivery = delivery
        self.started = started
        self.ended: Stamp | None = None
        self.outcome: TryOutcome = "running"
        self.report = ""
        self.line = line
        """Which line of these says that it started."""
        self.until: int | None = None
        """The line of its result, or that tells that it was lost."""


class Recipient:
    """A recipient of a message on one channel; `queued` is: no final answer in these lines."""

    __slots__ = ("channel", "outcome", "reason", "recipient", "tries")

    def __init__(self, recipient: str, channel: Channel) -> None:
        self.recipient = recipient
        self.channel: Channel = channel
        self.tries: list[Try] = []
        self.outcome: Outcome = "queued"
        self.reason: str | None = None
        """The report of the last delivery that has one, as logged."""

    @property
    def attempts(self) -> int:
        """Deliveries started."""
        return len(self.tries)

    @property
    def deliveries(self) -> list[int]:
        """Their numbers."""
        return [one.delivery for one in self.tries]

    @property
    def lost(self) -> int:
        """Deliveries without a result, because qmail-send died while they ran."""
        return sum(one.outcome == "lost" for one in self.tries)


class Message:
    """One life of a message number. What stands in lines before the log began is None."""

    __slots__ = (
        "announced",
        "born",
        "bounce",
        "bounced",
        "bytes",
        "discarded",
        "ended",
        "given_up",
        "last",
        "message",
        "over",
        "qp",
        "recipients",
        "sender",
        "started",
        "uid",
    )

    def __init__(self, message: int | None, *, qp: int | None = None, started: Stamp | None = None) -> None:
        self.message = message
        self.sender: str | None = None
        self.bytes: int | None = None
        self.qp = qp
        self.uid: int | None = None
        self.started = started
        """Of its first line here; with `announced`, of its `new msg`."""
        self.born: Stamp | None = None
        """Of its info line."""
        self.ended: Stamp | None = None
        self.over = False
        """Whether `end msg` was read (its line may have no stamp)."""
        self.last = started
        self.announced = 0
        self.recipients: dict[tuple[str, Channel], Recipient] = {}
        self.bounce: Message | None = None
        """The message that tells the sender, known by its qp; only its qp when its lines are not here."""
        self.bounced: Stamp | None = None
        self.discarded = False
        """Whether qmail-send threw the bounce away (`triple bounce`)."""
        self.given_up: Stamp | None = None
        """When it did."""


class Joining:
    """Takes lines in the order of the log; `messages` holds every life in the order of its first line."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._alive: dict[int, Message] = {}
        self._open: dict[int, tuple[Message, Recipient, Try]] = {}
        self._awaited: dict[int, Message] = {}
        self._again: dict[int, Stamp | None] = {}
        """When a message was announced again of which nothing more was said yet."""
        self._line = 0

    def take(self, line: Line) -> None:
        """Join one decoded line; lines that concern no message change nothing."""
        self._line += 1
        if line.event is not None:
            self._event(line.event, line.stamp)

    def _event(self, event: Event, at: Stamp | None) -> None:
        match event:
            case NewMessage(msg):
                known = self._alive.get(msg)
                if known is not None and known.announced and not known.recipients:
                    # The same again, or another after a lost end: its info line will tell.
                    known.announced += 1
                    known.last = at
                    self._again[msg] = at
                else:
                    self._begin(msg, at).announced = 1
            case MessageInfo(msg, size, sender, qp, uid):
                self._info(msg, (sender, size, qp, uid), at)
            case Starting(delivery, msg, channel, to):
                self._lose(list(self._open) if delivery == 1 else [delivery])
                life = self._life(msg, at)
                recipient = life.recipients.get((to, channel))
                if recipient is None:
                    recipient = life.recipients[to, channel] = Recipient(to, channel)
                started = Try(delivery, at, self._line)
                recipient.tries.append(started)
                recipient.outcome = "queued"
                self._open[delivery] = life, recipient, started
            case Delivered(delivery, result, report):
                self._answered(delivery, result, report, at)
            case Mangled(delivery):
                self._answered(delivery, "deferral", "report mangled, will defer", at)
            case Bounced(msg, qp):
                life = self._life(msg, at)
                life.bounce, life.bounced = Message(None, qp=qp), at
                self._awaited[qp] = life
            case TripleBounce(msg):
                life = self._life(msg, at)
                life.discarded, life.given_up = True, at
            case Ended(msg):
                life = self._life(msg, at)
                life.ended, life.over = at, True
                del self._alive[msg]

    def _lose(self, deliveries: Iterable[int]) -> None:
        # Numbers start again with qmail-send: what still ran has died with it.
        for delivery in deliveries:
            if running := self._open.pop(delivery, None):
                lost = running[2]
                lost.outcome, lost.until = "lost", self._line

    def _answered(self, delivery: int, result: Result, report: str, at: Stamp | None) -> None:
        if running := self._open.pop(delivery, None):
            life, recipient, one = running
            life.last = one.ended = at
            one.outcome, one.report, one.until = result, report, self._line
            recipient.outcome = "queued" if result == "deferral" else result
            recipient.reason = report

    def _begin(self, msg: int, at: Stamp | None) -> Message:
        life = self._alive[msg] = Message(msg, started=at)
        self.messages.append(life)
        return life

    def _life(self, msg: int, at: Stamp | None) -> Message:
        life = self._alive.get(msg) or self._begin(msg, at)
        life.last = at
        self._again.pop(msg, None)
        return life

    def _info(self, msg: int, told: tuple[str, int, int, int], at: Stamp | None) -> None:
        pending = msg in self._again
        announced = self._again.get(msg, at)
        life = self._life(msg, at)
        known = (life.sender, life.bytes, life.qp, life.uid)
        bare = life.sender is None and pending
        if (life.sender is not None and known != told) or (bare and (life.bounce or life.discarded)):
            life.announced -= pending
            life = self._begin(msg, announced)
            life.last, life.announced = at, int(pending)
        elif bare:
            # Of what was announced before nothing is known: nothing says that it was the same message.
            life.started = announced
            self.messages.remove(life)
            self.messages.append(life)
        again = life.sender is not None
        life.sender, life.bytes, life.qp, life.uid = told
        life.born = at
        # A process number repeats; a bounce has an empty sender, a double bounce #@[]. One that is told of
        # again, or that has a bounce itself, is none: nothing is the bounce of its own bounce.
        new = not again and life.bounce is None
        if new and life.sender in ("", "#@[]") and (bounced := self._awaited.pop(told[2], None)):
            bounced.bounce = life


def joined(lines: Iterable[Line]) -> list[Message]:
    """Every message of these lines, in the order in which it is first met."""
    joining = Joining()
    for line in lines:
        joining.take(line)
    return joining.messages


def deliveries(message: Message) -> Iterator[int]:
    """The delivery numbers of a message, over all its recipients."""
    for recipient in message.recipients.values():
        yield from recipient.deliveries
