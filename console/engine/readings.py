"""Fresh readings of the pair for guards, expects and waits; each is looked at for abort conditions."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from console.engine.desk import Desk
from console.engine.machine import said
from console.engine.measures import Clocks
from console.engine.parties import Eyes
from console.engine.validation import Where, problems
from console.health.binding import bound_facts, changed
from console.health.conditions import Verdict, check
from console.model.config import PairConfig
from console.model.plan import Plan
from console.model.run import Checked
from console.model.snapshot import PairSnapshot
from console.model.words import Answer

RECENT = 1.0
"""Seconds for which a reading counts as fresh, if nothing was sent since."""
WATCHED = 2.0
"""Seconds between readings for the abort conditions while nothing else reads."""


def what_changed(before: Mapping[str, str], snapshot: PairSnapshot) -> tuple[str, ...]:
    """What is different from the facts a plan was made from; who holds the lock is seen when it is taken."""
    return changed(before, bound_facts(snapshot), ("lock",))


@dataclass(frozen=True, slots=True)
class Rules:
    """What the engine takes from the pair's vocabulary; another one is handed in by tests."""

    check: Callable[[str, PairSnapshot], Verdict] = check
    changed: Callable[[Mapping[str, str], PairSnapshot], tuple[str, ...]] = what_changed
    problems: Callable[[Plan, PairConfig], tuple[tuple[Where, str], ...]] = problems


class Readings:
    """The eyes of one run."""

    def __init__(self, eyes: Eyes, rules: Rules, aborts: tuple[str, ...], desk: Desk) -> None:
        self._eyes = eyes
        self._rules = rules
        self._aborts = aborts
        self._desk = desk
        self._last: tuple[float, PairSnapshot] | None = None
        self._sendings = 0
        self.clocks = Clocks()
        """How far the nodes' clocks are apart, for the figures of the run."""

    async def fresh(self) -> PairSnapshot:
        """A reading that began now."""
        begun, sendings = asyncio.get_running_loop().time(), self._sendings
        snapshot = await self._eyes.fresh()
        self.clocks.read(snapshot)
        if sendings == self._sendings and (self._last is None or self._last[0] <= begun):
            self._last = (begun, snapshot)
        self._look_for_aborts(snapshot)
        return snapshot

    async def recent(self) -> PairSnapshot:
        """The last reading if it is fresh enough and nothing was sent since, else a fresh one."""
        if self._last is not None and asyncio.get_running_loop().time() - self._last[0] < RECENT:
            return self._last[1]
        return await self.fresh()

    def sent(self) -> None:
        """Something was sent to a node, or ended there: what was read before no longer counts."""
        self._sendings += 1
        self._last = None

    def checked(self, names: tuple[str, ...], snapshot: PairSnapshot) -> tuple[Checked, ...]:
        """Each condition as it is in a reading."""
        verdicts = ((name, self._rules.check(name, snapshot)) for name in names)
        return tuple(Checked(name, verdict.answer, verdict.why) for name, verdict in verdicts)

    async def watch(self) -> None:
        """Look for abort conditions until cancelled."""
        loop = asyncio.get_running_loop()
        while self._aborts:
            await asyncio.sleep(WATCHED)
            if self._last is None or loop.time() - self._last[0] >= WATCHED:
                await self.fresh()

    def _look_for_aborts(self, snapshot: PairSnapshot) -> None:
        if self._desk.signals.abort:
            return
        for one in self.checked(self._aborts, snapshot):
            if one.answer is Answer.YES:
                self._desk.note("abort", said(one))
                self._desk.signal(replace(self._desk.signals, abort=said(one)))
                return
