"""What the engine adds to a step, on the lab and on a real sshd, and what the longest plans take to make."""

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncssh

from console.engine.journal import Journal
from console.engine.parties import Eyes
from console.engine.runner import Runner
from console.health.binding import bound_facts
from console.lab.files import entry
from console.model.config import NodeConfig, PairConfig
from console.model.run import RunState
from console.ssh.connecting import connect
from console.ssh.hands import NodeHands, open_hands
from console.ssh.sampler import Lane
from console.watch.fresh import PairEyes
from playbooks.jobs import JOBS
from tests.bench.measured_calls import Calls, Noted
from tests.engine.fakes import FakeOperator
from tests.engine.plans import command, plan_of
from tests.health.building import CONFIG, healthy
from tests.playbooks.on_lab_b import bench
from tests.playbooks.planning import MARK
from tests.playbooks.test_provision import bare
from tests.ssh.sshd import missing, sshd
from tests.ssh.stage import Stage
from tests.ssh.workbench import Workbench
from tests.waiting import eventually

STEPS = 20
TRIPS = 3
"""Round trips a step may take."""
OWN = 0.050
"""Seconds the engine may take of its own for a step."""
PLANNING = 0.050
"""Seconds a plan may take to make."""
KNOWN = 0.150
"""Seconds after which the end of a job is to be known."""
LONG = (0.6, 1.1, 1.7, 2.3, 3.1)
"""Seconds that jobs take whose end has to be found out."""
FACTS = {"guards": ("slave-answers",), "expects": ("slave-answers",), "always": True}


@dataclass(frozen=True)
class Place:
    """Somewhere to run plans."""

    name: str
    pair: PairConfig
    eyes: PairEyes
    open: Callable[[NodeConfig], Awaitable[NodeHands]]
    ended: Callable[[str], float]
    """When a job on web-b ended, Unix seconds."""


async def steps(place: Place, journal: Journal) -> bool:
    """Run a plan of many steps that do nothing, then one of steps that take a while; prints both."""
    calls = Calls()

    async def noted_hands(node: NodeConfig) -> Any:
        return Noted(await place.open(node), calls)

    def runner() -> Runner:
        eyes = cast(Eyes, Noted(place.eyes, calls))
        return Runner(place.pair, eyes, noted_hands, journal, FakeOperator(), who="bench@here")

    nodes = [n.model_dump(include={"name", "host", "image"}) for n in place.pair.nodes]
    for one, config in zip(nodes, place.pair.nodes, strict=True):
        one["home"] = config.home.value
    short = [command(f"s{n}", "true", "web-b", **FACTS) for n in range(STEPS)]
    values: dict[str, Any] = {"pair": place.pair.name, "nodes": nodes}
    values["facts"] = bound_facts(await place.eyes.fresh())
    run = await runner().apply(plan_of(*_whole(short), **values))
    if run.state is not RunState.DONE:
        raise RuntimeError(f"{place.name}: {run.why}")
    ends = [step.ended or 0.0 for step in run.steps]
    spans = list(itertools.pairwise(ends))
    trips = [calls.count(*span) for span in spans]
    walls = [end - begin for begin, end in spans]
    own = [end - begin - calls.waiting(begin, end) for begin, end in spans]
    print(
        f"{place.name}: a step is {statistics.median(walls) * 1000:.0f} ms, in "
        f"{statistics.mean(trips):.1f} round trips (goal {TRIPS}; {max(trips)} where a node is slow); "
        f"the engine's own part of it is {statistics.median(own) * 1000:.1f} ms, {max(own) * 1000:.0f} ms "
        f"at most (goal {OWN * 1000:.0f} ms)",
        flush=True,
    )
    long = [command(f"w{n}", f"sleep {s}", "web-b", **FACTS) for n, s in enumerate(LONG)]
    calls.looks = 0
    run = await runner().apply(plan_of(*_whole(long), **values))
    if run.state is not RunState.DONE:
        raise RuntimeError(f"{place.name}: {run.why}")
    names = [f"{run.id}.{step.id}" for step in run.steps]
    late = [calls.ended[name] - place.ended(name) for name in names]
    print(
        f"{place.name}: the end of a job of {LONG[0]} to {LONG[-1]} s is known after "
        f"{statistics.mean(late) * 1000:.0f} ms on average, {max(late) * 1000:.0f} ms at most "
        f"(goal {KNOWN * 1000:.0f} ms), in {calls.looks / len(LONG):.0f} looks a job",
        flush=True,
    )
    return (
        statistics.mean(trips) <= TRIPS and statistics.median(own) <= OWN and statistics.mean(late) <= KNOWN
    )


