"""What a run does next. Pure: a record and what was just seen go in, a decision comes out.

The runner's whole course is this table asked again and again; after a kill it is asked with nothing seen,
so a resumed run takes the same way as an undisturbed one.
"""

from console.engine.decisions import NOTHING, QUIET, Decision, Do, Seen, Signals
from console.model.job import JobLook, JobState
from console.model.plan import Command, Manual, Plan, Risk, Step, Stream, Transfer, Wait, WriteFile
from console.model.run import Checked, Choice, RunRecord, StepRecord, StepState
from console.model.words import Answer


def decide(run: RunRecord, seen: Seen = NOTHING, signals: Signals = QUIET) -> Decision:
    """The next thing to do."""
    record = run.current
    if record is None:
        return _end(run.plan, seen)
    step = run.plan.step(record.id)
    match record.state:
        case StepState.PENDING:
            return _before(step, seen, signals)
        case StepState.INTENDED | StepState.RUNNING:
            return _under_way(step, record, seen, signals)
        case StepState.REFUSED:
            return Decision(Do.STOP, step.id, record.why)
        case _:
            return _in_trouble(step, record, seen, signals)


def must_ask(step: Step) -> bool:
    """Whether a person has to agree before it."""
    return (
        step.risk is Risk.DESTROYS
        or step.confirm is not None
        or step.shows_direction
        or isinstance(step.action, Manual)
    )


def first_not_so(checked: tuple[Checked, ...]) -> Checked | None:
    """The one that decides: a certain no before an unknown; None when all hold."""
    for answer in (Answer.NO, Answer.UNKNOWN):
        for one in checked:
            if one.answer is answer:
                return one
    return None


def said(checked: Checked) -> str:
    """A condition's outcome in words, unknown named so."""
    if checked.answer is Answer.UNKNOWN:
        return f"{checked.name} is unknown: {checked.why}"
    return f"{checked.name} {'holds' if checked.answer is Answer.YES else 'does not hold'}: {checked.why}"


def _halted(step: Step, signals: Signals) -> Decision | None:
    if signals.abort:
        return Decision(Do.ABORT, step.id, signals.abort)
    if signals.lock or signals.stop:
        return Decision(Do.STOP, step.id, signals.lock or signals.stop)
    return None


def _before(step: Step, seen: Seen, signals: Signals) -> Decision:
    halted = _halted(step, signals)
    if halted is not None:
        return halted
    if seen.answer is Choice.CANCEL:
        return Decision(Do.STOP, step.id, f"cancelled before “{step.title}”")
    if seen.trouble:
        return Decision(Do.REFUSE, step.id, seen.trouble)
    if seen.guards is None:
        return Decision(Do.READ, step.id)
    failing = first_not_so(seen.guards)
    if failing is not None:
        if failing.answer is Answer.UNKNOWN and not seen.late:
            return Decision(Do.READ, step.id)
        return Decision(Do.REFUSE, step.id, said(failing))
    why = _already(step, seen)
    if why:
        return Decision(Do.SKIP, step.id, f"already so: {why}")
    if must_ask(step) and not seen.confirmed:
        return Decision(Do.ASK, step.id)
    return Decision(Do.BEGIN, step.id)


def _already(step: Step, seen: Seen) -> str:
    """Why nothing needs to be done, empty when something does."""
    if step.always or not isinstance(step.action, Command | WriteFile):
        return ""
    holding = bool(seen.expects) and first_not_so(seen.expects or ()) is None
    if isinstance(step.action, WriteFile):
        if seen.same and (holding or not step.expects):
            return f"{step.action.path} has this content"
        return ""
    return "; ".join(one.why for one in seen.expects or ()) if holding else ""


def _under_way(step: Step, record: StepRecord, seen: Seen, signals: Signals) -> Decision:
    action = step.action
    if isinstance(action, Wait):
        return _waiting(step, seen, signals)
    if isinstance(action, Transfer):
        return _copying(step, seen, signals)
    if isinstance(action, Stream):
        return _streaming(step, seen, signals)
    if isinstance(action, Manual):
        return _verify(step, seen, signals, "") if seen.confirmed else Decision(Do.AGAIN, step.id)
    return _job(step, record, seen, signals)


def _job(step: Step, record: StepRecord, seen: Seen, signals: Signals) -> Decision:
    job = seen.job
    if job is None:
        if signals.insist:
            return _left(step, signals)
        if seen.late:
            return Decision(Do.UNKNOWN, step.id, seen.trouble or f"no word from {step.node}")
        return Decision(Do.LOOK, step.id)
    match job.state:
        case JobState.ENDED if job.exit_status == 0:
            return _verify(step, seen, signals, "exit 0, but ")
        case JobState.ENDED:
            return Decision(Do.FAIL, step.id, f"exit {job.exit_status}{_last_line(job, record)}")
        case JobState.RUNNING:
            if signals.insist:
                return _left(step, signals)
            if seen.late:
                return Decision(
                    Do.UNKNOWN, step.id, f"still running on {step.node} after {step.timeout:.0f} s"
                )
            return Decision(Do.FOLLOW, step.id)
        case JobState.ABSENT | JobState.CLAIMED:
            if not record.reached or job.state is JobState.CLAIMED:
                return Decision(Do.AGAIN, step.id)
            return Decision(Do.UNKNOWN, step.id, f"its job directory is gone from {step.node}")
        case JobState.INTERRUPTED:
            return _cannot_tell(step, seen, signals, Do.INTERRUPT, f"{step.node} booted while it ran")
        case JobState.VANISHED:
            return _cannot_tell(
                step, seen, signals, Do.UNKNOWN, f"its process on {step.node} is gone without a status"
            )


