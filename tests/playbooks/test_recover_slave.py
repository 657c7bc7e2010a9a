"""recover-slave: every way a half can be lost, and the pairs on which a copy over the slave loses data."""

from dataclasses import replace
from typing import Any

import pytest

from console.model.facts import Exports, Geom
from console.model.lineage import Lineage
from console.model.plan import Risk
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from playbooks.recovering.joining import Trust, join
from tests.health.building import (
    GATE,
    MD,
    MD_OF_SLAVE,
    ROOT,
    SITES,
    component,
    healthy,
    lineage,
    losing,
    mirror,
    with_facts,
    with_link,
    with_parts,
    without,
)
from tests.playbooks.planning import ids, in_order, line_of, lines, plan, refused, typed, waits

WHOLE_WAY = """
release-gate image-fits lint-export serve-image image-served make-gate join copied verify
"""


def lost() -> PairSnapshot:
    """The mirror has dropped the slave's half; the gate's process still tries."""
    return with_parts(healthy(), "DEGRADED", ggate0="gone")


def gateless() -> PairSnapshot:
    """The gate was destroyed by force."""
    pair = with_facts(
        healthy(), Home.MASTER, geom=Geom(mirrors=(mirror(component("md0"), state="DEGRADED"),), mds=(MD,))
    )
    return without(pair, Home.MASTER, "ggatec")


@pytest.mark.parametrize("pair", [lost(), gateless()])
def test_a_dropped_half_comes_back_through_a_new_gate(pair: PairSnapshot) -> None:
    made = plan("recover-slave", pair)
    assert ids(made) == WHOLE_WAY.split()
    assert "ggatec destroy -f -u 0" in "\n".join(lines(made.step("release-gate")))
    assert "ggatec create -t 10 -u 0 192.168.1.101 /root/images/sitesbackup.img" in "\n".join(
        lines(made.step("make-gate"))
    )
    assert "master-half-active" in made.step("release-gate").guards


def test_the_copy_shows_its_direction_and_asks_for_the_slave_s_half_by_name() -> None:
    made = plan("recover-slave", lost())
    step = made.step("join")
    assert (step.risk, step.confirm, step.node) == (Risk.DESTROYS, "web-b:ggate0", "web-a")
    assert step.shows_direction
    assert made.direction is not None
    assert (made.direction.source.node, made.direction.source.component) == ("web-a", "md0")
    assert (made.direction.target.node, made.direction.target.component) == ("web-b", "ggate0")
    assert "web-b" in made.direction.overwritten
    assert {"master-half-active", "master-lineage-newest", "not slave-mounted"} <= set(step.guards)


def test_a_daemon_that_ended_is_noticed_before_its_port_is_waited_for() -> None:
    """A reboot between the two steps leaves nothing that would ever listen."""
    assert "not slave-ggated-runs" in waits(plan("recover-slave", lost()), "image-served").failed_when


def test_a_half_that_is_being_written_is_not_called_unused() -> None:
    made = plan("recover-slave", lost())
    assert "unused" in made.step("make-gate").leaves
    assert "whole only once it is ACTIVE" in made.step("join").leaves


def test_a_copy_that_stops_is_noticed_before_its_time_is_over() -> None:
    wait = waits(plan("recover-slave", lost()), "copied")
    assert wait.until == ("slave-half-active", "master-mirror-complete")
    assert wait.failed_when == ("not slave-half-in-mirror", "slave-half-stale", "not master-gate-present")


def test_a_stale_half_behind_a_living_gate_is_only_copied() -> None:
    made = plan("recover-slave", with_parts(healthy(), "DEGRADED", ggate0="STALE"))
    assert ids(made) == ["image-fits", "join", "copied", "verify"]


def test_a_gate_whose_process_died_gets_a_new_one_and_no_copy() -> None:
    made = plan("recover-slave", without(healthy(), Home.MASTER, "ggatec"))
    assert ids(made) == ["image-fits", "rescue-gate", "join", "copied", "verify"]
    assert lines(made.step("rescue-gate")) == [
        "ggatec rescue -u 0 192.168.1.101 /root/images/sitesbackup.img"
    ]
    assert {"master-lineage-newest", "not slave-mounted"} <= set(made.step("rescue-gate").guards)


