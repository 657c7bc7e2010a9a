"""What became of one message, in the order in which it happened, as the log of qmail-send tells it.

Words are as logged; whoever draws them makes them inert.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from console.model.mail import Channel

AttemptOutcome: TypeAlias = Literal["success", "failure", "deferral", "running", "lost"]
"""`running`: no result in these lines; `lost`: none will come, qmail-send died while it ran."""
MailState: TypeAlias = Literal["delivered", "deferred", "failed", "queued"]


class When(NamedTuple):
    """The stamp of a line. `at` is Unix time by the node's clock; None where the stamp names no zone."""

    at: float | None = None
    text: str = ""
    """The stamp as it was written."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery that qmail-send started."""

    delivery: int
    channel: Channel
    recipient: str
    number: int = 1
    """The how many-th for that recipient, of those in these lines."""
    started: When = field(default_factory=When)
    ended: When | None = None
    outcome: AttemptOutcome = "running"
    report: str = ""
    next_try: float | None = None
    """When qmail-send means to try again after a deferral; None where the message's age is not known."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One life of a message number."""

    msg: int | None
    """None for a bounce whose lines are not here."""
    sender: str | None = None
    bytes: int | None = None
    qp: int | None = None
    uid: int | None = None
    arrived: When | None = None
    """Of `new msg`; None where it lies before the beginning of these lines."""
    announced: int = 0
    """How often `new msg` was said: twice when qmail-send died while it preprocessed."""
    born: float | None = None
    """Of its info line, from which retries and its giving up are counted."""
    attempts: tuple[Attempt, ...] = ()
    """By their start."""
    first: When | None = None
    """Of its first line here."""
    last: When | None = None
    """Of its last line here."""
    ended: When | None = None
    """Of `end msg`; None while it is in the queue, as far as these lines go."""
    bounced: When | None = None
    bounce: "Timeline | None" = None
    """The message that tells the sender."""
    discarded: When | None = None
    """When qmail-send threw it away (`triple bounce`)."""

    @property
    def newest(self) -> tuple[Attempt, ...]:
        """The last attempt for each recipient."""
        return tuple({(one.recipient, one.channel): one for one in self.attempts}.values())

    @property
    def state(self) -> MailState:
        """How it stands, the worst of its recipients first."""
        if self.discarded or any(one.outcome == "failure" for one in self.attempts):
            return "failed"
        outcomes = {one.outcome for one in self.newest}
        if "deferral" in outcomes:
            return "deferred"
        if self.ended is not None or (outcomes == {"success"} and self.arrived is not None):
            return "delivered"
        return "queued"