def _cannot_tell(step: Step, seen: Seen, signals: Signals, do: Do, why: str) -> Decision:
    """The job will not tell any more: asked again, what holds now decides, if anything was expected."""
    if not seen.again or not step.expects:
        return Decision(do, step.id, why)
    verified = _verify(step, seen, signals, f"{why}; ")
    if verified.do is Do.UNKNOWN:
        return Decision(do, step.id, verified.why)
    return verified


def _left(step: Step, signals: Signals) -> Decision:
    why = signals.abort or signals.stop or signals.lock
    return Decision(Do.LEAVE, step.id, f"{why}; its job on {step.node} may still be running")


def _last_line(job: JobLook, record: StepRecord) -> str:
    lines = [line for line in (record.err or record.out).splitlines() if line.strip()]
    return f": {lines[-1].strip()[:200]}" if lines else ""


def _verify(step: Step, seen: Seen, signals: Signals, prefix: str) -> Decision:
    if not step.expects:
        return Decision(Do.DONE, step.id)
    if seen.expects is None:
        return Decision(Do.VERIFY, step.id)
    failing = first_not_so(seen.expects)
    if failing is None:
        return Decision(Do.DONE, step.id)
    if signals.insist:
        return _left(step, signals)
    if not seen.settled:
        return Decision(Do.VERIFY, step.id)
    do = Do.FAIL if failing.answer is Answer.NO else Do.UNKNOWN
    return Decision(do, step.id, f"{prefix}{said(failing)}")


def _waiting(step: Step, seen: Seen, signals: Signals) -> Decision:
    halted = _halted(step, signals)
    if halted is not None:
        return halted
    if seen.until is None:
        return Decision(Do.WATCH, step.id)
    bad = next((one for one in seen.failed_when if one.answer is Answer.YES), None)
    if bad is not None:
        return Decision(Do.FAIL, step.id, said(bad))
    missing = first_not_so(seen.until)
    if missing is None:
        return _verify(step, seen, signals, "")
    if seen.late:
        return Decision(Do.UNKNOWN, step.id, f"not within {step.timeout:.0f} s: {said(missing)}")
    return Decision(Do.WATCH, step.id)


def _copying(step: Step, seen: Seen, signals: Signals) -> Decision:
    if seen.copied:
        return _verify(step, seen, signals, "copied, but ")
    halted = _halted(step, signals)
    if halted is not None:
        return halted
    if seen.copied is False:
        return Decision(Do.FAIL, step.id, seen.trouble)
    if seen.late:
        return Decision(Do.UNKNOWN, step.id, seen.trouble or f"not within {step.timeout:.0f} s")
    return Decision(Do.COPY, step.id)


def _streaming(step: Step, seen: Seen, signals: Signals) -> Decision:
    if seen.streamed:
        return _verify(step, seen, signals, "both ends exit 0, but ")
    if seen.streamed is False:
        return Decision(Do.FAIL, step.id, seen.trouble)
    if not seen.begun:
        return Decision(Do.FAIL, step.id, "both its ends ended with the console; run again, it begins anew")
    return Decision(Do.STREAM, step.id)


def _in_trouble(step: Step, record: StepRecord, seen: Seen, signals: Signals) -> Decision:
    halted = _halted(step, signals)
    if halted is not None:
        return halted
    match seen.answer:
        case None:
            return Decision(Do.ASK, step.id, record.why)
        case Choice.READ_AGAIN if record.state is not StepState.FAILED:
            return Decision(Do.REOPEN, step.id)
        case Choice.HOLDS if record.state is not StepState.FAILED:
            return Decision(Do.DONE, step.id, "the operator states that it is done")
        case Choice.RETRY if record.state in (StepState.FAILED, StepState.INTERRUPTED):
            return Decision(Do.RETRY, step.id)
        case Choice.UNDO if record.state is StepState.FAILED:
            return Decision(Do.UNDO, step.id, f"“{step.title}”: {record.why}")
        case _:
            return Decision(Do.STOP, step.id, f"“{step.title}”: {record.why}")


def _end(plan: Plan, seen: Seen) -> Decision:
    if not plan.expects:
        return Decision(Do.FINISH, why=plan.ends)
    if seen.expects is None:
        return Decision(Do.VERIFY_END)
    failing = first_not_so(seen.expects)
    if failing is None:
        return Decision(Do.FINISH, why=plan.ends)
    if not seen.settled:
        return Decision(Do.VERIFY_END)
    return Decision(Do.FALL_SHORT, why=f"every step is done, but {said(failing)}")
