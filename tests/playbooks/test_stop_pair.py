"""stop-pair: down in the order in which nobody takes over."""

import pytest

from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from tests.health.building import healthy, losing, with_facts, with_link, with_parts
from tests.playbooks.planning import ids, lines, plan, refused, slave_serves, stopped

DOWN = """
stop-services-master unmount-master let-go-master stays-gone-master stop-vrrp-slave stop-vrrp-master
stop-ggated
"""
DOWN_FROM_SLAVE = """
stop-services-slave unmount-slave let-go-slave stays-gone-slave stop-vrrp-master stop-vrrp-slave stop-ggated
"""


def test_the_one_that_stands_by_ends_before_the_address_is_dropped() -> None:
    made = plan("stop-pair", healthy())
    assert ids(made) == DOWN.split()
    assert made.step("stop-vrrp-slave").guards == ("nothing-mounted",)


def test_where_the_slave_serves_it_is_the_other_way_round() -> None:
    assert ids(plan("stop-pair", slave_serves())) == DOWN_FROM_SLAVE.split()


def test_ggated_ends_last_and_only_when_the_master_has_let_go() -> None:
    step = plan("stop-pair", healthy()).step("stop-ggated")
    assert step.guards == ("nothing-mounted", "master-has-let-go")
    assert lines(step)[0] == "pkill -x ggated"


def test_on_a_pair_that_is_down_only_the_daemons_are_left() -> None:
    assert ids(plan("stop-pair", stopped())) == ["stop-vrrp-slave", "stop-vrrp-master", "stop-ggated"]


def test_a_gate_whose_other_end_is_gone_is_destroyed_by_force() -> None:
    pair = with_facts(healthy(), Home.SLAVE, processes=())
    said = "\n".join(lines(plan("stop-pair", pair).step("let-go-master")))
    assert "ggatec destroy -f -u 0" in said
    assert "ggatec destroy -u 0 ||" not in said


REFUSED: dict[str, tuple[PairSnapshot, str]] = {
    "a rebuild runs": (with_parts(healthy(), "DEGRADED", ggate0="SYNCHRONIZING"), "a rebuild is running"),
    "a node is gone": (with_link(healthy(), Home.SLAVE, LinkState.LOST, "timeout"), "web-b does not answer"),
    "mounts are unknown": (losing(healthy(), Home.SLAVE, "mounts"), "the mounts of web-b are not known"),
    "GEOM hangs": (losing(healthy(), Home.MASTER, "geom"), "GEOM on web-a"),
    "both are mounted": (
        with_facts(healthy(), Home.SLAVE, mounts=healthy().master.facts.mounts.value),
        "two histories",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_when(case: str) -> None:
    pair, said = REFUSED[case]
    assert said in refused("stop-pair", pair)
