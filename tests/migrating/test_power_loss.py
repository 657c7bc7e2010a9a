"""The power goes in the middle of a step: the run ends in a disk that boots, the source as it was."""

import asyncio

import pytest

from console.model.run import Choice, Question, RunRecord, RunState, StepState
from tests.migrating.on_disks import FAST, SLOW, Disks, disks
from tests.migrating.test_a_disk_as_it_is import divided
from tests.playbooks.on_lab_b import Hand, told
from tests.waiting import eventually

pytestmark = pytest.mark.slow


class _Cuts(Hand):
    """An operator at whose feet the power goes, once, when a step has begun to run; then tries again."""

    def __init__(self, d: Disks, machine: str, step: str) -> None:
        super().__init__(lab=d.lab)
        self.d, self.machine, self.step = d, machine, step
        self.cut = asyncio.Event()
        self.tries = 0
        self.back: asyncio.Task[str] | None = None

    def tell(self, run: RunRecord) -> None:
        """Cut it."""
        record = next(one for one in run.steps if one.id == self.step)
        if not self.cut.is_set() and record.state is StepState.RUNNING:
            self.cut.set()
            self.d.node(self.machine).cut_power()
            self.d.lab.world.dump_rate = FAST
            # The engine waits for a machine that does not answer, and asks nobody: someone switches it on.
            self.back = asyncio.create_task(self.d.lab.fault("power-on", self.machine))

    async def decide(self, question: Question) -> Choice:
        """Look, then run the step again."""
        self.asked.append(question)
        if Choice.GO in question.choices:
            return Choice.GO
        self.tries += 1
        assert self.tries < 6, question.text
        # Nobody tries again before the machine is up.
        await eventually(lambda: self.d.node(self.machine).ready, 60)
        wanted = Choice.READ_AGAIN if self.tries % 2 else Choice.RETRY
        return next((one for one in (wanted, Choice.RETRY, Choice.READ_AGAIN) if one in question.choices),
                    Choice.CANCEL)  # fmt: skip


@pytest.mark.parametrize("step", ["divide", "move-usr", "again-home", "verify-usr", "boot-code"])
@pytest.mark.parametrize("machine", ["web-a", "web-b"])
async def test_on_the_way_to_another_machine(step: str, machine: str) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        d.lab.world.dump_rate = SLOW if step.startswith("move") else FAST
        operator = d.operator = _Cuts(d, machine, step)
        record = await d.applied(await d.planned(target="web-b", target_disk="ada1"))
        for _ in range(3):
            if record.state is RunState.DONE:
                break
            record = await d.runner().resume(record.id)
        assert operator.cut.is_set()
        assert record.state is RunState.DONE, told(record)
        assert await d.boots("web-b", "ada1") == "web-b booted from ada1: / is /dev/ada1s1a"
        assert await d.sums("web-b") == before
        assert await d.sums("web-a") == before


@pytest.mark.parametrize("step", ["give-up", "move-usr", "label", "boot-code"])
async def test_on_the_same_machine_with_a_label_edit(step: str) -> None:
    async with disks() as d:
        await divided(d)
        before = await d.sums("web-a")
        d.lab.world.dump_rate = SLOW if step.startswith("move") else FAST
        d.operator = _Cuts(d, "web-a", step)
        record = await d.applied(await d.planned(target_disk="ada1", prepare=False))
        for _ in range(3):
            if record.state is RunState.DONE:
                break
            record = await d.runner().resume(record.id)
        assert record.state is RunState.DONE, told(record)
        assert (await d.boots("web-a", "ada1", "remove")).endswith("called ada0 now: / is /dev/ada0s1a")
        assert await d.sums("web-a") == before


class _Between(Hand):
    """The power goes when one step is done and before the next one begins; then the run goes on by itself."""

    def __init__(self, d: Disks, machine: str, done: str) -> None:
        super().__init__(lab=d.lab)
        self.d, self.machine, self.done = d, machine, done
        self.back: asyncio.Task[str] | None = None

    def tell(self, run: RunRecord) -> None:
        """Cut it."""
        record = next(one for one in run.steps if one.id == self.done)
        if self.back is None and record.state is StepState.DONE:
            self.d.node(self.machine).cut_power()
            self.back = asyncio.create_task(self.d.lab.fault("power-on", self.machine))


@pytest.mark.parametrize("done", ["mount-copies", "fstab", "unmount-copies"])
async def test_between_two_steps_the_copies_are_mounted_again(done: str) -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        operator = d.operator = _Between(d, "web-a", done)
        record = await d.applied(await d.planned(target_disk="ada1"))
        for _ in range(3):
            if record.state is RunState.DONE:
                break
            await eventually(lambda: d.node("web-a").ready, 60)
            record = await d.runner().resume(record.id)
        assert operator.back is not None
        assert record.state is RunState.DONE, told(record)
        assert (await d.boots("web-a", "ada1", "remove")).endswith("called ada0 now: / is /dev/ada0s1a")
        assert await d.sums("web-a") == before
        # Nothing was written where the copy was not mounted.
        await d.boots("web-a", "removed")
        assert await d.ok("web-a", "find /mirrorgate-copy 2>/dev/null; true") == ""
