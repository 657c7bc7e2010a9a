"""The run's lock on both nodes: taken, kept alive, dropped; what could not be done is said."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from console.engine.desk import Desk
from console.engine.grip import Grip
from console.model.job import HandsLost, HandsRefused
from console.model.lasting import lasting
from console.model.lineage import OperatorLock
from console.model.run import Choice, Question
from console.ssh.text import one_line

BEAT = 10.0
"""Seconds between signs of life."""
STALE = 60.0
"""Seconds without one after which an operator may break the lock."""
_REACHING = 5.0
"""Seconds spent on a node that does not answer when its lock is to be taken."""
_DROPPING = 5.0
"""Seconds spent on a node that does not answer when its lock is to be dropped."""


class Refused(Exception):
    """The run is not begun, nothing was touched; `str()`: what is so, on which node, what to do."""


def _said(word: str) -> str:
    """A word from an owner's file, which anybody can have written."""
    return one_line(word, 60) or "unknown"


class Locks:
    """The lock of one run on every node it can reach."""

    def __init__(self, grips: Mapping[str, Grip], desk: Desk) -> None:
        self._grips = grips
        self._desk = desk
        self._held: set[str] = set()
        self._beats: list[asyncio.Task[None]] = []

    async def take(self, needed: frozenset[str]) -> None:
        """Take the lock on both nodes; only a node on which nothing will run may be out of reach.

        Raises:
            Refused: a node that is needed is not reached, or another operator holds its lock.
        """
        words: list[str] = []
        try:
            for name, grip in self._grips.items():
                try:
                    await self._take_one(grip)
                except HandsRefused as refused:
                    if name in needed:
                        raise Refused(f"{name} has steps in this run: {refused}") from refused
                    words.append(f"{name}: no lock ({refused})")
                    continue
                except HandsLost as lost:
                    if name in needed:
                        self._held.add(name)  # the call that was lost may have taken it
                        raise Refused(f"{name} has steps in this run and is not reached: {lost}") from lost
                    words.append(f"{name}: no lock, it is not reached ({lost})")
                    continue
                self._held.add(name)
                words.append(f"{name}: held by this run")
        except Refused:
            await self.drop()
            raise
        self._desk.put(replace(self._desk.run, locks=tuple(words)))
        self._desk.note("lock", "; ".join(words))
        self._beats = [
            asyncio.create_task(self._keep_alive(self._grips[name])) for name in sorted(self._held)
        ]

    async def _take_one(self, grip: Grip) -> None:
        run, name = self._desk.run, grip.node.name
        deadline = asyncio.get_running_loop().time() + _REACHING
        holder = await grip.until(deadline, lambda h: h.take_lock(run.id, run.plan.job, run.operator))
        if holder is None:
            return
        age = await self._age(grip, holder)
        who = (
            f"{name}: {_said(holder.operator)} runs {_said(holder.job)} "
            f"(run {_said(holder.run)}, since {await self._when(grip, holder)})"
        )
        if age is None or -STALE <= age <= STALE:
            seen = "its last sign of life cannot be dated" if age is None else f"seen {max(0, age):.0f} s ago"
            raise Refused(f"{who}, {seen}: let it end, or ask them")
        # A beat from the future is nobody's who lives: the next one would say what time it is there.
        silent = (
            f"has given no sign of life for {lasting(age)}"
            if age > 0
            else f"dates its last sign of life {lasting(-age)} from now, by the clock of {name}"
        )
        question = Question(
            run=run.id,
            step=None,
            text=f"{who} {silent}. Its job may still run there. Take over?",
            choices=(Choice.CANCEL, Choice.TAKE_OVER),
        )
        self._desk.heed()
        if await self._desk.ask(question) is not Choice.TAKE_OVER:
            raise Refused(f"{who}: its lock was left alone")
        holder = await grip.once(lambda h: h.take_lock(run.id, run.plan.job, run.operator, break_stale=True))
        if holder is not None:
            raise Refused(f"{name}: {_said(holder.operator)} took the lock meanwhile")
        self._desk.note("lock", f"{name}: the stale lock of {one_line(who)} was broken by the operator")

    async def _age(self, grip: Grip, holder: OperatorLock) -> float | None:
        """Seconds since the holder's last beat, both by the node's own clock."""
        status, text = await grip.once(lambda h: h.read("date +%s"))
        now = text.strip()
        return float(int(now) - holder.beat) if status == 0 and now.isascii() and now.isdigit() else None

    async def _when(self, grip: Grip, holder: OperatorLock) -> str:
        status, text = await grip.once(lambda h: h.read(f"date -r {holder.since} '+%Y-%m-%d %H:%M:%S'"))
        return one_line(text) if status == 0 and text.strip() else f"Unix time {holder.since}"

    async def _keep_alive(self, grip: Grip) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                ours = await grip.once(lambda h: h.beat(self._desk.run.id))
            except HandsRefused as refused:
                self._desk.note("lock", f"no sign of life could be left: {refused}")
                continue
            except HandsLost:
                continue
            if not ours:
                self.lost(grip.node.name)
                return

    def lost(self, name: str) -> None:
        """The lock of a node is no longer ours: no further step is begun."""
        self._held.discard(name)
        why = f"the lock on {name} is no longer this run's"
        self._desk.note("lock", why)
        self._desk.signal(replace(self._desk.signals, lock=why))

    async def drop(self, kept: Mapping[str, str] | None = None) -> None:
        """Drop every lock we hold, but those on nodes in `kept` (name: why); what remains is said."""
        await self._stop_beating()
        words: list[str] = []
        for name in sorted(self._held):
            if kept and name in kept:
                words.append(f"{name}: kept, {kept[name]}")
                continue
            deadline = asyncio.get_running_loop().time() + _DROPPING
            try:
                await self._grips[name].until(deadline, lambda h: h.drop_lock(self._desk.run.id))
            except HandsLost as lost:
                words.append(
                    f"{name}: not dropped ({lost}); another run may take it over {STALE:.0f} s after now"
                )
        self._held.clear()
        self._desk.put(replace(self._desk.run, locks=tuple(words)))
        self._desk.note("lock", "; ".join(words) or "locks dropped")

    async def _stop_beating(self) -> None:
        for task in self._beats:
            task.cancel()
        await asyncio.gather(*self._beats, return_exceptions=True)
        self._beats = []

    def abandon(self) -> None:
        """Beat no longer; the locks stay on the nodes."""
        for task in self._beats:
            task.cancel()
