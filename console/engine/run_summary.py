"""What a run comes down to: its outcome, what was verified, what was out of plan, how it compares. Pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.engine.measures import measure
from console.model.lasting import lasting
from console.model.measure_names import away, outside
from console.model.plan import Manual, Wait
from console.model.run import Checked, Choice, RunRecord, RunState, StepRecord, StepState
from console.model.words import Answer

_ENDED_BADLY = {
    StepState.FAILED: "failed",
    StepState.UNKNOWN: "how it ended is not known",
    StepState.INTERRUPTED: "the node rebooted under it",
    StepState.REFUSED: "refused, nothing was sent",
    StepState.UNDONE: "taken back",
}
_TRUTHS = {
    "VRRP role": ("vrrp-runs", "vrrp-master", "vrrp-backup", "one-master", "same-vrrp-group"),
    "address": ("holds-address", "one-address-holder"),
    "mirror": (
        "mirror-running",
        "mirror-complete",
        "mirror-complete-2-of-2",
        "no-rebuild-running",
        "half-active",
        "half-in-mirror",
    ),
    "mount": (
        "mounted",
        "mounted-through-mirror",
        "mounted-on-one-node",
        "mounted-on-both-nodes",
        "nothing-mounted",
        "has-let-go",
    ),
}
"""The four truths, and the conditions (without the node) that tell each."""
END = "at the end"
"""Stands for a step where the end of the run was verified."""
_FLIPPED = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.UNKNOWN: Answer.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Verified:
    """The last reading of a condition in a run."""

    truth: str
    home: str | None
    """`master`, `slave`; None for the pair."""
    name: str
    """The condition without `not`."""
    answer: Answer
    step: str
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure beside the same of earlier runs of the job on the pair."""

    name: str
    value: float
    previous: float | None = None
    best: float | None = None
    median: float | None = None
    runs: int = 0
    """Earlier runs that have it."""

    @property
    def change(self) -> float | None:
        """By how much it differs from the run before."""
        return None if self.previous is None else self.value - self.previous


def outcome(run: RunRecord) -> str:
    """How it ended, in one sentence."""
    current = run.current
    at = f" at step {current.id}" if current else ""
    why = f": {run.why}" if run.why else ""
    after = f" after {lasting(run.ended - run.started)}" if run.ended is not None else ""
    match run.state:
        case RunState.DONE:
            return f"Done as planned{after}: {run.plan.ends}"
        case RunState.RUNNING:
            return f"Not ended: it runs, or was cut off{at}"
        case RunState.ASKING:
            return f"Not ended: it waits for the operator{at}"
        case RunState.STOPPED:
            return f"Stopped before its end{after}{at}{why}"
        case RunState.FAILED:
            return f"Failed{after}{at}{why}"
        case RunState.ABORTED:
            return f"Aborted{after}{at}{why}"
        case RunState.UNDONE:
            return f"Taken back{after}{why}"


def verified(run: RunRecord) -> tuple[Verified, ...]:
    """The last answer to each condition that tells one of the four truths, newest first."""
    last: dict[str, Verified] = {}
    checks = [(check, record.id) for record in run.steps for check in readings(run, record)]
    if run.state is RunState.DONE:
        # A run is done only after what its plan expects at the end was read to hold.
        checks += [(Checked(name, Answer.YES, "held at the end"), END) for name in run.plan.expects]
    for check, step in checks:
        name, answer = _positive(check)
        home = next((h for h in ("master", "slave") if name.startswith(f"{h}-")), None)
        bare = name.removeprefix(f"{home}-") if home else name
        truth = next((truth for truth, names in _TRUTHS.items() if bare in names), None)
        if truth is not None:
            last.pop(name, None)
            last[name] = Verified(truth, home, name, answer, step, check.why)
    return tuple(reversed(last.values()))


