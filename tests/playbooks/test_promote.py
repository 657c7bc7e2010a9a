"""promote: a planned take-over when the master can be seen, a typed statement when it cannot."""

from dataclasses import replace

import pytest

from console.model.facts import Geom, ImageFile
from console.model.lineage import Lineage
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from tests.health.building import (
    BACKUP,
    GATE,
    MD_OF_SLAVE,
    PRIMARY,
    component,
    healthy,
    losing,
    mirror,
    with_facts,
    with_link,
    with_parts,
)
from tests.playbooks.planning import (
    ids,
    in_order,
    line_of,
    lines,
    plan,
    refused,
    slave_serves,
    stopped,
    texts,
    typed,
    waits,
)

PLANNED = """
stop-services-master unmount-master let-go-master stop-vrrp-master stays-gone-master start-vrrp-slave
stop-ggated attach-md-slave mirror-on-slave fsck-slave lineage-slave-serves-on-master
lineage-slave-serves-on-slave mount-slave lineage-in-mount-slave start-services-slave address-on-slave
verify-slave-serves
"""
ALONE = """
say-master-is-off stop-ggated attach-md-slave mirror-on-slave fsck-slave master-still-away
lineage-slave-serves-on-slave mount-slave lineage-in-mount-slave start-services-slave start-vrrp-slave
address-on-slave verify-slave-serves
"""


def _dead(pair: PairSnapshot) -> PairSnapshot:
    return with_link(pair, Home.MASTER, LinkState.LOST, "no route to host")


def test_a_master_that_answers_lets_go_first() -> None:
    made = plan("promote", healthy())
    assert ids(made) == PLANNED.split()
    assert typed(made) == []
    assert "master-has-let-go" in made.step("mount-slave").guards


def test_a_master_that_says_nothing_must_be_off_by_the_operator_s_word_before_anything() -> None:
    made = plan("promote", _dead(healthy()))
    assert ids(made) == ALONE.split()
    assert typed(made) == ["web-a is off"]
    assert "web-a: whether it has let go, but for your word" in made.unchecked
    assert all(step.node != "web-a" for step in made.steps)


def test_a_master_that_comes_back_in_the_middle_ends_the_take_over_before_the_mount() -> None:
    made = plan("promote", _dead(healthy()))
    assert in_order(made, "fsck-slave", "master-still-away", "lineage-slave-serves-on-slave", "mount-slave")
    assert set(waits(made, "master-still-away").failed_when) == {"master-mounted", "master-mirror-running"}
    assert "master-mounted" in waits(made, "mirror-on-slave").failed_when


def test_without_the_master_nothing_waits_for_what_only_it_could_tell() -> None:
    made = plan("promote", _dead(healthy()))
    assert waits(made, "mirror-on-slave").until == ("slave-mirror-running",)
    assert waits(made, "address-on-slave").until == ("slave-vrrp-master", "slave-holds-address")
    asked = [name for step in made.steps for name in (*step.guards, *step.expects)]
    assert not [name for name in asked if "master-" in name and "vrrp" not in name]


def test_no_answer_of_geom_is_no_proof_of_release_either() -> None:
    made = plan("promote", losing(healthy(), Home.MASTER, "geom", "no answer for 21 s"))
    assert typed(made) == ["web-a is off"]


def test_a_master_that_has_let_go_already_is_only_looked_at() -> None:
    made = plan("promote", stopped())
    assert "unmount-master" not in ids(made)
    assert in_order(made, "stays-gone-master", "stop-vrrp-master", "stop-ggated", "mount-slave")


def test_where_nobody_serves_only_the_record_can_spare_the_statement() -> None:
    assert typed(plan("promote", stopped())) == ["data may be missing"]
    pair = stopped()
    for home in Home:
        pair = with_facts(pair, home, lineage=line_of(("a", "web-a"), ("b", "nodeb")))
    made = plan("promote", pair)
    assert typed(made) == []
    said = "\n".join(lines(made.step("lineage-slave-serves-on-slave")))
    assert f' {"b" * 16} "$(date +%s)" web-b' in said


def test_a_half_that_was_behind_when_last_seen_needs_a_second_statement() -> None:
    made = plan("promote", _dead(with_parts(healthy(), "DEGRADED", ggate0="STALE")))
    assert typed(made) == ["web-a is off", "data may be missing"]


def test_without_any_lineage_the_newest_data_is_named_by_the_operator() -> None:
    made = plan("promote", _dead(with_facts(healthy(), Home.SLAVE, lineage=Lineage())))
    assert typed(made) == ["web-a is off", "web-b holds the newest data"]
    assert "adopt-master" not in ids(made)


def test_the_check_by_policy_has_a_step_of_its_own_and_shows_its_time() -> None:
    made = plan("promote", healthy(), fsck="yes")
    step = made.step("fsck-slave")
    assert step.phase == "check"
    assert step.timeout >= 3_600
    said = next(text for text in texts(made) if "fsck took" in text)
    assert "fsck -t ufs -p /dev/mirror/remotemirror || fsck -t ufs -y /dev/mirror/remotemirror" in said


def _newer_master() -> PairSnapshot:
    return _dead(with_facts(healthy(), Home.MASTER, lineage=line_of(("a", "web-a"), ("b", "web-a"))))


def _no_image() -> PairSnapshot:
    return with_facts(healthy(), Home.SLAVE, images=(ImageFile(BACKUP),))


def _own_mirror() -> PairSnapshot:
    alone = mirror(component("md0", flags=()), state="DEGRADED")
    return with_facts(healthy(), Home.SLAVE, geom=Geom(mirrors=(alone,), mds=(MD_OF_SLAVE,)))


REFUSED: dict[str, tuple[PairSnapshot, str]] = {
    "the slave serves": (slave_serves(), "web-b serves already"),
    "the slave is gone": (
        with_link(healthy(), Home.SLAVE, LinkState.LOST, "timeout"),
        "web-b does not answer",
    ),
    "the copy is half done": (
        _dead(with_parts(healthy(), "DEGRADED", ggate0="SYNCHRONIZING")),
        "it holds half a copy",
    ),
    "the half is stale and the master is there": (
        with_parts(healthy(), "DEGRADED", ggate0="STALE"),
        "run recover-slave first",
    ),
    "the half is gone and the master is there": (
        with_parts(healthy(), "DEGRADED", ggate0="gone"),
        "run recover-slave first",
    ),
    "the dead master was newer": (_newer_master(), "does not hold the newest data"),
    "the image is missing": (_no_image(), "slave-image-exists"),
    "a mirror runs on the slave": (_own_mirror(), "stop the mirror on web-b"),
    "its GEOM hangs": (losing(healthy(), Home.SLAVE, "geom"), "GEOM on web-b"),
    "a gate leads out of the slave": (
        with_facts(
            healthy(),
            Home.SLAVE,
            geom=Geom(gates=(replace(GATE, host="192.168.1.100", path=PRIMARY),)),
        ),
        "destroy the gate on web-b",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_when(case: str) -> None:
    pair, said = REFUSED[case]
    assert said in refused("promote", pair)
