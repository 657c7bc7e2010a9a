"""A process that plays cells: a line in, a line of JSON out. A lab serves many, until one is odd."""

import asyncio
import gc
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict

from tests.faults.cells import parse
from tests.faults.play import Outcome, play, survey
from tests.faults.site import STARTS, Site, scenario_of, site
from tests.faults.virtual_time import virtual_time

_CELLS_PER_LAB = 12
_LONGEST = 4 * 3600.0
"""Seconds one cell may take: they pass only where something waits."""


class Sites:
    """The lab in use; a new one where another kind is needed, or after anything odd."""

    def __init__(self, *, ssh: bool = False) -> None:
        self._ssh = ssh
        self._stack = AsyncExitStack()
        self._site: Site | None = None
        self._played = 0

    async def of(self, scenario: str) -> Site:
        """A site of a kind."""
        worn = scenario == "bare" or self._played >= _CELLS_PER_LAB
        if self._site is None or self._site.scenario != scenario or (worn and not self._site.clean):
            await self.close()
            self._site = await self._stack.enter_async_context(site(scenario, ssh=self._ssh))
        self._played += 1
        return self._site

    async def close(self) -> None:
        """End the lab."""
        self._site, self._played = None, 0
        await self._stack.aclose()
        self._stack = AsyncExitStack()


async def one(sites: Sites, text: str) -> Outcome:
    """Play the cell that `text` names."""
    cell = parse(text)
    for _ in range(2):
        try:
            async with asyncio.timeout(_LONGEST):
                here = await sites.of(scenario_of(STARTS[cell.job].state))
                outcome = await play(here, cell)
        except TimeoutError:
            outcome = Outcome(text, wrong=[f"not over within {_LONGEST:.0f} s"], seconds=_LONGEST)
        if outcome.wrong or outcome.ended != "done":
            await sites.close()
        if not outcome.unfit:
            return outcome
    outcome.wrong.append(outcome.unfit)
    return outcome


async def _answer(sites: Sites, line: str) -> str:
    if line.startswith("survey "):
        job = line.removeprefix("survey ")
        found = await survey(await sites.of(scenario_of(STARTS[job].state)), job)
        return json.dumps([asdict(stage) for stage in found])
    return json.dumps(asdict(await one(sites, line)))


def work(number: int) -> None:
    """Play what the standard input names, until it ends; between two cells no time passes."""
    # Its threads take turns: each on a processor of its own, they would only wake one another over there.
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[number % len(processors)]})
    # A cell makes and drops much and leaves little in circles.
    gc.set_threshold(50_000, 20, 20)
    with virtual_time() as runner:
        sites = Sites()
        try:
            while line := sys.stdin.readline().strip():
                print(runner.run(_answer(sites, line)), flush=True)
        finally:
            runner.run(sites.close())


if __name__ == "__main__":
    work(int(sys.argv[1]))
