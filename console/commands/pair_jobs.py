"""Jobs on the pairs of one console: planners, saved plans and the engine, for screens and commands alike."""

import getpass
import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from console.commands import answers
from console.engine import plan_file
from console.engine.journal import Journal, JournalTrouble
from console.engine.parties import Eyes, Operator
from console.engine.runner import Refused, Runner
from console.model.asking import Asker
from console.model.config import Config, PairConfig
from console.model.disk_map import Foreseen
from console.model.disks import HostDisks
from console.model.form import Form, JobInfo, Value
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from console.model.snapshot import PairSnapshot
from console.screens.jobs import JobRefused
from console.ssh.copying import ConsoleCopier
from console.ssh.hands import operating_opener
from console.ssh.streaming import ConsoleStreamer
from console.ssh.surveying import NOT_REACHED, Surveyor
from console.toml_file import BadConfig
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS

OURS = frozenset(JOBS)
NO_ANSWERS: Mapping[str, Value] = MappingProxyType({})
_OVER = (RunState.DONE, RunState.UNDONE)


def who() -> str:
    """`user@host` of this console, for locks, journal and reports."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{platform.node() or 'unknown'}"


class PairJobs:
    """Satisfies `console.screens.jobs.Jobs`.

    Args:
        config: the configuration, for ssh_config and pairs.
        eyes: fresh readings of the pair of that name.
        journal: where runs are kept.
        asker: who is asked for passphrases, at the time it is needed.
    """

    def __init__(
        self,
        config: Config,
        eyes: Callable[[str], Eyes],
        journal: Journal,
        asker: Callable[[], Asker | None],
    ) -> None:
        self._config = config
        self._eyes = eyes
        self._journal = journal
        self._asker = asker
        self._runner: Runner | None = None
        self._disks: dict[tuple[str, str], HostDisks] = {}
        """By pair and machine, as each was read last."""

    def offered(self) -> Sequence[JobInfo]:
        """Our jobs, then the plan files of the operator."""
        ours = [JobInfo(job.name, job.title, job.when) for job in JOBS.values()]
        own = [
            JobInfo(path.stem, path.stem, f"A plan of your own: {path}")
            for path in sorted(plan_file.plans_directory().glob("*.toml"))
            if path.stem not in JOBS
        ]
        return [*ours, *own]

    def surveys(self, pair: str, job: str, values: Mapping[str, Value]) -> Sequence[str]:
        """Machines whose disks the job has to know, given the answers so far. Raises CannotPlan."""
        ours = JOBS.get(job)
        if ours is None or ours.surveys is None:
            return ()
        read = tuple(one for (at, _), one in self._disks.items() if at == pair)
        return ours.surveys(replace(self._snapshot(pair), disks=read), values)

    async def survey(self, pair: str, machines: Sequence[str]) -> None:
        """Read the disks of machines, for `form` and `plan`. Raises CannotPlan where one is not reached."""
        surveyor = Surveyor(self._ssh_config, self._asker())
        try:
            read = await surveyor.survey(machines, self._pair(pair))
        except (ValueError, JobRefused) as odd:
            raise CannotPlan(str(odd)) from odd
        self._disks |= {(pair, one.name): one for one in read}
        if away := [why for one in read for what, why in one.unknown if what == NOT_REACHED]:
            raise CannotPlan("; ".join(away))

    def form(self, pair: str, job: str, values: Mapping[str, Value] = NO_ANSWERS) -> Form:
        """What the job asks; a plan file asks nothing."""
        if job not in JOBS:
            info = next((info for info in self.offered() if info.name == job), None)
            if info is None:
                raise CannotPlan(f"no job is called {job}; there are: {', '.join(JOBS)}")
            return Form(info)
        return answers.form(JOBS[job], self._with_disks(pair, job, values))

    def foresees(self, pair: str, job: str, values: Mapping[str, Value]) -> Foreseen | None:
        """What the answers so far amount to."""
        ours = JOBS.get(job)
        if ours is None or ours.foresees is None:
            return None
        try:
            return ours.foresees(self._with_disks(pair, job, values), values)
        except CannotPlan as why:
            return Foreseen(trouble=str(why))

    def plan(self, pair: str, job: str, values: Mapping[str, Value]) -> Plan:
        """The whole plan, from the newest reading. Raises CannotPlan."""
        if job not in JOBS:
            return self.load(plan_file.plans_directory() / f"{job}.toml", self._snapshot(pair))
        snapshot = self._with_disks(pair, job, values)
        return JOBS[job].plan(snapshot, answers.answers(JOBS[job], snapshot, values))

    def load(self, path: Path, snapshot: PairSnapshot) -> Plan:
        """A plan file for the pair of `snapshot`. Raises CannotPlan."""
        try:
            return plan_file.load(path, snapshot, OURS)
        except BadConfig as bad:
            raise CannotPlan(str(bad)) from bad

    def save(self, plan: Plan, path: Path) -> None:
        """Write the plan as TOML; what is there already stays. Raises OSError."""
        if path.exists():
            raise FileExistsError(f"{path} is there already")
        plan_file.save(plan, path)

    async def unfinished(self, pair: str) -> Sequence[RunRecord]:
        """Runs that may be resumed or undone, newest first. Raises JournalTrouble."""
        return [run for run in await self._journal.runs(pair) if run.state not in _OVER]

    async def kept(self, run: str) -> RunRecord | None:
        """A run as it is now. Raises JournalTrouble."""
        return await self._journal.seen(run)

    async def apply(self, plan: Plan, operator: Operator) -> RunRecord:
        """Run the plan. Raises JobRefused."""
        return await self._run(plan.pair, operator, lambda runner: runner.apply(plan))

    async def resume(self, run: str, operator: Operator) -> RunRecord:
        """Go on with a run. Raises JobRefused."""
        return await self._run(await self._pair_of(run), operator, lambda runner: runner.resume(run))

    async def undo(self, run: str, operator: Operator) -> RunRecord:
        """Take a run back. Raises JobRefused."""
        return await self._run(await self._pair_of(run), operator, lambda runner: runner.undo(run))

    def stop(self) -> None:
        """End the run under way in a safe state."""
        if self._runner is not None:
            self._runner.request_stop()

    async def _pair_of(self, run: str) -> str:
        try:
            record = await self._journal.load(run)
        except JournalTrouble as trouble:
            raise JobRefused(str(trouble)) from trouble
        if record is None:
            raise JobRefused(f"there is no run {run}; `mirrorgate runs` lists them")
        return record.plan.pair

    async def _run(
        self, pair: str, operator: Operator, do: Callable[[Runner], Awaitable[RunRecord]]
    ) -> RunRecord:
        if self._runner is not None:
            raise JobRefused("a run is under way in this console")
        ssh_config, asker = self._ssh_config, self._asker()
        self._runner = Runner(
            self._pair(pair),
            self._eyes(pair),
            operating_opener(ssh_config, asker),
            self._journal,
            operator,
            who=who(),
            copier=ConsoleCopier(ssh_config, asker),
            streamer=ConsoleStreamer(ssh_config, asker),
        )
        try:
            return await do(self._runner)
        except (Refused, JournalTrouble) as refused:
            raise JobRefused(str(refused)) from refused
        finally:
            self._runner = None

    def _pair(self, name: str) -> PairConfig:
        pair = next((pair for pair in self._config.pairs if pair.name == name), None)
        if pair is None:
            raise JobRefused(f"no pair is called {name} in the configuration any more")
        return pair

    @property
    def _ssh_config(self) -> Path | None:
        return Path(self._config.ssh_config) if self._config.ssh_config else None

    def _with_disks(self, pair: str, job: str, values: Mapping[str, Value]) -> PairSnapshot:
        """The pair as it is, with the machines that the job asks about, as far as they were read."""
        snapshot = self._snapshot(pair)
        read = (self._disks.get((pair, name)) for name in self.surveys(pair, job, values))
        return replace(snapshot, disks=tuple(one for one in read if one is not None))

    def _snapshot(self, pair: str) -> PairSnapshot:
        return self._eyes(pair).latest()
