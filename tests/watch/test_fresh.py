"""Readings on demand: only what was asked for after the call counts, and what does not come is unknown."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from console.model.config import NodeConfig, PairConfig
from console.model.facts import NodeFacts
from console.model.snapshot import LinkState, NodeView, PairSnapshot
from console.ssh.frames import Frame
from console.ssh.trouble import Trouble
from console.watch.fresh import PairEyes
from console.watch.node_watch import LanePlan, NodeWatch
from console.watch.pair_watch import PairWatch
from tests.engine.warp import WarpLoop, warped
from tests.waiting import eventually
from tests.watch.fake_session import GEOM, HOST, FakeLane, FakeSession

ONCE = PairConfig.model_validate(
    {
        "name": "www",
        "interval": 3600,
        "slow_interval": 3600,
        "nodes": [
            {"name": "web-a", "home": "master", "host": "192.168.1.100", "image": "/root/images/a.img"},
            {"name": "web-b", "home": "slave", "host": "192.168.1.101", "image": "/root/images/b.img"},
        ],
    }
)
"""A pair whose lanes tick once by themselves, and then only when they are told to."""


def now() -> float:
    return asyncio.get_running_loop().time()


def mounts(serial: int) -> str:
    return f"/dev/disk{serial}\t\t/\t\t\tufs\trw\t\t1 1\n"


def special(view: NodeView) -> str | None:
    return view.facts.mounts.value[0].special if view.facts.mounts.value else None


@dataclass
class Node:
    """What a fake node says now, by section; None = no answer."""

    name: str
    said: dict[str, str | None] = field(default_factory=lambda: {"geom": GEOM, "mounts": mounts(0)})
    sessions: list[FakeSession] = field(default_factory=list)
    refuses: Trouble | None = None

    def answer(self, section: str) -> str | None:
        if section == "host":
            return self.said.get("host", HOST.format(now=int(time.time()), name=self.name))
        return self.said.get(section, "")

    @property
    def fast(self) -> FakeLane:
        return self.sessions[-1].lanes[0]

    def ticks(self, section: str) -> int:
        return sum(section in tick for lane in self.sessions[-1].lanes for tick in lane.ticks)


@dataclass
class Stage:
    """A pair of fake nodes and eyes on it."""

    eyes: PairEyes
    a: Node
    b: Node

    async def settled(self) -> None:
        watch = self.eyes.watch
        await eventually(lambda: watch.master.settled and watch.slave.settled)


@asynccontextmanager
async def staged(
    pair: PairConfig = ONCE, change: Callable[[Node], None] | None = None
) -> AsyncIterator[Stage]:
    nodes = {n.name: Node(n.name) for n in pair.nodes}
    if change:
        change(nodes["web-a"])

    async def opened(config: NodeConfig) -> FakeSession:
        node = nodes[config.name]
        if node.refuses:
            raise node.refuses
        node.sessions.append(FakeSession(node.answer))
        return node.sessions[-1]

    async with PairEyes.open(pair, opened) as eyes:
        yield Stage(eyes, nodes["web-a"], nodes["web-b"])


def unknown(facts: NodeFacts, why: str) -> set[str]:
    return {name for name in NodeFacts.__dataclass_fields__ if getattr(facts, name).unknown == why}


async def test_a_reading_shows_what_changed_just_before_the_call() -> None:
    async with staged() as stage:
        await stage.settled()
        for serial in range(1, 6):
            stage.a.said["mounts"] = stage.b.said["mounts"] = mounts(serial)
            snapshot = await stage.eyes.fresh()
            assert [special(n) for n in snapshot.nodes] == [f"/dev/disk{serial}"] * 2
            assert snapshot.master.link.state is LinkState.LIVE
        assert special(stage.eyes.latest().master) == "/dev/disk5"
        assert stage.a.ticks("exports") == 6, "the slow lane was asked as well"
        assert stage.a.ticks("mail") == stage.a.ticks("df") == 1, "mail and df are not asked out of turn"


async def test_the_first_reading_waits_for_the_connection() -> None:
    async with staged() as stage:
        snapshot = await stage.eyes.fresh()
        assert special(snapshot.master) == "/dev/disk0"
        assert special(snapshot.slave) == "/dev/disk0"


@pytest.mark.parametrize(
    ("section", "old", "new"), [("mounts", mounts(1), mounts(2)), ("geom", GEOM, "<odd>")]
)
async def test_an_answer_to_an_earlier_tick_is_not_used_and_the_lane_is_asked_again_at_once(
    section: str, old: str, new: str
) -> None:
    def hang(node: Node) -> None:
        node.said[section] = None

    async with staged(change=hang) as stage:
        await eventually(lambda: bool(stage.a.sessions) and stage.a.ticks(section) == 1)
        await eventually(lambda: stage.eyes.latest().master.facts.host.value is not None)
        asking = asyncio.create_task(stage.eyes.fresh())
        # The other node has answered the call, so this one has been asked too.
        await eventually(lambda: stage.b.ticks("exports") == 2)
        assert stage.a.ticks(section) == 1, "a question that is open is not asked again"
        stage.a.said[section] = new
        stage.a.fast.say(section, old)
        snapshot = await asking
        assert stage.a.ticks(section) == 2
        fact = getattr(snapshot.master.facts, section)
        assert fact.raw == new or fact.value is None


async def test_a_hung_section_makes_only_its_own_facts_unknown_after_the_limit() -> None:
    async with staged() as stage:
        await stage.settled()
        stage.a.said["geom"] = None
        began = now()
        snapshot = await stage.eyes.fresh(0.2)
        assert now() - began > 0.15
        assert unknown(snapshot.master.facts, "no answer within 0.2 s") == {"geom"}
        assert snapshot.master.facts.geom.last is not None
        assert snapshot.master.link.state is LinkState.LIVE
        assert snapshot.slave.facts.geom.value is not None
        # The watch itself still waits for the answer, and gives it when it comes.
        stage.a.said["geom"] = GEOM
        stage.a.fast.say("geom", GEOM)
        assert (await stage.eyes.fresh()).master.facts.geom.value is not None


async def test_what_is_known_to_hang_is_waited_for_a_second_and_no_longer() -> None:
    busy = ONCE.model_copy(update={"interval": 0.05})
    plans = (LanePlan(("host", "mounts"), ("geom",), interval=0.05, limit=0.1),)
    node = Node("web-a")
    node.said["geom"] = None
    session = FakeSession(node.answer)

    async def opened(_: NodeConfig) -> FakeSession:
        return session

    watch = NodeWatch(busy.master, busy, opened, lambda: None, plans)
    running = asyncio.create_task(watch.run())
    try:
        await eventually(lambda: "no answer for" in (watch.view.facts.geom.unknown or ""))
        began = now()
        view = await watch.fresh(60)
        assert 0.9 < now() - began < 30
        assert view.facts.geom.unknown == "no answer within 1 s"
        assert view.facts.mounts.value is not None
        node.said["geom"] = GEOM
        session.lanes[0].say("geom", GEOM)
        assert (await watch.fresh(60)).facts.geom.value is not None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_a_reading_that_is_wanted_at_the_moment_of_a_regular_one_does_not_wait_for_the_next() -> None:
    plans = (LanePlan(("host", "mounts"), ("geom",), interval=4.0, limit=3.0),)

    async def wanted() -> float:
        node = Node("web-a")
        session = FakeSession(node.answer)

        async def opened(_: NodeConfig) -> FakeSession:
            return session

        watch = NodeWatch(ONCE.master, ONCE, opened, lambda: None, plans)
        running = asyncio.create_task(watch.run())
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WarpLoop)
        loop.flow = 1e-6
        try:
            while not session.lanes or len(session.lanes[0].ticks) < 2:  # noqa: ASYNC110 # time jumps
                await asyncio.sleep(0.001)
            regular = loop.time()
            await asyncio.sleep(3.993)
            await watch.fresh(60)
            # The loop was busy elsewhere: the next regular reading is due when the lane hears of the wish.
            loop.delay(0.01)
            began = loop.time()
            assert began > regular + 4.0
            await watch.fresh(60)
            return loop.time() - began
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    assert warped(wanted()) < 0.1


async def test_metadata_that_hangs_on_a_dead_gate_delays_only_the_first_reading() -> None:
    async with staged() as stage:
        await stage.settled()
        stage.a.said["metadata"] = None
        spent = []
        for _ in range(2):
            began = now()
            snapshot = await stage.eyes.fresh(60)
            spent.append(now() - began)
            assert snapshot.master.facts.metadata.unknown == "no answer within 1 s"
            assert snapshot.master.facts.geom.value is not None
        assert 0.9 < spent[0] < 30
        assert spent[1] < spent[0], "what is known to hang is not waited for"
        stage.a.sessions[-1].lanes[1].say("metadata", "")
        stage.a.said["metadata"] = ""
        await eventually(lambda: stage.eyes.latest().master.facts.metadata.value is not None)
        assert (await stage.eyes.fresh(60)).master.facts.metadata.value == ()


async def test_a_node_whose_shell_hangs_does_not_answer() -> None:
    async with staged() as stage:
        await stage.settled()
        stage.a.said["host"] = None
        master = (await stage.eyes.fresh(0.1)).master
        assert master.link.state is LinkState.SILENT
        assert master.facts.host.value is None
        assert "within 0.1 s" in master.link.why


async def test_a_connection_lost_in_the_middle_makes_the_node_unknown_at_once() -> None:
    async with staged() as stage:
        await stage.settled()
        stage.a.said["mounts"] = None
        asking = asyncio.create_task(stage.eyes.fresh(60))
        await eventually(lambda: stage.a.ticks("mounts") == 2)
        stage.a.fast.drop()
        snapshot = await asyncio.wait_for(asking, 30)
        assert snapshot.master.link.state is LinkState.LOST
        assert unknown(snapshot.master.facts, "not connected") == set(NodeFacts.__dataclass_fields__)
        assert special(snapshot.slave) == "/dev/disk0"


async def test_a_lost_node_is_unknown_without_a_wait_and_is_sought_again() -> None:
    async with staged() as stage:
        await stage.settled()
        stage.a.refuses = Trouble("web-a", "no route to host", "reconnecting", retry=True)
        stage.a.fast.drop()
        await eventually(lambda: "no route" in stage.eyes.latest().master.link.why)
        stage.a.refuses = None
        snapshot = await asyncio.wait_for(stage.eyes.fresh(60), 30)
        assert snapshot.master.facts.mounts.value is None
        await eventually(lambda: stage.eyes.latest().master.link.state is LinkState.LIVE)


async def test_a_refused_node_is_unknown_with_its_reason() -> None:
    def refuse(node: Node) -> None:
        node.refuses = Trouble("web-a", "the host key has changed", "compare it", retry=False)

    async with staged(change=refuse) as stage:
        snapshot = await asyncio.wait_for(stage.eyes.fresh(60), 30)
        assert snapshot.master.link.why == "web-a: the host key has changed; compare it"
        assert special(snapshot.slave) == "/dev/disk0"


async def test_a_watch_that_does_not_run_gives_unknown_after_the_limit() -> None:
    async def never(_: NodeConfig) -> FakeSession:
        raise AssertionError

    snapshot = await PairEyes(PairWatch(ONCE, never)).fresh(0.05)
    assert snapshot.master.facts.geom.unknown == "no answer within 0.05 s"


async def test_one_watch_serves_the_screens_and_the_readings() -> None:
    session = FakeSession(Node("web-a").answer)

    async def opened(_: NodeConfig) -> FakeSession:
        return session

    watch = PairWatch(ONCE, opened)
    states = watch.states()
    seen: list[PairSnapshot] = []

    async def follow() -> None:
        async for state in states:
            seen.append(state.snapshot)

    following = asyncio.create_task(follow())
    try:
        snapshots = await asyncio.gather(*(PairEyes(watch).fresh() for _ in range(3)))
        assert {special(s.master) for s in snapshots} == {"/dev/disk0"}
        await eventually(lambda: special(seen[-1].slave) == "/dev/disk0")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await states.aclose()


async def test_leaving_closes_the_sessions_and_a_bug_in_the_watch_is_not_kept_quiet() -> None:
    async with staged() as stage:
        await stage.settled()
        a, b = stage.a, stage.b
    assert a.sessions[0].closed
    assert b.sessions[0].closed

    async def broken(_: NodeConfig) -> FakeSession:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as raised:
        async with PairEyes.open(ONCE, broken) as eyes:
            await eyes.fresh(0.05)
    assert raised.group_contains(ZeroDivisionError)


async def test_cancelling_a_reading_leaves_the_watch_alone() -> None:
    async with staged() as stage:
        await stage.settled()
        stage.a.said["mounts"] = None
        asking = asyncio.create_task(stage.eyes.fresh(60))
        await eventually(lambda: stage.a.ticks("mounts") == 2)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        stage.a.said["mounts"] = mounts(3)
        stage.a.fast.say("mounts", mounts(1))
        assert special((await stage.eyes.fresh()).master) == "/dev/disk3"


class SlowLane(FakeLane):
    """Samples when a tick arrives, and delivers each answer some time later: what is on its way is old."""

    def __init__(self, answer: Callable[[str], str | None], chance: random.Random) -> None:
        super().__init__(answer)
        self._sample = answer
        self._chance = chance

    async def tick(self, sections: "tuple[str, ...] | list[str]") -> None:  # type: ignore[override]
        self.ticks.append(tuple(sections))
        loop = asyncio.get_running_loop()
        number = len(self.ticks)
        for section in sections:
            if (text := self._sample(section)) is not None:
                frame = Frame(number, section, text, 0)
                loop.call_later(self._chance.choice((0, 0.001, 0.004)), self._frames.put_nowait, frame)


@pytest.mark.parametrize("seed", range(20))
async def test_no_reading_is_ever_older_than_its_call(seed: int) -> None:
    chance = random.Random(seed)
    quick = ONCE.model_copy(update={"interval": 0.003, "slow_interval": 0.005})
    node = Node("web-a")

    class Session(FakeSession):
        async def lane(self) -> FakeLane:
            self.lanes.append(SlowLane(node.answer, chance))
            return self.lanes[-1]

    async def opened(_: NodeConfig) -> FakeSession:
        return Session(node.answer)

    async with PairEyes.open(quick, opened) as eyes:
        for serial in range(1, 15):
            node.said["mounts"] = mounts(serial)
            snapshot = await eyes.fresh(5)
            assert special(snapshot.master) == f"/dev/disk{serial}"
            assert special(snapshot.slave) == f"/dev/disk{serial}"
