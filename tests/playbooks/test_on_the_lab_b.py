"""The building and mending jobs, run whole by the engine on the lab, and the world looked at afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from console.engine.measures import measure
from console.lab.provision import IMAGES, MOUNT
from console.lab.running import run_text
from console.model.run import RunState, StepState
from console.model.snapshot import LinkState
from playbooks import evacuate, grow, keep, provision, recover_slave, slave_drill
from tests.playbooks.on_lab_b import Bench, bench, states, told

_WRITE = f"echo written-alone > {MOUNT}/alone.txt && fsync {MOUNT}/alone.txt"


async def _halves_are_equal(b: Bench) -> None:
    """Both images hold the same bytes in front of gmirror's sector, as on the real pair (R23)."""
    await b.sh("a", "sync")
    images = [b.lab.world.nodes[name].images.at(path) for name, path in IMAGES.items()]
    first, second = (image.read(0, image.size - 512) for image in images if image is not None)
    assert first == second


@asynccontextmanager
async def _small() -> AsyncIterator[Bench]:
    """A pair built by the job itself, of 8 MB, with a file in it."""
    async with bench("bare") as b:
        await b.done(provision.JOB, size="8m")
        await b.sh("a", _WRITE)
        yield b


async def test_two_bare_nodes_become_a_verified_pair_and_a_second_run_finds_nothing_to_do() -> None:
    async with bench("bare") as b:
        record = await b.done(provision.JOB, size="64m")
        assert states(record)["newfs"] is StepState.DONE
        typed = {question.typed for question in b.operator.asked}
        assert {"web-a:md0", "web-a:mirror/remotemirror"} <= typed
        first, second = (
            b.lab.world.nodes[n].fs.read_file("/usr/local/etc/freevrrpd.conf").decode() for n in "ab"
        )
        password = next(line for line in first.splitlines() if line.startswith("password"))
        assert password in second
        assert "@SECRET" not in password
        assert password.split("= ")[1] not in told(record)
        await _halves_are_equal(b)
        await b.sh("a", _WRITE)
        again = await b.done(provision.JOB)
        changed = {id for id, state in states(again).items() if state is StepState.DONE}
        assert not changed & {"label", "attach-md-master", "insert", "first-copy", "make-gate", "image-slave"}
        assert (await b.sh("a", f"cat {MOUNT}/alone.txt")).out == "written-alone\n"


async def test_data_in_an_image_stops_provisioning_on_the_node_itself() -> None:
    async with bench("bare") as b:
        await b.sh("b", "mkdir -p /root/images; truncate -s 64m /root/images/sitesbackup.img")
        await b.sh("b", "echo precious | dd of=/root/images/sitesbackup.img conv=notrunc")
        record = await b.run(await b.plan(provision.JOB, size="64m"))
        assert record.state is RunState.FAILED or record.state is RunState.STOPPED
        assert states(record)["label"] is StepState.FAILED
        assert "not blank" in record.why
        assert (await b.sh("b", "head -c 8 /root/images/sitesbackup.img")).out == "precious"


async def test_a_half_destroyed_at_once_comes_back_by_rebuild() -> None:
    async with bench() as b:
        await b.lab.fault("power-off", "b")
        await b.sh("a", f"ggatec destroy -f -u 0; {_WRITE}")
        await _back(b)
        record = await b.done(recover_slave.JOB)
        assert "decision: rebuild" in told(record)
        await _halves_are_equal(b)


async def test_a_half_lost_by_the_timeout_comes_back_by_forget_and_insert() -> None:
    async with bench() as b:
        await b.lab.fault("power-off", "b")
        await b.sh("a", f"{_WRITE} &")
        await b.until("a", "gmirror status -s | grep -qv ggate0 && ! gmirror status -s | grep -q ggate0")
        await _back(b)
        record = await b.done(recover_slave.JOB)
        assert "genid is older" in told(record)
        await _halves_are_equal(b)


async def test_a_dead_ggatec_is_rescued_without_a_copy() -> None:
    async with bench() as b:
        await b.lab.fault("kill-ggatec")
        record = await b.done(recover_slave.JOB)
        assert states(record)["rescue-gate"] is StepState.DONE
        assert states(record)["join"] is StepState.ALREADY_SO
        await b.sh("a", _WRITE)
        await _halves_are_equal(b)


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
        await _halves_are_equal(b)


async def test_a_slave_drill_by_ggated_lets_the_gate_time_out() -> None:
    async with bench() as b:
        record = await b.done(
            slave_drill.JOB, way="stop-ggated", release="timeout", canary_seconds=2, watch_seconds=2
        )
        assert measure(record).values["write_outage"] > 5
        assert "decision: forget and insert" in told(record)
        await _halves_are_equal(b)


async def test_the_mirror_grows_with_its_files() -> None:
    async with _small() as b:
        await b.done(grow.JOB, size="24m")
        assert (await b.sh("a", f"cat {MOUNT}/alone.txt")).out == "written-alone\n"
        size = int((await b.sh("a", f"df -k {MOUNT} | awk 'NR == 2 {{ print $2 }}'")).out)
        assert size > 18 * 1024
        await _halves_are_equal(b)


async def test_the_slaves_image_is_copied_at_rest_to_a_new_host() -> None:
    async with _small() as b:
        target = "/root/evacuated.img"
        await b.done(evacuate.JOB, host="web-c", target=target)
        ran = await run_text(
            b.lab.world.spare,
            f"kldload geom_mirror; mdconfig -a -t vnode -f {target} -u 0; sleep 6; mkdir -p /mnt/new\n"
            "fsck -t ufs -n /dev/mirror/remotemirror && mount /dev/mirror/remotemirror /mnt/new &&"
            " cat /mnt/new/alone.txt",
        )
        assert ran.out.endswith("written-alone\n"), ran
        await _halves_are_equal(b)


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
        await _halves_are_equal(b)
