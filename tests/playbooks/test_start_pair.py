"""start-pair: up with both halves, or the master alone by the operator's word; never on the older data."""

import pytest

from console.model.facts import Geom
from console.model.lineage import Lineage
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from tests.health.building import (
    GATE,
    MD,
    MD_OF_SLAVE,
    component,
    healthy,
    losing,
    mirror,
    with_facts,
    with_link,
)
from tests.playbooks.planning import ids, line_of, lines, plan, refused, slave_serves, stopped, typed, waits

UP = """
lint-export serve-image image-served attach-both-halves both-halves-active compare-halves fsck-master
mount-master lineage-in-mount-master start-services-master start-vrrp-master address-on-master
start-vrrp-slave verify-master-serves
"""
ALONE = """
say-slave-is-off attach-md-master fsck-master lineage-master-serves-on-master mount-master
lineage-in-mount-master start-services-master start-vrrp-master address-on-master verify-master-serves
"""


def _dead(pair: PairSnapshot) -> PairSnapshot:
    return with_link(pair, Home.SLAVE, LinkState.LOST, "no route to host")


def test_both_halves_come_up_together_then_the_mount_then_the_addresses() -> None:
    made = plan("start-pair", stopped())
    assert ids(made) == UP.split()
    said = lines(made.step("attach-both-halves"))
    gate = next(n for n, line in enumerate(said) if "ggatec create -t 10 -u 0 192.168.1.101" in line)
    md = next(n for n, line in enumerate(said) if "mdconfig -a -t vnode" in line)
    assert "nc -z -w 2 192.168.1.101 3080" in said[0]
    assert 0 < gate < md


def test_a_half_that_comes_back_stale_ends_it_before_the_mount() -> None:
    wait = waits(plan("start-pair", stopped()), "both-halves-active")
    assert wait.until == ("master-mirror-complete",)
    assert {"master-half-stale", "slave-half-stale"} <= set(wait.failed_when)
    assert "slave-half-active" in plan("start-pair", stopped()).step("mount-master").guards


def test_a_gate_that_leads_to_nothing_goes_before_the_image_is_served() -> None:
    # failover-drill/lineage-master-serves-on-slave/power-off: the slave came back without ggated, and the
    # guard of serve-image, rightly, let nothing be served below the gate that was left.
    left = with_facts(stopped(), Home.MASTER, geom=Geom(gates=(GATE,)))
    assert ids(plan("start-pair", left)) == ["release-gate", *UP.split()]


def test_a_mirror_that_waits_for_such_a_gate_is_started_on_its_other_half() -> None:
    left = with_facts(
        stopped(),
        Home.MASTER,
        geom=Geom(mirrors=(mirror(component("md0"), component("ggate0")),), mds=(MD,), gates=(GATE,)),
    )
    made = plan("start-pair", left)
    assert ids(made)[0] == "release-gate"
    assert "master-half-active" in made.step("release-gate").guards
    assert "recover-slave" in made.ends
    assert "attach-both-halves" not in ids(made)


def test_an_own_timeout_goes_into_the_gate() -> None:
    said = lines(plan("start-pair", stopped(), gate_timeout=30).step("attach-both-halves"))
    assert any("ggatec create -t 30 " in line for line in said)


def test_the_master_starts_alone_only_by_the_operator_s_word() -> None:
    made = plan("start-pair", _dead(stopped()))
    assert ids(made) == ALONE.split()
    assert typed(made) == ["web-b is off"]
    assert all(step.node != "web-b" for step in made.steps)


def test_alone_on_data_that_may_be_older_needs_a_second_statement() -> None:
    newer = with_facts(stopped(), Home.SLAVE, lineage=line_of(("a", "web-a"), ("b", "web-b")))
    assert typed(plan("start-pair", _dead(newer))) == ["web-b is off", "data may be missing"]


