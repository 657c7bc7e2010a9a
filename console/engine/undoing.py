"""Taking a run back: the steps that took effect, the last one first, each verified. The choice is pure."""

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum

from console.engine import questions, transitions
from console.engine.carrying import Parties
from console.engine.course import End
from console.engine.desk import growing
from console.engine.doing import SETTLING
from console.engine.machine import first_not_so, said
from console.engine.writing import restore_text, secret_names
from console.health.conditions.vocabulary import NOT
from console.model.job import HandsLost, HandsRefused, JobLook, JobState, LockLost
from console.model.plan import Manual, Risk, Step, Wait, WriteFile
from console.model.run import Checked, Choice, RunRecord, RunState, StepRecord, StepState

_ANSWERS = "-answers"


class Back(StrEnum):
    """What is to be done with the last step that still stands."""

    MARK = "nothing is to be taken back"
    RUN = "run its undo"
    STUCK = "it cannot be taken back"
    ALL = "nothing stands any more"


@dataclass(frozen=True, slots=True)
class NextBack:
    """The choice, about which step, and why; `text` is the undo to be run."""

    do: Back
    step: str | None = None
    why: str = ""
    text: str = ""


def next_back(run: RunRecord) -> NextBack:
    """What to take back next."""
    for record in map(_as_it_stands, reversed(run.steps)):
        if record.state in (StepState.PENDING, StepState.REFUSED, StepState.ALREADY_SO, StepState.UNDONE):
            continue
        step = run.plan.step(record.id)
        quiet = isinstance(step.action, Wait | Manual) or step.risk is Risk.READ
        if record.state is not StepState.DONE and isinstance(step.action, Wait | Manual):
            continue
        if record.state is StepState.FAILED:
            return _failed(step, record, run.id)
        if record.state is not StepState.DONE:
            return NextBack(
                Back.STUCK, step.id, f"how “{step.title}” ended is not known: resume the run to settle it"
            )
        if step.undo is None and quiet:
            return NextBack(Back.MARK, step.id, "it changed nothing")
        return _done(step, record, run.id)
    return NextBack(Back.ALL)


def _as_it_stands(record: StepRecord) -> StepRecord:
    """A step that was tried before: what that attempt did is taken back too, if this one did nothing."""
    if not record.tried:
        return record
    if record.state in (StepState.PENDING, StepState.REFUSED):
        return replace(record, state=StepState.FAILED)
    return replace(record, state=StepState.DONE) if record.state is StepState.ALREADY_SO else record


def tells_of_effect(step: Step) -> bool:
    """Whether what the undo expects, where it holds after the step failed, proves that nothing was done.

    It does where it contradicts what the step expects. That the node answers, or whatever had to hold before
    the step as well, says nothing: half of it may be done.
    """
    undone = set(step.undo.expects) if step.undo else set()
    if any(_opposite(name) in undone for name in step.expects):
        return True
    return any(name not in step.guards and not name.endswith(_ANSWERS) for name in undone)


def _opposite(name: str) -> str:
    return name.removeprefix(NOT) if name.startswith(NOT) else NOT + name


def _failed(step: Step, record: StepRecord, run: str) -> NextBack:
    if step.risk is Risk.READ:
        return NextBack(Back.MARK, step.id, "it changed nothing")
    back = _done(step, record, run)
    if back.do is Back.RUN and not (step.undo and (step.undo.expects or step.undo.however_far)):
        return NextBack(
            Back.STUCK,
            step.id,
            f"“{step.title}” failed; whether it took effect in part is not known, look at {step.node}",
        )
    return back


def _done(step: Step, record: StepRecord, run: str) -> NextBack:
    undo = step.undo
    if undo is not None and undo.none_needed is not None:
        return NextBack(Back.MARK, step.id, f"nothing to take back: {undo.none_needed}")
    if undo is not None and undo.text is not None:
        return NextBack(Back.RUN, step.id, text=undo.text)
    if isinstance(step.action, WriteFile) and not secret_names(step.action.content):
        text = restore_text(step.action, run, record.out)
        if text is not None:
            return NextBack(Back.RUN, step.id, text=text)
    return NextBack(Back.STUCK, step.id, f"“{step.title}” cannot be taken back: it has no undo")


class _Stuck(Exception):
    """The step cannot be taken back now; `str()` says why."""


