"""Messages in a qmail queue and their recipients."""

from dataclasses import dataclass

SPLIT = 23
"""Directories under mess, info, local and remote (conf-split)."""


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
    """One message in the queue; times are Unix seconds by the node's clock."""

    number: int
    sender: str
    size: int
    born: float
    recipients: list[Recipient]
    qp: int
    uid: int = 82
    preprocessed: bool = False
    bounced: tuple[tuple[str, str], ...] = ()
    """Recipients that failed, each with the report that the log has."""
    entered: float = 0.0
    """When info was written: its age and its next tries are counted from it."""
    marked: float = 0.0
    """When a recipient was marked done last; 0 = never."""
    stage: str = ""
    """`S2` while its text arrives, `S3` while its envelope does, empty when it is queued."""

    def left(self, channel: str) -> bool:
        """Whether some recipient of the channel is not done: its file is there until then."""
        return any(recipient.channel == channel and not recipient.done for recipient in self.recipients)


class Queue(dict[int, Message]):
    """Messages by number, and by the directory that their number leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[dict[int, Message]] = [{} for _ in range(SPLIT)]

    def __setitem__(self, number: int, message: Message) -> None:
        super().__setitem__(number, message)
        self.parts[number % SPLIT][number] = message

    def __delitem__(self, number: int) -> None:
        super().__delitem__(number)
        del self.parts[number % SPLIT][number]

    def discard(self, number: int) -> None:
        """Take a message out, if it is there."""
        if number in self:
            del self[number]
