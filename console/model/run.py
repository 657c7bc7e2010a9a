"""A run: one execution of a plan, as the journal keeps it and screens draw it. Frozen, replaced whole."""

from dataclasses import dataclass, field
from enum import StrEnum

from console.model.plan import Plan
from console.model.words import Answer


class StepState(StrEnum):
    """How far a step is. `INTENDED` is in the journal before anything is sent to the node."""

    PENDING = "pending"
    INTENDED = "intended"
    RUNNING = "running"
    DONE = "done"
    ALREADY_SO = "already so"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It ran, or may have run, and how it ended is not known: only a person or a new reading can tell."""
    INTERRUPTED = "interrupted"
    """The node rebooted under it."""
    REFUSED = "refused"
    """A guard did not hold: nothing was sent."""
    UNDONE = "undone"


class RunState(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    ASKING = "asking"
    """Waits for the operator."""
    STOPPED = "stopped"
    """Ended before its end, in the named safe state; may be resumed or undone."""
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"
    """An abort condition held."""
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Checked:
    """A condition as it was read for a step."""

    name: str
    answer: Answer
    why: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What is known of one step."""

    id: str
    state: StepState = StepState.PENDING
    started: float | None = None
    """Console time, Unix seconds."""
    ended: float | None = None
    exit_status: int | None = None
    out: str = ""
    """Inert text, the last 64 KiB at most."""
    err: str = ""
    why: str = ""
    """One line: why skipped, refused, failed or unknown."""
    guards: tuple[Checked, ...] = ()
    expects: tuple[Checked, ...] = ()
    percent: int | None = None
    """Live progress of a wait or transfer."""
    eta: float | None = None
    """Seconds left."""
    moved: int | None = None
    """Bytes so far, of what moves bytes and tells how many."""
    total: int | None = None
    """Bytes in all, as far as is known beforehand."""
    rate: float | None = None
    """Bytes per second over the last while."""
    attempt: int = 1
    """Each is a job of its own: from the second on the job's id ends in `.2`, `.3` …"""
    undoing: int = 0
    """The undo job that was begun last (`.undo`, `.undo.2` …); 0 = none."""
    reached: bool = False
    """Its job was seen on the node: one that is not there any more did run, one never seen did not."""
    tried: bool = False
    """An attempt before this one ran and did not come to its end: what it did may stand."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A line of the run's timeline."""

    at: float
    kind: str
    """`step`, `guard`, `lock`, `link`, `answer`, `abort`, `measure`, `note`."""
    text: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as a whole."""

    id: str
    """`20261123-021140-fail-back-7f3a`: sorts by time, safe as a file name."""
    plan: Plan
    operator: str
    """`user@host` of the console."""
    state: RunState
    started: float
    ended: float | None = None
    steps: tuple[StepRecord, ...] = ()
    """In plan order, one per step."""
    events: tuple[RunEvent, ...] = ()
    safe_state: str = ""
    """What the pair was left as: the `leaves` of the last step that took effect, or where it began."""
    why: str = ""
    """One line: why it ended as it did."""
    locks: tuple[str, ...] = ()
    """What holds the lock where, in words."""
    measures: dict[str, float] = field(default_factory=dict)
    """Seconds or counts by name: `rto`, `rto.mount`, `rpo.markers_lost`, `clock.uncertainty` …"""

    @property
    def current(self) -> StepRecord | None:
        """The step that is under way, or the next one."""
        finished = (StepState.DONE, StepState.ALREADY_SO, StepState.UNDONE)
        return next((s for s in self.steps if s.state not in finished), None)


class Choice(StrEnum):
    """What an operator may answer when a run asks."""

    GO = "go"
    CANCEL = "cancel"
    """Stop here, in the safe state."""
    RETRY = "retry"
    """Run a failed or interrupted step again: its job is known to have ended."""
    READ_AGAIN = "read again"
    """Look again what an unknown step did."""
    HOLDS = "it is done"
    """The operator states that an unknown or interrupted step took effect."""
    UNDO = "undo"
    TAKE_OVER = "take over"
    """Break another operator's stale lock."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something the run needs an operator for."""

    run: str
    step: str | None
    """Step id; None for the run as a whole (the lock, the start)."""
    text: str
    """One sentence."""
    typed: str | None = None
    """What must be typed to choose GO; None = a choice is enough."""
    choices: tuple[Choice, ...] = (Choice.CANCEL, Choice.GO)
    """The first is the safe one, and has the focus."""
    destroys: bool = False
    by_hand: bool = False
    """A manual step: only a person can have done it, so `--yes` never answers it."""
    shows_direction: bool = False
    takes_back: str = ""
    """The shell text that GO sends in place of the step's own: its undo."""
    direction_facts: tuple[tuple[str, str, str], ...] = ()
    """(node, label, value) read for the direction card just now."""
