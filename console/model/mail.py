"""What is read of qmail on a node when somebody looks closely: the queue, one message, its settings, its log.

Times are Unix seconds by the node's clock. Every word from a node is as it came: whoever draws it makes it
inert.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from console.model.words import Home

QueueState: TypeAlias = Literal["S2", "S3", "S4", "S5", "other", "unknown"]
"""Which files a message has (qmail INTERNALS): S2 its text arrives, S3 its envelope arrives, S4 queued and
not yet preprocessed, S5 preprocessed; `other` is a set of files that a sound queue never has; `unknown` where
the directories that would tell may not be read by whom we log in as."""
Channel: TypeAlias = Literal["local", "remote"]


class MailTrouble(Exception):
    """A node's mail could not be read: one line, with the node and what to do."""


@dataclass(frozen=True, slots=True)
class Queued:
    """One message in the queue, as far as file names and sizes tell."""

    msg: int
    state: QueueState
    files: tuple[str, ...]
    """The directories that hold it: `mess`, `todo`, `intd`, `info`, `local`, `remote`, `bounce`."""
    bytes: int | None = None
    """Of its mess file."""
    since: float | None = None
    """When its mess file was last changed, which is when it arrived."""


@dataclass(frozen=True, slots=True)
class QueueListing:
    """A whole queue, from one pass over its directories."""

    messages: tuple[Queued, ...] = ()
    """By number."""
    states: Mapping[str, int] = field(default_factory=dict)
    queue: int = 0
    """The first number of qmail-qstat: mess files."""
    todo: int = 0
    """The second one."""
    split: int | None = None
    """conf-split; None where no split directory was seen."""
    big_todo: bool = False
    """Whether todo and intd are split as well."""
    misplaced: tuple[str, ...] = ()
    """Files that lie in the wrong split directory: the queue was copied by files (P49)."""
    vanished: int = 0
    """Files that went while the pass went on."""
    denied: tuple[str, ...] = ()
    """Directories that may not be read by whom we log in as; their part of the numbers is unknown."""
    unread: int = 0
    """Lines of the listing that say nothing known."""
    taken: float = 0.0
    """When it began."""
    seconds: float = 0.0
    """What it cost on the node, by the clock on the wall."""
    user: str = ""
    """Who read it there."""


@dataclass(frozen=True, slots=True)
class OldestMail:
    """The oldest message of a queue, as the last walk over it found: qmail-qstat does not tell."""

    age: float
    """Seconds it had waited then."""
    at: float
    """Console time of the walk."""


@dataclass(frozen=True, slots=True)
class EnvelopeRecipient:
    """One record of a local or remote file."""

    channel: Channel
    address: str
    done: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """What info, local, remote and bounce hold of one message."""

    msg: int
    sender: str | None = None
    """None where the info file cannot be read, or is not there yet."""
    recipients: tuple[EnvelopeRecipient, ...] = ()
    bouncing: bool = False
    info_since: float | None = None
    """When info was written: qmail-send counts the message's age and its next attempt from it."""


@dataclass(frozen=True, slots=True)
class Envelopes:
    """The envelopes of some messages of a queue."""

    of: Mapping[int, Envelope] = field(default_factory=dict)
    asked: int = 0
    """How many were asked for; those that are not in `of` had gone, or may not be read."""
    denied: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class QueueFile:
    """One file of a message."""

    directory: str
    path: str
    """Below the queue: `remote/7/5915497`."""
    bytes: int | None = None
    changed: float | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class MessageFiles:
    """One message, looked at closely. The text of the message is never read."""

    msg: int
    state: QueueState | None = None
    """None where it has no file (any more)."""
    files: tuple[QueueFile, ...] = ()
    envelope: Envelope | None = None
    bounce_text: str = ""
    """What will be told to the sender so far, its first 16 KiB."""
    denied: tuple[str, ...] = ()
    taken: float = 0.0


@dataclass(frozen=True, slots=True)
class ControlFile:
    """A file of /var/qmail/control."""

    name: str
    text: str | None = None
    """Its first 64 KiB; None where it is not read: unknown names may hold keys."""
    unknown: str = ""
    """Why a known file could not be read."""
    bytes: int | None = None
    changed: float | None = None
    mode: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class ControlFiles:
    """The settings of one node's qmail."""

    files: tuple[ControlFile, ...] = ()
    showctl: str = ""
    """What qmail-showctl(8) says: the built-in limits stand only there."""
    started: float | None = None
    """When qmail-send was started: files that changed later are not in force yet."""
    trouble: str = ""
    """Why nothing is known, where nothing is."""
    taken: float = 0.0


@dataclass(frozen=True, slots=True)
class LogLines:
    """New lines of a qmail-send log, in its order."""

    lines: tuple[bytes, ...] = ()
    """Without their line feeds; one that is not ended yet is not among them."""
    rotated: bool = False
    """Whether a new `current` was begun since the lines before; the rest of the old one came first."""
    missed: int = 0
    """Bytes that are not among the lines: the log ran ahead further than we follow."""
    offset: float | None = None
    """Seconds by which the node's clock is ahead of the console's; None while unknown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is traced: an address or a part of it, `msg N`, `delivery N`, or a bare number."""

    words: str
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class NodeSearch:
    """How the search on one node went; the lines are what is left of its logs."""

    node: str
    lines: tuple[bytes, ...] = ()
    """In the order of the log, over all its files."""
    files: int = 0
    searched: int = 0
    """Bytes of log that were looked through."""
    carried: int = 0
    """Bytes that came over."""
    seconds: float = 0.0
    trouble: str = ""
    """Why there is nothing, or not all: one line."""
    capped: bool = False
    """Whether more messages were found than are followed."""


class MailReading(Protocol):
    """Looks at the mail of the pairs of this console. It can change nothing. Each call raises MailTrouble."""

    async def queue(self, pair: str, home: Home) -> QueueListing:
        """The whole queue of a node, in one pass."""
        ...

    async def envelopes(self, pair: str, home: Home, listing: QueueListing, msgs: Sequence[int]) -> Envelopes:
        """Senders and recipients of messages of a listing; at most 5,000 at once."""
        ...

    async def message(self, pair: str, home: Home, msg: int, split: int | None = None) -> MessageFiles:
        """The files of one message, and what its envelope says."""
        ...

    async def control(self, pair: str, home: Home) -> ControlFiles:
        """The settings."""
        ...

    async def search(
        self, pair: str, home: Home, wanted: Wanted, told: Callable[[str], None] | None = None
    ) -> NodeSearch:
        """The lines of the node's logs that concern what is wanted; `told` hears how far it is."""
        ...

    def tail(self, pair: str, home: Home, last: int = 200) -> AsyncIterator[LogLines]:
        """The log as it grows, from its last lines on, until the iterator is closed."""
        ...
