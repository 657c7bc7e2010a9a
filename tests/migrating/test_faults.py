"""What goes wrong on the way: one clear line each, a run that can go on, and a source as it was."""

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from console.health.stack import answers
from console.lab.geom import bsdlabel
from console.lab.geom.tables import SECTOR, SECTORS
from console.model.run import Choice, Question, RunRecord, RunState, StepState
from playbooks.job import CannotPlan
from tests.migrating.on_disks import FAST, SLOW, Disks, disks
from tests.migrating.test_a_disk_as_it_is import divided
from tests.playbooks.on_lab_b import Hand, states, told
from tests.waiting import eventually

_ALL = ("/", "/var", "/usr", "/home")
_LEFT = (
    "ls -d /mirrorgate-copy /var/db/mirrorgate/migrate-* 2>/dev/null; "
    "cat /root/.ssh/authorized_keys 2>/dev/null; true"
)


class Mends(Hand):
    """An operator who does something while a step runs, mends what failed and tries it again, or stops."""

    def __init__(self, d: Disks, *, stops: str = "") -> None:
        super().__init__(lab=d.lab)
        self.d = d
        self.stops = stops
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        self.mends: dict[str, Callable[[], Awaitable[object]]] = {}
        self.failed: dict[str, Question] = {}
        self.said: dict[str, str] = {}
        """On standard error, by the step that failed."""
        self.under_way: dict[str, asyncio.Task[None]] = {}
        self.seen: dict[str, set[float]] = {}
        """How far a step was, each time it was told: percent."""

    def tell(self, run: RunRecord) -> None:
        """Begin what is done meanwhile, once."""
        for step in run.steps:
            if step.state is StepState.RUNNING and step.percent is not None:
                self.seen.setdefault(step.id, set()).add(step.percent)
            if step.state is StepState.FAILED:
                self.said[step.id] = step.err
            # Before anything is sent: told of a step that runs, the dump may be at its end.
            if step.state is StepState.INTENDED and (act := self.meanwhile.pop(step.id, None)):
                self.d.lab.world.dump_rate = SLOW // 5 if step.id.startswith("move") else FAST
                self.under_way[step.id] = asyncio.create_task(_done(act))

    async def decide(self, question: Question) -> Choice:
        """Agree, stop at one step, and retry what could be mended."""
        self.asked.append(question)
        step = question.step or ""
        if step == self.stops:
            return Choice.CANCEL
        if Choice.GO in question.choices:
            return Choice.GO
        self.failed[step] = question
        if (mend := self.mends.pop(step, None)) is None:
            return Choice.CANCEL
        await mend()
        return Choice.RETRY


async def _done(act: Callable[[], Awaitable[object]]) -> None:
    await act()


def _line(record: RunRecord, step: str) -> str:
    """The last line that a failed step said."""
    return next(one.err for one in record.steps if one.id == step).rstrip("\n").rpartition("\n")[2]


def _overlap(d: Disks, letter: str, sectors: int) -> None:
    """Let a partition of ada1's label begin so much too early: no tool of today writes such a label."""
    image = d.node("web-a").drives["ada1"].image
    at = SECTORS * SECTOR + bsdlabel.LABEL_AT
    label = bsdlabel.decode(image.read(at, SECTOR))
    assert label is not None
    index = ord(letter) - ord("a")
    parts = tuple(
        (size, start - sectors, *rest) if number == index else (size, start, *rest)
        for number, (size, start, *rest) in enumerate(label.parts)
    )
    image.write(at, bsdlabel.encode(replace(label, parts=parts)))  # type: ignore[arg-type]


async def test_an_overlapping_label_and_an_unclean_source_are_refused_before_anything_runs() -> None:
    async with disks() as d:
        await divided(d)
        _overlap(d, "f", 4096)
        with pytest.raises(
            CannotPlan,
            match=r"^web-a: the label of ada1s1 is wrong, \w and \w overlap: mend it, or answer prepare$",
        ):
            await d.planned(target_disk="ada1", prepare=False)

        await d.ok("web-a", "sed -i '' '/home/s/rw/rw,noauto/' /etc/fstab && sync")
        await d.lab.fault("power-off", "web-a")
        await d.lab.fault("power-on", "web-a")
        await d.sees(lambda seen: all(answers(node) for node in seen.nodes), 60)
        with pytest.raises(
            CannotPlan, match=r"^web-a: ada0s1g \(/home\) is not mounted and not clean: fsck it first$"
        ):
            await d.planned(target_disk="ada1", prepare=True, moves=_ALL)
        await d.ok("web-a", "fsck -p /dev/ada0s1g")
        assert (await d.planned(target_disk="ada1", prepare=True, moves=_ALL)).steps


