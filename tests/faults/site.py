"""A lab that serves many cells, and the states from which the jobs start."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncssh
import pytest

from console import config_file
from console.commands.sampling import opener
from console.engine.journal import Journal
from console.engine.runner import Runner
from console.health.binding import bound_facts
from console.health.conditions import check
from console.lab import provision as lab_provision
from console.lab.pair import BARE, HEALTHY, LabPair, serve
from console.lab.running import run_text
from console.lab.world import Node
from console.model.config import Config, NodeConfig
from console.model.plan import Plan
from console.model.run import Choice, Question, RunRecord, RunState
from console.model.snapshot import PairSnapshot
from console.model.words import Answer
from console.ssh import policy
from console.watch.fresh import PairEyes
from playbooks.job import Job
from playbooks.jobs import JOBS
from playbooks.monitor_key import CONF, DOAS, GATE, SAMPLER, USER
from playbooks.node import LIBEXEC
from tests.faults.hands import Opener, connecting, on_cables, over_ssh
from tests.faults.marks import HOOK
from tests.faults.wire import Cable

IMAGE = "16m"
TRACE = "/var/tmp/executed"
"""On each node: the id of every job that ran, one line each time it did."""
_UNASKED = 10.0
"""Seconds between readings for which nobody asked."""


@dataclass(frozen=True, slots=True)
class Start:
    """From where a job starts, and with which answers."""

    state: str
    answers: Mapping[str, object]


STARTS: Mapping[str, Start] = {
    "failover-drill": Start("healthy", {"canary": False}),
    "slave-drill": Start("healthy", {"canary_seconds": 1, "watch_seconds": 1}),
    "promote": Start("healthy", {}),
    "fail-back": Start("slave-serves", {}),
    "recover-slave": Start("degraded", {}),
    "stop-pair": Start("healthy", {}),
    "start-pair": Start("stopped", {}),
    "provision": Start("bare", {"size": "8m"}),
    "grow": Start("healthy", {"size": "24m"}),
    "evacuate": Start("healthy", {"host": "web-c", "target": "/root/evacuated.img"}),
    "keep": Start("split", {"keep": "slave"}),
    "authorize": Start("healthy", {"key": f"ssh-ed25519 {'A' * 68} wall", "become": "doas"}),
}

_CLEAN = (
    "rm -rf /var/db/mirrorgate/jobs /var/db/mirrorgate/lock* /var/db/mirrorgate/look /var/run/mirrorgate.turn"
    f" {TRACE} {HOOK} /var/tmp/intruded /var/run/marks.*; mkdir -p /var/tmp /var/run;"
    " rm -f /root/images/*.aside-* /root/evacuated.img*;"
    f" rm -rf /home/{USER} {GATE} {SAMPLER} {CONF} {DOAS} {LIBEXEC}/mail.sh;"
    f" for f in /etc/master.passwd /etc/passwd /etc/group; do [ -e $f ] && sed -i '' '/^{USER}:/d' $f; done"
)


WHOLE = (
    "both-nodes-answer",
    "master-mounted-through-mirror",
    "mirror-complete-2-of-2",
    "no-rebuild-running",
    "mounted-on-one-node",
    "master-holds-address",
    "one-address-holder",
    "slave-vrrp-runs",
    "gate-alive",
    "no-split-brain",
)
"""The pair as it should be."""


class Yes:
    """An operator who agrees and has no trouble."""

    async def decide(self, question: Question) -> Choice:
        return Choice.GO if Choice.GO in question.choices else Choice.CANCEL

    async def secret(self, name: str, prompt: str) -> str | None:
        return None

    def tell(self, run: RunRecord) -> None:
        return


class Site:
    """A lab with eyes on it."""

    def __init__(
        self,
        lab: LabPair,
        eyes: PairEyes,
        opened: Opener,
        cables: Mapping[str, Cable],
        directory: Path,
        scenario: str,
    ) -> None:
        self.lab = lab
        self.pair = eyes.watch.pair
        self.eyes = eyes
        self.opened = opened
        """How hands on a node are opened."""
        self._cables = cables
        self.directory = directory
        self.scenario = scenario
        self.clean = True
        """Nothing has been done to it since it was served."""

    def is_off(self, name: str) -> bool:
        """Whether a node, by its name in the configuration, has no power."""
        return any(not self.lab.world.nodes[n].power for n, known in self.lab.names.items() if known == name)

    def plug(self, node: Node, plugged: bool) -> None:
        """Pull the cable between the console and a node (False), or plug it in."""
        self.lab.server(node).plug(plugged)
        if node.hostname in self._cables:
            self._cables[node.hostname].plug(plugged)

    async def connect(self, node: NodeConfig) -> asyncssh.SSHClientConnection:
        """A connection through the cable of a node."""
        return cast(asyncssh.SSHClientConnection, await self._cables[node.host].connect(node))

    async def look(self) -> PairSnapshot:
        """A fresh reading."""
        return await self.eyes.fresh()

    async def plan(self, job: Job[Any], answers: Mapping[str, object]) -> Plan:
        """The plan of a job for the pair as it is; raises CannotPlan."""
        snapshot = await self.look()
        return job.plan(snapshot, job.answers.model_validate({**job.defaults(snapshot), **answers}))

    async def reset(self, state: str) -> None:
        """Bring the pair into the state from which a job starts."""
        for node in (*self.lab.world.nodes.values(), self.lab.world.spare):
            if node.ready:
                await run_text(node, _CLEAN)
        if self.scenario == HEALTHY and not self.clean:
            await self.lab.fault("healthy")
            for node in self.lab.world.nodes.values():
                await run_text(node, _CLEAN)
        self.clean = False
        self.lab.world.sync_rate = 1 << 28
        if self.scenario == HEALTHY:
            await self._whole()
        await self._into(state)
        await self.both_seen()

    async def _whole(self) -> None:
        for _ in range(60):
            if not (missing := await self.missing()):
                return
            await self.lab.world.clock.sleep(2.0)
        raise RuntimeError(missing)

    async def _into(self, state: str) -> None:
        match state:
            case "slave-serves":
                await self._do("promote")
            case "stopped":
                await self._do("stop-pair")
            case "degraded":
                a = self.lab.world.nodes["a"]
                text = "ggatec destroy -f -u 0; echo later > /home/sites/alone.txt; sync"
                await run_text(a, text)
            case "split":
                await self.lab.fault("split-brain")
                await self.lab.fault("plug-link")
                await self.settled()
            case _:
                pass

    async def missing(self) -> str:
        """The first thing that is not as it should be, empty when the pair is whole."""
        snapshot = await self.look()
        verdicts = ((name, check(name, snapshot)) for name in WHOLE)
        return next((f"{name}: {said.why}" for name, said in verdicts if said.answer is not Answer.YES), "")

    async def both_seen(self) -> None:
        """Wait until both nodes answer, GEOM too."""
        async with asyncio.timeout(300):
            while any(view.facts.geom.value is None for view in (await self.look()).nodes):
                await self.lab.world.clock.sleep(1.0)

    async def settled(self, seconds: float = _UNASKED + 1) -> None:
        """Wait until nothing a plan is bound to has changed for a while, and all was read again meanwhile."""
        before: dict[str, str] = {}
        async with asyncio.timeout(300):
            while (now := bound_facts(await self.look())) != before:
                before = now
                await self.lab.world.clock.sleep(seconds)

    async def _do(self, name: str) -> None:
        await self.both_seen()
        runner = Runner(
            self.pair,
            self.eyes,
            self.opened,
            Journal(self.directory / "before.db"),
            Yes(),
            who="before@console",
        )
        record = await runner.apply(await self.plan(JOBS[name], {}))
        if record.state is not RunState.DONE:
            raise RuntimeError(f"{name}: {record.why}")


def scenario_of(state: str) -> str:
    """What kind of lab a starting state needs."""
    return BARE if state == "bare" else HEALTHY


@asynccontextmanager
async def site(scenario: str = HEALTHY, *, ssh: bool = False) -> AsyncIterator[Site]:
    """A lab with small images, on a loop of virtual time; without `ssh` its nodes are reached by cables."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
        patch.setattr(lab_provision, "IMAGE_SIZE", IMAGE)
        lab = await serve(scenario=scenario)
        try:
            nodes = () if ssh else lab.world.nodes.values()
            cables = {node.hostname: Cable(node) for node in nodes}
            opened = on_cables(cables) if cables else over_ssh(lab.ssh_config)
            if cables:
                patch.setattr(policy, "connect", connecting(cables))
            config = _unhurried(config_file.load(lab.config_file))
            async with PairEyes.open(config.pairs[0], opener(config, None)) as eyes:
                yield Site(lab, eyes, opened, cables, Path(directory), scenario)
        finally:
            await lab.close()


@asynccontextmanager
async def real_site(speed: float) -> AsyncIterator[Site]:
    """The same in real time and behind real SSH, for consoles that are processes of their own."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
        patch.setattr(lab_provision, "IMAGE_SIZE", IMAGE)
        lab = await serve(speed=speed)
        try:
            config = config_file.load(lab.config_file)
            async with PairEyes.open(config.pairs[0], opener(config, None)) as eyes:
                yield Site(lab, eyes, over_ssh(lab.ssh_config), {}, Path(directory), HEALTHY)
        finally:
            await lab.close()


def _unhurried(config: Config) -> Config:
    """Whoever decides reads afresh; what is read besides only costs."""
    pair = config.pairs[0]
    qmail = pair.qmail.model_copy(update={"interval": _UNASKED})
    slow = {"interval": _UNASKED, "slow_interval": _UNASKED, "qmail": qmail}
    return config.model_copy(update={"pairs": (pair.model_copy(update=slow),)})
