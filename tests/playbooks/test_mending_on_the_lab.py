"""The mending jobs, run whole by the engine on the lab, and the world looked at afterwards."""

import pytest

from console.engine.measures import measure
from console.lab.provision import IMAGES, MOUNT
from console.model.run import StepState
from console.model.snapshot import LinkState
from playbooks import keep, recover_slave, slave_drill
from tests.playbooks.on_lab_b import Bench, bench, halves_are_equal, states, told

_WRITE = f"echo written-alone > {MOUNT}/alone.txt && fsync {MOUNT}/alone.txt"


async def test_a_half_destroyed_at_once_comes_back_by_rebuild() -> None:
    async with bench() as b:
        await b.lab.fault("power-off", "b")
        await b.sh("a", f"ggatec destroy -f -u 0; {_WRITE}")
        await _back(b)
        record = await b.done(recover_slave.JOB)
        assert "decision: rebuild" in told(record)
        await halves_are_equal(b)


async def test_a_half_lost_by_the_timeout_comes_back_by_forget_and_insert() -> None:
    async with bench() as b:
        await b.lab.fault("power-off", "b")
        await b.sh("a", f"{_WRITE} &")
        await b.until("a", "gmirror status -s | grep -qv ggate0 && ! gmirror status -s | grep -q ggate0")
        await _back(b)
        record = await b.done(recover_slave.JOB)
        assert "genid is older" in told(record)
        await halves_are_equal(b)


async def test_a_dead_ggatec_is_rescued_without_a_copy() -> None:
    async with bench() as b:
        await b.lab.fault("kill-ggatec")
        record = await b.done(recover_slave.JOB)
        assert states(record)["rescue-gate"] is StepState.DONE
        assert states(record)["join"] is StepState.ALREADY_SO
        await b.sh("a", _WRITE)
        await halves_are_equal(b)


async def test_a_dead_slave_is_let_go_of_at_once_and_mended_when_it_is_back() -> None:
    async with bench() as b:
        await b.lab.fault("power-off", "b")
        await b.sees(lambda s: s.slave.link.state is not LinkState.LIVE)
        record = await b.run(await b.plan(recover_slave.JOB))
        assert "release-gate" in states(record), told(record)
        assert (await b.sh("a", _WRITE)).status == 0


async def _back(b: Bench) -> None:
    await b.lab.fault("power-on", "b")
    await b.until("b", "true")
    await b.sees(lambda s: s.slave.facts.processes.value is not None)


async def test_a_slave_drill_by_power_measures_the_stall_and_brings_the_slave_back() -> None:
    async with bench() as b:
        b.operator.by_hand = {"take-away": ("power-off", "b"), "bring-back": ("power-on", "b")}
        record = await b.done(slave_drill.JOB, way="power", canary_seconds=2, watch_seconds=3)
        values = measure(record).values
        assert values["write_outage"] >= 3
        assert values["rpo.markers_lost"] == 0
        assert "decision: " in told(record)
        await halves_are_equal(b)


async def test_a_slave_drill_by_ggated_lets_the_gate_time_out() -> None:
    async with bench() as b:
        record = await b.done(
            slave_drill.JOB, way="stop-ggated", release="timeout", canary_seconds=2, watch_seconds=2
        )
        assert measure(record).values["write_outage"] > 5
        assert "decision: forget and insert" in told(record)
        await halves_are_equal(b)


@pytest.mark.parametrize("winner", ["master", "slave"])
async def test_a_split_brain_ends_with_one_nodes_data_and_the_others_set_aside(winner: str) -> None:
    async with bench() as b:
        await b.lab.fault("split-brain")
        await b.lab.fault("plug-link")
        await b.settled()
        record = await b.done(keep.JOB, keep=winner)
        name = {"master": "web-a", "slave": "web-b"}[winner]
        assert (await b.sh("a", f"cat {MOUNT}/orders-today.csv")).out == f"written on {name}\n"
        loser, image = ("b", IMAGES["b"]) if winner == "master" else ("a", IMAGES["a"])
        aside = b.lab.world.nodes[loser].images.at(f"{image}.aside-{record.plan.id}")
        assert aside is not None
        await halves_are_equal(b)