def readings(run: RunRecord, record: StepRecord) -> tuple[Checked, ...]:
    """What was read for a step; a wait that is done has seen hold what it waited for."""
    action = run.plan.step(record.id).action
    if not isinstance(action, Wait) or record.state is not StepState.DONE:
        return (*record.guards, *record.expects)
    waited = (Checked(name, Answer.YES, "waited for") for name in action.until)
    return (*record.guards, *waited, *record.expects)


def deviations(run: RunRecord) -> tuple[str, ...]:
    """What was not simply the plan, and what was typed: a line each, as in the plan, then by time."""
    found: list[str] = []
    ended = run.state not in (RunState.RUNNING, RunState.ASKING)
    for record in run.steps:
        why = f": {record.why}" if record.why else ""
        if record.attempt > 1:
            found.append(f"{record.id}: attempt {record.attempt}")
        if record.state is StepState.ALREADY_SO:
            found.append(f"{record.id}: skipped: {record.why or 'it was already so'}")
        elif record.state in _ENDED_BADLY:
            found.append(f"{record.id}: {_ENDED_BADLY[record.state]}{why}")
        step = run.plan.step(record.id)
        if record.state is StepState.DONE:
            if isinstance(step.action, Manual) and step.action.typed:
                found.append(f"{record.id}: the operator typed {step.action.typed} to: {step.action.ask}")
            elif step.confirm:
                found.append(f"{record.id}: the operator typed {step.confirm}")
    never = [record.id for record in run.steps if record.state is StepState.PENDING]
    if never and ended:
        found.append(
            f"never begun: {never[0]}" + (f" to {never[-1]}, {len(never)} steps" if never[1:] else "")
        )
    return (*found, *_told(run))


def _told(run: RunRecord) -> Iterable[str]:
    for event in run.events:
        routine = event.kind == "answer" and event.text.endswith(f"→ {Choice.GO.value}")
        odd_lock = event.kind == "lock" and any(word in event.text for word in ("broken", "lost", "not ours"))
        resumed = event.kind == "note" and event.text.startswith("resumed")
        if (event.kind in ("answer", "abort", "link") and not routine) or odd_lock or resumed:
            yield f"{event.kind}: {event.text}"


def _positive(check: Checked) -> tuple[str, Answer]:
    """`not X: yes` is `X: no`."""
    if check.name.startswith("not "):
        return check.name.removeprefix("not "), _FLIPPED[check.answer]
    return check.name, check.answer


def comparable(run: RunRecord, others: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    """The earlier runs of the same job on the same pair that reached their end, newest first."""
    same = [
        other
        for other in others
        if other.plan.job == run.plan.job
        and other.plan.pair == run.plan.pair
        and other.state is RunState.DONE
        and other.started < run.started
        and other.id != run.id
    ]
    return tuple(sorted(same, key=lambda other: other.started, reverse=True))


def compared(run: RunRecord, others: Iterable[RunRecord]) -> tuple[Compared, ...]:
    """Every time of the run, in the order of the plan, beside those of comparable runs."""
    values = measure(run).values
    before = [measure(other).values for other in comparable(run, others)]
    found: list[Compared] = []
    for name in times(run):
        # The worst of several outages is one of those that follow.
        if name not in values or (name == "write_outage" and "write_outage.1" in values):
            continue
        # How long an unfinished run took says nothing beside one that went all the way.
        whole = name != "took" or run.state is RunState.DONE
        theirs = [each[name] for each in before if name in each and whole]
        previous = before[0].get(name) if before else None
        if theirs:
            middle = statistics.median(theirs)
            found.append(Compared(name, values[name], previous, min(theirs), middle, len(theirs)))
        else:
            found.append(Compared(name, values[name]))
    return tuple(found)


def times(run: RunRecord) -> Sequence[str]:
    """Names of the times a run of this plan may have: each outage and its phases, the rest, the run."""
    return (
        *away(run.plan),
        "write_outage",
        *(f"write_outage.{n}" for n in range(1, 10)),
        *outside(run.plan),
        "took",
    )
