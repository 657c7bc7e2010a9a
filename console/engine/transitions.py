"""How a run's record changes. Pure: each takes a record and gives the next one."""

from dataclasses import replace
from itertools import takewhile
from typing import Any

from console.model.plan import Manual, Plan, Step, Stream, Wait
from console.model.run import RunEvent, RunRecord, RunState, StepRecord, StepState

STILL: dict[str, Any] = {"percent": None, "eta": None, "rate": None}
"""Nothing moves any more; how much was moved stays."""
START = "as it was before the run"
"""The safe state before any step took effect."""

TOOK_EFFECT = (StepState.DONE, StepState.ALREADY_SO)


def begun(plan: Plan, id: str, operator: str, now: float) -> RunRecord:
    """A run that is about to begin."""
    return RunRecord(
        id=id,
        plan=plan,
        operator=operator,
        state=RunState.RUNNING,
        started=now,
        steps=tuple(StepRecord(step.id) for step in plan.steps),
        safe_state=START,
    )


def record_of(run: RunRecord, step: str) -> StepRecord:
    """What is known of a step."""
    return next(record for record in run.steps if record.id == step)


def noted(run: RunRecord, at: float, kind: str, text: str) -> RunRecord:
    """A line added to the timeline."""
    return replace(run, events=(*run.events, RunEvent(at, kind, text)))


def changed(run: RunRecord, step: str, **values: Any) -> RunRecord:
    """A step's record with other values."""
    return replace(run, steps=tuple(replace(r, **values) if r.id == step else r for r in run.steps))


def job_of(run: RunRecord, step: str) -> str:
    """The id of the step's job on its node."""
    attempt = record_of(run, step).attempt
    return f"{run.id}.{step}" + (f".{attempt}" if attempt > 1 else "")


def undo_job_of(run: RunRecord, step: str) -> str:
    """The id of the job that takes the step back."""
    number = record_of(run, step).undoing
    return f"{run.id}.{step}.undo" + (f".{number}" if number > 1 else "")


def intended(run: RunRecord, step: str, now: float) -> RunRecord:
    """The step will be acted on next; kept before anything is sent."""
    title = run.plan.step(step).title
    run = changed(run, step, state=StepState.INTENDED, started=now, ended=None, why="", exit_status=None)
    return noted(run, now, "step", f"{step}: {title}")


def running(run: RunRecord, step: str) -> RunRecord:
    """It was sent."""
    return changed(run, step, state=StepState.RUNNING, reached=True)


def never_began(run: RunRecord, step: str) -> RunRecord:
    """Nothing was sent of it after all."""
    return changed(run, step, state=StepState.PENDING, started=None)


def took_effect(run: RunRecord, step: str, state: StepState, why: str, now: float) -> RunRecord:
    """DONE or ALREADY_SO: the pair is in the state the step leaves."""
    word = "done" if state is StepState.DONE else "skipped"
    started = record_of(run, step).started
    run = changed(
        run,
        step,
        state=state,
        why=why,
        started=now if started is None else started,
        ended=now,
        **STILL,
    )
    run = replace(run, safe_state=run.plan.step(step).leaves)
    return noted(run, now, "step", f"{step}: {why or word}")


def in_trouble(run: RunRecord, step: str, state: StepState, why: str, now: float) -> RunRecord:
    """FAILED, UNKNOWN, INTERRUPTED or REFUSED."""
    run = changed(run, step, state=state, why=why, ended=now, **STILL)
    return noted(run, now, "guard" if state is StepState.REFUSED else "step", f"{step}: {state.value}, {why}")


def reopened(run: RunRecord, step: str) -> RunRecord:
    """What it did is looked at again."""
    return changed(run, step, state=StepState.RUNNING, ended=None, why="")


def retried(run: RunRecord, step: str, now: float) -> RunRecord:
    """A new attempt, from its guards on."""
    attempt = record_of(run, step).attempt + 1
    fresh = StepRecord(step, attempt=attempt, tried=True)
    run = replace(run, steps=tuple(fresh if r.id == step else r for r in run.steps))
    return noted(run, now, "step", f"{step}: attempt {attempt}")


