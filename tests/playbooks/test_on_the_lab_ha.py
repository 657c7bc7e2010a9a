"""The high-availability jobs on the simulated pair: planned from fresh readings, run to a verified end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from console.engine import locks
from console.engine.measures import measure
from console.engine.report import as_markdown
from console.engine.runner import Runner
from console.health.conditions import check
from console.lab.provision import IMAGES
from console.lab.scenarios import is_mounted
from console.model.run import RunRecord, RunState, StepState
from console.model.snapshot import LinkState
from console.ssh.hands import open_hands
from playbooks.fail_back import JOB as FAIL_BACK
from playbooks.failover_drill import JOB as DRILL
from playbooks.promote import JOB as PROMOTE
from playbooks.start_pair import JOB as START
from playbooks.stop_pair import JOB as STOP
from tests.playbooks.on_lab_b import Bench, bench, states, told
from tests.playbooks.planning import lines, plan, slave_serves
from tests.waiting import eventually

MOUNT = "/home/sites"
SPEED = 10.0
"""World seconds per second."""


async def _write(lab: Bench, node: str, name: str) -> None:
    """A file that is on the disks: sync would not be enough."""
    ran = await lab.sh(node, f"echo {name} > {MOUNT}/{name} && fsync {MOUNT}/{name}")
    assert ran.status == 0, ran


async def _serves(lab: Bench, node: str, *files: str) -> None:
    """One node has it mounted through the mirror, with these files; both know the same lineage."""
    world = lab.lab.world
    assert [name for name in "ab" if is_mounted(world.nodes[name])] == [node]
    ran = await lab.sh(node, f"mount -p | grep ' *{MOUNT}'; cd {MOUNT} && ls {' '.join(files)}")
    assert (ran.status, "/dev/mirror/remotemirror" in ran.out) == (0, True), ran
    own = (await lab.sh(node, "cat /var/db/mirrorgate/lineage")).out
    assert (await lab.sh(node, f"cat {MOUNT}/.mirrorgate/lineage")).out == own


def _halves_are_equal(lab: Bench) -> bool:
    # Stopped with both halves whole: then all but the metadata in the last sector is the same.
    images = [lab.lab.world.nodes[name].images.at(IMAGES[name]) for name in "ab"]
    first, second = (image.digest(length=image.size - 512) for image in images if image is not None)
    return first == second


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    with pytest.MonkeyPatch.context() as patch:
        # A lock's age is told by the node's clock, which runs SPEED times as fast as the console's here.
        patch.setattr(locks, "BEAT", locks.BEAT / (2 * SPEED))
        async with bench(speed=SPEED) as lab:
            # How fast a copy is says nothing about the jobs.
            lab.lab.world.sync_rate = 1 << 30
            yield lab


def _free_of_locks(record: RunRecord) -> None:
    assert record.locks == (), told(record)


async def test_a_drill_hands_over_and_back_and_loses_no_acknowledged_write() -> None:
    async with _bench() as lab:
        await _write(lab, "a", "before.txt")
        record = await lab.done(DRILL, canary_seconds=3)
        assert set(states(record).values()) <= {StepState.DONE, StepState.ALREADY_SO}
        await _serves(lab, "a", "before.txt")
        assert (await lab.sh("a", f"ls {MOUNT}/.mirrorgate; ls /var/db/mirrorgate")).out.count("canary") == 0
        lineages = [(await lab.sh(n, "cut -d ' ' -f 1,2,4 /var/db/mirrorgate/lineage")).out for n in "ab"]
        assert lineages[0] == lineages[1]
        assert [line.split()[2] for line in lineages[0].splitlines()][-2:] == ["web-b", "web-a"]
        figures = measure(record)
        assert figures.values["rpo.markers_lost"] == 0, figures
        assert figures.values["rpo.markers_acked"] > 0
        assert figures.values["rto"] > 0
        assert figures.values["rto.2.copy"] > 0
        report = as_markdown(record)
        truths = report[report.index("What was verified") : report.index("Deviations")]
        assert "not checked" not in truths, truths
        assert "write_outage.1" in {**figures.values, **figures.refused}
        _free_of_locks(record)


async def test_a_planned_take_over_and_the_way_back_keep_what_both_nodes_wrote_then_down_and_up() -> None:
    async with _bench() as lab:
        await _write(lab, "a", "one.txt")
        await lab.done(PROMOTE)
        await _serves(lab, "b", "one.txt")
        await _write(lab, "b", "two.txt")
        await lab.done(FAIL_BACK, mount_during_rebuild=True)
        await _serves(lab, "a", "one.txt", "two.txt")
        asked = [q for q in lab.operator.asked if q.destroys]
        assert [(q.typed, q.shows_direction) for q in asked] == [("web-a:md0", True)]
        shown = {(node, label): value for node, label, value in asked[0].direction_facts}
        assert "two.txt" in shown["web-b", "newest file"], shown
        assert shown["web-a", "ggate0 counters"].startswith("genid 0, syncid "), shown
        assert shown["web-a", "md0 file system"].startswith(("mounted 20", "changed 20")), shown
        assert shown["web-b", "last promotion"].startswith("web-b, 20"), shown
        await lab.done(STOP)
        assert not any(is_mounted(node) for node in lab.lab.world.nodes.values())
        assert _halves_are_equal(lab)
        record = await lab.done(START)
        await _serves(lab, "a", "one.txt", "two.txt")
        _free_of_locks(record)


async def test_after_a_power_cut_the_slave_serves_and_the_old_half_is_overwritten_on_the_way_back() -> None:
    async with _bench() as lab:
        await _write(lab, "a", "one.txt")
        await lab.sh("b", "service freevrrpd onestop")
        assert (await lab.look()).master.facts.geom.value is not None
        await lab.lab.fault("power-off", "a")
        await _unreachable(lab)
        await lab.done(PROMOTE)
        assert "web-a is off" in [q.typed for q in lab.operator.asked]
        await _serves(lab, "b", "one.txt")
        await _write(lab, "b", "two.txt")
        await lab.lab.fault("power-on", "a")
        await _reachable(lab)
        # What gmirror cannot take back as it is has to be put in as a new half.
        await lab.sh("a", "mdconfig -a -t vnode -f /root/images/sitesprimary.img -u 0; gmirror clear md0")
        await lab.sh("a", "gmirror stop remotemirror; gmirror clear md0; mdconfig -d -o force -u 0")
        record = await lab.done(FAIL_BACK)
        copy = next(step for step in record.steps if step.id == "rebuild-master-half")
        assert "putting it in as a new half" in copy.out, told(record)
        await _serves(lab, "a", "one.txt", "two.txt")


async def test_with_the_slave_dead_the_master_starts_alone_by_the_operator_s_word() -> None:
    async with _bench() as lab:
        await _write(lab, "a", "one.txt")
        await lab.done(STOP)
        await lab.lab.fault("power-off", "b")
        await _unreachable(lab, "slave")
        await lab.done(START)
        assert "web-b is off" in [q.typed for q in lab.operator.asked]
        await _serves(lab, "a", "one.txt")


async def test_a_slave_promoted_on_its_bare_half_loses_nothing_on_the_way_back() -> None:
    # What the reference scripts leave behind: no counter has moved, and gmirror would join both as ACTIVE.
    async with _bench() as lab:
        await _write(lab, "a", "one.txt")
        await lab.sh("b", "service freevrrpd onestop")
        let_go = "umount /home/sites && gmirror stop remotemirror && mdconfig -d -u 0 && ggatec destroy -u 0"
        assert (await lab.sh("a", f"service freevrrpd onestop; {let_go}")).status == 0
        bare = "mdconfig -a -t vnode -f /root/images/sitesbackup.img -u 0 && mount /dev/md0 /home/sites"
        assert (await lab.sh("b", f"pkill ggated; sleep 2; kldunload geom_mirror; {bare}")).status == 0
        await _write(lab, "b", "two.txt")
        assert (await lab.sh("b", "service freevrrpd onestart")).status == 0
        await lab.sees(lambda pair: check("slave-vrrp-master", pair).holds)
        record = await lab.done(FAIL_BACK)
        assert "web-b holds the newest data" in [q.typed for q in lab.operator.asked]
        await _serves(lab, "a", "one.txt", "two.txt")
        await lab.done(STOP)
        assert _halves_are_equal(lab), told(record)


async def test_a_take_over_that_is_taken_back_before_the_mount_leaves_the_master_serving() -> None:
    async with _bench() as lab:
        await _write(lab, "a", "one.txt")
        whole = await lab.plan(PROMOTE)
        upto = [step.id for step in whole.steps].index("mount-slave")
        part = whole.model_copy(update={"steps": whole.steps[:upto], "outages": (), "expects": ()})
        record = await lab.run(part)
        assert record.state is RunState.DONE, told(record)
        undone = await _take_back(lab, record)
        assert undone.state is RunState.UNDONE, told(undone)
        await _serves(lab, "a", "one.txt")
        seen = await lab.look()
        for name in ("mirror-complete-2-of-2", "same-lineage", "master-holds-address", "slave-image-served"):
            assert check(name, seen).holds, check(name, seen)


async def test_a_half_that_claims_to_be_current_is_copied_all_the_same() -> None:
    # Equal counters prove nothing: gmirror would read from both halves by turns (R2).
    copy = plan("fail-back", slave_serves()).step("rebuild-master-half")
    async with bench() as lab:
        await lab.sh("a", "pkill freevrrpd; sleep 1; umount /home/sites")
        assert "md0 (ACTIVE)" in (await lab.sh("a", "gmirror status -s")).out
        lab.lab.world.sync_rate = 1 << 20
        ran = await lab.sh("a", "\n".join(lines(copy)))
        assert ran.status == 0, ran
        assert "md0 (SYNCHRONIZING" in ran.out, ran
        assert "ggate0 (ACTIVE)" in ran.out, ran


async def _take_back(lab: Bench, record: RunRecord) -> RunRecord:
    reach = lab.lab.ssh_config
    who = "operator@console"
    runner = Runner(
        lab.pair, lab.eyes, lambda node: open_hands(node, reach), lab.journal, lab.operator, who=who
    )
    return await runner.undo(record.id)


async def _unreachable(lab: Bench, home: str = "master") -> None:
    await eventually(lambda: getattr(lab.eyes.latest(), home).link.state is not LinkState.LIVE, 30)


async def _reachable(lab: Bench) -> None:
    await eventually(lambda: lab.eyes.latest().master.link.state is LinkState.LIVE, 60)
    await eventually(lambda: lab.eyes.latest().master.facts.lineage.value is not None, 30)
