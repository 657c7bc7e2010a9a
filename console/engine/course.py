"""The course of a run: asks the machine what is next and has it done, until the run ends."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.engine import transitions
from console.engine.carrying import Parties
from console.engine.decisions import QUIET, Decision, Do
from console.engine.doing import Doing
from console.engine.machine import decide
from console.model.job import JobState
from console.model.plan import Command, WriteFile
from console.model.run import RunState, StepState


@dataclass(frozen=True, slots=True)
class End:
    """How a course ended; the locks are still held."""

    state: RunState
    why: str
    kept: Mapping[str, str]
    """Nodes on which the lock stays, and why."""
    undo: bool = False
    """The operator wants the run taken back."""


class Course:
    """One pass over a plan's steps."""

    def __init__(self, parties: Parties) -> None:
        self._p = parties
        self._desk = parties.desk
        self._doing = Doing(parties)

    async def go(self) -> End:
        """Do what the machine says until it says that the run ends."""
        handlers = self._doing.handlers
        while True:
            decision = decide(self._desk.run, self._doing.seen, self._desk.heed())
            if decision.do is Do.VERIFY_END:
                await self._doing.verify_end()
            elif decision.do in handlers and decision.step is not None:
                await handlers[decision.do](self._desk.run.plan.step(decision.step))
            elif not await self._settled(decision):
                return self._end(decision)

    async def _settled(self, decision: Decision) -> bool:
        """Bring an outcome into the record; False when the decision is no outcome of a step."""
        if decision.step is None:
            return False
        run, step, now = self._desk.run, decision.step, self._desk.now()
        why = self._p.secrets.mask(decision.why)
        match decision.do:
            case Do.DONE:
                run = transitions.took_effect(run, step, StepState.DONE, why, now)
            case Do.SKIP:
                run = transitions.took_effect(run, step, StepState.ALREADY_SO, why, now)
            case Do.REFUSE:
                run = transitions.in_trouble(run, step, StepState.REFUSED, why, now)
            case Do.FAIL:
                run = transitions.in_trouble(run, step, StepState.FAILED, why, now)
            case Do.UNKNOWN | Do.INTERRUPT:
                state = StepState.UNKNOWN if decision.do is Do.UNKNOWN else StepState.INTERRUPTED
                as_job = isinstance(run.plan.step(step).action, Command | WriteFile)
                named = f"{why} (job {transitions.job_of(run, step)})" if as_job else why
                run = transitions.in_trouble(run, step, state, named, now)
            case _:
                return False
        self._desk.put(run)
        self._doing.forget()
        if decision.do in (Do.DONE, Do.SKIP) and self._desk.signals == QUIET:
            await self._doing.keep_and_read()
        else:
            await self._desk.keep()
        return True

    def _end(self, decision: Decision) -> End:
        run = transitions.cut_short(self._desk.run)
        self._desk.put(run)
        if decision.do is Do.FINISH:
            return End(RunState.DONE, decision.why, {})
        if decision.do is Do.FALL_SHORT:
            return End(RunState.FAILED, decision.why, {})
        step = decision.step or ""
        failed = transitions.record_of(run, step).state is StepState.FAILED
        kept = self._may_be_running(step)
        if decision.do is Do.ABORT:
            return End(RunState.ABORTED, decision.why, kept)
        state = RunState.FAILED if failed else RunState.STOPPED
        return End(state, decision.why, kept, undo=decision.do is Do.UNDO)

    def _may_be_running(self, step: str) -> Mapping[str, str]:
        """The nodes on which a job may still be running: their lock is left."""
        run = self._desk.run
        planned, record = run.plan.step(step), transitions.record_of(run, step)
        if planned.node is None or not isinstance(planned.action, Command | WriteFile):
            return {}
        if record.state not in (StepState.INTENDED, StepState.RUNNING, StepState.UNKNOWN):
            return {}
        job = transitions.job_of(run, step)
        if self._p.jobs.last_state(job) not in (None, JobState.RUNNING, JobState.CLAIMED):
            return {}
        return {planned.node: f"job {job} may still be running"}
