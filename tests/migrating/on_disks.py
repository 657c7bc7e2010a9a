"""The disks lab with the whole engine on it: survey, plan, run, then start from the disk."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from console import config_file
from console.commands.sampling import opener
from console.engine import doing, undoing
from console.engine.runner import Runner
from console.lab import provision
from console.lab.pair import LabPair, serve
from console.lab.running import Ran, run_text
from console.lab.world import Node
from console.model.config import Config
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from console.model.snapshot import PairSnapshot
from console.ssh.copying import ConsoleCopier
from console.ssh.hands import operating_opener
from console.ssh.streaming import ConsoleStreamer
from console.ssh.surveying import Surveyor
from console.watch.fresh import PairEyes
from playbooks.migrate_disk import JOB
from tests.playbooks.on_lab_b import Bench, Hand, _pauses, told
from tests.waiting import eventually

SPEED = 30.0
FAST, SLOW = 1 << 40, 100_000
"""Bytes a world second that dump reads: at once; and so that it can be caught in the middle."""
TREES = ("/", "/var", "/usr", "/home")
_SUMS = (
    "cd {at} && find . -xdev -type f -print | grep -v -e /log/ -e /run/ -e ^./db/mirrorgate/ "
    "-e ^./etc/dumpdates -e ^./etc/fstab -e ^./qmail/queue/ | sort | xargs sha256"
)


class Disks(Bench):
    """A lab whose machines have disks, and consoles."""

    def __init__(self, lab: LabPair, config: Config, eyes: PairEyes, directory: Path) -> None:
        super().__init__(lab, config, eyes, directory)
        self.state = directory
        self.operator = Hand(lab=lab)

    def node(self, name: str) -> Node:
        """A machine, called `web-a` or `web-c`."""
        nodes = (*self.lab.world.nodes.values(), self.lab.world.spare)
        return next(node for node in nodes if node.hostname.partition(".")[0] == name)

    async def ran(self, name: str, text: str) -> Ran:
        """Run text on a machine, behind the console's back."""
        return await run_text(self.node(name), text)

    async def ok(self, name: str, text: str) -> str:
        """The same, and it succeeds; what it prints."""
        ran = await self.ran(name, text)
        assert ran.status == 0, f"{name}: {text}: {ran.out} {ran.err}"
        return ran.out

    async def sums(self, name: str, trees: tuple[str, ...] = TREES) -> list[str]:
        """Of every file but those that a running system writes, by tree."""
        return [await self.ok(name, _SUMS.format(at=tree)) for tree in trees]

    async def surveyed(self, **answers: object) -> PairSnapshot:
        """The pair as it is, with the disks that the job asks about."""
        snapshot = await self.look()
        assert JOB.surveys is not None
        wanted = JOB.surveys(snapshot, answers)
        read = await Surveyor(self.lab.ssh_config, None).survey(wanted, self.pair)
        return replace(snapshot, disks=read)

    async def planned(self, **answers: object) -> Plan:
        """The plan of a migration of web-a; raises CannotPlan."""
        said = {"source": "web-a", **answers}
        snapshot = await self.surveyed(**said)
        return JOB.plan(snapshot, JOB.answers.model_validate({**JOB.defaults(snapshot), **said}))

    def runner(self) -> Runner:
        """A console."""
        ssh_config = self.lab.ssh_config
        return Runner(
            self.pair,
            self.eyes,
            operating_opener(ssh_config, None),
            self.journal,
            self.operator,
            who="operator@console",
            copier=ConsoleCopier(ssh_config, None),
            streamer=ConsoleStreamer(ssh_config, None),
        )

    async def applied(self, plan: Plan) -> RunRecord:
        """Run a plan, however it ends."""
        return await self.runner().apply(plan)

    async def moved(self, **answers: object) -> RunRecord:
        """Plan a migration and run it to its verified end."""
        record = await self.applied(await self.planned(**answers))
        assert record.state is RunState.DONE, told(record)
        return record

    async def boots(self, name: str, disk: str, *words: str) -> str:
        """What the machine says when it is started from a disk."""
        return (await self.lab.fault("boot-from-disk", name, disk, *words)).removeprefix("boot-from-disk: ")

    def dumping(self, device: str) -> Callable[[], bool]:
        """Whether a dump of that device is under way on web-a, some of it written."""
        table = self.node("web-a").processes
        return lambda: any(one.command.startswith(f"dump: {device}: pass 4") for one in table)

    async def killed_in(self, device: str, typed: str, *words: str) -> None:
        """Have a console of its own run a migration of web-a, and kill it while that device is dumped."""
        self.lab.world.dump_rate = SLOW
        said = [part for word in ("source=web-a", *words) for part in ("--set", word)]
        async with self.console((typed,), "run", "migrate-disk", *said, "--yes") as process:
            dumping = self.dumping(device)
            await eventually(lambda: dumping() or process.returncode is not None, 120)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            out, _ = await process.communicate()
        assert process.returncode == -signal.SIGKILL, out.decode()
        self.lab.world.dump_rate = FAST

    async def resumed(self, *typed: str) -> str:
        """Have another console go on to the verified end; what it says."""
        async with self.console(typed, "resume", "--yes") as process:
            out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()
        return out.decode()

    @asynccontextmanager
    async def console(self, typed: Sequence[str], *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A console that is a process of its own, at a terminal on which those lines are typed."""
        ours, its = os.openpty()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "import sys; from console.cli import main; sys.exit(main())",
                "--config",
                str(self.lab.config_file),
                *words,
                env={**os.environ, "XDG_STATE_HOME": str(self.state)},
                stdin=its,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            os.write(ours, "".join(f"{word}\n" for word in typed).encode())
            yield process
        finally:
            os.close(ours)
            os.close(its)


@asynccontextmanager
async def disks(speed: float = SPEED) -> AsyncIterator[Disks]:
    """The lab, with small images for what the pair shares, and readings only where somebody decides."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
        patch.setattr(provision, "IMAGE_SIZE", "16m")
        for module in (doing, undoing):
            patch.setattr(module, "growing", _pauses)
        lab = await serve(speed=speed, scenario="disks")
        lab.world.dump_rate = FAST
        try:
            config = _unhurried(config_file.load(lab.config_file))
            async with PairEyes.open(config.pairs[0], opener(config, None)) as eyes:
                await eventually(lambda: eyes.watch.master.settled and eyes.watch.slave.settled, 60)
                yield Disks(lab, config, eyes, Path(directory))
        finally:
            await lab.close()


def _unhurried(config: Config) -> Config:
    pair = config.pairs[0]
    slow = {"interval": 10.0, "slow_interval": 10.0}
    return config.model_copy(update={"pairs": (pair.model_copy(update=slow),)})
