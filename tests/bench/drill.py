"""A failover drill on the lab, from its first step to its end: what of the time is the engine's.

Run by hand: `python -m tests.bench.drill [SPEED]`, world seconds per second. Times are seconds of this
machine. The nodes live in this process: on a busy machine all grows but the waiting of the nodes themselves,
and what is told as the engine's holds what the simulated nodes take to answer it. The last reading of a wait,
which found that it is over, counts as the engine's.
"""

import asyncio
import os
import statistics
import sys
import time
from typing import Any, cast

import pytest

from console.engine import locks
from console.engine.parties import Eyes
from console.engine.runner import Runner
from console.lab.files import entry
from console.model.config import NodeConfig
from console.model.plan import Command, WriteFile
from console.model.run import RunRecord, RunState
from console.ssh.copying import ConsoleCopier
from console.ssh.hands import open_hands
from playbooks.failover_drill import JOB
from tests.bench.measured_calls import Calls, Noted
from tests.playbooks.on_lab_b import Bench, bench, told
from tests.waiting import eventually

ALLOWED = 0.05
"""What the engine may add to the work of the nodes, as a part of it."""


def _on_nodes(lab: Bench, run: RunRecord) -> dict[str, tuple[float, float]]:
    """Beginning and end of each step's job, Unix seconds of this machine."""
    clock, found = lab.lab.world.clock, {}
    there, here = clock.now(), time.time()
    names = {config.name: node for config, node in zip(lab.pair.nodes, "ab", strict=True)}
    for step in run.plan.steps:
        if step.node is None or not isinstance(step.action, Command | WriteFile):
            continue
        folder = f"/var/db/mirrorgate/jobs/{run.id}.{step.id}"
        node = lab.lab.world.nodes[names[step.node]]
        files = [entry(node, f"{folder}/{name}") for name in ("started", "status")]
        if files[0] is not None and files[1] is not None:
            begun, ended = (here - (there - f.modified) / clock.speed for f in files if f is not None)
            found[step.id] = begun, ended
    return found


async def measure(speed: float) -> float:
    """Run it; prints the account and returns what the engine added, as a part of the nodes' work."""
    calls = Calls()
    async with bench(speed=speed) as lab:
        await eventually(lambda: lab.eyes.watch.master.settled and lab.eyes.watch.slave.settled, 20)
        reach = lab.lab.ssh_config

        async def noted_hands(node: NodeConfig) -> Any:
            return Noted(await open_hands(node, reach), calls)

        runner = Runner(
            lab.pair,
            cast(Eyes, Noted(lab.eyes, calls)),
            noted_hands,
            lab.journal,
            lab.operator,
            who="bench@here",
            copier=ConsoleCopier(reach, None),
        )
        plan = await lab.plan(JOB, canary_seconds=5)
        worked = time.process_time()
        run = await runner.apply(plan)
        worked = time.process_time() - worked
        if run.state is not RunState.DONE:
            raise RuntimeError(told(run))
        jobs = _on_nodes(lab, run)
    engine = account(run, jobs, calls, speed)
    walls, cpu = [end - begin for begin, end, _ in calls.readings], [spent for *_, spent in calls.readings]
    print(
        f"  this process, console and nodes, took {worked:.1f} s of CPU for all of it; {len(walls)} readings "
        f"of the pair, {statistics.median(walls) * 1000:.0f} ms each ({min(walls) * 1000:.0f} at least), "
        f"{statistics.median(cpu) * 1000:.0f} ms of CPU ({min(cpu) * 1000:.0f}); load "
        f"{' '.join(f'{load:.1f}' for load in os.getloadavg())}"
    )
    return engine


def account(run: RunRecord, jobs: dict[str, tuple[float, float]], calls: Calls, speed: float) -> float:
    """Where the time went."""
    total = {"work": 0.0, "waits": 0.0, "before": 0.0, "launch": 0.0, "notice": 0.0, "after": 0.0}
    rows = []
    reached = run.started
    for record in run.steps:
        begin, end = record.started or reached, record.ended or reached
        row = dict.fromkeys(total, 0.0)
        row["before"] = begin - reached
        if record.id in jobs:
            on, off = jobs[record.id]
            seen = calls.ended.get(f"{run.id}.{record.id}", off)
            row |= {"launch": on - begin, "work": off - on, "notice": seen - off, "after": end - seen}
        elif isinstance(run.plan.step(record.id).action, Command | WriteFile):
            row["before"] += end - begin
        else:
            within = [o - b for b, o, _ in calls.readings if begin <= b and o <= end]
            row["notice"] = within[-1] if within else 0.0
            row["waits"] = end - begin - row["notice"]
        for name, seconds in row.items():
            total[name] += seconds
        rows.append((sum(row.values()) - row["work"] - row["waits"], record.id, row))
        reached = max(reached, end)
    wall = (run.ended or reached) - run.started
    work = total["work"] + total["waits"]
    engine = wall - work
    print(
        f"failover drill, {len(run.steps)} steps at {speed:g} times real time: {wall:.1f} s; the nodes' jobs "
        f"{total['work']:.1f} s, waits for the nodes {total['waits']:.1f} s; the engine {engine:.1f} s, "
        f"{engine / work:.1%} of that (goal {ALLOWED:.0%})"
    )
    print(
        f"  of the engine: guards and files read before steps {total['before']:.1f} s, until jobs began "
        f"{total['launch']:.1f} s, until their end was known {total['notice']:.1f} s, what must hold after "
        f"them {total['after']:.1f} s; {len(calls.spent)} calls, {calls.looks} of them launches and looks, "
        f"{calls.waiting(run.started, run.ended or reached):.1f} s in calls"
    )
    for seconds, id, row in sorted(rows, reverse=True)[:8]:
        print(
            f"  {id:24} {seconds:5.2f} s: " + ", ".join(f"{k} {v:.2f}" for k, v in row.items() if v >= 0.01)
        )
    return engine / work


def main() -> int:
    """Exit status 1 when the goal is missed."""
    speed = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with pytest.MonkeyPatch.context() as patch:
        # A lock's age is told by the node's clock.
        patch.setattr(locks, "BEAT", locks.BEAT / speed)
        return int(asyncio.run(measure(speed)) > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
