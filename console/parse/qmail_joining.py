"""The lines of a qmail-send log joined into messages: what came, where it went, how it ended, what bounced.

Nothing else joins: `qmail_timeline` tells the same with times.

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


class Recipient:
    """A recipient of a message on one channel; `queued` is: no final answer in these lines."""

    # No dataclasses in this module: importing them takes as long as searching 20 MB of log.
    __slots__ = ("attempts", "channel", "lost", "outcome", "reason", "recipient")

    def __init__(self, recipient: str, channel: Channel) -> None:
        self.recipient = recipient
        self.channel: Channel = channel
        self.attempts = 0
        """Deliveries started."""
        self.outcome: Outcome = "queued"
        self.reason: str | None = None
        """The report of the last delivery that has one, as logged."""
        self.lost = 0
        """Deliveries without a result, because qmail-send died while they ran."""


class Try:
    """A delivery that was started. Which line says so is told by its place among these lines, from 0."""

    __slots__ = ("delivery", "number", "outcome", "report", "started", "to", "until")

    def __init__(self, delivery: int, to: Recipient, started: int) -> None:
        self.delivery = delivery
        self.to = to
        self.number = to.attempts
        """The how many-th to its recipient."""
        self.outcome: TryOutcome = "running"
        self.report = ""
        self.started = started
        self.until: int | None = None
        """The line of its result, or the one that tells that it was lost."""


class Message:
    """One life of a message number. What stands in lines before the log began is None."""

    __slots__ = (
        "announced",
        "born",
        "bounce",
        "bounced",
        "bytes",
        "ended",
        "given_up",
        "last",
        "message",
        "over",
        "qp",
        "recipients",
        "sender",
        "started",
        "tries",
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
        self.born: int | None = None
        """Its info line, by its place among these lines."""
        self.ended: Stamp | None = None
        self.over = False
        """Whether `end msg` was read (its line may have no stamp)."""
        self.last = started
        self.announced = 0
        self.recipients: dict[tuple[str, Channel], Recipient] = {}
        self.tries: list[Try] = []
        """Of all recipients, by their start."""
        self.bounce: Message | None = None
        """The message that tells the sender, known by its qp; only its qp when its lines are not here."""
        self.bounced: int | None = None
        """The line that names it."""
        self.given_up: int | None = None
        """The line that tells that qmail-send threw the bounce away (`triple bounce`)."""

    @property
    def discarded(self) -> bool:
        """Whether qmail-send threw the bounce away."""
        return self.given_up is not None


class Joining:
    """Takes lines in the order of the log; `messages` holds every life in the order of its first line."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._alive: dict[int, Message] = {}
        self._open: dict[int, tuple[Message, Try]] = {}
        self._awaited: dict[int, Message] = {}
        self._again: dict[int, Stamp | None] = {}
        """When a message was announced again of which nothing more was said yet."""
        self._line = -1

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
            case Starting(delivery, msg, channel, name):
                # Numbers start again with qmail-send: what still ran has died with it.
                self._lose(list(self._open) if delivery == 1 else [delivery])
                life = self._life(msg, at)
                to = life.recipients.setdefault((name, channel), Recipient(name, channel))
                to.attempts += 1
                to.outcome = "queued"
                started = Try(delivery, to, self._line)
                life.tries.append(started)
                self._open[delivery] = life, started
            case Delivered(delivery, result, report):
                self._answered(delivery, result, report, at)
            case Mangled(delivery):
                self._answered(delivery, "deferral", "report mangled, will defer", at)
            case Bounced(msg, qp):
                life = self._life(msg, at)
                life.bounce, life.bounced = Message(None, qp=qp), self._line
                self._awaited[qp] = life
            case TripleBounce(msg):
                self._life(msg, at).given_up = self._line
            case Ended(msg):
                life = self._life(msg, at)
                life.ended, life.over = at, True
                del self._alive[msg]

    def _lose(self, deliveries: Iterable[int]) -> None:
        for delivery in deliveries:
            if running := self._open.pop(delivery, None):
                lost = running[1]
                lost.outcome, lost.until = "lost", self._line
                lost.to.lost += 1

    def _answered(self, delivery: int, result: Result, report: str, at: Stamp | None) -> None:
        if running := self._open.pop(delivery, None):
            life, one = running
            life.last = at
            one.outcome, one.report, one.until = result, report, self._line
            one.to.reason = report
            one.to.outcome = "queued" if result == "deferral" else result

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
        life.born = self._line
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
    return (one.delivery for one in message.tries)
