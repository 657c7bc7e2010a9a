"""Random operators on a random bad day: whatever they do, nothing is lost, and there is a way back.

`MIRRORGATE_DAYS=50 pytest tests/faults/test_any_operator.py` plays more than the two days of the test suite.
"""

import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack, ExitStack
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from console.engine.runner import Refused
from console.lab.invariants import Watcher, watch
from console.model.run import RunRecord
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS
from tests.faults.cells import Cell, Fault, Instant, Then
from tests.faults.console import Bench, Console, shortened
from tests.faults.marks import Marks
from tests.faults.onward import Onward
from tests.faults.play import final_look
from tests.faults.site import STARTS, site
from tests.faults.strike import Strike
from tests.faults.virtual_time import virtual_time

T = TypeVar("T")

JOB = st.sampled_from(("promote", "fail-back", "recover-slave", "stop-pair", "start-pair"))
NODE = st.sampled_from("ab")
STEP = st.integers(min_value=0, max_value=12)


class Days(RuleBasedStateMachine):
    """One lab, one pair, one operator at a time."""

    @initialize()
    def morning(self) -> None:
        self.time = ExitStack()
        self.runner = self.time.enter_context(virtual_time())
        self.stack = AsyncExitStack()
        self.told: list[str] = []
        self.do(self._begin())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _begin(self) -> None:
        self.site = await self.stack.enter_async_context(site())
        await self.site.reset("healthy")
        self.watcher: Watcher = watch(self.site.lab.world)
        await self.stack.enter_async_context(Marks(self.site.lab.world))
        self.bench = self._bench("-", Instant.INTENT)

    def _bench(self, step: str, instant: Instant) -> Bench:
        cell = Cell("any", step, Fault.KILLED, instant, True, Then.OTHER)
        strike = Strike(self.site, cell, True, "b")
        return Bench(self.site, self.site.directory / "days.db", strike)

    @rule(name=JOB)
    def a_job_is_run(self, name: str) -> None:
        self.do(self._run(name, None))

    @rule(name=JOB, step=STEP, instant=st.sampled_from(Instant))
    def a_job_is_begun_and_the_console_killed(self, name: str, step: int, instant: Instant) -> None:
        self.do(self._run(name, (step, instant)))

    async def _run(self, name: str, killed: tuple[int, Instant] | None) -> None:
        job = JOBS[name]
        snapshot = await self.site.look()
        try:
            answers = {**job.defaults(snapshot), **STARTS[name].answers}
            plan = job.plan(snapshot, job.answers.model_validate(answers))
        except CannotPlan:
            return
        self.bench = self._bench("-", Instant.INTENT)
        if killed is not None:
            number, instant = killed
            self.bench = self._bench(plan.steps[number % len(plan.steps)].id, instant)
        await self._told(name, Console(self.bench).apply(shortened(plan, self.bench.strike.cell)))

    async def _told(self, what: str, work: Coroutine[Any, Any, RunRecord | None]) -> None:
        try:
            record = await work
        except Refused as refused:
            self.told.append(f"{what}: refused, {refused}")
            return
        self.bench.strike.died.clear()
        self.told.append(f"{what}: {record.state.value}, {record.why}" if record else f"{what}: killed")

    @precondition(lambda self: getattr(self, "bench", None) is not None and self.bench.runs)
    @rule()
    def the_last_run_is_resumed(self) -> None:
        self.do(self._told("resume", Console(self.bench).resume(self.bench.runs[0])))

    @precondition(lambda self: getattr(self, "bench", None) is not None and self.bench.runs)
    @rule()
    def the_last_run_is_taken_back(self) -> None:
        self.do(self._told("undo", Console(self.bench).undo(self.bench.runs[0])))

    @rule(node=NODE, back=st.booleans())
    def the_power_goes(self, node: str, back: bool) -> None:
        async def go() -> None:
            if self.site.lab.world.nodes[node].power:
                await self.site.lab.fault("power-off", node)
            if back:
                await self.site.lab.fault("power-on", node)
                await self._up()

        self.told.append(f"power of {node} goes{' and comes back' if back else ''}")
        self.do(go())

    @rule(up=st.booleans())
    def the_replication_cable(self, up: bool) -> None:
        self.told.append(f"replication {'plugged' if up else 'pulled'}")
        self.do(self.site.lab.fault("plug-link" if up else "pull-link"))

    @rule()
    def a_daemon_dies(self) -> None:
        self.told.append("ggated is killed")
        self.do(self.site.lab.fault("kill-ggated"))

    @rule(seconds=st.integers(min_value=1, max_value=30))
    def time_passes(self, seconds: int) -> None:
        self.do(self.site.lab.world.clock.sleep(seconds))

    @invariant()
    def nothing_that_must_never_happen_has_happened(self) -> None:
        if getattr(self, "watcher", None) is not None:
            wrong = self.do(self.watcher.check())
            assert not wrong, (wrong, self.told)

    def teardown(self) -> None:
        if getattr(self, "stack", None) is None:
            return
        try:
            self.do(self._evening())
        finally:
            self.do(self.stack.aclose())
            self.time.close()

    async def _evening(self) -> None:
        """Everything is mended, and the pair brought back."""
        lab = self.site.lab
        await lab.fault("plug-link")
        for name, node in lab.world.nodes.items():
            if not node.power:
                await lab.fault("power-on", name)
        await self._up()
        self.bench = self._bench("-", Instant.INTENT)
        onward = Onward(self.site, self.bench, None)
        await onward.home()
        missing = await onward.missing()
        await final_look(self.site, self.watcher)
        assert not self.watcher.violations, (self.watcher.violations, self.told, onward.told)
        assert not missing, (missing, self.told, onward.told)

    async def _up(self) -> None:
        while not all(node.ready for node in self.site.lab.world.nodes.values()):
            await self.site.lab.world.clock.sleep(0.5)


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=int(os.environ.get("MIRRORGATE_DAYS", "2")),
    stateful_step_count=4,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
