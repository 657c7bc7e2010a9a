"""The fault of one cell: when it comes, what it does to the lab, how it is mended."""

import asyncio
from collections.abc import Awaitable, Callable

from console.engine.parties import Hands
from console.lab.world import Node
from console.model.job import HandsLost, JobLook, JobState
from console.model.lineage import OperatorLock
from tests.faults.cells import Cell, Fault, Instant
from tests.faults.site import TRACE, Site

HOLD = "/var/tmp/fault-hold"
BRIEF = {Fault.LINK: 12.0, Fault.REPLICATION: 5.0, Fault.POWER: 3.0, Fault.FULL: 7.0}
"""Seconds after which a fault that does not last is mended."""

_WAIT = f"while [ -e {HOLD} ]; do sleep 1; done\n"
_FOREVER = "while :; do sleep 5; done\n"


class Strike:
    """One fault, once."""

    def __init__(self, site: Site, cell: Cell, on_node: bool, node: str) -> None:
        self.cell = cell
        self.on_node = on_node
        """Whether the step is a job."""
        self.fired = False
        self.died = asyncio.Event()
        """Set when the console is killed: from then on it must not do anything."""
        self.second: Callable[[], Awaitable[str]] | None = None
        """Another operator's attempt; returns what was wrong with the answer."""
        self.wrong: list[str] = []
        self._site = site
        self._lab = site.lab
        self._node: Node = site.lab.world.nodes[node]
        self._mending: asyncio.Task[None] | None = None
        self.mended = True

    @property
    def dead(self) -> bool:
        """Whether the console was killed."""
        return self.died.is_set()

    def due(self, step: str, instant: Instant) -> bool:
        """Whether it strikes here."""
        return not self.fired and (step, instant) == (self.cell.step, self.cell.instant)

    async def fire(self) -> None:
        """Strike."""
        self.fired = True
        fault, name = self.cell.fault, self._node.name
        self.mended = fault not in (*BRIEF, Fault.HANGS)
        match fault:
            case Fault.LINK:
                self._site.plug(self._node, False)
            case Fault.REPLICATION:
                await self._lab.fault("pull-link")
            case Fault.POWER:
                await self._lab.fault("power-off", name)
            case Fault.FULL:
                await self._lab.fault("fill-disk", name)
            case Fault.KILLED:
                self.died.set()
                await asyncio.Event().wait()
            case Fault.SECOND if self.second is not None:
                wrong = await self.second()
                self.wrong += [wrong] if wrong else []
            case _:
                pass
        if fault in BRIEF and not self.cell.lasting:
            self._mending = asyncio.create_task(self._later(BRIEF[fault]))

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._mend()

    async def mend(self) -> None:
        """Put right what it broke, and wait until both nodes are up."""
        if self._mending is not None:
            self._mending.cancel()
        await self._mend()
        clock = self._lab.world.clock
        while not all(node.ready for node in self._lab.world.nodes.values()):
            await clock.sleep(0.5)

    async def _mend(self) -> None:
        if not self.fired or self.mended:
            return
        self.mended = True
        name = self._node.name
        match self.cell.fault:
            case Fault.LINK:
                self._site.plug(self._node, True)
            case Fault.REPLICATION:
                await self._lab.fault("plug-link")
            case Fault.POWER:
                await self._lab.fault("power-on", name)
            case Fault.FULL:
                await self._lab.fault("empty-disk", name)
            case _:
                pass

    # How it gets at the step's command.

    def tampered(self, text: str) -> str:
        """The command as it reaches the node."""
        match self.cell.fault:
            case Fault.HANGS:
                return _FOREVER + text
            case Fault.FAILS_BEFORE:
                return "echo 'fault: nothing was done' >&2\nexit 9\n" + text
            case Fault.FAILS_AFTER:
                return f"(\n{text}\n)\necho 'fault: all was done' >&2\nexit 9\n"
            case _:
                return text

    def hold(self) -> None:
        """Let the command wait at its beginning."""
        self._node.fs.write_file(HOLD, b"")

    def let_go(self) -> None:
        """Let it go on."""
        if self._node.fs.exists(HOLD):
            self._node.fs.remove(HOLD)


class StruckHands:
    """Hands on a node that the fault strikes while they work; they note on the node what is executed."""

    def __init__(self, hands: Hands, strike: Strike) -> None:
        self._hands = hands
        self._strike = strike

    async def launch(self, job: str, text: str, *, run: str, input: bytes | None = None) -> JobLook:
        strike, cell = self._strike, self._strike.cell
        await self._alive()
        traced = f"echo {job} >> {TRACE} || :\n"
        if job != f"{run}.{cell.step}" or strike.fired:
            return await self._ours(self._hands.launch(job, traced + text, run=run, input=input))
        if cell.fault in (Fault.HANGS, Fault.FAILS_BEFORE, Fault.FAILS_AFTER):
            strike.fired = True
            strike.mended = cell.fault is not Fault.HANGS
            return await self._hands.launch(job, traced + strike.tampered(text), run=run, input=input)
        if cell.instant is Instant.RUNNING:
            strike.hold()
            try:
                await self._hands.launch(job, traced + _WAIT + text, run=run, input=input)
                await self._strike_now()
            finally:
                strike.let_go()
            raise HandsLost("the answer was lost")
        look = await self._hands.launch(job, traced + text, run=run, input=input)
        return await self._seen(job, run, look)

    async def look(self, job: str, out_offset: int = 0, err_offset: int = 0) -> JobLook:
        await self._alive()
        look = await self._ours(self._hands.look(job, out_offset, err_offset))
        return await self._seen(job, job.rpartition(".")[0], look)

    async def _seen(self, job: str, run: str, look: JobLook) -> JobLook:
        cell = self._strike.cell
        ended = look.state is JobState.ENDED and job == f"{run}.{cell.step}"
        if ended and self._strike.due(cell.step, Instant.ENDED):
            await self._strike_now()
            if cell.fault is Fault.LINK:
                raise HandsLost("the answer was lost")
        return look

    async def _strike_now(self) -> None:
        if not self._strike.fired:
            await self._strike.fire()

    async def _alive(self) -> None:
        if self._strike.dead:
            await asyncio.Event().wait()

    async def _ours(self, call: Awaitable[JobLook]) -> JobLook:
        look = await call
        await self._alive()
        return look

    async def stop(self, job: str) -> JobLook:
        return await self._hands.stop(job)

    async def read(self, text: str, limit: float = 10.0) -> tuple[int | None, str]:
        await self._alive()
        return await self._hands.read(text, limit)

    async def read_file(self, path: str) -> bytes | None:
        await self._alive()
        return await self._hands.read_file(path)

    async def take_lock(
        self, run: str, job: str, operator: str, *, break_stale: bool = False
    ) -> OperatorLock | None:
        await self._alive()
        return await self._hands.take_lock(run, job, operator, break_stale=break_stale)

    async def beat(self, run: str) -> bool:
        await self._alive()
        return await self._hands.beat(run)

    async def drop_lock(self, run: str) -> None:
        await self._alive()
        await self._hands.drop_lock(run)

    async def close(self) -> None:
        await self._hands.close()
