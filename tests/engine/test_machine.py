"""What is done next, as a table: the state of the current step, what was seen, what concerns the run."""

from dataclasses import replace
from typing import Any

import pytest

from console.engine import transitions
from console.engine.decisions import QUIET, Do, Seen, Signals
from console.engine.machine import decide
from console.model.job import JobLook, JobState
from console.model.run import Checked, Choice, RunRecord, StepState
from console.model.words import Answer
from tests.engine.plans import command, manual, plan_of, transfer, wait, write

YES = (Checked("so", Answer.YES, "it is so"),)
NO = (Checked("so", Answer.NO, "it is not so"),)
DARK = (Checked("so", Answer.UNKNOWN, "no answer"),)
PENDING, RUNNING = StepState.PENDING, StepState.RUNNING

STEPS = {
    "plain": command("s", "cmd", expects=("so",), guards=("so",)),
    "bare": command("s", "cmd"),
    "always": command("s", "cmd", expects=("so",), always=True),
    "destroys": command("s", "cmd", expects=("so",), risk="destroys", confirm="web-a:md0"),
    "write": write("s", "/etc/x", "x"),
    "write expecting": write("s", "/etc/x", "x", expects=("so",)),
    "wait": wait("s", ["so"], ["bad"]),
    "wait expecting": wait("s", ["so"], expects=("so",)),
    "manual": manual("s", "Pull the cable"),
    "manual expecting": manual("s", "Pull the cable", expects=("so",)),
    "transfer": transfer("s", "/root/x"),
    "transfer expecting": transfer("s", "/root/x", expects=("so",)),
}


def _run(step: str, state: StepState, **values: Any) -> RunRecord:
    run = transitions.begun(plan_of(STEPS[step]), "R", "root@jump", 0.0)
    return transitions.changed(run, "s", state=state, **values)


def _job(state: JobState, exit: int | None = None) -> JobLook:
    return JobLook(state, exit)


ENDED, FAILED = _job(JobState.ENDED, 0), _job(JobState.ENDED, 1)

BEFORE: list[tuple[str, Seen, Do]] = [
    ("plain", Seen(), Do.READ),
    ("plain", Seen(guards=NO, expects=YES), Do.REFUSE),
    ("plain", Seen(guards=DARK, expects=NO), Do.READ),
    ("plain", Seen(guards=DARK, expects=NO, late=True), Do.REFUSE),
    ("plain", Seen(guards=DARK + NO, expects=NO), Do.REFUSE),
    ("plain", Seen(guards=YES, expects=YES), Do.SKIP),
    ("plain", Seen(guards=YES, expects=NO), Do.BEGIN),
    ("plain", Seen(guards=YES, expects=DARK), Do.BEGIN),
    ("bare", Seen(guards=(), expects=()), Do.BEGIN),
    ("always", Seen(guards=(), expects=YES), Do.BEGIN),
    ("destroys", Seen(guards=(), expects=NO), Do.ASK),
    ("destroys", Seen(guards=(), expects=YES), Do.SKIP),
    ("destroys", Seen(confirmed=True), Do.READ),
    ("destroys", Seen(guards=NO, expects=NO, confirmed=True), Do.REFUSE),
    ("destroys", Seen(guards=(), expects=NO, confirmed=True), Do.BEGIN),
    ("destroys", Seen(guards=(), expects=NO, answer=Choice.CANCEL), Do.STOP),
    ("write", Seen(guards=(), expects=(), same=True), Do.SKIP),
    ("write", Seen(guards=(), expects=(), same=False), Do.BEGIN),
    ("write expecting", Seen(guards=(), expects=YES, same=False), Do.BEGIN),
    ("write expecting", Seen(guards=(), expects=NO, same=True), Do.BEGIN),
    ("write expecting", Seen(guards=(), expects=YES, same=True), Do.SKIP),
    ("wait", Seen(guards=(), expects=()), Do.BEGIN),
    ("wait expecting", Seen(guards=(), expects=YES), Do.BEGIN),
    ("manual", Seen(guards=(), expects=()), Do.ASK),
    ("manual expecting", Seen(guards=(), expects=YES), Do.ASK),
    ("manual", Seen(guards=(), expects=(), confirmed=True), Do.BEGIN),
    ("transfer expecting", Seen(guards=(), expects=YES), Do.BEGIN),
    ("plain", Seen(guards=YES, expects=NO, trouble="web-a is not reached"), Do.REFUSE),
]

