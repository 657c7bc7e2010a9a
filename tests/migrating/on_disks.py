"""The disks lab with the whole engine on it: survey, plan, run, and then the machine is started from a disk."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from console.commands.sampling import opener
from console.engine.runner import Runner
from console.lab.pair import LabPair
from console.lab.running import Ran, run_text
from console.lab.world import Node
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from console.model.snapshot import PairSnapshot
from console.ssh.copying import ConsoleCopier
from console.ssh.hands import operating_opener
from console.ssh.streaming import ConsoleStreamer
from console.ssh.surveying import Surveyor
from playbooks.migrate_disk import JOB
from tests.playbooks.on_lab_b import Bench, Hand, bench, told


class Disks:
    """A lab whose machines have disks, and a console."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.lab = bench.lab
        self.operator = Hand(lab=bench.lab)

    def node(self, name: str) -> Node:
        """A machine as `web-a` or `web-c`."""
        nodes = (*self.lab.world.nodes.values(), self.lab.world.spare)
        return next(node for node in nodes if name in (node.name, node.hostname.partition(".")[0]))

    async def sh(self, name: str, text: str) -> Ran:
        """Run text on a machine, behind the console's back."""
        return await run_text(self.node(name), text)

    async def ok(self, name: str, text: str) -> str:
        """The same, and it succeeds."""
        ran = await self.sh(name, text)
        assert ran.status == 0, f"{name}: {text}: {ran.out} {ran.err}"
        return ran.out

    async def surveyed(self, **answers: object) -> PairSnapshot:
        """The pair as it is, with the disks that the job asks about."""
        snapshot = await self.bench.look()
        assert JOB.surveys is not None
        wanted = JOB.surveys(snapshot, answers)
        read = await Surveyor(self.lab.ssh_config, None).survey(wanted, self.bench.pair)
        return replace(snapshot, disks=read)

    async def plan(self, **answers: object) -> Plan:
        """The plan of a migration; raises CannotPlan."""
        said = {"source": "web-a", **answers}
        snapshot = await self.surveyed(**said)
        return JOB.plan(snapshot, JOB.answers.model_validate({**JOB.defaults(snapshot), **said}))

    def runner(self) -> Runner:
        """A console."""
        ssh_config = self.lab.ssh_config
        return Runner(
            self.bench.pair,
            self.bench.eyes,
            operating_opener(ssh_config, None),
            self.bench.journal,
            self.operator,
            who="operator@console",
            copier=ConsoleCopier(ssh_config, None),
            streamer=ConsoleStreamer(ssh_config, None),
        )

    async def run(self, plan: Plan) -> RunRecord:
        """Apply a plan."""
        return await self.runner().apply(plan)

    async def done(self, **answers: object) -> RunRecord:
        """Plan a migration and run it to its verified end."""
        record = await self.run(await self.plan(**answers))
        assert record.state is RunState.DONE, told(record)
        return record


@asynccontextmanager
async def disks(speed: float = 100.0) -> AsyncIterator[Disks]:
    async with bench("disks", speed) as made:
        yield Disks(made)