class Undoing:
    """The course of taking a run back."""

    def __init__(self, parties: Parties) -> None:
        self._p = parties
        self._desk = parties.desk
        self._kept: dict[str, str] = {}

    async def go(self) -> End:
        """Take back what can be, in order; stop where one step cannot be."""
        try:
            while True:
                signals = self._desk.heed()
                if signals.lock or signals.stop:
                    raise _Stuck(signals.lock or signals.stop)
                back = next_back(self._desk.run)
                if back.do is Back.ALL:
                    return End(RunState.UNDONE, "everything this run did was taken back", {})
                if back.do is Back.STUCK:
                    raise _Stuck(back.why)
                step = self._desk.run.plan.step(back.step or "")
                if back.do is Back.RUN:
                    await self._take_back(step, back.text)
                else:
                    await self._mark(step, back.why)
        except _Stuck as stuck:
            return End(RunState.STOPPED, f"not taken back further: {stuck}", self._kept)

    async def _mark(self, step: Step, why: str) -> None:
        self._desk.put(transitions.undone(self._desk.run, step.id, why, self._desk.now()))
        await self._desk.keep()

    async def _take_back(self, step: Step, text: str) -> None:
        expects = step.undo.expects if step.undo else ()
        record = _as_it_stands(transitions.record_of(self._desk.run, step.id))
        failed = record.state is StepState.FAILED and tells_of_effect(step)
        if failed and first_not_so(await self._holding(expects)) is None:
            await self._mark(step, "it failed without effect")
            return
        asked = sent = False
        look = await self._follow(step) if record.undoing else None
        while look is None or not (look.state is JobState.ENDED and look.exit_status == 0):
            unsent = look is None or look.state in (JobState.ABSENT, JobState.CLAIMED)
            if look is not None and not unsent and sent:
                how = f"exit {look.exit_status}" if look.state is JobState.ENDED else look.state.value
                raise _Stuck(f"the undo of “{step.title}” on {step.node}: {how}")
            question = questions.undo(self._desk.run, step, text)
            if not asked and await self._desk.ask(question) is not Choice.GO:
                why = self._desk.signals.stop or self._desk.signals.lock
                raise _Stuck(why or f"the operator leaves “{step.title}” as it is")
            asked = sent = True
            await self._send(step, text, anew=look is None or not unsent)
            look = await self._follow(step)
        await self._verify(step, expects)

    async def _send(self, step: Step, text: str, *, anew: bool) -> None:
        """Keep the intent and launch; `anew` = as a job of its own, the one before (if any) has ended."""
        run = self._desk.run
        if anew:
            run = transitions.undo_begun(run, step.id, self._desk.now())
        self._desk.put(run)
        await self._desk.keep()
        job = transitions.undo_job_of(run, step.id)
        try:
            await self._p.jobs.launch(step.id, step.node or "", job, text)
        except HandsRefused as refused:
            raise _Stuck(f"the undo of “{step.title}” was not begun: {refused}") from refused
        except HandsLost:
            return  # whether it was launched is seen next
        except LockLost as lost:
            self._p.locks.lost(step.node or "")
            raise _Stuck(f"the undo of “{step.title}” was not sent: {lost}") from lost

    async def _follow(self, step: Step) -> JobLook:
        """The undo job once it does not run any more."""
        job, node = transitions.undo_job_of(self._desk.run, step.id), step.node or ""
        loop = asyncio.get_running_loop()
        limit = loop.time() + step.timeout
        for pause in growing():
            lost = ""
            try:
                look = await self._p.jobs.look(step.id, node, job)
            except HandsLost as gone:
                lost = f": {gone}"
            else:
                if look.state is not JobState.RUNNING:
                    return look
            if loop.time() >= limit or self._desk.heed().insist:
                self._kept = {node: f"job {job} may still be running"}
                raise _Stuck(f"the undo of “{step.title}” on {node} may still run as job {job}{lost}")
            await self._desk.pause(pause)
        raise AssertionError("pauses never end")

    async def _verify(self, step: Step, expects: tuple[str, ...]) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.time() + SETTLING
        for pause in growing():
            failing = first_not_so(await self._holding(expects)) if expects else None
            if failing is None:
                await self._mark(step, "taken back")
                return
            if loop.time() >= limit:
                raise _Stuck(f"the undo of “{step.title}” ended, but {said(failing)}")
            self._desk.heed()
            await self._desk.pause(pause)

    async def _holding(self, names: tuple[str, ...]) -> tuple[Checked, ...]:
        return self._p.readings.checked(names, await self._p.readings.fresh())
