"""The building and mending jobs, run whole by the engine on the lab, and the world looked at afterwards."""

from console.lab.provision import IMAGES, MOUNT
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