def ended(run: RunRecord, state: RunState, why: str, now: float) -> RunRecord:
    """The run is over (it may be resumed or undone)."""
    run = replace(run, state=state, why=why, ended=now)
    return noted(run, now, "note", f"{state.value}: {why}; the pair is left: {run.safe_state}")


def cut_short(run: RunRecord) -> RunRecord:
    """A wait or question that did not come to its end has sent nothing: back to before its guards."""
    record = run.current
    if record is None or record.state not in (StepState.INTENDED, StepState.RUNNING):
        return run
    if not isinstance(run.plan.step(record.id).action, Wait | Manual):
        return run
    return changed(run, record.id, state=StepState.PENDING, started=None, **STILL)


def _unrefused(run: RunRecord) -> RunRecord:
    """A step that was refused was not sent: its guards are read again."""
    record = run.current
    if record is None or record.state is not StepState.REFUSED:
        return run
    return changed(run, record.id, state=StepState.PENDING, started=None, ended=None, why="")


def resumed(run: RunRecord, operator: str, now: float) -> RunRecord:
    """The run goes on, from what the journal knows."""
    run = _again_after_undo(replace(run, state=RunState.RUNNING, why="", ended=None, operator=operator))
    run = _unrefused(cut_short(run))
    return noted(run, now, "note", f"resumed by {operator}")


def _again_after_undo(run: RunRecord) -> RunRecord:
    """From the first step that was taken back on, everything is to be done (or found so) again."""
    first = next((i for i, r in enumerate(run.steps) if r.state is StepState.UNDONE), len(run.steps))
    anew = (StepState.UNDONE, StepState.ALREADY_SO)
    later = tuple(
        StepRecord(r.id, attempt=r.attempt + 1, undoing=r.undoing) if r.state in anew else r
        for r in run.steps[first:]
    )
    return replace(run, steps=(*run.steps[:first], *later))


def undo_wanted(run: RunRecord, operator: str, now: float) -> RunRecord:
    """The run is to be taken back."""
    return noted(replace(run, state=RunState.RUNNING, ended=None), now, "note", f"taken back by {operator}")


def undo_begun(run: RunRecord, step: str, now: float) -> RunRecord:
    """The step's undo will be sent next."""
    run = changed(run, step, undoing=record_of(run, step).undoing + 1)
    return noted(run, now, "step", f"{step}: undo")


def undone(run: RunRecord, step: str, why: str, now: float) -> RunRecord:
    """The step was taken back: the pair is as the step before it left it."""
    run = changed(run, step, state=StepState.UNDONE, why=why, ended=now)
    # One that was so already, behind a step that is taken back, has left nothing that still holds.
    standing = takewhile(lambda r: r.state is not StepState.UNDONE, run.steps)
    kept = [r for r in standing if r.state in TOOK_EFFECT]
    leaves = run.plan.step(kept[-1].id).leaves if kept else START
    return noted(replace(run, safe_state=leaves), now, "step", f"{step}: {why}")


def open_steps(run: RunRecord) -> tuple[str, ...]:
    """Ids of the steps that are neither done nor taken back."""
    finished = (*TOOK_EFFECT, StepState.UNDONE)
    return tuple(record.id for record in run.steps if record.state not in finished)


def nodes_of(step: Step) -> frozenset[str]:
    """Names of the machines on which a step runs something: two, of a stream."""
    to = {step.action.to} if isinstance(step.action, Stream) else set()
    return frozenset(to if step.node is None else {step.node, *to})


def nodes_needed(run: RunRecord, *, undoing: bool = False) -> frozenset[str]:
    """Names of the nodes on which something may still be run."""
    ids = {r.id for r in run.steps} if undoing else set(open_steps(run))
    acts = (step for step in run.plan.steps if step.id in ids and not isinstance(step.action, Wait | Manual))
    return frozenset(name for step in acts for name in nodes_of(step))
