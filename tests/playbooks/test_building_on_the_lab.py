"""The building jobs, run whole by the engine on the lab, and the world looked at afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from console.lab.provision import MOUNT
from console.lab.running import run_text
from console.model.run import RunState, StepState
from playbooks import evacuate, grow, provision
from tests.playbooks.on_lab_b import Bench, bench, halves_are_equal, states, told

_WRITE = f"echo written-alone > {MOUNT}/alone.txt && fsync {MOUNT}/alone.txt"


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
        await halves_are_equal(b)
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


async def test_the_mirror_grows_with_its_files() -> None:
    async with _small() as b:
        await b.done(grow.JOB, size="24m")
        assert (await b.sh("a", f"cat {MOUNT}/alone.txt")).out == "written-alone\n"
        size = int((await b.sh("a", f"df -k {MOUNT} | awk 'NR == 2 {{ print $2 }}'")).out)
        assert size > 18 * 1024
        await halves_are_equal(b)


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
        await halves_are_equal(b)
