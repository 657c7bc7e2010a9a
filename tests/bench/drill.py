"""A failover drill on the lab, from its first step to its end: what of the time is the engine's.

Run by hand: `python -m tests.bench.drill [SPEED]`, world seconds per second. Times are seconds of this
machine. The nodes live in a process of their own, as real ones do. On a busy machine all grows but the
waiting of the nodes themselves, and what is told as the engine's holds what the simulated nodes take to
answer it. The last reading of a wait, which found that it is over, counts as the engine's.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from console import config_file
from console.commands.sampling import opener
from console.engine import locks
from console.engine.journal import Journal
from console.engine.parties import Eyes
from console.engine.runner import Runner
from console.model.config import Config, NodeConfig
from console.model.plan import Command, WriteFile
from console.model.run import RunRecord, RunState
from console.ssh.connecting import connect
from console.ssh.copying import ConsoleCopier
from console.ssh.hands import open_hands
from console.watch.fresh import PairEyes
from playbooks.failover_drill import JOB
from tests.bench.measured_calls import Calls, Noted
from tests.playbooks.on_lab_b import Hand, told
from tests.waiting import eventually

ALLOWED = 0.05
"""What the engine may add to the work of the nodes, as a part of it."""


@asynccontextmanager
async def _lab(speed: float, folder: Path) -> AsyncIterator[Config]:
    """A lab in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console.cli", "lab", "--serve", "--speed", str(speed)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while not (line := (await process.stdout.readline()).decode()).startswith("mirrorgate --config "):
                if not line:
                    raise RuntimeError("the lab ended")
        yield config_file.load(Path(line.split()[-1]))
    finally:
        process.terminate()
        await process.wait()


def _reach(config: Config) -> Path | None:
    return Path(config.ssh_config) if config.ssh_config else None


async def _on_nodes(config: Config, run: RunRecord, speed: float) -> dict[str, tuple[float, float]]:
    """Beginning and end of each step's job, Unix seconds of this machine."""
    found: dict[str, tuple[float, float]] = {}
    for node in config.pairs[0].nodes:
        connection = await connect(node, ssh_config=_reach(config))
        jobs = f"/var/db/mirrorgate/jobs/{run.id}"
        told = await connection.run(f"touch {jobs}; stat -f '%Fm %N' {jobs} {jobs}.*/started {jobs}.*/status")
        here = time.time()
        times = {
            Path(name): float(at) for at, _, name in (x.partition(" ") for x in str(told.stdout).splitlines())
        }
        there = times.pop(Path(jobs))
        for path, at in times.items():
            step = path.parent.name.removeprefix(f"{run.id}.")
            begun, ended = found.get(step, (0.0, 0.0))
            moment = here - (there - at) / speed
            found[step] = (moment, ended) if path.name == "started" else (begun, moment)
        connection.abort()
    return {step: both for step, both in found.items() if all(both)}


async def measure(speed: float) -> float:
    """Run it; prints the account and returns what the engine added, as a part of the nodes' work."""
    calls = Calls()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        async with (
            _lab(speed, folder) as config,
            PairEyes.open(config.pairs[0], opener(config, None)) as eyes,
        ):
            await eventually(lambda: eyes.watch.master.settled and eyes.watch.slave.settled, 30)

            async def noted_hands(node: NodeConfig) -> Any:
                return Noted(await open_hands(node, _reach(config)), calls)

            journal = Journal(folder / "history.db")
            runner = Runner(
                config.pairs[0],
                cast(Eyes, Noted(eyes, calls)),
                noted_hands,
                journal,
                Hand(),
                who="bench@here",
                copier=ConsoleCopier(_reach(config), None),
            )
            snapshot = await eyes.fresh()
            answers = JOB.answers.model_validate({**JOB.defaults(snapshot), "canary_seconds": 5})
            worked = time.process_time()
            run = await runner.apply(JOB.plan(snapshot, answers))
            worked = time.process_time() - worked
            await journal.close()
            if run.state is not RunState.DONE:
                raise RuntimeError(told(run))
            jobs = await _on_nodes(config, run, speed)
    engine = account(run, jobs, calls, speed)
    walls, cpu = [end - begin for begin, end, _ in calls.readings], [spent for *_, spent in calls.readings]
    print(
        f"  the console took {worked:.1f} s of CPU for all of it; {len(walls)} readings "
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
