"""One life of a console at work on the lab: runner, hands, eyes and journal, each open to the fault."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.engine.journal import Journal
from console.engine.runner import Runner
from console.model.config import NodeConfig
from console.model.plan import Plan, Step
from console.model.run import Choice, Question, RunRecord, StepState
from console.model.snapshot import PairSnapshot
from console.ssh.copying import ConsoleCopier
from tests.faults.cells import Cell, Fault, Instant, Then
from tests.faults.site import Site
from tests.faults.strike import BRIEF, Strike, StruckHands

LONGEST = 150.0
"""Seconds any step may take here."""
SHORT = 30.0
"""The same for a step that is struck until somebody is asked."""


@dataclass
class Bench:
    """What every life of a console in this cell shares."""

    site: Site
    history: Path
    strike: Strike
    asked: list[Question] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


class _Journal(Journal):
    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.history)
        self._strike = bench.strike

    async def keep(self, run: RunRecord) -> None:
        strike = self._strike
        if strike.dead:
            await asyncio.Event().wait()
        await super().keep(run)
        record = next((r for r in run.steps if r.id == strike.cell.step), None)
        if record is None or record.state is not StepState.INTENDED:
            return
        if strike.due(record.id, Instant.INTENT) or (
            not strike.on_node and strike.due(record.id, Instant.RUNNING) and _no_eyes(run, record.id)
        ):
            await strike.fire()


def _no_eyes(run: RunRecord, step: str) -> bool:
    """A step that reads nothing while it goes on: strike at its beginning."""
    return run.plan.step(step).action.kind != "wait"


class _Eyes:
    """Fresh readings; a wait is struck while it reads."""

    def __init__(self, bench: Bench, operator: "_Operator") -> None:
        self._eyes = bench.site.eyes
        self._strike = bench.strike
        self._operator = operator
        self.latest = bench.site.eyes.latest

    async def fresh(self, limit: float = 5.0) -> PairSnapshot:
        strike = self._strike
        if strike.dead:
            await asyncio.Event().wait()
        waits = not strike.on_node and self._operator.state is StepState.RUNNING
        if waits and strike.due(strike.cell.step, Instant.RUNNING):
            await strike.fire()
        return await self._eyes.fresh(limit)


class _Operator:
    """Agrees to what is true; in trouble mends the fault, then looks again, tries again once, or ends it."""

    def __init__(self, bench: Bench, node: Callable[[str], NodeConfig]) -> None:
        self._bench = bench
        self._node = node
        self._looked: dict[str, int] = {}
        self._tried: set[str] = set()
        self.state: StepState | None = None
        """Of the cell's step."""

    async def decide(self, question: Question) -> Choice:
        if self._bench.strike.dead:
            await asyncio.Event().wait()
        self._bench.asked.append(question)
        step, choices = question.step or "", question.choices
        if Choice.GO in choices:
            return Choice.GO if self._true(question.typed or "") else Choice.CANCEL
        if Choice.TAKE_OVER in choices:
            return Choice.TAKE_OVER
        await self._bench.strike.mend()
        looked = self._looked.get(step, 0)
        if Choice.RETRY in choices and (looked or Choice.READ_AGAIN not in choices):
            if step in self._tried or self._bench.strike.cell.then is Then.OTHER:
                return Choice.CANCEL
            self._tried.add(step)
            return Choice.RETRY
        if Choice.READ_AGAIN not in choices:
            return Choice.CANCEL
        self._looked[step] = looked + 1
        if looked == 1:
            await self._end_what_hangs(question.run, step)
        return Choice.READ_AGAIN if looked < 3 else Choice.CANCEL

    def _true(self, typed: str) -> bool:
        """Whether an honest operator can type it: no node is off that is not, and no data is given up."""
        if typed.endswith(" is off"):
            return self._bench.site.is_off(typed.removesuffix(" is off"))
        return typed != "data may be missing"

    async def _end_what_hangs(self, run: str, step: str) -> None:
        """What an operator does by hand with a command that never ends."""
        for name in self._bench.site.eyes.watch.pair.master.name, self._bench.site.eyes.watch.pair.slave.name:
            hands = await self._bench.site.opened(self._node(name))
            try:
                for attempt in ("", ".2", ".undo", ".undo.2"):
                    await hands.stop(f"{run}.{step}{attempt}")
            finally:
                await hands.close()

    async def secret(self, name: str, prompt: str) -> str | None:
        return None

    def tell(self, run: RunRecord) -> None:
        cell = self._bench.strike.cell
        if run.id not in self._bench.runs:
            self._bench.runs.append(run.id)
        self.state = next((r.state for r in run.steps if r.id == cell.step), None)


class Console:
    """A console from its start until it ends or is killed."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        pair = bench.site.eyes.watch.pair
        by_name = {node.name: node for node in (pair.master, pair.slave)}

        async def opened(node: NodeConfig) -> StruckHands:
            if bench.strike.dead:
                await asyncio.Event().wait()
            return StruckHands(await bench.site.opened(node), bench.strike)

        operator = _Operator(bench, by_name.__getitem__)
        self._journal = _Journal(bench)
        self._runner = Runner(
            pair,
            _Eyes(bench, operator),
            opened,
            self._journal,
            operator,
            who="operator@console",
            copier=ConsoleCopier(bench.site.lab.ssh_config, None),
        )

    async def apply(self, plan: Plan) -> RunRecord | None:
        """Run a plan; None when the console was killed meanwhile."""
        return await self._unless_killed(self._runner.apply(plan))

    async def resume(self, run: str) -> RunRecord | None:
        """Go on with a run."""
        return await self._unless_killed(self._runner.resume(run))

    async def undo(self, run: str) -> RunRecord | None:
        """Take a run back."""
        return await self._unless_killed(self._runner.undo(run))

    async def _unless_killed(self, work: Coroutine[Any, Any, RunRecord]) -> RunRecord | None:
        running = asyncio.create_task(work)
        died = asyncio.create_task(self._bench.strike.died.wait())
        try:
            await asyncio.wait({running, died}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return running.result()
            return None
        finally:
            for task in (running, died):
                task.cancel()
            await asyncio.wait({running, died})


def shortened(plan: Plan, cell: Cell) -> Plan:
    """The plan with limits that fit a cell of seconds."""
    stuck = cell.fault is Fault.HANGS or (cell.fault in BRIEF and cell.lasting)
    steps = tuple(
        step.model_copy(update={"timeout": min(step.timeout, _limit(step, stuck and step.id == cell.step))})
        for step in plan.steps
    )
    return plan.model_copy(update={"steps": steps})


def _limit(step: Step, stuck: bool) -> float:
    return SHORT if stuck else LONGEST
