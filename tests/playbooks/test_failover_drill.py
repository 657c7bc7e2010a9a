"""The failover drill: which steps in which order, and from which pairs it does not start."""

import time
from dataclasses import replace

import pytest

from console.model.facts import Metadata, VrrpConf
from console.model.lineage import Lineage, OperatorLock
from console.model.plan import Risk
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from playbooks.failover_drill import JOB
from tests.health.building import (
    METADATA,
    NOW,
    SITES,
    component,
    healthy,
    losing,
    mirror,
    section,
    with_facts,
    with_link,
    with_mirror,
    with_parts,
    without,
)
from tests.playbooks.planning import MARK, ids, in_order, line_of, lines, plan, refused, typed, waits

OURS = """[ "$(mdconfig -lv | awk -F '\\t' '$1 == "md0" { print $4 }')" = /root/images/sitesprimary.img ]"""
WHOLE = """
steady-state file-from-master write-canary-master write-reader-master write-canary-slave write-reader-slave
canary-start-1 canary-writes-1 stop-services-master canary-stop-1 unmount-master let-go-master
stop-vrrp-master stays-gone-master stop-ggated attach-md-slave mirror-on-slave fsck-slave
lineage-slave-serves-on-master lineage-slave-serves-on-slave mount-slave lineage-in-mount-slave
start-services-slave address-on-slave canary-start-2 verify-slave-serves canary-read-acked-1
canary-read-found-1 canary-read-first-2 file-from-slave files-on-slave canary-writes-2 newest-file-slave
stop-services-slave canary-stop-2 unmount-slave let-go-slave stays-gone-slave lint-export serve-image
image-served attach-gate newer-half-runs attach-md-master rebuild-master-half copied fsck-master
lineage-master-serves-on-slave lineage-master-serves-on-master mount-master lineage-in-mount-master
start-services-master start-vrrp-master address-on-master canary-start-3 start-vrrp-slave
verify-master-serves canary-stop-3 canary-read-acked-2 canary-read-found-2 canary-read-first-3
files-on-master clean-master clean-slave
"""


def test_the_whole_drill_has_these_steps_in_this_order() -> None:
    made = plan("failover-drill", healthy())
    assert ids(made) == WHOLE.split()
    assert made.id == MARK
    assert made.outages == (
        ("stop-services-master", "address-on-slave"),
        ("stop-services-slave", "address-on-master"),
    )
    assert made.aborts == ("mounted-on-both-nodes",)


def test_the_master_releases_in_the_order_that_kept_the_data() -> None:
    made = plan("failover-drill", healthy())
    assert lines(made.step("unmount-master"))[0] == "umount /home/sites && exit 0"
    breath = f"    gmirror stop remotemirror && {OURS} && mdconfig -d -u 0 && ggatec destroy -u 0 || exit 1"
    assert breath in lines(made.step("let-go-master"))
    assert "not master-mounted" in made.step("let-go-master").guards


def test_the_slave_never_takes_the_data_before_the_master_has_provably_let_go() -> None:
    made = plan("failover-drill", healthy())
    for id in ("stop-ggated", "attach-md-slave", "mount-slave"):
        assert {"master-has-let-go", "not master-image-attached"} <= set(made.step(id).guards), id
    assert made.step("mount-slave").expects == ("slave-mounted-through-mirror",)
    assert lines(made.step("mount-slave"))[-1].startswith(
        "mount -t ufs /dev/mirror/remotemirror /home/sites || {"
    )


def test_the_slave_lets_go_by_a_forced_detach_and_is_looked_at_again_later_than_4_s() -> None:
    made = plan("failover-drill", healthy())
    assert lines(made.step("let-go-slave"))[-1].endswith("&& mdconfig -d -o force -u 0")
    assert lines(made.step("stays-gone-slave"))[0] == "sleep 6"
    assert in_order(made, "unmount-slave", "let-go-slave", "stays-gone-slave", "serve-image", "attach-gate")


def test_the_old_half_is_attached_only_after_the_mirror_runs_on_the_newer_one() -> None:
    made = plan("failover-drill", healthy())
    assert in_order(
        made, "attach-gate", "newer-half-runs", "attach-md-master", "rebuild-master-half", "copied"
    )
    assert "not master-image-attached" in made.step("attach-gate").guards
    assert waits(made, "newer-half-runs").until == ("master-mirror-running", "slave-half-active")


def test_only_the_copy_destroys_and_its_target_must_be_typed() -> None:
    made = plan("failover-drill", healthy())
    destroying = [s for s in made.steps if s.risk is Risk.DESTROYS]
    assert [(s.id, s.confirm, s.shows_direction) for s in destroying] == [
        ("rebuild-master-half", "web-a:md0", True)
    ]
    assert {"slave-half-active", "nothing-mounted", "slave-lineage-newest", "no-split-brain"} <= set(
        destroying[0].guards
    )
    assert made.direction is not None
    assert (made.direction.source.node, made.direction.target.node) == ("web-b", "web-a")
    assert made.direction.overwritten == "web-a:/root/images/sitesprimary.img (48 MB) will be OVERWRITTEN"


def test_each_promotion_has_an_id_of_its_own_and_follows_the_one_before() -> None:
    made = plan("failover-drill", healthy())
    over = "\n".join(lines(made.step("lineage-slave-serves-on-slave")))
    assert f"printf '%s %s %s %s\\n' {MARK} {'a' * 16} \"$(date +%s)\" web-b >>" in over
    back = "\n".join(lines(made.step("lineage-master-serves-on-slave")))
    assert f' {MARK} "$(date +%s)" web-a >>' in back
    assert in_order(made, "lineage-slave-serves-on-slave", "mount-slave", "lineage-in-mount-slave")