def _whole(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"undo": {"none_needed": "it does nothing"}, **step} for step in steps]


async def on_the_lab() -> bool:
    """Steps on a lab node, which lives in this process and takes its time as well."""
    async with bench(speed=1.0) as lab:
        await eventually(lambda: lab.eyes.watch.master.settled and lab.eyes.watch.slave.settled, 20)
        reach, world = lab.lab.ssh_config, lab.lab.world

        def ended(job: str) -> float:
            found = entry(world.nodes["b"], f"/var/db/mirrorgate/jobs/{job}/status")
            if found is None:
                raise RuntimeError(f"{job} has no status")
            return found.modified - world.clock.now() + time.time()

        place = Place("lab", lab.pair, lab.eyes, lambda node: open_hands(node, reach), ended)
        return await steps(place, lab.journal)


class StagedSession:
    """A session on a real server whose sampler finds stub commands."""

    def __init__(self, connection: asyncssh.SSHClientConnection, node: str, script: str) -> None:
        self._connection = connection
        self._node = node
        self._script = script

    async def lane(self) -> Lane:
        """Open a lane."""
        return await Lane.open(self._connection, self._node, script=self._script)

    async def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        await self._connection.wait_closed()


async def on_a_server(folder: Path) -> bool:
    """Steps on processes of this machine through OpenSSH."""
    why = missing()
    if why:
        print(f"sshd: skipped: {why}")
        return True
    asyncssh.set_log_level("ERROR")
    stage = Stage(folder / "stage")
    stage.folder.mkdir()
    journal = Journal(folder / "history.db")
    async with sshd(folder / "sshd") as server:
        # A loopback server for both: what belongs to a node is in a folder of its own.
        on = {n.name: n.model_copy(update={"host": "node"}) for n in CONFIG.nodes}
        pair = CONFIG.model_copy(update={"nodes": tuple(on.values())})
        benches = {name: Workbench(folder / name, server) for name in on}
        for one in benches.values():
            one.folder.mkdir()

        async def look(node: NodeConfig) -> StagedSession:
            connection = await connect(node, ssh_config=server.ssh_config())
            return StagedSession(connection, node.name, stage.script)

        async def open_node(node: NodeConfig) -> NodeHands:
            connection = await connect(node, ssh_config=server.ssh_config())
            return await NodeHands.on(connection, node, script=benches[node.name].script)

        def ended(job: str) -> float:
            return (benches["web-b"].job(job) / "status").stat().st_mtime

        async with PairEyes.open(pair, look) as eyes:
            await eventually(lambda: eyes.watch.master.settled and eyes.watch.slave.settled, 20)
            try:
                return await steps(Place("sshd", pair, eyes, open_node, ended), journal)
            finally:
                await journal.close()


def plans() -> bool:
    """Make the longest plans, in CPU time: whoever else uses this machine is not counted."""
    good = True
    for name, pair in (("provision", bare()), ("failover-drill", healthy())):
        job, times = JOBS[name], []
        answers = job.answers.model_validate({**job.defaults(pair), "mark": MARK})
        for _ in range(20):
            began = time.process_time()
            made = job.plan(pair, answers)
            times.append(time.process_time() - began)
        print(
            f"plan of {name}, {len(made.steps)} steps: {statistics.median(times) * 1000:.1f} ms, "
            f"{max(times) * 1000:.1f} ms at most (goal {PLANNING * 1000:.0f} ms)"
        )
        good &= max(times) <= PLANNING
    return good


def main() -> int:
    """Exit status 1 when a goal is missed."""
    good = plans()
    good &= asyncio.run(on_the_lab())
    with tempfile.TemporaryDirectory() as name:
        good &= asyncio.run(on_a_server(Path(name)))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
