"""A lab pair with the whole engine on it: plan from a fresh reading, run, look at the world."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from console import config_file
from console.commands.sampling import opener
from console.engine import doing, undoing
from console.engine.desk import growing
from console.engine.journal import Journal
from console.engine.runner import Runner
from console.health.binding import bound_facts
from console.lab.pair import LabPair, serve
from console.lab.provision import IMAGES
from console.lab.running import Ran, run_text
from console.model.config import Config
from console.model.plan import Plan
from console.model.run import Choice, Question, RunRecord, RunState, StepState
from console.model.snapshot import PairSnapshot
from console.ssh.copying import ConsoleCopier
from console.ssh.hands import open_hands
from console.watch.fresh import PairEyes
from playbooks.job import Answers, Job
from tests.waiting import eventually

A = TypeVar("A", bound=Answers)


@dataclass
class Hand:
    """An operator who agrees to everything, and does by hand what `by_hand` knows."""

    asked: list[Question] = field(default_factory=list)
    by_hand: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Step id: the lab fault that stands for what the person does."""
    lab: LabPair | None = None

    async def decide(self, question: Question) -> Choice:
        """Agree; a run in trouble is ended."""
        self.asked.append(question)
        if Choice.GO not in question.choices:
            return Choice.CANCEL
        done = self.by_hand.get(question.step or "")
        if done is not None and self.lab is not None:
            await self.lab.fault(*done)
        return Choice.GO

    async def secret(self, name: str, prompt: str) -> str | None:
        """Have it generated."""
        return None

    def tell(self, run: RunRecord) -> None:
        """Nothing is drawn."""


class Bench:
    """The lab, eyes on it, and hands."""

    def __init__(self, lab: LabPair, config: Config, eyes: PairEyes, directory: Path) -> None:
        self.lab = lab
        self.pair = config.pairs[0]
        self.eyes = eyes
        self.operator = Hand(lab=lab)
        self.journal = Journal(directory / "history.db")

    async def look(self) -> PairSnapshot:
        """A fresh reading."""
        return await self.eyes.fresh()

    async def plan(self, job: Job[A], **answers: object) -> Plan:
        """The plan of a job for the pair as it is."""
        snapshot = await self.look()
        return job.plan(snapshot, job.answers.model_validate({**job.defaults(snapshot), **answers}))

    async def run(self, plan: Plan) -> RunRecord:
        """Apply a plan."""
        ssh_config = self.lab.ssh_config
        runner = Runner(
            self.pair,
            self.eyes,
            lambda node: open_hands(node, ssh_config),
            self.journal,
            self.operator,
            who="operator@console",
            copier=ConsoleCopier(ssh_config, None),
        )
        return await runner.apply(plan)

    async def done(self, job: Job[A], **answers: object) -> RunRecord:
        """Plan and run a job to its verified end."""
        record = await self.run(await self.plan(job, **answers))
        assert record.state is RunState.DONE, told(record)
        return record

    async def sh(self, name: str, text: str) -> Ran:
        """Run text on a node, behind the console's back."""
        return await run_text(self.lab.world.nodes[name], text)

    async def until(self, name: str, text: str, limit: float = 600.0) -> None:
        """Wait, in world time, until text succeeds on a node."""
        node, clock = self.lab.world.nodes[name], self.lab.world.clock
        deadline = clock.now() + limit
        while not node.ready or (await run_text(node, text)).status != 0:
            assert clock.now() < deadline, f"{name}: {text} never came true"
            await clock.sleep(1.0)

    async def sees(self, holds: Callable[[PairSnapshot], bool], within: float = 20.0) -> PairSnapshot:
        """The first fresh reading for which something holds."""
        async with asyncio.timeout(within):
            while not holds(snapshot := await self.look()):
                pass
        return snapshot

    async def settled(self, seconds: float = 20.0) -> None:
        """Wait until nothing a plan is bound to has changed for some seconds of world time."""
        before: dict[str, str] = {}
        while (now := bound_facts(await self.look())) != before:
            before = now
            await self.lab.world.clock.sleep(seconds)


async def halves_are_equal(b: Bench) -> None:
    """Both images hold the same bytes in front of gmirror's sector, as on the real pair (R23)."""
    await b.sh("a", "sync")
    images = [b.lab.world.nodes[name].images.at(path) for name, path in IMAGES.items()]
    first, second = (image.read(0, image.size - 512) for image in images if image is not None)
    assert first == second


def states(record: RunRecord) -> dict[str, StepState]:
    """How each step ended."""
    return {step.id: step.state for step in record.steps}


def told(record: RunRecord) -> str:
    """A run in words, for a failed test."""
    lines = [f"{record.state.value}: {record.why}"]
    for step in record.steps:
        lines.append(f"{step.id}: {step.state.value} {step.why} [{step.exit_status}]")
        lines += [f"    {line}" for line in (*step.out.splitlines()[-12:], *step.err.splitlines()[-6:])]
    return "\n".join(lines)


def _pauses() -> Iterator[float]:
    """The engine's pauses where a second of waiting is half a minute of the world."""
    return (min(pause, 0.2) for pause in growing())


@asynccontextmanager
async def bench(scenario: str = "healthy", speed: float = 20.0) -> AsyncIterator[Bench]:
    """A lab with the engine on it, its pauses shorter where the world is faster than the clock."""
    with pytest.MonkeyPatch.context() as patch:
        if speed >= 5:
            for module in (doing, undoing):
                patch.setattr(module, "growing", _pauses)
        async with _bench(scenario, speed) as made:
            yield made


@asynccontextmanager
async def _bench(scenario: str, speed: float) -> AsyncIterator[Bench]:
    lab = await serve(speed=speed, scenario=scenario)
    try:
        config = config_file.load(lab.config_file)
        with tempfile.TemporaryDirectory() as directory:
            async with PairEyes.open(config.pairs[0], opener(config, None)) as eyes:
                await eventually(lambda: eyes.watch.master.settled and eyes.watch.slave.settled, 30)
                yield Bench(lab, config, eyes, Path(directory))
    finally:
        await lab.close()
