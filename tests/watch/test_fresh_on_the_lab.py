"""Readings on demand of a simulated pair over SSH: what was done a moment ago is in them."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from console import config_file
from console.commands.sampling import opener
from console.health.conditions import check
from console.lab.pair import LabPair, serve
from console.lab.running import run_text
from console.model.facts import NodeFacts
from console.model.lineage import OperatorLock
from console.model.snapshot import LinkState
from console.watch.fresh import PairEyes
from tests.waiting import eventually

STATE = "/var/db/mirrorgate"
OWNER = "run=r1\njob=fail-back\noperator=ann@desk\nsince=1795396700\n"


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    pair = await serve()
    yield pair
    await pair.close()


@pytest.fixture
async def eyes(lab: LabPair) -> AsyncIterator[PairEyes]:
    config = config_file.load(lab.config_file)
    async with PairEyes.open(config.pairs[0], opener(config, None)) as opened:
        await opened.fresh(10)
        yield opened


async def test_each_change_is_in_the_next_reading(lab: LabPair, eyes: PairEyes) -> None:
    a, b = lab.world.nodes["a"], lab.world.nodes["b"]
    assert check("master-mounted", await eyes.fresh(30)).holds
    for text, name in (
        ("umount /home/sites", "not master-mounted"),
        ("mount /dev/mirror/remotemirror /home/sites", "master-mounted-through-mirror"),
    ):
        assert (await run_text(a, text)).status == 0
        assert check(name, await eyes.fresh(30)).holds
    assert (await run_text(b, "pkill -9 ggated")).status == 0
    assert check("not slave-ggated-runs", await eyes.fresh(30)).holds


async def test_a_lineage_and_a_lock_are_read_from_the_node(lab: LabPair, eyes: PairEyes) -> None:
    empty = await eyes.fresh(30)
    for node in empty.nodes:
        assert node.facts.lock.unknown is None
        assert node.facts.lock.value is None
    head, child = "a" * 16, "b" * 16
    first = f"mkdir -p {STATE}/lock; echo {head} - 1795396700 web-a >{STATE}/lineage; "
    await run_text(lab.world.nodes["a"], f"{first} printf '{OWNER}' >{STATE}/lock/owner")
    await run_text(lab.world.nodes["b"], f"{first} echo {child} {head} 1795396800 web-b >>{STATE}/lineage")
    snapshot = await eyes.fresh(30)
    assert snapshot.master.facts.lock.value == OperatorLock(
        "r1", "fail-back", "ann@desk", 1795396700, 1795396700
    )
    assert "owner is not written" in (snapshot.slave.facts.lock.unknown or "")
    assert check("no-split-brain", snapshot).holds
    assert check("slave-lineage-newest", snapshot).holds
    assert check("not master-lineage-newest", snapshot).holds
    await run_text(lab.world.nodes["a"], f"echo nonsense >>{STATE}/lineage; rm -r {STATE}/lock")
    snapshot = await eyes.fresh(30)
    assert snapshot.master.facts.lineage.value is None
    assert snapshot.master.facts.lock.value is None
    assert snapshot.master.facts.lock.unknown is None


async def test_a_node_cut_off_becomes_unknown_within_the_limit_and_the_other_is_still_read(
    lab: LabPair, eyes: PairEyes
) -> None:
    await lab.fault("pull-management", "b")
    snapshot = await asyncio.wait_for(eyes.fresh(3.0), 30)
    assert snapshot.slave.link.state is not LinkState.LIVE
    unread = {n for n in NodeFacts.__dataclass_fields__ if getattr(snapshot.slave.facts, n).unknown}
    assert unread >= set(NodeFacts.__dataclass_fields__) - {"mail", "df"}
    assert check("master-mounted", snapshot).holds


async def test_a_reading_costs_one_round_trip_of_the_idle_link(eyes: PairEyes) -> None:
    spent = []
    for _ in range(10):
        await eventually(lambda: eyes.latest().master.link.state is LinkState.LIVE)
        began = time.monotonic()
        await eyes.fresh(30)
        spent.append(time.monotonic() - began)
    # Both simulated nodes and the console share one processor here; a second would be the next regular tick.
    assert min(spent) < 0.9


async def test_many_readings_at_once_share_their_ticks(eyes: PairEyes) -> None:
    snapshots = await asyncio.gather(*(eyes.fresh(30) for _ in range(20)))
    assert all(check("mirror-complete-2-of-2", s).holds for s in snapshots)
