"""`plan`, `apply`, `run`, `provision`, `resume` and `undo`: jobs without the screens."""

import asyncio
import json
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from console.commands.answers import answers, settings
from console.commands.complaining import complain
from console.commands.pair_jobs import PairJobs
from console.commands.plan_text import plan_text
from console.commands.sampling import chosen, opener
from console.commands.terminal_asker import TerminalAsker
from console.commands.terminal_operator import TerminalOperator
from console.engine.journal import Journal, JournalTrouble
from console.health.binding import bound_facts, changed
from console.health.conditions import CONDITIONS
from console.model.config import Config, PairConfig
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from console.model.snapshot import PairSnapshot
from console.screens.jobs import JobRefused
from console.toml_file import BadConfig
from console.watch.fresh import PairEyes
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS
from playbooks.provision import files, modes
from playbooks.provisioning.answers import ProvisionAnswers

_FIRST_LOOK = 15.0
"""Seconds both nodes have to say everything once before a plan is made."""
_ENDS = {RunState.DONE: 0, RunState.UNDONE: 0, RunState.STOPPED: 3, RunState.ABORTED: 4}
"""Exit status by how a run ended; failed is 1."""


async def main(arguments: Namespace, config: Config, path: Path) -> int:
    """Do what the command line says; returns the exit status: 2 where nothing was begun."""
    try:
        match arguments.command:
            case "plan":
                return await _plan(arguments, config, path)
            case "resume" | "undo":
                return await _go_on(arguments, config, path)
            case _:
                return await _run(arguments, config, path)
    except (CannotPlan, JobRefused, JournalTrouble) as why:
        complain(why)
        return 2


async def _plan(arguments: Namespace, config: Config, path: Path) -> int:
    if arguments.conditions:
        for name, one in CONDITIONS.items():
            print(f"{name:<34} {one.sentence}")
        return 0
    pair = _one_pair(config, path, arguments.pair)
    async with _jobs(config, pair) as (jobs, _):
        if arguments.job is None:
            return _list(jobs)
        plan = await _planned(jobs, pair, arguments.job, arguments.settings)
    if arguments.output:
        jobs.save(plan, arguments.output)
        print(
            f"{arguments.output}: {plan.title}, {len(plan.steps)} steps; carry it out with: mirrorgate apply"
        )
    elif arguments.json:
        print(json.dumps(plan.model_dump(mode="json", exclude_none=True), indent=2))
    else:
        print(plan_text(plan))
    return 0


async def _run(arguments: Namespace, config: Config, path: Path) -> int:
    pair = _one_pair(config, path, arguments.pair)
    async with _jobs(config, pair) as (jobs, eyes):
        if arguments.command == "apply":
            plan = jobs.load(arguments.file, eyes.latest())
        else:
            job = "provision" if arguments.command == "provision" else arguments.job
            if job is None:
                return _list(jobs)
            if getattr(arguments, "files_only", None):
                return _files_only(arguments, jobs, eyes.latest())
            plan = await _planned(jobs, pair, job, arguments.settings)
        print(plan_text(plan), flush=True)
        if arguments.dry_run:
            return _dry(plan, eyes.latest())
        operator = TerminalOperator(yes=arguments.yes, take_over=arguments.take_over)
        if not await operator.begins(plan):
            print("mirrorgate: nothing was begun", file=sys.stderr)
            return 2
        return await _to_the_end(jobs, operator, lambda: jobs.apply(plan, operator))


def _dry(plan: Plan, snapshot: PairSnapshot) -> int:
    """A dry run ends with the plan: what was not checked, and whether the pair is still as it was."""
    different = changed(plan.facts, bound_facts(snapshot), ("lock",))
    for line in different:
        print(f"changed since the plan was made: {line}")
    for line in plan.unchecked:
        print(f"could not be checked: {line}")
    print("dry run: nothing was changed" + (", and this plan would be refused" if different else ""))
    return 1 if different else 0


