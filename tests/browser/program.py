"""`mirrorgate serve` as a program, on a lab."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from console.lab.pair import LabPair
from tests.machines.prometheus import until_it_says


class Program:
    """A running `mirrorgate serve`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def consoles(self) -> set[int]:
        """The processes behind its tabs."""
        found = set()
        for one in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = one.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid and fields[0] != "Z":
                    found.add(int(one.parent.name))
        return found


@contextlib.asynccontextmanager
async def served(lab: LabPair, home: Path, *words: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console.cli", "--config", str(lab.config_file)),
        *("serve", "--listen", "127.0.0.1:0", *words),
        stderr=asyncio.subprocess.PIPE,
        # A service's environment: the browser's console is not drawn in ASCII for it.
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C"},
    )
    try:
        assert process.stderr
        line = await until_it_says(process.stderr, "the console at ")
        yield Program(process, line.split(" the console at ")[1].split()[0])
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
            assert b"Traceback" not in await process.stderr.read()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
