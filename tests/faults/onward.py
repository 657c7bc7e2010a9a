"""From whatever a run left behind to a pair that serves whole: the proof that every safe state is one."""

import asyncio

from console.engine.runner import Refused
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from console.model.snapshot import PairSnapshot
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS
from playbooks.parts.refusing import LOCK_FRESH
from tests.faults.cells import Then
from tests.faults.console import Bench, Console
from tests.faults.site import STARTS, Site

_WAYS = ("recover-slave", "fail-back", "start-pair", "promote")
"""Jobs that lead back, in the order in which they are tried."""
_TO_THE_END = ("provision", "recover-slave", "start-pair")
"""The same for a pair that was never in service: what provisioning names where it refuses."""
_ROUNDS = 8


class Onward:
    """An operator who does not give up."""

    def __init__(self, site: Site, bench: Bench, plan: Plan | None) -> None:
        self._site = site
        self._bench = bench
        self._plan = plan
        self._waited = False
        self._left = ["resume", "undo"] if bench.strike.cell.then is Then.OTHER else []
        self.told: list[str] = []
        """What was done, one line each."""
        self.wrong: list[str] = []

    async def whole(self) -> bool:
        """Whether the pair serves as it should, looked at until nothing is unknown."""
        return not await self.missing()

    async def missing(self) -> str:
        """The first thing that is not as it should be."""
        return await self._site.missing()

    async def run(self) -> RunRecord | None:
        """The job itself, with all the operator tries to bring it to its end."""
        strike, then = self._bench.strike, self._bench.strike.cell.then
        if self._plan is None:
            raise ValueError("no plan to run")
        record = await Console(self._bench).apply(self._plan)
        if record is None:
            # Killed: the pair is found again some time later, by a console that knows only the journal.
            strike.died.clear()
            record = await self._try("resume")
        await strike.mend()
        if record is not None and record.state is RunState.DONE:
            return record
        self._tell("apply", record)
        await self._up()
        if then is Then.RESUME:
            record = await self._try("resume") or record
            if record is not None and record.state is not RunState.DONE:
                record = await self._try("undo") or record
        elif then is Then.UNDO:
            record = await self._try("undo") or record
        return record

    async def _try(self, what: str) -> RunRecord | None:
        if not self._bench.runs:
            return None
        run, console = self._bench.runs[0], Console(self._bench)
        try:
            record = await (console.resume(run) if what == "resume" else console.undo(run))
        except Refused as refused:
            self.told.append(f"{what}: refused, {refused}")
            return None
        self._tell(what, record)
        return record

    def _tell(self, what: str, record: RunRecord | None) -> None:
        self.told.append(f"{what}: {record.state.value}, {record.why}" if record else f"{what}: killed")

    async def _up(self) -> None:
        """Until both nodes answer."""
        await self._site.both_seen()

    async def home(self) -> bool:
        """Further jobs until the pair is whole; False where none leads on."""
        await self._up()
        for _ in range(_ROUNDS):
            if not await self.missing():
                return True
            await self._site.settled()
            if not (missing := await self.missing()):
                return True
            self.told.append(f"not whole: {missing}")
            on = await self._one_more(await self._site.look()) or await self._outwaited()
            if not on and not await self._back_to_the_run():
                return False
        return not await self.missing()

    async def _outwaited(self) -> bool:
        """Wait until a lock that a console left behind has become stale; False where none is held."""
        snapshot = await self._site.look()
        if all(view.facts.lock.value is None for view in snapshot.nodes) or self._waited:
            return False
        self._waited = True
        await self._site.lab.world.clock.sleep(LOCK_FRESH)
        return True

    async def _back_to_the_run(self) -> bool:
        """Where no other job leads on: what the operator did not want to do first; each once."""
        while self._left:
            if await self._try(self._left.pop(0)) is not None:
                return True
        return False

    async def _one_more(self, snapshot: PairSnapshot) -> bool:
        ways: tuple[str, ...] = (
            _TO_THE_END if self._site.scenario == "bare" and not _has_data(snapshot) else _WAYS
        )
        own = self._plan.job if self._plan else ""
        if own in ("keep", "provision"):
            ways = (own, *(way for way in ways if way != own))
        why: list[str] = []
        for name in ways:
            job = JOBS[name]
            answers = STARTS[name].answers if name in ("keep", "provision") else {}
            try:
                plan = job.plan(snapshot, job.answers.model_validate({**job.defaults(snapshot), **answers}))
            except CannotPlan as cannot:
                why.append(f"{name}: {cannot}")
                continue
            try:
                record = await Console(self._bench).apply(plan)
            except Refused as refused:
                self.told.append(f"{name}: refused, {refused}")
                await asyncio.sleep(10.0)
                return True
            self._tell(name, record)
            if record is not None and record.state is not RunState.DONE:
                why.append(f"{name} ended {record.state.value}: {record.why}")
                await asyncio.sleep(5.0)
            if record is None or record.state is RunState.DONE or _touched(record):
                return True
        self.told += why
        return False


def _has_data(snapshot: PairSnapshot) -> bool:
    lineage = snapshot.master.facts.lineage.value
    return lineage is not None and lineage.head is not None


def _touched(record: RunRecord) -> bool:
    return any(step.state.value not in ("pending", "refused") for step in record.steps)
