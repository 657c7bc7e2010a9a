"""fail-back: the way home, and the pairs on which it would lose data or makes no sense."""

from dataclasses import replace
from typing import Any

import pytest

from console.model.facts import Exports, Geom, ImageFile
from console.model.lineage import Lineage
from console.model.plan import Risk
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from tests.health.building import (
    MD,
    MD_OF_SLAVE,
    PRIMARY,
    ROOT,
    SITES,
    SIZE,
    component,
    healthy,
    losing,
    mirror,
    promoted,
    with_facts,
    with_link,
)
from tests.playbooks.planning import (
    MARK,
    ids,
    in_order,
    line_of,
    lines,
    plan,
    refused,
    slave_serves,
    typed,
    waits,
)

HOME = """
stop-vrrp-master newest-file-slave stop-services-slave unmount-slave let-go-slave stays-gone-slave lint-export
serve-image image-served attach-gate newer-half-runs attach-md-master rebuild-master-half copied fsck-master
lineage-master-serves-on-slave lineage-master-serves-on-master mount-master lineage-in-mount-master
start-services-master start-vrrp-master address-on-master start-vrrp-slave verify-master-serves
"""


def test_the_way_home_has_these_steps_in_this_order() -> None:
    made = plan("fail-back", slave_serves())
    assert ids(made) == HOME.split()
    assert made.outages == (("stop-services-slave", "address-on-master"),)
    assert made.expects[0] == "master-mounted-through-mirror"


def test_a_half_that_is_being_overwritten_is_not_called_unused() -> None:
    made = plan("fail-back", slave_serves())
    assert "unused" in made.step("attach-md-master").leaves
    assert "being copied over web-a's half" in made.step("rebuild-master-half").leaves


def test_the_slave_s_half_is_the_source_and_the_master_s_the_typed_target() -> None:
    made = plan("fail-back", slave_serves())
    copy = made.step("rebuild-master-half")
    assert (copy.risk, copy.confirm, copy.node) == (Risk.DESTROYS, "web-a:md0", "web-a")
    assert made.direction is not None
    source, target = made.direction.source, made.direction.target
    assert (source.component, source.image) == ("ggate0", "/root/images/sitesbackup.img")
    assert (target.component, target.image, target.size) == ("md0", PRIMARY, SIZE)
    assert ("lineage", "b" * 16) in source.facts
    assert ("lineage", "a" * 16) in target.facts
    assert ("md0 counters", "unknown: the metadata was not read") in target.facts
    assert [p.label for p in source.probes][:3] == ["lineage", "last promotion", "newest file"]


def test_the_copy_accepts_a_half_that_came_back_stale_and_one_that_gmirror_rejects() -> None:
    said = "\n".join(lines(plan("fail-back", slave_serves()).step("rebuild-master-half")))
    assert 'gmirror rebuild remotemirror "$half"' in said
    assert "gmirror forget remotemirror || exit 1" in said
    assert "gmirror insert -h -p 100 remotemirror md0 || exit 1" in said


def test_a_copy_whose_source_or_link_is_lost_is_no_longer_waited_for() -> None:
    wait = waits(plan("fail-back", slave_serves()), "copied")
    assert wait.until == ("master-mirror-complete", "no-rebuild-running")
    assert {"not master-gate-alive", "not slave-image-served", "not master-mirror-running"} <= set(
        wait.failed_when
    )


def test_an_image_is_served_only_when_no_gate_could_send_old_writes_to_it() -> None:
    made = plan("fail-back", slave_serves())
    assert {"slave-has-let-go", "not slave-image-attached", "not master-gate-present"} <= set(
        made.step("serve-image").guards
    )


def test_a_mirror_that_started_by_itself_on_the_old_master_is_let_go_first() -> None:
    alone = mirror(component("md0"), state="DEGRADED")
    pair = with_facts(slave_serves(), Home.MASTER, geom=Geom(mirrors=(alone,), mds=(MD,)))
    made = plan("fail-back", pair)
    assert in_order(made, "stop-vrrp-master", "let-go-master", "stays-gone-master", "unmount-slave")


def test_the_master_learns_the_promotions_it_missed() -> None:
    said = "\n".join(lines(plan("fail-back", slave_serves()).step("lineage-master-serves-on-master")))
    assert f"printf '%s %s %s %s\\n' {'b' * 16} {'a' * 16} 1795000001 web-b" in said
    assert f"printf '%s %s %s %s\\n' {MARK} {'b' * 16} \"$(date +%s)\" web-a" in said
    assert "grep -q '^aaaa" not in said


