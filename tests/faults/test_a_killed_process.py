"""A real `mirrorgate run`, killed (SIGKILL) while a job is on the node; `mirrorgate resume` goes on."""

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from console.lab.invariants import watch
from console.lab.scenarios import is_mounted
from console.lab.world import Node
from tests.faults.marks import Marks
from tests.faults.site import Site, real_site

_SPEED = 4.0
"""World seconds per second: faster, and a console's signs of life are too far apart for the nodes' clocks."""
_JOBS = "/var/db/mirrorgate/jobs"


def _jobs(node: Node) -> list[str]:
    return [item["name"] for item in node.fs.read_dir(_JOBS)] if node.fs.exists(_JOBS) else []


async def _mirrorgate(here: Site, state: Path, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; from console.cli import main; sys.exit(main())",
        "--config",
        str(here.lab.config_file),
        *words,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _killed_at(here: Site, process: asyncio.subprocess.Process, node: Node, step: str) -> None:
    async with asyncio.timeout(60):
        while not any(name.endswith(f".{step}") for name in _jobs(node)):
            assert process.returncode is None, (await process.communicate())[0].decode()
            await here.lab.world.clock.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("job", "node", "step", "serving"),
    [
        ("stop-pair", "a", "unmount-master", ""),
        ("stop-pair", "a", "let-go-master", ""),
        ("promote", "b", "attach-md-slave", "b"),
        ("promote", "b", "mount-slave", "b"),
    ],
)
async def test_a_run_whose_console_was_killed_is_resumed_to_its_end_and_nothing_runs_twice(
    tmp_path: Path, job: str, node: str, step: str, serving: str
) -> None:
    async with real_site(_SPEED) as here:
        world = here.lab.world
        await here.reset("healthy")
        watcher = watch(world)
        async with Marks(world):
            process = await _mirrorgate(here, tmp_path, "run", job, "--yes")
            await _killed_at(here, process, world.nodes[node], step)
            again = await _mirrorgate(here, tmp_path, "resume", "--yes")
            async with asyncio.timeout(90):
                out, _ = await again.communicate()
            assert again.returncode == 0, out.decode()
        assert await watcher.check() == []
        assert [name for name in "ab" if is_mounted(world.nodes[name])] == list(serving)
        for each in world.nodes.values():
            steps = Counter(name.split(".")[1] for name in _jobs(each))
            assert not [name for name, times in steps.items() if times > 1], _jobs(each)
            assert not each.fs.exists("/var/db/mirrorgate/lock/owner")
