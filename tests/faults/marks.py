"""A program that writes numbers on whichever node serves, each fsynced; hooks stop and start it."""

import asyncio

from console.lab.provision import MOUNT
from console.lab.running import run_text
from console.lab.scenarios import is_mounted
from console.lab.world import Node, World

HOOK = "/usr/local/etc/mirrorgate.d/50-marks"
_STOPPED = "/var/run/marks.stopped"
_BUSY = "/var/run/marks.busy"
_PAUSE = 3.0
"""World seconds between two marks."""

_HOOK = f"""#!/bin/sh
if [ "$1" = start ]; then rm -f {_STOPPED}; exit 0; fi
: > {_STOPPED}
n=0
while [ -e {_BUSY} ] && [ $n -lt 30 ]; do sleep 1; n=$((n+1)); done
exit 0
"""


def below(node: str) -> str:
    """The file of a node's marks, below the mount point."""
    return f"/marks-{node}"


class Marks:
    """Writes while it is entered; `quiet` names nodes on which it never writes."""

    def __init__(self, world: World, quiet: frozenset[str] = frozenset()) -> None:
        self._world = world
        self._quiet = quiet
        self._number = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Marks":
        for node in self._world.nodes.values():
            node.fs.mkdir(HOOK.rsplit("/", 1)[0], recursive=True)
            node.fs.write_file(HOOK, _HOOK.encode())
            node.fs.chmod(HOOK, 0o755)
            for path in (_STOPPED, _BUSY):
                if node.fs.exists(path):
                    node.fs.remove(path)
        await self.once()
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def once(self) -> None:
        """A mark on every node that serves now."""
        for node in self._world.nodes.values():
            if node.name not in self._quiet and is_mounted(node) and not node.fs.exists(_STOPPED):
                await self._mark(node)

    async def _write(self) -> None:
        while True:
            await self._world.clock.sleep(_PAUSE)
            await self.once()

    async def _mark(self, node: Node) -> None:
        self._number += 1
        node.fs.write_file(_BUSY, b"")
        path = MOUNT + below(node.name)
        # A write that hangs must not keep the harness, and ends with the node's power.
        writing = node.start(_quietly(node, f"echo {self._number} >> {path} && fsync {path}"))
        await asyncio.wait({writing})
        if node.fs.exists(_BUSY):
            node.fs.remove(_BUSY)


async def _quietly(node: Node, text: str) -> None:
    await run_text(node, text)
