"""What is known of one control file, and the words for how a change of it comes into force."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a file is written."""

    NAME = "one host name"
    WORD = "one user name"
    LINE = "one line of text"
    NUMBER = "one number"
    ADDRESS = "one IPv4 address"
    DOMAINS = "a domain per line, no wildcards"
    HOSTS = "a domain per line; .domain means every name below it"
    SENDERS = "user@host or @host per line"
    ROUTES = "domain:relay or domain:relay:port per line; .domain: and an empty domain are wildcards"
    VIRTUAL = "domain:prepend, .domain:prepend, user@domain:prepend or :prepend per line"
    SERVERS = "an IPv4 address per line"
    LINES = "an entry per line, as the patch wants it"
    CLOSED = "not read here: a key, a certificate or a database"


class Effect(Enum):
    """What a change of a file waits for."""

    AT_ONCE = "at once: the program reads it each time it starts, for each connection or message"
    HUP = "when qmail-send gets a HUP, or at its restart"
    RESTART = "when qmail-send is restarted"
    COMPILED = "when qmail-newmrh has been run"
    SERVICE = "when the service whose run script reads it is restarted"
    NEVER = "never: no program reads it"

    @property
    def needs(self) -> str:
        """What a change needs, in few words."""
        return _SHORT[self]


_SHORT = {
    Effect.AT_ONCE: "nothing",
    Effect.HUP: "a HUP",
    Effect.RESTART: "a restart",
    Effect.COMPILED: "qmail-newmrh",
    Effect.SERVICE: "a restart of its service",
    Effect.NEVER: "what never comes",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A control file."""

    name: str
    kind: Kind
    reader: str
    """The programs that read it."""
    effect: Effect
    purpose: str
    default: str | None = None
    """The value that holds without the file; None where there is none."""
    absent: str = "nothing of the kind"
    """In words, what holds without the file where `default` is None."""
    from_me: bool = False
    """Whether `me` takes its place when it is absent."""
    own: bool = False
    """Whether it names the node itself, so that the nodes of a pair are expected to differ."""
    unit: str = ""
    least: int = 0
    """Fewer seconds work, but do harm."""
    most: int | None = None
    origin: str = ""
    """The patch or habit it comes from; empty: qmail 1.03."""

    @property
    def closed(self) -> bool:
        """Whether its text is never read: it may hold a key."""
        return self.kind is Kind.CLOSED
