"""How each thing the machine can ask for is done; what was seen of the step while doing it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace

from console.engine import questions, transitions
from console.engine.carrying import Parties
from console.engine.decisions import NOTHING, Do, Seen
from console.engine.desk import growing
from console.engine.on_nodes import present, probed
from console.engine.streaming import carried
from console.engine.writing import filled, write_text
from console.health.history import History, remember
from console.health.progress import progress
from console.model.job import CopyRefused, HandsLost, HandsRefused, JobLook, JobState, LockLost
from console.model.plan import Command, Step, Transfer, Wait, WriteFile
from console.model.run import Checked, Choice, RunRecord, StepState
from console.ssh.backoff import delays

SETTLING = 15.0
"""Seconds within which what must hold after a step has to come true."""
PATIENCE = 5.0
"""Seconds for which a guard that is unknown is read again before the step is refused."""
STAYED = 0.2
"""Seconds a look must have taken for the next to follow at once."""
REOPENED = 10.0
"""Seconds for which a job is followed when the operator asked to look again."""


class Doing:
    """The handlers, and what they have seen of the current step."""

    def __init__(self, parties: Parties) -> None:
        self._p = parties
        self._desk = parties.desk
        self._loop = asyncio.get_running_loop()
        self.forget()
        self.handlers: Mapping[Do, Callable[[Step], Awaitable[None]]] = {
            Do.READ: self._read,
            Do.ASK: self._ask,
            Do.BEGIN: self._begin,
            Do.AGAIN: self._again,
            Do.LOOK: self._look,
            Do.FOLLOW: self._follow,
            Do.WATCH: self._watch,
            Do.COPY: self._copy,
            Do.STREAM: self._stream,
            Do.VERIFY: self._verify,
            Do.REOPEN: self._reopen,
            Do.RETRY: self._retry,
        }

    def forget(self) -> None:
        """The step's state has changed: nothing is seen of it yet."""
        self.seen: Seen = NOTHING
        self._limit: float | None = None
        self._settled: float | None = None
        self._stayed = False
        self._pauses: Iterator[float] = growing()
        self._retries: Iterator[float] = delays(first=0.25, longest=15.0)
        self._history = History()

    @property
    def _run(self) -> RunRecord:
        return self._desk.run

    def _see(self, **values: object) -> None:
        self.seen = replace(self.seen, **values)  # type: ignore[arg-type]

    async def _read(self, step: Step) -> None:
        again = self.seen.guards is not None
        if again:
            await self._desk.pause(next(self._pauses))
        self._limit = self._limit or self._loop.time() + PATIENCE
        readings = self._p.readings
        look = readings.recent() if not again and not self.seen.confirmed else readings.fresh()
        same = None
        try:
            if isinstance(step.action, WriteFile) and not step.always and self.seen.same is None:
                snapshot, same = await asyncio.gather(look, present(step, self._p.grips, self._p.secrets))
            else:
                snapshot = await look
        except HandsLost as lost:
            self._see(trouble=str(lost))
            return
        guards = readings.checked(step.guards, snapshot)
        self._desk.put(transitions.changed(self._run, step.id, guards=guards))
        self._see(
            guards=guards,
            expects=readings.checked(step.expects, snapshot),
            same=same if same is not None else self.seen.same,
            late=self._loop.time() >= self._limit,
        )

    async def _ask(self, step: Step) -> None:
        if transitions.record_of(self._run, step.id).state is not StepState.PENDING:
            self._see(answer=await self._desk.ask(questions.in_trouble(self._run, step)))
            return
        facts = await probed(questions.probes(self._run.plan, step), self._p.grips)
        answer = await self._desk.ask(questions.before(self._run, step, facts))
        if answer is Choice.GO:
            self.forget()
            self._see(confirmed=True)
        else:
            self._see(answer=answer)

    async def _begin(self, step: Step) -> None:
        text, given = "", None
        if isinstance(step.action, Command):
            text = step.action.text
        elif isinstance(step.action, WriteFile):
            try:
                values = await self._p.secrets.for_file(step.action)
            except HandsLost as lost:
                self._see(trouble=str(lost))
                return
            text, given = write_text(step.action, self._run.id), filled(step.action.content, values)
        confirmed = self.seen.confirmed
        self.forget()
        self._desk.put(transitions.intended(self._run, step.id, self._desk.now()))
        await self._desk.keep()
        self._limit = self._loop.time() + step.timeout
        if isinstance(step.action, Command | WriteFile):
            await self._launch(step, text, given)
        else:
            self._desk.put(transitions.running(self._run, step.id))
            self._see(confirmed=confirmed, begun=True)

    async def _launch(self, step: Step, text: str, given: bytes | None) -> None:
        job, node = transitions.job_of(self._run, step.id), step.node or ""
        try:
            look = await self._p.jobs.launch(step.id, node, job, text, given)
        except LockLost as lost:
            await self._not_begun(step, str(lost))
            self._p.locks.lost(node)
        except HandsRefused as refused:
            await self._not_begun(step, str(refused))
        except HandsLost as lost:
            self._see(trouble=str(lost))
        else:
            await self._saw(step, look)

    async def _not_begun(self, step: Step, why: str) -> None:
        now = self._desk.now()
        self._desk.put(transitions.in_trouble(self._run, step.id, StepState.REFUSED, why, now))
        self.forget()
        await self._desk.keep()

    async def _again(self, step: Step) -> None:
        self._desk.put(transitions.never_began(self._run, step.id))
        self.forget()
        await self._desk.pause(next(self._pauses))

    async def _saw(self, step: Step, look: JobLook) -> None:
        self._see(job=look, trouble="")
        reached = transitions.record_of(self._run, step.id).reached
        if not reached and look.state not in (JobState.ABSENT, JobState.CLAIMED):
            self._desk.put(transitions.running(self._run, step.id))
            if look.state is JobState.RUNNING:
                await self._desk.keep()

    def _limit_of(self, step: Step) -> float:
        """When the step's time is over (loop time), counted from its intent, in this life or before."""
        if self._limit is None:
            started = transitions.record_of(self._run, step.id).started
            left = step.timeout if started is None else started + step.timeout - self._desk.now()
            self._limit = self._loop.time() + max(0.0, min(left, step.timeout))
        return self._limit

    async def _look(self, step: Step) -> None:
        limit = self._limit_of(step)
        if self.seen.trouble:
            await self._desk.pause(min(next(self._retries), max(0.0, limit - self._loop.time())))
        try:
            look = await self._p.jobs.look(step.id, step.node or "", transitions.job_of(self._run, step.id))
        except HandsLost as lost:
            self._see(job=None, trouble=str(lost), late=self._loop.time() >= limit)
        else:
            self._see(late=self._loop.time() >= limit)
            await self._saw(step, look)

    async def _follow(self, step: Step) -> None:
        if not self._stayed:
            await self._desk.pause(next(self._pauses))
        self._see(trouble="")
        began = self._loop.time()
        await self._look(step)
        # The node itself waits for a job's end where it can: pausing here as well would only make it late.
        self._stayed = self._loop.time() - began >= STAYED

    async def _watch(self, step: Step) -> None:
        if not isinstance(step.action, Wait):
            raise TypeError(f"step {step.id} waits for nothing")
        if self._limit is None:
            self._limit = self._loop.time() + step.timeout
        if self.seen.until is not None:
            await self._desk.pause(next(self._pauses))
        # Nothing was sent since the step began: the reading its guards were judged by may end it at once.
        first = self.seen.until is None and not self.seen.again
        snapshot = await (self._p.readings.recent() if first else self._p.readings.fresh())
        self._history = remember(self._history, snapshot)
        copying = progress(self._history, snapshot)
        run = transitions.changed(
            self._run,
            step.id,
            percent=copying.percent if copying else None,
            eta=copying.eta if copying else None,
        )
        self._desk.put(run)
        readings = self._p.readings
        self._see(
            until=readings.checked(step.action.until, snapshot),
            failed_when=readings.checked(step.action.failed_when, snapshot),
            late=self._loop.time() >= self._limit,
        )

    async def _copy(self, step: Step) -> None:
        action, copier = step.action, self._p.copier
        if not isinstance(action, Transfer):
            raise TypeError(f"step {step.id} copies nothing")
        if copier is None:
            self._see(copied=False, trouble="this console has nothing to copy with")
            return
        if self._limit is None:
            self._limit = self._loop.time() + step.timeout
        if self.seen.trouble:
            await self._desk.pause(min(next(self._retries), max(0.0, self._limit - self._loop.time())))
        node = self._p.grips[step.node or ""].node
        self._p.readings.sent()
        began = self._loop.time()

        def show(done: int, size: int) -> None:
            rate = done / max(0.001, self._loop.time() - began)
            percent = min(100, done * 100 // size) if size else None
            eta = (size - done) / rate if rate else None
            self._desk.put(transitions.changed(self._run, step.id, percent=percent, eta=eta))

        async def copy() -> bool:
            async with asyncio.timeout_at(self._limit):
                await copier.copy(node, action.source, action.host, action.target, show)
            return True

        try:
            copied = await self._desk.unless_stirred(copy())
        except CopyRefused as refused:
            self._see(copied=False, trouble=str(refused))
        except (HandsLost, TimeoutError) as lost:
            late = self._loop.time() >= self._limit
            self._see(trouble=str(lost) or f"not copied within {step.timeout:.0f} s", late=late)
        else:
            if copied:
                self._see(copied=True)

    async def _stream(self, step: Step) -> None:
        trouble = await carried(self._p, step, self._limit_of(step))
        self._see(streamed=not trouble, trouble=trouble)

    async def _verify(self, step: Step) -> None:
        expects = await self._what_holds(step.expects)
        self._desk.put(transitions.changed(self._run, step.id, expects=expects))

    async def keep_and_read(self) -> None:
        """Keep the run after a step, and begin the reading that whatever comes next needs, both at once.

        The reading begins after the step's end, as it would have after the keeping: `Readings.recent` hands
        it out while it is fresh. Nothing is sent before the run is on disk.
        """
        if self._run.current is None and not self._run.plan.expects:
            await self._desk.keep()
            return
        reading = asyncio.create_task(self._p.readings.recent())
        try:
            await self._desk.keep()
            await reading
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def verify_end(self) -> None:
        """Read what must hold at the end of the plan."""
        await self._what_holds(self._run.plan.expects, recent=True)

    async def _what_holds(self, names: tuple[str, ...], *, recent: bool = False) -> tuple[Checked, ...]:
        first = self._settled is None
        if self._settled is None:
            self._settled = self._loop.time() + SETTLING
            self._pauses = growing()
        else:
            await self._desk.pause(next(self._pauses))
        readings = self._p.readings
        expects = readings.checked(names, await (readings.recent() if recent and first else readings.fresh()))
        self._see(expects=expects, settled=self._loop.time() >= self._settled)
        return expects

    async def _reopen(self, step: Step) -> None:
        self._desk.put(transitions.reopened(self._run, step.id))
        self.forget()
        quiet = not isinstance(step.action, Command | WriteFile)
        self._limit = self._loop.time() + (step.timeout if quiet else REOPENED)
        self._see(again=True)

    async def _retry(self, step: Step) -> None:
        self._desk.put(transitions.retried(self._run, step.id, self._desk.now()))
        self.forget()
        await self._desk.keep()