async def test_ssh_that_is_refused_is_said_before_the_disk_is_touched_and_the_run_goes_on() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        disk = d.node("web-b").drives["ada1"].image
        head = disk.read(0, 1 << 20)
        left = [await d.ok(name, _LEFT) for name in ("web-a", "web-b")]
        # sshd takes no key from a directory that everybody may write to.
        await d.ok("web-b", "mkdir -p /root/.ssh && chmod 777 /root/.ssh")
        operator = d.operator = Mends(d, stops="divide")
        plan = await d.planned(target="web-b", target_disk="ada1", way="direct")

        record = await d.applied(plan)
        assert record.state is RunState.FAILED, told(record)
        assert _line(record, "reach") == (
            "web-a: ssh to web-b is refused (PermitRootLogin, firewall?): see above, or use the way console"
        )
        assert list(operator.failed) == ["reach"]
        assert states(record)["divide"] == "pending"

        assert Choice.RETRY in operator.failed["reach"].choices
        operator.mends["reach"] = lambda: d.ok("web-b", "chmod 700 /root/.ssh")
        record = await d.runner().resume(record.id)
        assert states(record)["reach"] == "done", told(record)
        record = await d.runner().undo(record.id)
        assert record.state is RunState.UNDONE, told(record)
        assert [await d.ok(name, _LEFT) for name in ("web-a", "web-b")] == left
        assert disk.read(0, 1 << 20) == head
        assert await d.sums("web-a") == before


async def test_a_full_target_a_missing_snap_and_a_file_that_changes_meanwhile_end_in_a_whole_copy() -> None:
    async with disks() as d:
        before = await d.sums("web-a")
        plan = await d.planned(
            target_disk="ada1",
            layout="custom",
            sizes=("/=60m", "swap=8m", "/var=40m", "/usr=60m", "/home=5m"),
        )
        await d.ok("web-a", "rmdir /usr/.snap")
        d.node("web-a").fs.write_file("/home/grown", bytes(3 << 20))
        operator = d.operator = Mends(d)

        async def changes() -> None:
            await eventually(d.dumping("/dev/ada0s1e"), 60)
            await eventually(lambda: any(0 < one < 100 for one in operator.seen.get("move-var", ())), 60)
            await d.ok("web-a", "echo late >/var/db/records/late && echo more >>/var/db/records/000.dat")
            d.lab.world.dump_rate = FAST

        operator.meanwhile["move-var"] = changes
        operator.mends["move-home"] = lambda: d.ok("web-a", "rm /home/grown")
        record = await d.applied(plan)

        assert record.state is RunState.DONE, told(record)
        assert list(operator.failed) == ["move-home"]
        assert (
            "on web-a: failed, exit 1: web-a: ada1s1g on web-a, which takes /home, is full: "
            "give it more room in a new plan, or leave something out" in operator.failed["move-home"].text
        )
        assert "No space left on device" in operator.said["move-home"]
        assert await d.ok("web-a", "ls -ld /usr/.snap | awk '{ print $3, $4 }'") == "root operator\n"
        await operator.under_way["move-var"]
        verified = next(step for step in record.steps if step.id == "verify-var")
        assert "records" not in verified.out
        after = await d.sums("web-a")
        assert (after[0], after[2:]) == (before[0], before[2:])
        assert await d.ok("web-a", "mount -o ro /dev/ada1s1e /mnt && cat /mnt/db/records/late") == "late\n"


@pytest.mark.slow
async def test_without_a_second_round_a_file_that_changed_is_named_as_written_since() -> None:
    async with disks() as d:
        operator = d.operator = Mends(d)
        late = "/var/db/records/late"
        operator.meanwhile["verify-root"] = lambda: d.ok("web-a", f"echo late >{shlex.quote(late)}")
        record = await d.applied(await d.planned(target_disk="ada1", second_level=False))
        assert record.state is RunState.DONE, told(record)
        verified = next(step for step in record.steps if step.id == "verify-var")
        assert "written since the dump: ./db/records/late" in verified.out
