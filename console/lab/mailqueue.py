"""Messages in a qmail queue and their recipients."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Recipient:
    """One recipient of a message."""

    channel: str
    address: str
    done: bool = False
    due: float = 0.0
    trying: bool = False


@dataclass(slots=True)
class Message:
    """One message in the queue."""

    number: int
    sender: str
    size: int
    born: float
    recipients: list[Recipient]
    qp: int
    uid: int = 1005
    preprocessed: bool = False
    bounced: list[str] = field(default_factory=list)