def test_a_take_over_that_a_node_script_recorded_needs_no_statement() -> None:
    lineage = line_of(("a", "nodea"), ("b", "nodeb"))
    assert typed(plan("fail-back", with_facts(slave_serves(), Home.SLAVE, lineage=lineage))) == []


def test_a_take_over_that_nobody_recorded_rests_on_a_typed_statement() -> None:
    pair = with_facts(slave_serves(), Home.SLAVE, lineage=line_of(("a", "web-a")))
    made = plan("fail-back", pair)
    assert typed(made) == ["web-b holds the newest data"]
    assert ids(made)[:3] == ["say-which-is-newest", "adopt-master", "adopt-slave"]


def test_a_bare_half_on_the_slave_is_copied_too_but_its_age_rests_on_a_typed_statement() -> None:
    geom = Geom(mds=(MD_OF_SLAVE,))
    pair = _slave(
        mounts=(ROOT, replace(SITES, special="/dev/md0")), geom=geom, lineage=line_of(("a", "web-a"))
    )
    made = plan("fail-back", pair)
    assert typed(made) == ["web-b holds the newest data"]
    assert in_order(
        made, "unmount-slave", "let-go-slave", "attach-gate", "rebuild-master-half", "mount-master"
    )
    undo = made.step("unmount-slave").undo
    assert undo is not None
    assert (undo.text or "").endswith(
        "mount -t ufs /dev/md0 /home/sites || mount -t ufs /dev/mirror/remotemirror /home/sites\n"
    )


def test_another_unit_number_is_used_where_the_first_is_taken() -> None:
    other = replace(MD_OF_SLAVE, file="/root/other.img")
    pair = with_facts(slave_serves(), Home.MASTER, geom=Geom(mds=(other,)))
    made = plan("fail-back", pair)
    assert made.step("rebuild-master-half").confirm == "web-a:md1"
    assert any("-u 1" in line and PRIMARY in line for line in lines(made.step("attach-md-master")))


def _small() -> PairSnapshot:
    return with_facts(slave_serves(), Home.MASTER, images=(ImageFile(PRIMARY, SIZE - 512, SIZE),))


def _slave(**facts: Any) -> PairSnapshot:
    return with_facts(slave_serves(), Home.SLAVE, **facts)


def _split() -> PairSnapshot:
    return with_facts(slave_serves(), Home.MASTER, lineage=line_of(("a", "web-a"), ("c", "web-a")))


def _resyncing() -> PairSnapshot:
    part = component("md0", "SYNCHRONIZING", flags=(), priority=0)
    return _slave(geom=Geom(mirrors=(mirror(part, state="DEGRADED"),), mds=(MD_OF_SLAVE,)))


REFUSED: dict[str, tuple[PairSnapshot, str]] = {
    "the master serves": (healthy(), "web-a: it serves already"),
    "the master is gone": (
        with_link(slave_serves(), Home.MASTER, LinkState.LOST, "timeout"),
        "web-a does not answer",
    ),
    "split brain": (_split(), "split brain"),
    "the master is newer": (
        with_facts(
            slave_serves(), Home.MASTER, lineage=line_of(("a", "web-a"), ("b", "web-b"), ("c", "web-a"))
        ),
        "web-b does not hold the newest data",
    ),
    "something else is mounted": (
        _slave(mounts=(ROOT, replace(SITES, special="/dev/da1p1"))),
        "slave-mounted-through-mirror",
    ),
    "nothing is mounted": (_slave(mounts=(ROOT,)), "web-b does not serve"),
    "the slave's half is not whole": (_resyncing(), "slave-half-active"),
    "the image is too small": (_small(), "enlarge the image"),
    "the image is not there": (
        with_facts(slave_serves(), Home.MASTER, images=(ImageFile(PRIMARY),)),
        "master-image-exists",
    ),
    "the priorities are turned round": (promoted(), "priority of web-a (100) is not above"),
    "the export is missing": (_slave(exports=Exports()), "does not name /root/images/sitesbackup.img"),
    "the export table is bad": (_slave(exports=Exports(bad=((3, "x", "too few fields"),))), "line 3"),
    "the lineage cannot be read": (_slave(lineage=Lineage(bad=("???",))), "cannot be read"),
    "GEOM hangs": (losing(slave_serves(), Home.MASTER, "geom"), "GEOM on web-a"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_when(case: str) -> None:
    pair, said = REFUSED[case]
    assert said in refused("fail-back", pair)