def test_the_address_goes_back_only_once_the_master_serves_current_data() -> None:
    made = plan("failover-drill", healthy())
    assert in_order(made, "copied", "mount-master", "start-vrrp-master", "address-on-master")
    assert made.step("start-vrrp-master").guards == ("master-mounted-through-mirror",)


def test_serving_during_the_copy_mounts_before_it_is_done() -> None:
    made = plan("failover-drill", healthy(), mount_during_rebuild=True)
    assert in_order(made, "rebuild-master-half", "mount-master", "address-on-master", "copied")
    assert "verify-master-serves" in ids(made)


def test_without_fail_back_it_ends_with_the_slave_serving_and_no_direction() -> None:
    made = plan("failover-drill", healthy(), with_fail_back=False)
    assert made.direction is None
    assert "rebuild-master-half" not in ids(made)
    assert ids(made)[-3:] == ["canary-stop-2", "clean-master", "clean-slave"]
    assert made.expects == ("slave-mounted-through-mirror", "slave-holds-address")


def test_without_the_canary_the_files_of_both_nodes_still_prove_it() -> None:
    made = plan("failover-drill", healthy(), canary=False)
    assert not [id for id in ids(made) if id.startswith("canary")]
    assert in_order(made, "file-from-master", "unmount-master", "file-from-slave", "files-on-slave")
    assert in_order(made, "unmount-slave", "mount-master", "files-on-master", "clean-master")


def test_a_pair_without_a_lineage_needs_a_typed_statement_first() -> None:
    pair = healthy()
    for home in Home:
        pair = with_facts(pair, home, lineage=Lineage())
    made = plan("failover-drill", pair)
    assert typed(made) == ["web-a holds the newest data"]
    assert ids(made)[:4] == ["steady-state", "say-which-is-newest", "adopt-master", "adopt-slave"]
    assert made.step("adopt-slave").expects == ("same-lineage",)


def _hard_coded_slave() -> PairSnapshot:
    parts = (component("ggate0", flags=("HARDCODED",)), component("md0"))
    return with_mirror(healthy(), mirror(*parts))


def _hard_coded_metadata() -> PairSnapshot:
    gate: Metadata = replace(METADATA[1], hcprovider="ggate0")
    return with_facts(healthy(), Home.MASTER, metadata=(METADATA[0], gate))


def _locked(age: float) -> PairSnapshot:
    lock = OperatorLock("20261123-1", "grow", "root@jump", int(NOW) - 300, int(NOW - age))
    return with_facts(healthy(), Home.SLAVE, lock=lock)


REFUSED: dict[str, tuple[PairSnapshot, str]] = {
    "the slave is silent": (
        with_link(healthy(), Home.SLAVE, LinkState.LOST, "no route"),
        "web-b does not answer",
    ),
    "a mount is unknown": (losing(healthy(), Home.MASTER, "mounts"), "web-a"),
    "GEOM hangs": (losing(healthy(), Home.MASTER, "geom", "no answer for 21 s"), "GEOM on web-a"),
    "a rebuild runs": (with_parts(healthy(), "DEGRADED", md0="SYNCHRONIZING"), "a rebuild is running"),
    "a half is stale": (with_parts(healthy(), "DEGRADED", ggate0="STALE"), "mirror-complete-2-of-2"),
    "both are mounted": (
        with_facts(healthy(), Home.SLAVE, mounts=healthy().master.facts.mounts.value),
        "two histories",
    ),
    "a bare half is mounted": (
        with_facts(healthy(), Home.MASTER, mounts=(replace(SITES, special="/dev/md0"),)),
        "master-mounted-through-mirror",
    ),
    "split brain": (
        with_facts(
            with_facts(healthy(), Home.SLAVE, lineage=line_of(("a", "web-a"), ("c", "web-b"))),
            Home.MASTER,
            lineage=line_of(("a", "web-a"), ("d", "web-a")),
        ),
        "split brain",
    ),
    "the slave's record is newer": (
        with_facts(healthy(), Home.SLAVE, lineage=line_of(("a", "web-a"), ("c", "web-b"))),
        "web-a does not hold the newest data",
    ),
    "somebody works": (_locked(5), "root@jump runs grow on web-b"),
    "no ggated": (without(healthy(), Home.SLAVE, "ggated"), "no ggated runs on web-b"),
    "no freevrrpd": (without(healthy(), Home.SLAVE, "freevrrpd"), "web-b STOPPED"),
    "clocks apart": (with_facts(healthy(), Home.SLAVE, clock_offset=9.0), "9.0 s apart"),
    "lineage unread": (losing(healthy(), Home.MASTER, "lineage"), "lineage of web-a is not known"),
    "slave's half hard-coded": (_hard_coded_slave(), "hard-coded"),
    "slave's metadata hard-coded": (_hard_coded_metadata(), "hard-coded"),
    "slave's priority too high": (
        with_facts(healthy(), Home.SLAVE, vrrpconf=VrrpConf((section(priority=200),))),
        "priority",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_drill_does_not_start_from(case: str) -> None:
    pair, said = REFUSED[case]
    assert said in refused("failover-drill", pair)


def test_a_stale_lock_does_not_keep_the_plan_from_being_made() -> None:
    assert plan("failover-drill", _locked(4_000))


def test_a_drill_is_planned_in_50_ms() -> None:
    pair, answers = healthy(), JOB.answers.model_validate({"mark": MARK})
    took = []
    for _ in range(10):
        # The processor's time: what else this machine does is not the planner's.
        began = time.process_time()
        JOB.plan(pair, answers)
        took.append(time.process_time() - began)
    assert sorted(took)[5] < 0.05
