"""What goes into a decision about a run, and what comes out of it."""

from dataclasses import dataclass
from enum import StrEnum

from console.model.job import JobLook
from console.model.run import Checked, Choice


class Do(StrEnum):
    """What the runner can be told to do. Only BEGIN sends something that changes a node."""

    READ = "read guards and expects"
    SKIP = "skip: already so"
    REFUSE = "refuse: a guard does not hold"
    ASK = "ask the operator"
    BEGIN = "keep the intent, then act"
    AGAIN = "it never began: back to before the guards"
    LOOK = "look at the job"
    FOLLOW = "look at the job again a little later"
    WATCH = "read what the wait waits for"
    COPY = "copy, or go on copying"
    STREAM = "stream, from its beginning"
    VERIFY = "read what must hold after it"
    DONE = "it took effect"
    FAIL = "it failed"
    UNKNOWN = "how it ended is not known"
    INTERRUPT = "the node booted under it"
    REOPEN = "look again what it did"
    RETRY = "a new attempt"
    UNDO = "take the run back"
    STOP = "end here, in the safe state"
    LEAVE = "end here, the job is left running"
    ABORT = "end here: an abort condition holds"
    VERIFY_END = "read what must hold at the end"
    FINISH = "everything holds"
    FALL_SHORT = "every step is done, the end is not what was planned"


@dataclass(frozen=True, slots=True)
class Signals:
    """What concerns the whole run; each is empty, or the reason in words."""

    abort: str = ""
    lock: str = ""
    """The lock was lost."""
    stop: str = ""
    insist: bool = False
    """The operator asked a second time: do not wait for the job."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the current step since its state last changed; None = not looked yet."""

    guards: tuple[Checked, ...] | None = None
    expects: tuple[Checked, ...] | None = None
    same: bool | None = None
    """Whether the file to be written is there already, exactly so."""
    confirmed: bool = False
    answer: Choice | None = None
    job: JobLook | None = None
    trouble: str = ""
    """Why nothing could be seen of it."""
    late: bool = False
    """The step's limit (of a look: the guards' patience) has passed."""
    settled: bool = False
    """What must hold after it had its time to come true."""
    again: bool = False
    """The operator asked to look again: where the job cannot tell, what holds now does."""
    until: tuple[Checked, ...] | None = None
    failed_when: tuple[Checked, ...] = ()
    copied: bool | None = None
    """The transfer's end: True = arrived and checked, False = refused for good."""
    begun: bool = False
    """The stream is this console's to begin: its intent was kept just now."""
    streamed: bool | None = None
    """The stream's end: True = both ends exited 0, False = it failed, and `trouble` says why."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, about which step, and why in one line."""

    do: Do
    step: str | None = None
    why: str = ""


NOTHING = Seen()
QUIET = Signals()
