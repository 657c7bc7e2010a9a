"""What was found by trying to lose data with the jobs: on the whole stack, or on the text of one step."""

import os
import subprocess
from pathlib import Path

import pytest

from console.engine.runner import Runner
from console.health.conditions import check
from console.model.run import RunRecord, RunState, StepState
from console.model.snapshot import PairSnapshot
from console.ssh.hands import open_hands
from playbooks.promote import JOB as PROMOTE
from playbooks.start_pair import JOB as START
from playbooks.stop_pair import JOB as STOP
from tests.health.building import healthy
from tests.playbooks.on_lab_b import Bench, bench, states, told
from tests.playbooks.planning import lines, plan, slave_serves

_LETS_GO = (
    "service freevrrpd onestop; umount /home/sites && gmirror stop remotemirror && mdconfig -d -u 0 &&"
    " ggatec destroy -u 0"
)
_TAKES = (
    "service freevrrpd onestop; pkill ggated; sleep 2;"
    " mdconfig -a -t vnode -f /root/images/sitesbackup.img -u 0 && sleep 8"
)


async def _step(lab: Bench, node: str, job: str, pair: PairSnapshot, step: str) -> tuple[int | None, str]:
    ran = await lab.sh(node, "\n".join(lines(plan(job, pair).step(step))))
    return ran.status, ran.out + ran.err


async def test_a_half_that_somebody_looks_into_elsewhere_is_not_torn_away_by_force() -> None:
    async with bench() as lab:
        assert (await lab.sh("a", _LETS_GO)).status == 0
        assert (await lab.sh("b", f"{_TAKES} && mount /dev/mirror/remotemirror /mnt")).status == 0
        status, said = await _step(lab, "b", "stop-pair", slave_serves(), "let-go-slave")
        assert status == 1, said
        assert "still mounted: /dev/mirror/remotemirror at /mnt" in said
        assert (await lab.sh("b", "umount /mnt")).status == 0
        status, said = await _step(lab, "b", "stop-pair", slave_serves(), "let-go-slave")
        assert status == 0, said
        assert (await lab.sh("b", "sleep 6; gmirror status -s; mdconfig -l")).out.strip() == ""


_GGATED = "root     ggated     812   7  tcp4   192.168.1.101:3080    192.168.1.100:20007"
_DYING = "?        ?          ?     ?  tcp4   192.168.1.101:3080    192.168.1.100:20007"


@pytest.mark.parametrize(("sockets", "pgrep", "status"), [(_GGATED, 1, 1), (_DYING, 1, 0), ("", 2, 1)])
def test_serving_has_ended_when_no_process_of_it_is_left(
    tmp_path: Path, sockets: str, pgrep: int, status: int
) -> None:
    # A connection to a peer without power lingers without a process: that must not stop a take-over.
    stubs = {"pkill": "exit 0", "pgrep": f"exit {pgrep}", "sockstat": f"echo '{sockets}'", "sleep": ":"}
    for name, body in stubs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    text = "\n".join(lines(plan("promote", healthy()).step("stop-ggated")))
    path = f"{tmp_path}:{os.environ['PATH']}"
    ran = subprocess.run(["/bin/sh", "-c", text], env={"PATH": path}, capture_output=True, check=False)
    assert ran.returncode == status, ran


async def test_a_take_over_whose_data_was_mounted_is_not_forgotten() -> None:
    # Without its line the pair would call the master's older half the newest one, and start it alone.
    async with bench() as lab:
        whole = await lab.plan(PROMOTE)
        upto = [step.id for step in whole.steps].index("lineage-in-mount-slave")
        part = whole.model_copy(update={"steps": whole.steps[:upto], "outages": (), "expects": ()})
        record = await lab.run(part)
        assert record.state is RunState.DONE, told(record)
        undone = await taken_back(lab, record)
        assert undone.state is RunState.STOPPED, told(undone)
        assert "lineage" in undone.why or "Record on" in undone.why
        for node in ("a", "b"):
            said = await lab.sh(node, "tail -n 1 /var/db/mirrorgate/lineage")
            assert said.out.split()[0] == whole.id
        # The newer half is not served by itself either: an old gate would write onto it (P06).
        assert (await lab.sh("b", "/usr/local/libexec/mirrorgate/serve.sh")).status == 1


async def test_a_finished_take_over_is_given_back_by_a_job_and_goes_on_serving_when_it_is_to_be_undone() -> (
    None
):
    async with bench() as lab:
        record = await lab.done(PROMOTE)
        undone = await taken_back(lab, record)
        assert undone.state is RunState.STOPPED, told(undone)
        seen = await lab.look()
        assert check("slave-mounted-through-mirror", seen).holds


async def taken_back(lab: Bench, record: RunRecord) -> RunRecord:
    reach = lab.lab.ssh_config
    runner = Runner(
        lab.pair,
        lab.eyes,
        lambda node: open_hands(node, reach),
        lab.journal,
        lab.operator,
        who="operator@console",
    )
    return await runner.undo(record.id)


async def test_halves_that_gmirror_wrongly_calls_equal_are_not_mounted_together() -> None:
    # The slave was mounted without the mirror: no counter moved, and both halves join as ACTIVE (R2).
    async with bench() as lab:
        await lab.done(STOP)
        bare = "kldunload geom_mirror; mdconfig -a -t vnode -f /root/images/sitesbackup.img -u 0"
        write = (
            "mount /dev/md0 /mnt && echo new > /mnt/new && fsync /mnt/new && umount /mnt && mdconfig -d -u 0"
        )
        assert (await lab.sh("b", f"{bare} && {write} && kldload geom_mirror")).status == 0
        record = await lab.run(await lab.plan(START))
        assert states(record)["both-halves-active"] is StepState.DONE, told(record)
        assert states(record)["compare-halves"] is StepState.FAILED, told(record)
        assert states(record)["mount-master"] is StepState.PENDING
