"""A pair watched over SSH while things break: what hangs, what goes, and what comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from console import config_file
from console.commands.sampling import opener
from console.lab.pair import LabPair, serve
from console.model.snapshot import LinkState, PairState
from console.model.words import Answer, MirrorState, Role
from console.watch.pair_watch import PairWatch
from tests.waiting import eventually


class Watched:
    """The lab and the newest state of its pair."""

    def __init__(self, lab: LabPair) -> None:
        config = config_file.load(lab.config_file)
        self.lab = lab
        self.watch = PairWatch(config.pairs[0], opener(config, None))
        self.state: PairState | None = None

    async def until(self, holds: Callable[[PairState], object], within: float = 20.0) -> PairState:
        """The first state that holds."""
        await eventually(lambda: self.state is not None and holds(self.state), within)
        assert self.state is not None
        return self.state

    async def follow(self) -> None:
        """Keep the newest state."""
        async for state in self.watch.states():
            self.state = state


@asynccontextmanager
async def _watched() -> AsyncIterator[Watched]:
    lab = await serve()
    watched = Watched(lab)
    task = asyncio.create_task(watched.follow())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await lab.close()


def _ids(state: PairState) -> set[str]:
    return {finding.id for finding in state.findings}


async def test_a_healthy_pair_is_calm() -> None:
    async with _watched() as watched:
        await watched.until(lambda s: watched.watch.settled)
        state = await watched.until(lambda s: s.truths[0].role is Role.MASTER)
        master, slave = state.truths
        assert (master.address, master.mounted) == (Answer.YES, Answer.YES)
        assert (slave.role, slave.address, slave.mounted) == (Role.BACKUP, Answer.NO, Answer.NO)
        assert master.mirror is not None, state.snapshot.master.facts.geom
        assert master.mirror.state is MirrorState.COMPLETE
        assert _ids(state) <= {"P09"}
        assert state.readiness is not None
        assert state.readiness.answer is Answer.YES


async def test_a_dead_slave_blocks_geom_but_nothing_else_of_the_master() -> None:
    async with _watched() as watched:
        await watched.until(lambda s: watched.watch.settled)
        await watched.lab.fault("node-gone")
        state = await watched.until(lambda s: "P12a" in _ids(s), within=60)
        master, slave = state.snapshot.nodes
        assert slave.link.state is LinkState.LOST
        assert master.link.state is LinkState.LIVE
        assert master.facts.geom.value is None
        assert master.facts.geom.last is not None
        assert master.facts.mounts.value is not None
        assert state.truths[0].role is Role.MASTER
        assert state.truths[1].mounted is Answer.UNKNOWN
        assert state.readiness is not None
        assert state.readiness.answer is not Answer.YES


async def test_a_node_that_comes_back_is_watched_again() -> None:
    async with _watched() as watched:
        await watched.until(lambda s: watched.watch.settled)
        await watched.lab.fault("pull-management", "b")
        state = await watched.until(lambda s: s.snapshot.slave.link.state is not LinkState.LIVE, within=40)
        assert state.snapshot.slave.facts.mounts.last is not None
        assert "P43" in _ids(await watched.until(lambda s: "P43" in _ids(s), within=40))
        await watched.lab.fault("plug-management", "b")
        watched.watch.retry_now()
        state = await watched.until(lambda s: s.snapshot.slave.link.state is LinkState.LIVE, within=60)
        assert any(event.kind == "link" for event in state.events)
