"""A pair in memory: nodes with jobs and locks, the hands on them, and what can go wrong with each.

A condition is the name of a flag: `formatted` holds when a command has set it. What a command does is told
by its text: `site.does("newfs", adds=("formatted",), takes=3)`.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from console.engine.readings import Rules
from console.engine.writing import CREATED
from console.health.conditions import Verdict, no, unknown, yes
from console.model.config import PairConfig
from console.model.job import HandsLost, HandsRefused, JobLook, JobState, LockLost
from console.model.lineage import OperatorLock
from console.model.run import RunRecord
from console.model.snapshot import PairSnapshot
from tests.engine.warp import console_time
from tests.health.building import CONFIG

RTT = 0.01
"""Seconds one call on a node takes."""


class Life:
    """One console process: counts the points at which it can be killed, and is, at one of them."""

    def __init__(self, die_at: int | None = None) -> None:
        self.points = 0
        self.dead = False
        self.died = asyncio.Event()
        self._die_at = die_at

    async def point(self) -> None:
        """A moment at which the process may be killed: then nothing after it ever happens."""
        self.points += 1
        if self.points == self._die_at:
            self.dead = True
            self.died.set()
        if self.dead:
            await asyncio.Event().wait()


@dataclass(frozen=True)
class Effect:
    """What a command does when it runs."""

    adds: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    takes: float = 0.05
    exit: int = 0
    out: str = ""
    dies: bool = False
    """Killed without a status."""


@dataclass
class FakeJob:
    """A job directory."""

    text: str
    state: JobState
    exit: int | None = None
    out: str = ""


@dataclass
class FakeNode:
    """A node."""

    name: str
    reachable: bool = True
    lock: OperatorLock | None = None
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    full: bool = False
    no_lock: bool = False
    """A lock cannot be made on it."""


class Site:
    """Both nodes and what is so."""

    def __init__(self) -> None:
        self.pair: PairConfig = CONFIG
        self.nodes = {name: FakeNode(name) for name in ("web-a", "web-b")}
        self.flags: set[str] = set()
        self.unknown: set[str] = set()
        self.bound: dict[str, str] = {}
        self.effects: dict[str, list[Effect]] = {}
        self.executed: list[tuple[str, str]] = []
        """(node, text) of every command that ran."""
        self.calls: list[str] = []
        """Every call on a node or of the eyes, in order."""
        self.lose_at: tuple[int, str] | None = None
        """The number of the hands' call that loses its connection, `before` or `after` its effect."""
        self.hand_calls = 0
        self.journal: dict[str, bytes] = {}
        self.claims: dict[str, Life] = {}
        self.kept: list[RunRecord] = []

    def does(self, text: str, *effects: Effect, **values: Any) -> None:
        """Say what a command does; several effects: one for each time it runs."""
        self.effects[text] = list(effects) or [Effect(**values)]

    def start(self, node: FakeNode, id: str, text: str, given: bytes | None) -> None:
        """Run a job: its effect comes when its time is over."""
        job = node.jobs[id] = FakeJob(text, JobState.RUNNING)
        self.executed.append((node.name, text))
        done = sum(1 for ran in self.executed if ran == (node.name, text)) - 1
        known = self.effects.get(text, [Effect()])
        effect = known[min(done, len(known) - 1)]

        def end() -> None:
            if job.state is not JobState.RUNNING:
                return
            self.flags |= set(effect.adds)
            self.flags -= set(effect.removes)
            if given is not None:
                job.out += self._write(node, text, given)
            if text.startswith("rm -f -- "):
                node.files.pop(text[9:].strip(), None)
            job.out += effect.out
            job.state = JobState.VANISHED if effect.dies else JobState.ENDED
            job.exit = None if effect.dies else effect.exit

        asyncio.get_running_loop().call_later(effect.takes, end)

    def _write(self, node: FakeNode, text: str, given: bytes) -> str:
        found = re.search(r"^p=(.*)$", text, re.MULTILINE)
        mode = re.search(r"^chmod (0\d{3})", text, re.MULTILINE)
        assert found
        assert mode
        path = found.group(1)
        was_there = path in node.files
        node.files[path] = given
        node.modes[path] = mode.group(1)
        self.flags.add(f"written-{path.rsplit('/', 1)[1].replace('.', '-')}")
        run = re.search(r'^old="\$p.before-"(.*)$', text, re.MULTILINE)
        assert run
        if "kept" not in text:
            return ""
        return f"kept {path}.before-{run.group(1)}\n" if was_there else f"{CREATED}\n"

    def reboot(self, name: str) -> None:
        """Every running job is interrupted."""
        for job in self.nodes[name].jobs.values():
            if job.state is JobState.RUNNING:
                job.state = JobState.INTERRUPTED

    def check(self, name: str, snapshot: PairSnapshot) -> Verdict:
        """A condition: whether its flag is set."""
        flag = name.removeprefix("not ")
        flags = snapshot.master.facts.modules.value
        if flags is None or f"?{flag}" in flags:
            return unknown(f"{flag} was not read")
        holds = (flag in flags) != name.startswith("not ")
        return yes(f"{name} is so") if holds else no(f"{name} is not so")

    def rules(self) -> Rules:
        """The vocabulary of this site."""
        return Rules(
            check=self.check,
            changed=lambda facts, _: tuple(
                f"{k} was {v}; is {self.bound.get(k)}" for k, v in facts.items() if self.bound.get(k) != v
            ),
            problems=lambda plan, pair: (
                () if plan.pair == pair.name else ((("pair",), f"the plan is for {plan.pair}"),)
            ),
        )