def test_alone_after_the_slave_served_last_needs_a_second_statement_though_both_know_of_it() -> None:
    pair = stopped()
    for home in Home:
        pair = with_facts(pair, home, lineage=line_of(("a", "web-a"), ("b", "web-b")))
    assert typed(plan("start-pair", _dead(pair))) == ["web-b is off", "data may be missing"]


def test_without_a_lineage_the_keeper_of_the_data_is_typed() -> None:
    pair = stopped()
    for home in Home:
        pair = with_facts(pair, home, lineage=Lineage())
    assert typed(plan("start-pair", pair)) == ["web-a holds the newest data"]


def test_a_mirror_that_is_complete_already_is_not_served_again() -> None:
    up = with_facts(healthy(), Home.MASTER, mounts=stopped().master.facts.mounts.value)
    assert ids(plan("start-pair", up))[:2] == ["attach-both-halves", "both-halves-active"]


def _half_up(*parts: str, **states: str) -> PairSnapshot:
    components = tuple(component(name, states.get(name, "ACTIVE")) for name in parts)
    geom = Geom(mirrors=(mirror(*components, state="DEGRADED"),), gates=(GATE,), mds=(MD,))
    return with_facts(stopped(), Home.MASTER, geom=geom)


@pytest.mark.parametrize("pair", [_half_up("ggate0", "md0", ggate0="STALE"), _half_up("md0")])
def test_without_the_slaves_half_the_master_that_served_last_serves_on_its_own(pair: PairSnapshot) -> None:
    # recover-slave can only mend a master that serves.
    made = plan("start-pair", pair)
    assert "attach-both-halves" not in ids(made)
    assert {"master-half-active", "not slave-mounted"} <= set(made.step("mount-master").guards)
    assert "mirror-complete-2-of-2" not in made.expects
    assert "recover-slave" in made.ends
    # What it writes alone is a promotion that the slave's half lacks, and both nodes know.
    known = ids(made)
    assert known.index("mount-master") > known.index("lineage-master-serves-on-slave") > 0
    assert known.index("mount-master") > known.index("lineage-master-serves-on-master") > 0


REFUSED: dict[str, tuple[PairSnapshot, str]] = {
    "the pair is up": (healthy(), "the pair is up"),
    "the slave serves": (slave_serves(), "the pair is up"),
    "the slave is newer": (
        with_facts(stopped(), Home.SLAVE, lineage=line_of(("a", "web-a"), ("b", "web-b"))),
        "with promote, then hand it back with fail-back",
    ),
    "the slave served last, as both know": (
        with_facts(
            with_facts(stopped(), Home.SLAVE, lineage=line_of(("a", "web-a"), ("b", "nodeb"))),
            Home.MASTER,
            lineage=line_of(("a", "web-a"), ("b", "nodeb")),
        ),
        "web-b was the last to serve",
    ),
    "the slave is older": (
        with_facts(stopped(), Home.MASTER, lineage=line_of(("a", "web-a"), ("b", "web-a"))),
        "recover-slave",
    ),
    "split brain": (
        with_facts(
            with_facts(stopped(), Home.SLAVE, lineage=line_of(("a", "web-a"), ("b", "web-b"))),
            Home.MASTER,
            lineage=line_of(("a", "web-a"), ("c", "web-a")),
        ),
        "split brain",
    ),
    "the master's half is stale": (_half_up("ggate0", "md0", md0="STALE"), "see fail-back and promote"),
    "a rebuild runs": (_half_up("ggate0", "md0", md0="SYNCHRONIZING"), "a rebuild is running"),
    "the master is gone": (
        with_link(stopped(), Home.MASTER, LinkState.LOST, "timeout"),
        "web-a does not answer",
    ),
    "the slave's image is attached there": (
        with_facts(stopped(), Home.SLAVE, geom=Geom(mds=(MD_OF_SLAVE,))),
        "detach it there",
    ),
    "mounts are unknown": (losing(stopped(), Home.SLAVE, "mounts"), "not slave-mounted"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_when(case: str) -> None:
    pair, said = REFUSED[case]
    assert said in refused("start-pair", pair)