async def _go_on(arguments: Namespace, config: Config, path: Path) -> int:
    journal = Journal()
    try:
        name = arguments.run or await _newest_unfinished(journal, {pair.name for pair in config.pairs})
        record = await journal.load(name)
    finally:
        await journal.close()
    if record is None:
        raise JobRefused(f"there is no run {name}; `mirrorgate runs` lists them")
    pair = _one_pair(config, path, record.plan.pair)
    async with _jobs(config, pair) as (jobs, _):
        operator = TerminalOperator(yes=arguments.yes, take_over=arguments.take_over)
        go = jobs.resume if arguments.command == "resume" else jobs.undo
        return await _to_the_end(jobs, operator, lambda: go(record.id, operator))


async def _newest_unfinished(journal: Journal, pairs: set[str]) -> str:
    for run in await journal.runs():
        if run.plan.pair in pairs and run.state not in (RunState.DONE, RunState.UNDONE):
            return run.id
    raise JobRefused("no run is unfinished; `mirrorgate runs` lists all")


async def _to_the_end(
    jobs: PairJobs, operator: TerminalOperator, begin: Callable[[], Awaitable[RunRecord]]
) -> int:
    """Carry a run out; an interrupt asks it to stop safely, a second one does not wait for its step."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, jobs.stop)
    loop.add_signal_handler(signal.SIGTERM, jobs.stop)
    try:
        run = await begin()
    except JobRefused as why:
        complain(why)
        if operator.left is None:
            return 2
        print(f"the pair is left so: {operator.left}")
        return 1
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
    print(f"\n{run.plan.job} {run.state.value}: {run.why}")
    print(f"the pair is left so: {run.safe_state}")
    print(f"report: mirrorgate report {run.id}")
    return _ENDS.get(run.state, 1)


@asynccontextmanager
async def _jobs(config: Config, pair: PairConfig) -> AsyncIterator[tuple[PairJobs, PairEyes]]:
    """The jobs of one pair that is being watched, once both nodes have said everything or cannot."""
    asker = TerminalAsker()
    journal = Journal()
    try:
        async with PairEyes.open(pair, opener(config, asker)) as eyes:
            try:
                async with asyncio.timeout(_FIRST_LOOK):
                    while not (eyes.watch.master.settled and eyes.watch.slave.settled):
                        await eyes.fresh(1.0)
            except TimeoutError:
                print("mirrorgate: not everything was answered yet; it counts as unknown", file=sys.stderr)
            yield PairJobs(config, lambda _: eyes, journal, lambda: asker), eyes
    finally:
        await journal.close()


async def _planned(jobs: PairJobs, pair: PairConfig, job: str, given: list[str]) -> Plan:
    try:
        values = settings(jobs.form(pair.name, job), given)
        if machines := jobs.surveys(pair.name, job, values):
            print(f"mirrorgate: reading the disks of {' and '.join(machines)}…", file=sys.stderr, flush=True)
            await jobs.survey(pair.name, machines)
        return jobs.plan(pair.name, job, values)
    except ValueError as odd:
        raise CannotPlan(str(odd)) from odd


def _list(jobs: PairJobs) -> int:
    for info in jobs.offered():
        print(f"{info.name:<16} {info.when}")
    return 0


def _files_only(arguments: Namespace, jobs: PairJobs, snapshot: PairSnapshot) -> int:
    """Write every file that provisioning would, for review; an existing file is never replaced."""
    pair = snapshot.config.name
    said = answers(JOBS["provision"], snapshot, settings(jobs.form(pair, "provision"), arguments.settings))
    if not isinstance(said, ProvisionAnswers):
        raise TypeError("provision has answers of its own")
    mode = modes(snapshot, said)
    targets = {
        arguments.files_only / node / name.lstrip("/"): (content, int(mode[node].get(name, "0644"), 8))
        for node, each in files(snapshot, said).items()
        for name, content in each.items()
    }
    for target in targets:
        if target.exists():
            raise CannotPlan(f"{target} is there already: name an empty directory")
    for target, (content, permissions) in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.touch(permissions)
        target.write_text(content, encoding="utf-8")
        print(target)
    return 0


def _one_pair(config: Config, path: Path, name: str | None) -> PairConfig:
    pairs = chosen(config, path, name)
    if len(pairs) > 1:
        raise BadConfig(path, None, "", f"say which with --pair: {', '.join(p.name for p in pairs)}")
    return pairs[0]
