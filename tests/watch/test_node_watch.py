"""One node watched through lanes that hang, answer late, break, or cannot be opened."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from console.model.config import NodeConfig, PairConfig
from console.model.snapshot import LinkState
from console.ssh.trouble import Trouble
from console.watch.node_watch import LanePlan, NodeWatch, Opener, lane_plans
from tests.waiting import eventually
from tests.watch.fake_session import GEOM, HOST, MOUNTS, Answer, FakeSession

PAIR = PairConfig.model_validate(
    {
        "name": "www",
        "nodes": [
            {"name": "web-a", "home": "master", "host": "192.168.1.100", "image": "/root/images/a.img"},
            {"name": "web-b", "home": "slave", "host": "192.168.1.101", "image": "/root/images/b.img"},
        ],
    }
)
PLAN = (LanePlan(("host", "mounts"), ("geom",), interval=0.02, limit=0.1),)


def _answers(**other: str | None) -> Answer:
    def answer(section: str) -> str | None:
        if section in other:
            return other[section]
        known = {"host": HOST.format(now=int(time.time()), name="web-a"), "mounts": MOUNTS, "geom": GEOM}
        return known.get(section, "")

    return answer


@asynccontextmanager
async def _watching(open_session: Opener) -> AsyncIterator[NodeWatch]:
    watch = NodeWatch(PAIR.master, PAIR, open_session, lambda: None, PLAN)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _session(answer: Answer) -> tuple[FakeSession, Opener]:
    session = FakeSession(answer)

    async def opened(_: NodeConfig) -> FakeSession:
        return session

    return session, opened


async def test_a_node_that_answers_is_live_and_its_facts_count() -> None:
    session, opened = _session(_answers())
    async with _watching(opened) as watch:
        await eventually(lambda: watch.settled)
        assert watch.view.link.state is LinkState.LIVE
        assert watch.view.facts.mounts.value is not None
        assert watch.view.facts.geom.value is not None
    assert session.closed
    assert all(lane.closed for lane in session.lanes)


async def test_geom_that_hangs_makes_only_its_own_facts_unknown() -> None:
    session, opened = _session(_answers(geom=None))
    async with _watching(opened) as watch:
        await eventually(lambda: "no answer for" in (watch.view.facts.geom.unknown or ""))
        assert watch.view.link.state is LinkState.LIVE
        assert watch.view.facts.mounts.value is not None
        asked = [tick for tick in session.lanes[0].ticks if "geom" in tick]
        assert len(asked) == 1, "a question that is open is not asked again"
        before = len(session.lanes[0].ticks)
        session.lanes[0].say("geom", GEOM)
        await eventually(lambda: watch.view.facts.geom.value is not None)
        await eventually(lambda: any("geom" in tick for tick in session.lanes[0].ticks[before:]))


async def test_a_foreground_section_that_hangs_makes_the_node_silent_and_stops_the_asking() -> None:
    session, opened = _session(_answers(mounts=None))
    async with _watching(opened) as watch:
        await eventually(lambda: watch.view.facts.mounts.unknown not in (None, "not read yet"))
        assert len(session.lanes[0].ticks) == 1
        session.lanes[0].say("mounts", MOUNTS)
        await eventually(lambda: watch.view.link.state is LinkState.LIVE)
        await eventually(lambda: len(session.lanes[0].ticks) > 1)


async def test_another_lane_that_answers_does_not_make_a_blocked_node_live_again() -> None:
    states: list[LinkState] = []
    _, opened = _session(_answers(mounts=None))
    plans = (*PLAN, LanePlan(("modules",), (), interval=0.02, limit=0.1))
    watch = NodeWatch(PAIR.master, PAIR, opened, lambda: states.append(watch.view.link.state), plans)
    task = asyncio.create_task(watch.run())
    try:
        await eventually(lambda: LinkState.SILENT in states)
        first = states.index(LinkState.SILENT)
        await eventually(lambda: len(states) > first + 20)
        assert set(states[first:]) == {LinkState.SILENT}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_lost_connection_keeps_the_last_values_but_none_counts() -> None:
    session, opened = _session(_answers())
    async with _watching(opened) as watch:
        await eventually(lambda: watch.settled)
        session.lanes[0].drop()
        await eventually(lambda: watch.view.link.state is LinkState.LOST)
        assert watch.view.facts.mounts.value is None
        assert watch.view.facts.mounts.last is not None
        assert session.closed
        watch.retry_now()
        await eventually(lambda: len(session.lanes) == 2)


async def test_trouble_is_a_link_state_with_one_line_never_an_exception() -> None:
    async def refused(_: NodeConfig) -> FakeSession:
        raise Trouble("web-a", "the host key has changed", "compare it", retry=False)

    async with _watching(refused) as watch:
        await eventually(lambda: watch.settled)
        assert watch.view.link.state is LinkState.REFUSED
        assert watch.view.link.why == "web-a: the host key has changed; compare it"
        assert watch.view.facts.mounts.value is None


def test_qmail_gets_a_lane_of_its_own_that_counts_at_most_every_thirty_seconds() -> None:
    mail = lane_plans(PAIR)[2]
    assert (mail.background, mail.interval) == (("mail",), 30.0)
    assert (
        len(lane_plans(PAIR.model_copy(update={"qmail": PAIR.qmail.model_copy(update={"enabled": False})})))
        == 2
    )