class FakeHands:
    """Hands on one node."""

    def __init__(self, site: Site, node: FakeNode, life: Life) -> None:
        self._site, self._node, self._life = site, node, life
        self._broken = False

    async def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        site = self._site
        site.calls.append(f"{self._node.name}.{name}")
        site.hand_calls += 1
        number = site.hand_calls
        await self._life.point()
        await asyncio.sleep(RTT / 2)
        if self._broken or not self._node.reachable or site.lose_at == (number, "before"):
            self._broken = True
            raise HandsLost(f"{self._node.name}: the connection was lost; connect again")
        result = effect()
        await asyncio.sleep(RTT / 2)
        if site.lose_at == (number, "after") or not self._node.reachable:
            self._broken = True
            raise HandsLost(f"{self._node.name}: the connection was lost; connect again")
        await self._life.point()
        return result

    async def launch(self, job: str, text: str, *, run: str, input: bytes | None = None) -> JobLook:
        def start() -> None:
            if self._node.full:
                raise HandsRefused(f"{self._node.name}: no space")
            if self._node.lock is None or self._node.lock.run != run:
                raise LockLost(f"{self._node.name}: another holds its lock; nothing was started")
            if job not in self._node.jobs:
                self._site.start(self._node, job, text, input)

        await self._call("launch", start)
        for _ in range(10):
            if self._look(job).state is JobState.RUNNING:
                await asyncio.sleep(0.02)
        return self._look(job)

    def _look(self, job: str, out_offset: int = 0) -> JobLook:
        found = self._node.jobs.get(job)
        if found is None:
            return JobLook(JobState.ABSENT)
        out = found.out.encode()
        part = out[out_offset : out_offset + 65536]
        return JobLook(found.state, found.exit, part.decode(), out_offset=out_offset + len(part))

    async def look(self, job: str, out_offset: int = 0, err_offset: int = 0) -> JobLook:
        look: JobLook = await self._call("look", lambda: self._look(job, out_offset))
        return look

    async def stop(self, job: str) -> JobLook:
        raise NotImplementedError

    async def read(self, text: str, limit: float = 10.0) -> tuple[int | None, str]:
        def answer() -> tuple[int | None, str]:
            if text == "date +%s":
                return 0, f"{int(console_time())}\n"
            if text.startswith("ls -ld "):
                mode = self._node.modes.get(text[7:], "0644")
                return 0, {"0644": "-rw-r--r--", "0600": "-rw-------"}[mode] + " 1 root\n"
            if text.startswith("echo "):
                return 0, text[5:]
            return (None, "") if text == "hang" else (1, "no such thing")

        result: tuple[int | None, str] = await self._call("read", answer)
        return result

    async def read_file(self, path: str) -> bytes | None:
        content: bytes | None = await self._call("read_file", lambda: self._node.files.get(path))
        return content

    async def take_lock(
        self, run: str, job: str, operator: str, *, break_stale: bool = False
    ) -> OperatorLock | None:
        def take() -> OperatorLock | None:
            if self._node.no_lock:
                raise HandsRefused(f"{self._node.name}: the node could not take the lock (read-only)")
            now, holder = int(console_time()), self._node.lock
            if holder is not None and holder.run != run and not break_stale:
                return holder
            self._node.lock = OperatorLock(run, job, operator, now, now)
            return None

        holder: OperatorLock | None = await self._call("take_lock", take)
        return holder

    async def beat(self, run: str) -> bool:
        def beat() -> bool:
            if self._node.lock is None or self._node.lock.run != run:
                return False
            self._node.lock = replace(self._node.lock, beat=int(console_time()))
            return True

        ours: bool = await self._call("beat", beat)
        return ours

    async def drop_lock(self, run: str) -> None:
        def drop() -> None:
            if self._node.lock is not None and self._node.lock.run == run:
                self._node.lock = None

        await self._call("drop_lock", drop)

    async def close(self) -> None:
        self._broken = True
