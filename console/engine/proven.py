"""The four truths of each node as a run has read them: after each outage, or in the whole run without one.

A wait that is done has seen hold what it waited for; guards and expects were read. Only what was read since
the outage began counts, and the last of it: what a plan never looked at is `not checked`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from console.engine.run_summary import END, readings
from console.model.plan import Command, Plan
from console.model.run import Checked, RunRecord, RunState, StepRecord, StepState
from console.model.words import Answer

ROLE, ADDRESS, MIRROR, MOUNT = TRUTHS = ("VRRP role", "address", "mirror", "mount")
HOMES = ("master", "slave")
NOT_CHECKED = "not checked"
_SEEN = (StepState.DONE, StepState.ALREADY_SO)

_WORDS: Mapping[str, tuple[str, str, str]] = {
    "vrrp-runs": (ROLE, "freevrrpd runs", "freevrrpd stopped"),
    "vrrp-master": (ROLE, "MASTER", "not MASTER"),
    "vrrp-backup": (ROLE, "BACKUP", "not BACKUP"),
    "holds-address": (ADDRESS, "held", "not held"),
    "mirror-running": (MIRROR, "runs", "does not run"),
    "mirror-complete": (MIRROR, "complete", "not complete"),
    "mounted": (MOUNT, "mounted", "not mounted"),
    "mounted-through-mirror": (MOUNT, "mounted through the mirror", "not mounted through the mirror"),
}
"""A node's condition: the truth it tells, and what it says of it when it holds and when not."""
_IMPLIED = {
    "MASTER": ("freevrrpd runs", "not BACKUP"),
    "BACKUP": ("freevrrpd runs", "not MASTER"),
    "freevrrpd stopped": ("not MASTER", "not BACKUP"),
    "complete": ("runs",),
    "not mounted": ("not mounted through the mirror",),
    "mounted through the mirror": ("mounted",),
}
"""What a truth says already: read later, it takes nothing away from it."""
_ONE = {
    "one-master": (ROLE, "MASTER", "BACKUP"),
    "one-address-holder": (ADDRESS, "held", "not held"),
    "mounted-on-one-node": (MOUNT, "mounted", "not mounted"),
}
"""A condition of the pair that, with one node known, tells the other."""


@dataclass(frozen=True, slots=True)
class Proven:
    """One truth on one node."""

    words: str
    step: str
    """The step with which it was read, `at the end`, or empty."""

    def __str__(self) -> str:
        return f"{self.words} ({self.step})" if self.step else self.words


Truths = Mapping[tuple[str, str], Proven]
"""By truth and home; what was not looked at is not in it."""


@dataclass(frozen=True, slots=True)
class After:
    """What was read since an outage began, until the next one or the end of the run."""

    outage: int
    """Its number; 0 for a plan without one."""
    truths: Truths
    reached: bool
    back: bool
    """Whether the service was seen back: else these are truths of an outage that did not end."""

    @property
    def name(self) -> str:
        """When it was read."""
        if not self.outage:
            return "read last"
        if not self.reached:
            return f"outage {self.outage}"
        return f"{'after' if self.back else 'in'} outage {self.outage}"


def after_outages(run: RunRecord) -> tuple[After, ...]:
    """The truths after each outage of the plan; of the whole run when it has none."""
    records = {record.id: record for record in run.steps}
    whole = [records.get(step.id, StepRecord(step.id)) for step in run.plan.steps]
    starts = [[record.id for record in whole].index(first) for first, _ in run.plan.outages] or [0]
    found: list[After] = []
    for at, (start, stop) in enumerate(zip(starts, [*starts[1:], len(whole)], strict=True)):
        checks = [(check, record.id) for record in whole[start:stop] for check in readings(run, record)]
        if stop == len(whole) and run.state is RunState.DONE:
            checks += [(Checked(name, Answer.YES, ""), END) for name in run.plan.expects]
        reached = whole[start].state is not StepState.PENDING
        back = at < len(run.plan.outages) and seen_back(run, at)
        found.append(After(at + 1 if run.plan.outages else 0, _truths(checks), reached, back))
    return tuple(found)


def seen_back(run: RunRecord, outage: int) -> bool:
    """Whether the step ran with which an outage (the first is 0) ends."""
    last = run.plan.outages[outage][1]
    return any(record.id == last and record.state in _SEEN for record in run.steps)


def proofs(run: RunRecord) -> Iterator[tuple[str, StepState]]:
    """Steps that look at the data itself (phase `verify`): title, how each ended."""
    records = {record.id: record for record in run.steps}
    for step in run.plan.steps:
        if step.phase == "verify" and isinstance(step.action, Command):
            yield step.title, records.get(step.id, StepRecord(step.id)).state


def place(plan: Plan, home: str) -> str:
    """A node by its name and home."""
    return next(f"{node.name} (home {home})" for node in plan.nodes if node.home == home)


def _truths(checks: Sequence[tuple[Checked, str]]) -> Truths:
    found: dict[tuple[str, str], Proven] = {}
    for check, step in checks:
        negated = check.name.startswith("not ")
        name = check.name.removeprefix("not ")
        answer = check.answer
        if negated and answer is not Answer.UNKNOWN:
            answer = Answer.NO if answer is Answer.YES else Answer.YES
        _node(found, name, answer, step)
        if answer is Answer.YES:
            _pair(found, name, step)
    return found


def _node(found: dict[tuple[str, str], Proven], name: str, answer: Answer, step: str) -> None:
    home, _, condition = name.partition("-")
    if home not in HOMES or condition not in _WORDS:
        return
    truth, holds, does_not = _WORDS[condition]
    words = {Answer.YES: holds, Answer.NO: does_not}.get(answer, "unknown")
    known = found.get((truth, home))
    if known is None or words not in (known.words, *_IMPLIED.get(known.words, ())) or words == known.words:
        found[truth, home] = Proven(words, step)


def _pair(found: dict[tuple[str, str], Proven], name: str, step: str) -> None:
    if name == "nothing-mounted":
        for home in HOMES:
            found[MOUNT, home] = Proven("not mounted", step)
    elif name == "mirror-complete-2-of-2":
        for home in HOMES:
            known = found.get((MIRROR, home))
            if known is not None and known.words in ("runs", "complete"):
                found[MIRROR, home] = Proven("complete", step)
    elif name in _ONE:
        truth, mine, others = _ONE[name]
        for home, other in (HOMES, HOMES[::-1]):
            known = found.get((truth, home))
            if known is not None and known.words.startswith(mine):
                found[truth, other] = Proven(others, step)
