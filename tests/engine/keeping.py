"""A console that keeps one state of a run after another: `python -m tests.engine.keeping FILE RUN COUNT`."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from console.engine.journal import Journal
from console.model.run import RunEvent, RunRecord
from tests.engine.sample_runs import drill


def state(run: str, number: int) -> RunRecord:
    """The run after `number` changes."""
    one = drill()
    out = "".join(f"line {n} of the copy, and what else it said\n" * 5 for n in range(number))[-8192:]
    return replace(
        one,
        id=run,
        why=f"{number}",
        steps=(*one.steps[:3], replace(one.steps[3], out=out, percent=number % 100), *one.steps[4:]),
        events=tuple(RunEvent(float(n), "note", f"{n}") for n in range(number)),
    )


async def main(path: Path, run: str, count: int) -> None:
    journal = Journal(path)
    sys.stdin.readline()
    for number in range(count):
        await journal.keep(state(run, number))
        print(number, flush=True)
    await journal.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
