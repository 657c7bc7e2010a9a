"""A simulated pair on a virtual clock: commands run and time jumps, so hours of recording take seconds."""

import asyncio
import re
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self

from console.lab import fresh
from console.lab.catalogue import commands
from console.lab.clock import Clock, settle
from console.lab.lineinput import LineInput
from console.lab.processes import Process
from console.lab.shell import Shell
from console.lab.threads import Threads
from console.lab.world import Node, World

FRESH, PROVISIONED, HARDCODED = "fresh", "provisioned", "provisioned with hard-coded names"
"""The states that a scenario may start from."""

LIMIT = 900.0
"""World seconds after which a command that still runs is given up."""

IMAGE = 48 << 20
"""Bytes of an image in the recordings."""

START = 1_795_396_605.0

PATIENCE = 60.0
"""Real seconds after which a shell that still computes is taken for one that never stops."""
PAUSE = 0.0005
"""Real seconds between two looks at threads that are at work."""
QUIET_CPU = 0.0004
"""CPU seconds of this process under which a pause counts as quiet where threads cannot be looked at."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command left behind."""

    exit_status: int
    out: str
    err: str


class Stage:
    """A pair in some starting state, and the ways to act on it."""

    def __init__(self) -> None:
        self.clock = Clock(0, START)
        self.clock.settle = self._settle
        self.world = World(clock=self.clock)
        self._running: set[asyncio.Task[Any]] = set()
        self._threads = Threads() if Threads.known() else None

    @classmethod
    async def set_up(cls, opening: str) -> Self:
        """Bring both nodes up and provision them as far as `opening` says."""
        stage = cls()
        for node in stage.world.nodes.values():
            fresh.install(node)
            await stage._until(node.boot())
        await stage.clock.advance(45.0)
        if opening != FRESH:
            await stage._provision(hardcode=opening == HARDCODED)
        return stage

    @property
    def now(self) -> float:
        """World time."""
        return self.clock.now()

    async def reach(self, moment: float) -> None:
        """Let world time pass up to `moment`; do nothing when it is past."""
        if moment > self.now:
            await self.clock.advance(moment - self.now)

    async def happen(self, event: str, nodes: str) -> None:
        """Do to the machines what a recorded event did."""
        match event:
            case "power cut":
                for name in nodes:
                    self.world.nodes[name].cut_power()
            case "power on":
                for name in nodes:
                    self.world.nodes[name].start(self.world.nodes[name].boot())
            case "replication link pulled":
                self.world.pull_link()
            case "replication link plugged in":
                self.world.plug_link()
            case _:
                self.world.record("", f"not simulated: {event}")
        await self._settle()

    def synchronise_in(self, seconds: float) -> None:
        """Give the disks the speed at which a whole image of the recordings is copied in so many seconds."""
        self.world.sync_rate = int(IMAGE / max(seconds, 0.5))

    async def run(self, name: str, script: str, limit: float | None = None) -> Outcome | None:
        """Run a command line as sshd does; None when it has not ended after `limit` world seconds."""
        task = asyncio.create_task(self._execute(self.world.nodes[name], script))
        self._track(task)
        ended = await self._until(task, LIMIT if limit is None else limit)
        return task.result() if ended else None

    async def close(self) -> None:
        """End everything."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.world.close()
        if self._threads:
            self._threads.close()

    async def _until(
        self, work: Coroutine[Any, Any, Any] | asyncio.Future[Any], limit: float = LIMIT
    ) -> bool:
        task = asyncio.ensure_future(work)
        return await self.clock.run_until(task, limit)

    async def _execute(self, node: Node, script: str) -> Outcome:
        out, err = bytearray(), bytearray()

        async def take_out(data: bytes) -> None:
            out.extend(data)

        async def take_err(data: bytes) -> None:
            err.extend(data)

        live = LineInput()
        live.end()
        session = _session(node, script)
        shell = Shell(node, commands(), live, take_out, take_err)
        try:
            jobs = await shell.foreground(script)
            self._track(jobs)
            if not _DETACHED.search(script):
                await jobs
        finally:
            for process in session:
                node.processes.exit(process)
        return Outcome(shell.status, out.decode(errors="replace"), err.decode(errors="replace"))

    def _track(self, task: asyncio.Task[Any]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _settle(self) -> None:
        """Wait until nothing runs: bashkit computes in threads of its own that the loop does not show."""
        await settle()
        seen: object = None
        until = time.monotonic() + PATIENCE
        while Shell.executing and time.monotonic() < until:
            turns = self._threads.turns() if self._threads else await _cpu_turns()
            # What a thread had asked of the loop before it slept has been done between the two looks.
            if turns is not None and turns == seen:
                return
            seen = turns
            if turns is None:
                await asyncio.sleep(PAUSE)
            await settle()

    async def _provision(self, hardcode: bool) -> None:
        flag = "-h " if hardcode else ""
        for name, script in (
            ("b", "mkdir -p /root/images /home/sites; truncate -s 48m /root/images/sitesbackup.img"),
            ("b", "printf '192.168.1.100 RW /root/images/sitesbackup.img\\n' > /etc/gg.exports; ggated"),
            ("a", "mkdir -p /root/images /home/sites; truncate -s 48m /root/images/sitesprimary.img"),
            ("a", "kldload geom_mirror"),
            ("a", "ggatec create -t 10 192.168.1.101 /root/images/sitesbackup.img"),
            ("a", f"gmirror label {flag}-n -b prefer remotemirror ggate0"),
            ("a", "mdconfig -a -t vnode -f /root/images/sitesprimary.img -u 0"),
            ("a", f"gmirror insert {flag}-p 100 remotemirror md0"),
            ("a", "gmirror rebuild remotemirror md0"),
        ):
            await self.run(name, script)
            await self.reach(self.now + 1.0)
        await self.reach(self.now + 65.0)
        for script in (
            "newfs -U /dev/mirror/remotemirror",
            "mount /dev/mirror/remotemirror /home/sites",
            "echo one > /home/sites/one.txt; sync",
        ):
            await self.run("a", script)
        await self.reach(self.now + 1.0)


_DETACHED = re.compile(r">\s*\S+\s+2>&1\s*&\s*\)?\s*(?:;\s*sleep [\d.]+\s*)?$")
"""A background job that gave up the session's output does not hold the session open."""


async def _cpu_turns() -> bool | None:
    """True when this process has hardly computed for a moment, which says less than its threads would."""
    used = time.process_time()
    await asyncio.sleep(0.002)
    return True if time.process_time() - used < QUIET_CPU else None


def _session(node: Node, script: str) -> list[Process]:
    """The processes of an SSH session that runs a command line; sh(1) becomes a single command."""
    daemon = node.processes.spawn("sshd: root@notty (sshd)", stat="Ss")
    if not re.search(r"[|;&\n]", script):
        return [daemon]
    shell = node.processes.spawn(f"/bin/sh -c {script}", daemon.pid, stat="Ss")
    members = script.split("|")[1:] if re.fullmatch(r"[^;&\n'\"]*", script) else []
    filters = [
        node.processes.spawn(member.strip(), shell.pid, stat="R") for member in members if member.strip()
    ]
    return [daemon, shell, *filters]
