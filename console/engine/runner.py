"""Applying a plan, going on with a run, taking one back. The only way to change a node."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from console.engine import transitions
from console.engine.carrying import Parties
from console.engine.copies import Copier
from console.engine.course import Course, End
from console.engine.desk import Desk
from console.engine.grip import Grip
from console.engine.jobs import Jobs
from console.engine.locks import Locks, Refused
from console.engine.machines import machines
from console.engine.measures import with_measures
from console.engine.parties import Eyes, Journal, OpenHands, Operator
from console.engine.readings import Readings, Rules
from console.engine.secret_values import Secrets
from console.engine.streams import Streamer
from console.engine.undoing import Undoing
from console.model.config import PairConfig
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from console.model.snapshot import PairSnapshot

__all__ = ["Refused", "Runner"]

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


class Runner:
    """Runs on one pair, one at a time.

    Args:
        pair: the pair as it is configured.
        eyes: fresh readings of it.
        open_hands: connects to a node.
        journal: where runs are kept.
        operator: who is asked.
        who: `user@host` of the console.
        copier: what copies files for transfers; None = such a step fails.
        streamer: what carries streams; None = such a step fails.
        rules: the vocabulary of conditions.
        now: console time, Unix seconds.
    """

    def __init__(
        self,
        pair: PairConfig,
        eyes: Eyes,
        open_hands: OpenHands,
        journal: Journal,
        operator: Operator,
        *,
        who: str,
        copier: Copier | None = None,
        streamer: Streamer | None = None,
        rules: Rules | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._pair = pair
        self._eyes = eyes
        self._open_hands = open_hands
        self._journal = journal
        self._operator = operator
        self._who = who
        self._copier = copier
        self._streamer = streamer
        self._rules = rules or Rules()
        self._now = now
        self._desk: Desk | None = None
        self._busy = False

    async def apply(self, plan: Plan) -> RunRecord:
        """Run a plan from its first step.

        Raises:
            Refused: it does not fit this pair now; nothing was touched.
        """
        self._check(plan)
        now = self._now()
        run = transitions.begun(plan, _run_id(plan.job, now), self._who, now)
        async with self._alone(run.id):
            return await self._carry(run, lambda p: Course(p).go(), bound=True)

    async def resume(self, run_id: str) -> RunRecord:
        """Go on with a run that ended, or was ended, before its end; nothing that ran is run again.

        Raises:
            Refused: there is no such run, it is over, or its pair is not this one any more.
        """
        async with self._alone(run_id):
            run = await self._loaded(run_id)
            if run.state in (RunState.DONE, RunState.UNDONE):
                raise Refused(f"run {run_id} is {run.state.value}: there is nothing to go on with")
            run = transitions.resumed(run, self._who, self._now())
            return await self._carry(run, lambda p: Course(p).go())

    async def undo(self, run_id: str) -> RunRecord:
        """Take back what a run did, the last step first, asking before each.

        Raises:
            Refused: there is no such run, it was taken back, or its pair is not this one any more.
        """
        async with self._alone(run_id):
            run = await self._loaded(run_id)
            if run.state is RunState.UNDONE:
                raise Refused(f"run {run_id} was taken back already")
            run = transitions.undo_wanted(run, self._who, self._now())
            return await self._carry(run, lambda p: Undoing(p).go(), undoing=True)

    def request_stop(self) -> None:
        """End the run in a safe state: the current job is let finish, unless asked a second time."""
        if self._desk is not None:
            self._desk.stop()

    @asynccontextmanager
    async def _alone(self, run_id: str) -> AsyncIterator[None]:
        """The run is carried by this runner only, and the runner carries no other."""
        if self._busy:
            raise Refused("a run is under way in this console")
        self._busy = True
        try:
            if not _RUN_ID.fullmatch(run_id):
                raise Refused(f"there is no run {run_id!r}; `mirrorgate runs` lists them")
            if not await self._journal.claim(run_id):
                raise Refused(f"run {run_id} is under way in another console on this machine")
            try:
                yield
            finally:
                await self._journal.release(run_id)
        finally:
            self._busy = False

    def _check(self, plan: Plan) -> None:
        wrong = [
            f"{'.'.join(str(part) for part in where)}: {why}"
            for where, why in self._rules.problems(plan, self._pair)
        ]
        if wrong:
            raise Refused("the plan does not fit this pair: " + "; ".join(wrong))

    async def _loaded(self, run_id: str) -> RunRecord:
        run = await self._journal.load(run_id)
        if run is None:
            raise Refused(f"there is no run {run_id}; `mirrorgate runs` lists them")
        self._check(run.plan)
        return run

    async def _carry(
        self,
        run: RunRecord,
        go: Callable[[Parties], Awaitable[End]],
        *,
        bound: bool = False,
        undoing: bool = False,
    ) -> RunRecord:
        desk = self._desk = Desk(run, self._journal, self._operator, self._now)
        parties = self._parties(desk)
        watch: asyncio.Task[None] | None = None
        try:
            if bound:
                self._compare(run.plan, await parties.readings.fresh())
            await parties.locks.take(transitions.nodes_needed(run, undoing=undoing))
            if bound:
                self._compare(run.plan, await parties.readings.fresh())
            await desk.keep()
            if not bound:
                await parties.secrets.recall()
            if not undoing:
                watch = asyncio.create_task(parties.readings.watch())
            return await self._to_the_end(parties, go, watch)
        except Exception:
            # The journal cannot be written, or a bug: nothing more is sent, and nobody else is kept waiting.
            await parties.locks.drop(parties.jobs.running())
            raise
        finally:
            self._desk = None
            parties.locks.abandon()
            if watch is not None:
                watch.cancel()
            for grip in parties.grips.values():
                await grip.close()

    async def _to_the_end(
        self, parties: Parties, go: Callable[[Parties], Awaitable[End]], watch: asyncio.Task[None] | None
    ) -> RunRecord:
        end = await go(parties)
        if end.undo:
            parties.desk.note("note", f"to be taken back: {end.why}")
            end = await Undoing(parties).go()
        if watch is not None:
            if watch.done() and not watch.cancelled():
                watch.result()  # a watch that ended by itself did not watch: never hide why
            watch.cancel()
            await asyncio.wait({watch})
        await parties.locks.drop(end.kept)
        desk = parties.desk
        why = "; ".join((end.why, *(f"lock on {line}" for line in desk.run.locks)))
        run = transitions.ended(desk.run, end.state, why, self._now())
        clocks = {**run.measures, **parties.readings.clocks.told()}
        desk.put(with_measures(replace(run, measures=clocks)))
        await desk.keep()
        return desk.run

    def _compare(self, plan: Plan, snapshot: PairSnapshot) -> None:
        different = self._rules.changed(plan.facts, snapshot)
        if different:
            raise Refused("the pair has changed since the plan was made: " + "; ".join(different))

    def _parties(self, desk: Desk) -> Parties:
        plan = desk.run.plan
        grips = {
            name: Grip(node, self._open_hands, lambda text: desk.note("link", text))
            for name, node in machines(plan, self._pair).items()
        }
        readings = Readings(self._eyes, self._rules, plan.aborts, desk)
        kept = Secrets(plan, grips, self._operator)
        return Parties(
            desk=desk,
            grips=grips,
            readings=readings,
            locks=Locks(grips, desk),
            secrets=kept,
            jobs=Jobs(grips, desk, readings, kept),
            copier=self._copier,
            streamer=self._streamer,
        )


def _run_id(job: str, now: float) -> str:
    at = datetime.fromtimestamp(now, UTC)
    return f"{at:%Y%m%d-%H%M%S}-{job}-{secrets.token_hex(2)}"
