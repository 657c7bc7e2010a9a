"""Jobs without an engine: a plan worth drawing, and runs that go on when the test says so."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from console.engine.parties import Operator
from console.model.disk_map import Foreseen
from console.model.form import Form, JobInfo, Value, form_of
from console.model.plan import (
    Command,
    Direction,
    Manual,
    Plan,
    PlanNode,
    Probe,
    Risk,
    Side,
    Step,
    Transfer,
    Undo,
    Wait,
    WriteFile,
)
from console.model.run import Checked, Choice, Question, RunRecord, RunState, StepRecord, StepState
from console.model.words import Answer
from console.screens.jobs import JobRefused
from playbooks.job import Answers, CannotPlan
from tests.screens.sample import NOW

FAIL_BACK = JobInfo(
    "fail-back",
    "Fail back",
    "The old master is up again and its half is to get the newer data, then the service goes home.",
)
DRILL = JobInfo("failover-drill", "Failover drill", "You want to know how long a hand-over really takes.")
STOP = JobInfo("stop-pair", "Stop the pair", "Both nodes go down for maintenance, in the safe order.")


NO_ANSWERS: Mapping[str, Value] = {}


class FailBackAnswers(Answers):
    prefer: Literal["load", "prefer", "round-robin"] = Field(
        "prefer", title="Balance algorithm", description="How gmirror spreads reads over both halves."
    )
    timeout: int = Field(
        30,
        title="Gate timeout",
        description="Seconds after which a write that hangs is given up.",
        ge=5,
        le=300,
    )
    keep_copy: bool = Field(
        True,
        title="Keep a copy first",
        description="Copy the image that will be overwritten aside, if it fits.",
    )
    note: str | None = Field(
        None, title="Note", description="A sentence for the report; may stay empty.", max_length=40
    )


DIRECTION = Direction(
    source=Side(
        node="web-b",
        component="ggate0",
        image="/data/sitesbackup.img",
        size=524288000,
        facts=(
            ("syncid", "3"),
            ("genid", "0"),
            ("lineage", "7f3a09d2c4e51b60, from 21c9"),
            ("last mount", "01:56:02 on web-b"),
        ),
        probes=(Probe(label="newest file", node="web-b", text="ls -t /home/sites | head -1"),),
    ),
    target=Side(
        node="web-a",
        component="md0",
        image="/data/sitesprimary.img",
        size=524288000,
        facts=(
            ("syncid", "2"),
            ("genid", "0"),
            ("lineage", "21c90b7d11e83fa4"),
            ("last mount", "unknown: md0 is not attached"),
        ),
    ),
    overwritten="web-a:/data/sitesprimary.img (500 MB) will be OVERWRITTEN",
)

STEPS = (
    Step(
        id="look",
        title="Both nodes answer, the slave serves",
        why="Nothing is begun while one of the nodes cannot be seen.",
        action=Wait(until=("both-nodes-answer", "slave-mounted"), failed_when=("mounted-on-both-nodes",)),
        risk=Risk.READ,
        leaves="web-b serves alone, nothing is copied",
    ),
    Step(
        id="settings",
        title="Write the settings of the node scripts",
        why="The scripts read one file; web-a's is from before the promotion.",
        node="web-a",
        action=WriteFile(
            path="/usr/local/etc/mirrorgate.conf",
            content='home=master\nmirror=remotemirror\npassword="@SECRET:vrrp@"\n',
            mode="0600",
        ),
        undo=Undo(none_needed="the old file is kept beside it"),
        leaves="web-b serves alone, nothing is copied",
    ),
    Step(
        id="stop-serving-image",
        title="Attach the gate to web-b's image",
        why="The gate comes first: then the mirror starts from the newer half and finds the old one stale.",
        node="web-a",
        action=Command(text="ggatec create -t 30 -q 1024 -u 0 10.0.0.2 /data/sitesbackup.img"),
        guards=("slave-image-served", "not master-gate-present"),
        expects=("master-gate-alive",),
        undo=Undo(text="ggatec destroy -f -u 0"),
        leaves="web-b serves alone; web-a sees its image",
    ),
    Step(
        id="attach",
        title="Attach the master's half",
        why="gmirror must see it to know that it is stale.",
        node="web-a",
        action=Command(text="mdconfig -a -t vnode -f /data/sitesprimary.img -u 0"),
        guards=("master-image-free", "no-split-brain"),
        expects=("master-half-stale",),
        undo=Undo(text="mdconfig -d -u 0"),
        leaves="web-b serves alone; the master's half is known and stale",
    ),
    Step(
        id="rebuild",
        title="Rebuild the master's half",
        why="md0 is STALE: it missed what was written on web-b since 01:56.",
        node="web-a",
        action=Command(text="gmirror rebuild remotemirror md0"),
        guards=("master-half-stale", "no-split-brain", "master-lineage-newest"),
        expects=("master-half-synchronizing",),
        undo=Undo(none_needed="the half is not used until it is ACTIVE"),
        risk=Risk.DESTROYS,
        confirm="web-a:md0",
        shows_direction=True,
        timeout=30,
        phase="copy",
        leaves="web-b's data is being copied to web-a",
    ),
    Step(
        id="wait-copy",
        title="Wait until both halves are the same",
        why="Before that, only web-b has all of the data.",
        action=Wait(until=("master-mirror-complete",), failed_when=("not master-gate-alive",)),
        risk=Risk.READ,
        timeout=7200,
        phase="copy",
        leaves="both halves are the same, nothing is mounted",
    ),
    Step(
        id="aside",
        title="Copy the report's files to the archive host",
        why="The archive keeps what was overwritten.",
        node="web-b",
        action=Transfer(source="/data/aside.img", host="root@archive", target="/srv/aside.img"),
        undo=Undo(none_needed="a copy harms nothing"),
        leaves="both halves are the same, nothing is mounted",
    ),
    Step(
        id="mount",
        title="Check and mount",
        why="The service goes home.",
        node="web-a",
        action=Command(
            text="fsck -p /dev/mirror/remotemirror &&\n  mount /dev/mirror/remotemirror /home/sites"
        ),
        guards=("nothing-mounted",),
        expects=("master-mounted-through-mirror",),
        undo=Undo(text="umount /home/sites"),
        phase="mount",
        leaves="web-a serves",
    ),
    Step(
        id="say",
        title="Look at the site",
        why="Only a person can tell whether the site is right.",
        action=Manual(ask="Open the site in a browser and look at the newest article."),
        undo=Undo(none_needed="nothing was done"),
        leaves="web-a serves",
    ),
)

PLAN = Plan(
    id="7f3a09d2c4e51b60",
    job="fail-back",
    title="Fail back: the service goes home to web-a",
    pair="borkcorp-www",
    made="2026-11-23T02:11:44+00:00",
    nodes=(
        PlanNode(name="web-a", home="master", host="192.168.1.100", image="/data/sitesprimary.img"),
        PlanNode(name="web-b", home="slave", host="192.168.1.101", image="/data/sitesbackup.img"),
    ),
    answers={"prefer": "prefer", "timeout": 30, "keep_copy": True},
    facts={"web-a.boottime": "1795390000"},
    unchecked=("whether the copy aside fits: df of web-a's host file system was not read",),
    aborts=("mounted-on-both-nodes", "both-masters"),
    outages=(("mount", "mount"),),
    direction=DIRECTION,
    steps=STEPS,
    ends="web-a serves, both halves are the same, web-b waits",
    expects=("master-mounted-through-mirror", "master-mirror-complete"),
)

ASKS_REBUILD = Question(
    run="20261123-021144-fail-back-7f3a",
    step="rebuild",
    text="web-b's data is copied over web-a's half.",
    typed="web-a:md0",
    destroys=True,
    shows_direction=True,
    direction_facts=(
        ("web-b", "newest file", "2026-11-23 01:56:31 articles/1204.html"),
        ("web-a", "newest file", "2026-11-23 01:41:07 articles/1198.html"),
    ),
)


def record(
    done: int,
    state: RunState = RunState.RUNNING,
    now: StepState = StepState.RUNNING,
    plan: Plan = PLAN,
    **more: object,
) -> RunRecord:
    """A run with `done` steps behind it, the next one in state `now`."""
    steps = [
        StepRecord(
            step.id,
            StepState.ALREADY_SO if n == 1 else StepState.DONE,
            NOW - 100 + n,
            NOW - 99.9 + n * 1.4,
            0,
        )
        if n < done
        else StepRecord(step.id)
        for n, step in enumerate(plan.steps)
    ]
    if done < len(steps):
        guards = tuple(
            Checked(name, Answer.UNKNOWN if n == 2 else Answer.YES, "web-a's lineage was read 4 s ago")
            for n, name in enumerate(plan.steps[done].guards)
        )
        steps[done] = StepRecord(plan.steps[done].id, now, NOW - 10, guards=guards)
    run = RunRecord(
        ASKS_REBUILD.run,
        plan,
        "root@jump",
        state,
        NOW - 242,
        steps=tuple(steps),
        safe_state=plan.steps[done - 1].leaves if done else "",
        locks=("root@jump",),
    )
    return replace(run, **more)  # type: ignore[arg-type]


class FakeJobs:
    """What the console asks for jobs, scripted by a test."""

    def __init__(self) -> None:
        self.operator: Operator | None = None
        self.begun: list[tuple[str, object]] = []
        self.planned: list[Mapping[str, Value]] = []
        self.stops = 0
        self.saved: list[Path] = []
        self.open_runs: tuple[RunRecord, ...] = ()
        self.no_plan: str = ""
        self.refuses: JobRefused | None = None
        self.the_plan = PLAN
        self.ended: asyncio.Future[RunRecord] | None = None
        self.jobs: tuple[JobInfo, ...] = (FAIL_BACK, DRILL, STOP)

    def offered(self) -> Sequence[JobInfo]:
        return self.jobs

    def surveys(self, pair: str, job: str, values: Mapping[str, Value]) -> Sequence[str]:
        return ()

    async def survey(self, pair: str, machines: Sequence[str]) -> None:
        raise NotImplementedError

    def form(self, pair: str, job: str, values: Mapping[str, Value] = NO_ANSWERS) -> Form:
        if job == DRILL.name:
            raise CannotPlan("web-b does not answer: a drill needs both nodes; look at 2 Node first")
        info = next(one for one in self.jobs if one.name == job)
        return form_of(info, FailBackAnswers, {"timeout": 20}) if job == FAIL_BACK.name else Form(info)

    def foresees(self, pair: str, job: str, values: Mapping[str, Value]) -> Foreseen | None:
        return None

    def plan(self, pair: str, job: str, values: Mapping[str, Value]) -> Plan:
        self.planned.append(values)
        if self.no_plan:
            raise CannotPlan(self.no_plan)
        return self.the_plan

    def save(self, plan: Plan, path: Path) -> None:
        if path.name.startswith("no"):
            raise PermissionError(13, "Permission denied", str(path))
        self.saved.append(path)

    async def unfinished(self, pair: str) -> Sequence[RunRecord]:
        return self.open_runs

    async def kept(self, run: str) -> RunRecord | None:
        return next((one for one in self.open_runs if one.id == run), None)

    async def apply(self, plan: Plan, operator: Operator) -> RunRecord:
        return await self._run("apply", plan, operator)

    async def resume(self, run: str, operator: Operator) -> RunRecord:
        return await self._run("resume", run, operator)

    async def undo(self, run: str, operator: Operator) -> RunRecord:
        return await self._run("undo", run, operator)

    async def _run(self, how: str, what: object, operator: Operator) -> RunRecord:
        if self.refuses is not None:
            raise self.refuses
        self.begun.append((how, what))
        self.operator = operator
        self.ended = asyncio.get_running_loop().create_future()
        return await self.ended

    def stop(self) -> None:
        self.stops += 1

    def tell(self, run: RunRecord) -> None:
        assert self.operator is not None
        self.operator.tell(run)

    def ask(self, question: Question) -> "asyncio.Task[Choice]":
        assert self.operator is not None
        return asyncio.ensure_future(_decide(self.operator, question))

    def end(self, run: RunRecord) -> None:
        assert self.ended is not None
        self.ended.set_result(run)


async def _decide(operator: Operator, question: Question) -> Choice:
    return await operator.decide(question)