UNDER_WAY: list[tuple[str, StepState, Seen, Do]] = [
    ("plain", StepState.INTENDED, Seen(), Do.LOOK),
    ("plain", RUNNING, Seen(), Do.LOOK),
    ("plain", RUNNING, Seen(trouble="lost", late=True), Do.UNKNOWN),
    ("plain", StepState.INTENDED, Seen(job=_job(JobState.ABSENT)), Do.AGAIN),
    ("plain", RUNNING, Seen(job=_job(JobState.CLAIMED)), Do.AGAIN),
    ("plain", RUNNING, Seen(job=_job(JobState.RUNNING)), Do.FOLLOW),
    ("plain", RUNNING, Seen(job=_job(JobState.RUNNING), late=True), Do.UNKNOWN),
    ("plain", RUNNING, Seen(job=_job(JobState.VANISHED)), Do.UNKNOWN),
    ("plain", RUNNING, Seen(job=_job(JobState.INTERRUPTED)), Do.INTERRUPT),
    ("plain", RUNNING, Seen(job=_job(JobState.VANISHED), again=True), Do.VERIFY),
    ("plain", RUNNING, Seen(job=_job(JobState.VANISHED), again=True, expects=YES), Do.DONE),
    ("plain", RUNNING, Seen(job=_job(JobState.INTERRUPTED), again=True, expects=NO, settled=True), Do.FAIL),
    (
        "plain",
        RUNNING,
        Seen(job=_job(JobState.INTERRUPTED), again=True, expects=DARK, settled=True),
        Do.INTERRUPT,
    ),
    ("bare", RUNNING, Seen(job=_job(JobState.INTERRUPTED), again=True), Do.INTERRUPT),
    ("plain", RUNNING, Seen(job=FAILED), Do.FAIL),
    ("plain", RUNNING, Seen(job=FAILED, expects=YES), Do.FAIL),
    ("bare", RUNNING, Seen(job=ENDED), Do.DONE),
    ("plain", RUNNING, Seen(job=ENDED), Do.VERIFY),
    ("plain", RUNNING, Seen(job=ENDED, expects=YES), Do.DONE),
    ("plain", RUNNING, Seen(job=ENDED, expects=NO), Do.VERIFY),
    ("plain", RUNNING, Seen(job=ENDED, expects=NO, settled=True), Do.FAIL),
    ("plain", RUNNING, Seen(job=ENDED, expects=DARK, settled=True), Do.UNKNOWN),
    ("wait", RUNNING, Seen(), Do.WATCH),
    ("wait", RUNNING, Seen(until=NO), Do.WATCH),
    ("wait", RUNNING, Seen(until=DARK, late=True), Do.UNKNOWN),
    ("wait", RUNNING, Seen(until=YES), Do.DONE),
    ("wait", RUNNING, Seen(until=YES, late=True), Do.DONE),
    ("wait", RUNNING, Seen(until=NO, failed_when=YES), Do.FAIL),
    ("wait", RUNNING, Seen(until=NO, failed_when=DARK), Do.WATCH),
    ("wait expecting", RUNNING, Seen(until=YES), Do.VERIFY),
    ("manual", RUNNING, Seen(), Do.AGAIN),
    ("manual", RUNNING, Seen(confirmed=True), Do.DONE),
    ("manual expecting", RUNNING, Seen(confirmed=True), Do.VERIFY),
    ("transfer", RUNNING, Seen(), Do.COPY),
    ("transfer", RUNNING, Seen(trouble="lost"), Do.COPY),
    ("transfer", RUNNING, Seen(trouble="lost", late=True), Do.UNKNOWN),
    ("transfer", RUNNING, Seen(copied=False, trouble="no room"), Do.FAIL),
    ("transfer", RUNNING, Seen(copied=True), Do.DONE),
    ("transfer expecting", RUNNING, Seen(copied=True), Do.VERIFY),
]

IN_TROUBLE: list[tuple[StepState, Choice | None, Do]] = [
    *((state, None, Do.ASK) for state in (StepState.FAILED, StepState.UNKNOWN, StepState.INTERRUPTED)),
    *((state, Choice.CANCEL, Do.STOP) for state in (StepState.FAILED, StepState.UNKNOWN)),
    (StepState.FAILED, Choice.RETRY, Do.RETRY),
    (StepState.FAILED, Choice.UNDO, Do.UNDO),
    (StepState.FAILED, Choice.HOLDS, Do.STOP),
    (StepState.FAILED, Choice.READ_AGAIN, Do.STOP),
    (StepState.UNKNOWN, Choice.READ_AGAIN, Do.REOPEN),
    (StepState.INTERRUPTED, Choice.READ_AGAIN, Do.REOPEN),
    (StepState.UNKNOWN, Choice.HOLDS, Do.DONE),
    (StepState.INTERRUPTED, Choice.HOLDS, Do.DONE),
    (StepState.INTERRUPTED, Choice.RETRY, Do.RETRY),
    (StepState.UNKNOWN, Choice.RETRY, Do.STOP),
    (StepState.UNKNOWN, Choice.UNDO, Do.STOP),
    (StepState.UNKNOWN, Choice.GO, Do.STOP),
]