def test_a_hung_geom_is_freed_first_with_guards_that_do_not_need_it() -> None:
    made = plan("recover-slave", losing(healthy(), Home.MASTER, "geom", "no answer for 21 s"))
    assert ids(made)[0] == "release-gate"
    assert made.step("release-gate").guards == ("master-answers",)
    assert any("GEOM does not answer" in line for line in made.unchecked)


def test_a_slave_that_does_not_answer_costs_the_writers_nothing_more() -> None:
    made = plan("recover-slave", with_link(healthy(), Home.SLAVE, LinkState.LOST, "no route to host"))
    assert ids(made) == ["release-gate", "geom-answers"]
    assert "plan recover-slave once more" in made.ends


def test_a_slave_that_does_not_answer_and_that_nobody_waits_for_is_refused() -> None:
    assert "bring it back first" in refused(
        "recover-slave", with_link(gateless(), Home.SLAVE, LinkState.LOST, "no route to host")
    )


def test_an_attached_image_is_let_go_before_it_is_served() -> None:
    geom = Geom(mds=(MD_OF_SLAVE,), gate_loaded=False)
    made = plan("recover-slave", with_facts(gateless(), Home.SLAVE, geom=geom))
    assert in_order(made, "release-gate", "let-go-slave", "stays-gone-slave", "serve-image", "make-gate")


def test_a_pair_with_a_living_gate_and_two_halves_needs_nothing_unless_it_is_given_up() -> None:
    assert "nothing to recover" in refused("recover-slave", healthy())
    assert ids(plan("recover-slave", healthy(), give_up=True)) == WHOLE_WAY.split()


@pytest.mark.parametrize(
    ("home", "changed", "said"),
    [
        (Home.SLAVE, {"lineage": line_of(("a", "web-a"), ("b", "web-b"))}, "fail-back"),
        (Home.SLAVE, {"lineage": lineage("c")}, "keep"),
        (Home.SLAVE, {"mounts": (ROOT, SITES)}, "fail-back"),
        (Home.MASTER, {"mounts": (ROOT,)}, "does not serve"),
        (Home.MASTER, {"mounts": (ROOT, replace(SITES, special="/dev/md0"))}, "not the mirror"),
        (
            Home.MASTER,
            {
                "geom": Geom(
                    mirrors=(mirror(component("ggate0"), component("md0", "STALE"), state="DEGRADED"),),
                    gates=(GATE,),
                    mds=(MD,),
                )
            },
            "source",
        ),
        (Home.SLAVE, {"exports": Exports()}, "gg.exports"),
    ],
)
def test_a_slave_that_may_hold_newer_data_is_refused_with_the_way_on(
    home: Home, changed: dict[str, Any], said: str
) -> None:
    assert said in refused("recover-slave", with_facts(lost(), home, **changed))


def test_without_any_lineage_a_person_says_it_and_even_an_active_half_is_copied() -> None:
    pair = lost()
    for home in Home:
        pair = with_facts(pair, home, lineage=Lineage())
    made = plan("recover-slave", pair)
    assert typed(made) == ["web-a holds the newest data"]
    assert made.step("join").always
    assert "nothing proves that it is equal" in "\n".join(lines(made.step("join")))


def test_a_statement_is_recorded_only_once_the_copy_has_made_it_true() -> None:
    # Else a run that ends in between leaves two equal lineages, and the next one believes gmirror's counters.
    pair = lost()
    for home in Home:
        pair = with_facts(pair, home, lineage=Lineage())
    made = plan("recover-slave", pair)
    assert in_order(made, "say-which-is-newest", "join", "copied", "adopt-master", "adopt-slave", "verify")
    assert "master-lineage-newest" not in made.step("join").guards
    assert "master-lineage-newest" in plan("recover-slave", lost()).step("join").guards


def test_a_slave_that_missed_a_promotion_gets_the_master_s_lineage_after_the_copy() -> None:
    pair = with_facts(lost(), Home.MASTER, lineage=line_of(("a", "web-a"), ("b", "web-a")))
    made = plan("recover-slave", pair)
    assert in_order(made, "join", "copied", "lineage-slave", "verify")
    assert made.step("lineage-slave").node == "web-b"


def test_higher_counters_are_only_overwritten_when_the_data_was_given_up() -> None:
    assert "exit 1" in join("m", "ggate0", Trust.COUNTERS).split('-gt "$syncid"')[1][:300]
    assert "was given up" in join("m", "ggate0", Trust.OVERWRITE).split('-gt "$syncid"')[1][:200]
