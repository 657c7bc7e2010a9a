"""Plays the matrix: `python -m tests.faults`, in part or whole, in several processes; prints the table."""

import argparse
import asyncio
import json
import sys
import time
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

from console.lab.pair import BARE
from tests.faults.cells import Cell, Fault, Stage, cells_of, parse
from tests.faults.play import Outcome
from tests.faults.site import STARTS, scenario_of
from tests.faults.table import markdown, plain, rows

_STUCK = 400.0
"""Seconds of this machine after which a cell is one that never ends."""


def main() -> int:
    """1 when a cell failed."""
    options = _options()
    kept = _kept(options.keep)
    passed = {cell for cell, outcome in kept.items() if outcome.passed}
    played = [] if options.table else asyncio.run(_all(options, passed))
    outcomes = list({**kept, **{outcome.cell: outcome for outcome in played}}.values())
    table = rows(outcomes)
    print(markdown(table) if options.markdown else plain(table))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    idle = sum(1 for outcome in outcomes if outcome.passed and not outcome.struck)
    cpu = sum(outcome.cpu for outcome in outcomes) / max(1, len(outcomes))
    print(
        f"{len(outcomes) - idle} cells, {len(failed)} failed; "
        f"{idle} steps were already so; {cpu:.1f} s CPU a cell"
    )
    for outcome in failed:
        print(f"failed: python -m tests.faults --cell {outcome.cell}")
        for line in (*outcome.told, *outcome.wrong):
            print(f"    {line}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--jobs", nargs="+", choices=list(STARTS), default=list(STARTS))
    parser.add_argument("--faults", nargs="+", choices=[fault.value for fault in Fault], default=list(Fault))
    parser.add_argument("--steps", nargs="+", default=None, help="step ids; all by default")
    parser.add_argument(
        "--sample", default="1/1", metavar="N/M", help="every M-th cell, beginning with the N-th"
    )
    parser.add_argument("--cell", nargs="+", default=None, help="just these, as a failure names them")
    parser.add_argument("-n", type=int, default=2, help="processes")
    parser.add_argument("--seconds", type=float, default=0, help="begin no further cell after so many")
    parser.add_argument(
        "--keep",
        type=Path,
        help="append every outcome to this file; what has passed there is not played again",
    )
    parser.add_argument("--table", action="store_true", help="play nothing, show what was kept")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


async def _all(options: argparse.Namespace, passed: Collection[str]) -> list[Outcome]:
    workers = [await _Worker.start(number) for number in range(options.n)]
    began = time.monotonic()
    try:
        cells = [cell for cell in await _cells(options, workers) if str(cell) not in passed]
        outcomes: list[Outcome] = []
        waiting = list(reversed(cells))

        async def play(worker: _Worker) -> None:
            while waiting and not (options.seconds and time.monotonic() - began > options.seconds):
                outcome = await worker.play(waiting.pop())
                outcomes.append(outcome)
                _say(outcome, len(outcomes), len(cells))
                if options.keep:
                    _append(options.keep, outcome)

        await asyncio.gather(*(play(worker) for worker in workers))
    finally:
        for worker in workers:
            await worker.end()
    return outcomes


def _append(path: Path, outcome: Outcome) -> None:
    with path.open("a") as file:
        file.write(json.dumps(outcome.__dict__) + "\n")


def _kept(path: Path | None) -> dict[str, Outcome]:
    """The newest outcome of each cell that was played before."""
    if path is None or not path.exists():
        return {}
    outcomes = (Outcome(**json.loads(line)) for line in path.read_text().splitlines())
    return {outcome.cell: outcome for outcome in outcomes}


async def _cells(options: argparse.Namespace, workers: Sequence["_Worker"]) -> list[Cell]:
    if options.cell:
        return [parse(text) for text in options.cell]
    number, every = (int(part) for part in options.sample.split("/"))
    jobs = list(options.jobs)
    found: dict[str, list[Stage]] = {}

    async def ask(worker: "_Worker") -> None:
        while jobs:
            job = jobs.pop(0)
            found[job] = await worker.survey(job)

    await asyncio.gather(*(ask(worker) for worker in workers))
    cells = [
        cell
        for job in options.jobs
        for cell in cells_of(job, found[job], [Fault(fault) for fault in options.faults])
        if not options.steps or cell.step in options.steps
    ]
    # Steps and faults repeat in the same order: every M-th cell would often be the same fault.
    mixed = sorted(cells, key=lambda cell: zlib.crc32(str(cell).encode()))
    # Each change of the kind of lab costs a new one.
    return sorted(mixed[number - 1 :: every], key=lambda cell: scenario_of(STARTS[cell.job].state) == BARE)


def _say(outcome: Outcome, done: int, of: int) -> None:
    word = "failed" if not outcome.passed else "passed" if outcome.struck else "not struck"
    print(
        f"{done}/{of} {word:10} {outcome.cpu:5.1f} s {outcome.ended:8} {outcome.cell}",
        file=sys.stderr,
        flush=True,
    )
    for line in outcome.wrong:
        print(f"        {line}", file=sys.stderr, flush=True)


class _Worker:
    def __init__(self, number: int, process: asyncio.subprocess.Process) -> None:
        self._number = number
        self._process = process

    @classmethod
    async def start(cls, number: int) -> "_Worker":
        return cls(number, await cls._process_of_its_own(number))

    @staticmethod
    async def _process_of_its_own(number: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.worker",
            str(number),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )

    async def play(self, cell: Cell) -> Outcome:
        try:
            async with asyncio.timeout(_STUCK):
                return Outcome(**json.loads(await self._ask(str(cell))))
        except (TimeoutError, RuntimeError) as odd:
            await self.end(at_once=True)
            self._process = await self._process_of_its_own(self._number)
            why = str(odd) or f"still computing after {_STUCK:.0f} s"
            return Outcome(str(cell), wrong=[why], seconds=_STUCK)

    async def survey(self, job: str) -> list[Stage]:
        return [Stage(**stage) for stage in json.loads(await self._ask(f"survey {job}"))]

    async def _ask(self, line: str) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()
        answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker ended on {line}")
        return answer.decode()

    async def end(self, at_once: bool = False) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(0 if at_once else 20):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


if __name__ == "__main__":
    sys.exit(main())
