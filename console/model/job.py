"""A job on a node, as it is read from its directory, and how reading or changing a node fails."""

from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """A job directory on a node, as it is read."""

    ABSENT = "absent"
    """No such directory: it was never claimed."""
    CLAIMED = "claimed"
    """Claimed, its runner has not begun: launching again is safe (the runner claims once more)."""
    RUNNING = "running"
    ENDED = "ended"
    """Its exit status is on disk."""
    INTERRUPTED = "interrupted"
    """The node has booted since."""
    VANISHED = "vanished"
    """Its process is gone without a status (killed): how far it came is unknown."""


@dataclass(frozen=True, slots=True)
class JobLook:
    """One reading of a job. Output is inert text, each the bytes since the offset that was asked for.

    A reading brings 64 KiB of each at most: a job's output is whole when it has ended and a reading from the
    last offsets brings no more.
    """

    state: JobState
    exit_status: int | None = None
    out: str = ""
    err: str = ""
    out_offset: int = 0
    """Where the next reading begins, bytes."""
    err_offset: int = 0
    started: float | None = None
    """Unix seconds, the node's clock."""
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Streamed:
    """A stream from one host into another of which both ends have ended."""

    bytes: int
    source_exit: int
    target_exit: int


class HandsLost(Exception):
    """The connection to a node went; `str()` is one line with the node and what to do."""


class CopyRefused(Exception):
    """A file cannot be copied, and trying again will not help; `str()` is one line with what to do."""


class LockLost(Exception):
    """The node's lock is not ours (any more)."""


class HandsRefused(HandsLost):
    """The node answered that it could not (no space, no permission): what was asked has not been done."""