@pytest.mark.parametrize(("step", "seen", "do"), BEFORE)
def test_before_a_step(step: str, seen: Seen, do: Do) -> None:
    assert decide(_run(step, PENDING), seen).do is do


@pytest.mark.parametrize(("step", "state", "seen", "do"), UNDER_WAY)
def test_a_step_under_way(step: str, state: StepState, seen: Seen, do: Do) -> None:
    assert decide(_run(step, state), seen).do is do


@pytest.mark.parametrize(("state", "answer", "do"), IN_TROUBLE)
def test_a_step_in_trouble(state: StepState, answer: Choice | None, do: Do) -> None:
    assert decide(_run("plain", state, why="x"), Seen(answer=answer)).do is do


@pytest.mark.parametrize("state", StepState)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "seen", [Seen(), Seen(guards=YES, expects=NO), Seen(job=ENDED), Seen(until=YES), Seen(copied=True)]
)
def test_an_abort_or_a_stop_never_lets_another_step_begin(state: StepState, step: str, seen: Seen) -> None:
    for signals in (Signals(abort="x"), Signals(stop="x"), Signals(lock="x"), Signals(stop="x", insist=True)):
        decision = decide(_run(step, state), seen, signals)
        assert decision.do not in (Do.BEGIN, Do.ASK, Do.RETRY)
        if state is PENDING:
            assert decision.do is (Do.ABORT if signals.abort else Do.STOP)


def test_a_job_that_is_absent_is_launched_again_only_if_it_was_never_seen_on_its_node() -> None:
    for state in (RUNNING, StepState.UNKNOWN, StepState.INTERRUPTED, StepState.FAILED):
        reached = _run("plain", state, why="x", reached=True)
        assert decide(reached, Seen(job=_job(JobState.ABSENT))).do is not Do.AGAIN
    # Looked at again after the launch was lost for good.
    assert decide(_run("plain", RUNNING), Seen(job=_job(JobState.ABSENT), again=True)).do is Do.AGAIN


def test_a_running_job_is_let_finish_unless_the_operator_insists() -> None:
    run, seen = _run("plain", RUNNING), Seen(job=_job(JobState.RUNNING))
    assert decide(run, seen, Signals(stop="x")).do is Do.FOLLOW
    assert decide(run, seen, Signals(abort="x")).do is Do.FOLLOW
    assert decide(run, seen, Signals(stop="x", insist=True)).do is Do.LEAVE
    assert decide(run, Seen(trouble="lost"), Signals(stop="x", insist=True)).do is Do.LEAVE


def test_a_wait_ends_at_once_when_the_run_is_stopped() -> None:
    assert decide(_run("wait", RUNNING), Seen(until=NO), Signals(stop="x")).do is Do.STOP


def test_the_end_is_verified_and_falls_short_only_after_it_had_its_time() -> None:
    run = _run("bare", StepState.DONE)
    assert decide(run).do is Do.FINISH
    expecting = replace(run, plan=run.plan.model_copy(update={"expects": ("so",)}))
    assert decide(expecting).do is Do.VERIFY_END
    assert decide(expecting, Seen(expects=NO)).do is Do.VERIFY_END
    assert decide(expecting, Seen(expects=NO, settled=True)).do is Do.FALL_SHORT
    assert decide(expecting, Seen(expects=DARK, settled=True)).do is Do.FALL_SHORT
    assert decide(expecting, Seen(expects=YES), QUIET).do is Do.FINISH


def test_a_refusal_names_the_condition_and_says_when_it_is_unknown() -> None:
    unknown = decide(_run("plain", PENDING), Seen(guards=DARK, expects=NO, late=True)).why
    assert unknown == "so is unknown: no answer"
    assert decide(_run("plain", PENDING), Seen(guards=NO, expects=NO)).why == "so does not hold: it is not so"


def test_a_step_whose_job_failed_shows_the_last_line_it_printed() -> None:
    run = _run("plain", RUNNING, err="first\ngmirror: No such device: sites.\n")
    assert decide(run, Seen(job=FAILED)).why == "exit 1: gmirror: No such device: sites."
