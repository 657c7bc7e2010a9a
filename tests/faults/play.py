"""One cell played on a site: the job, the fault, the operator, and the judgement of the world afterwards."""

import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.engine.runner import Refused
from console.lab.invariants import Watcher, watch
from console.lab.provision import MOUNT
from console.lab.running import run_text
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from playbooks.job import CannotPlan, Job
from playbooks.jobs import JOBS
from tests.faults.cells import Cell, Stage
from tests.faults.console import Bench, shortened
from tests.faults.marks import Marks
from tests.faults.onward import Onward
from tests.faults.second import INTRUDED, intrude
from tests.faults.site import STARTS, TRACE, Site
from tests.faults.strike import Strike

_LOCK = "/var/db/mirrorgate/lock/owner"


@dataclass
class Outcome:
    """What came of a cell."""

    cell: str
    struck: bool = False
    """False: the step was not reached, or was already so: there was nothing to strike."""
    ended: str = ""
    """The state in which the job's own run ended."""
    wrong: list[str] = field(default_factory=list)
    """Every invariant that did not hold; empty = passed."""
    unfit: str = ""
    """Why the pair was not in the state from which the job starts: the lab is to be blamed, not the job."""
    told: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


def stages(plan: Plan) -> tuple[Stage, ...]:
    """A plan's steps as the matrix sees them."""
    return tuple(Stage(step.id, step.action.kind) for step in plan.steps)


async def survey(site: Site, job: str) -> tuple[Stage, ...]:
    """The steps a job has from its starting state."""
    start = STARTS[job]
    await site.reset(start.state)
    return stages(await site.plan(JOBS[job], start.answers))


async def play(
    site: Site, cell: Cell, job: Job[Any] | None = None, edit: Callable[[Plan], Plan] | None = None
) -> Outcome:
    """Play a cell; a bug of the harness or of the console is an outcome too."""
    outcome = Outcome(str(cell))
    began, cpu = time.monotonic(), time.process_time()
    try:
        await _play(site, cell, outcome, job or JOBS[cell.job], edit)
    except Exception as odd:
        where = traceback.extract_tb(odd.__traceback__)[-1]
        outcome.wrong.append(f"{type(odd).__name__}: {odd} ({where.filename}:{where.lineno})")
    outcome.seconds, outcome.cpu = time.monotonic() - began, time.process_time() - cpu
    return outcome


async def _play(
    site: Site, cell: Cell, outcome: Outcome, job: Job[Any], edit: Callable[[Plan], Plan] | None
) -> None:
    start = STARTS[cell.job]
    try:
        await site.reset(start.state)
    except (Refused, RuntimeError, TimeoutError) as odd:
        outcome.unfit = f"the starting state was not reached: {odd}"
        return
    world = site.lab.world
    watcher = watch(world)
    quiet = frozenset("a") if cell.job == "keep" else frozenset()
    try:
        async with Marks(world, quiet):
            await watcher.check()
            watcher.violations.clear()  # a split brain that we made is not the run's
            try:
                plan = shortened(await site.plan(job, start.answers), cell)
            except CannotPlan as cannot:
                outcome.unfit = str(cannot)
                return
            if edit is not None:
                plan = edit(plan)
            if cell.step not in {step.id for step in plan.steps}:
                outcome.wrong.append(f"the plan has no step {cell.step}")
                return
            await _act(site, cell, plan, outcome, watcher)
    finally:
        watcher.close()
    outcome.wrong += watcher.violations


async def _act(site: Site, cell: Cell, plan: Plan, outcome: Outcome, watcher: Watcher) -> None:
    step = plan.step(cell.step)
    letters = {name: letter for letter, name in site.lab.names.items()}
    node = letters[step.node] if step.node else "b"
    strike = Strike(site, cell, step.action.kind in ("command", "write"), node)
    history = site.directory / "history.db"
    bench = Bench(site, history, strike)
    strike.second = lambda: intrude(plan, site.eyes, site.opened, site.directory / "second.db")
    onward = Onward(site, bench, plan)
    record = await onward.run()
    outcome.struck = strike.fired
    outcome.ended = record.state.value if record else "killed"
    outcome.told = onward.told
    outcome.wrong += strike.wrong
    if record is not None:
        outcome.wrong += await _locks(site, record)
    if record is None or record.state is not RunState.DONE:
        await onward.home()
        if missing := await onward.missing():
            outcome.wrong.append(f"no job leads back to a whole pair: {missing}")
    outcome.wrong += await _traces(site)
    await final_look(site, watcher)


async def _locks(site: Site, record: RunRecord) -> list[str]:
    """A lock that stays is explained."""
    wrong = []
    for letter, name in site.lab.names.items():
        node = site.lab.world.nodes[letter]
        if node.fs.exists(_LOCK) and not any(line.startswith(f"{name}:") for line in record.locks):
            owner = node.fs.read_file(_LOCK).decode().splitlines()[0]
            wrong.append(f"{name}: a lock is left ({owner}) and the run does not say why: {record.locks}")
    return wrong


async def _traces(site: Site) -> list[str]:
    wrong = []
    for letter, name in site.lab.names.items():
        node = site.lab.world.nodes[letter]
        if node.fs.exists(TRACE):
            ran = Counter(node.fs.read_file(TRACE).decode().split())
            wrong += [f"{name}: {job} was executed {n} times" for job, n in ran.items() if n > 1]
        if node.fs.exists(INTRUDED):
            wrong.append(f"{name}: a second operator's command was executed")
        left = await run_text(node, "pgrep -f '^/bin/sh /var/db/mirrorgate/jobs/'")
        if left.out.strip():
            wrong.append(f"{name}: a job still runs at the end")
    return wrong


async def final_look(site: Site, watcher: Watcher) -> None:
    """What serves now has every acknowledged write, and so has an image of what does not serve."""
    for node in site.lab.world.nodes.values():
        mount = node.mounts.at(MOUNT) if node.ready else None
        if mount is not None:
            await watcher._told("mounting", node, mount)
    await watcher.check()
