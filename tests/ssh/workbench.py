"""A node whose jobs live in a folder of this test: the job script with its folder, boot and limits moved."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from console.model.job import JobLook, JobState
from console.ssh.connecting import connect
from console.ssh.hands import CALL_LIMIT, NodeHands
from console.ssh.jobs import SCRIPT
from tests.ssh.sshd import Sshd
from tests.ssh.test_logging_in import node

RUN = "20261123-021140-fail-back-7f3a"


@dataclass
class Workbench:
    """The node's folder, and hands on it through a real sshd."""

    folder: Path
    server: Sshd
    boot: str = "boot-1"

    @property
    def script(self) -> str:
        script = SCRIPT
        changes = {
            "base=/var/db/mirrorgate": f"base={self.folder}",
            "boot=$(boot_identity </dev/null 2>/dev/null)": f"boot={self.boot}",
        }
        for old, new in changes.items():
            assert script.count(f"\n{old}\n") == 1, old
            script = script.replace(old, new)
        return script

    def job(self, name: str) -> Path:
        return self.folder / "jobs" / name

    @asynccontextmanager
    async def hands(
        self, *, lock: str | None = None, limit: float = CALL_LIMIT, script: str | None = None
    ) -> AsyncIterator[NodeHands]:
        """Hands over a new connection; with `lock` they take it first."""
        connection = await connect(node(), ssh_config=self.server.ssh_config())
        opened = await NodeHands.on(connection, node(), script=script or self.script, limit=limit)
        try:
            if lock is not None:
                assert await opened.take_lock(lock, "fail-back", "op@here") is None
            yield opened
        finally:
            await opened.close()


async def ended(hands: NodeHands, job: str, within: float = 30.0) -> JobLook:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (look := await hands.look(job)).state in (JobState.RUNNING, JobState.CLAIMED):
        assert loop.time() < deadline, look
        await asyncio.sleep(0.02)
    return look


async def showing(hands: NodeHands, job: str, out: str, within: float = 30.0) -> JobLook:
    """Look until the job has said so much."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (look := await hands.look(job)).out != out:
        assert loop.time() < deadline, look
        await asyncio.sleep(0.02)
    return look


async def done(hands: NodeHands, job: str, text: str, input: bytes | None = None) -> JobLook:
    """Launch, and wait for the end: on a busy machine that is later than the launch's answer."""
    await hands.launch(job, text, run=RUN, input=input)
    return await ended(hands, job)


def running(bench: Workbench, job: str, what: str = "") -> list[int]:
    """Processes of a job's runner and of its command."""
    said = subprocess.run(["/usr/bin/pgrep", "-f", f"^/bin/sh {bench.job(job)}/{what}"], capture_output=True)
    return [int(word) for word in said.stdout.split()]


def kill(pids: set[int]) -> None:
    """All at once, as a power cut does: none sees another end."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
