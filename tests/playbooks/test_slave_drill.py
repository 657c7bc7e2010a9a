"""slave-drill: what is measured, in which order, and that it starts from a healthy pair only."""

import pytest

from console.model.plan import Manual
from console.model.words import Home
from tests.health.building import healthy, with_parts, without
from tests.playbooks.planning import ids, in_order, plan, refused, typed


def test_the_slave_goes_the_writers_are_watched_and_freed_and_the_half_comes_back() -> None:
    made = plan("slave-drill", healthy())
    assert in_order(
        made, "steady-state", "canary-start-1", "stop-ggated", "watch-writers", "release-gate",
        "writes-again", "write-meanwhile", "serve-image", "make-gate",
        "join", "copied", "verify", "canary-stop-1",
        "canary-read-gap", "canary-read-found-1", "verify-file", "clean-master",
    )  # fmt: skip
    assert made.outages == (("stop-ggated", "writes-again"),)


@pytest.mark.parametrize("way", ["power", "cable"])
def test_what_only_a_person_can_do_is_asked_for_and_typed(way: str) -> None:
    made = plan("slave-drill", healthy(), way=way)
    assert typed(made) == ["web-b is away", "web-b is back"]
    action = made.step("take-away").action
    assert isinstance(action, Manual)
    assert way in action.ask
    assert in_order(made, "take-away", "release-gate", "bring-back", "slave-is-back", "make-gate")


def test_letting_the_timeout_work_waits_for_it_and_removes_the_old_gate_afterwards() -> None:
    made = plan("slave-drill", healthy(), way="power", release="timeout")
    assert in_order(made, "take-away", "gate-times-out", "bring-back", "release-gate", "make-gate")
    assert made.step("gate-times-out").timeout >= 178


def test_a_gate_that_geom_may_hang_on_is_destroyed_without_asking_geom() -> None:
    assert plan("slave-drill", healthy()).step("release-gate").guards == ("master-answers",)


def test_a_pair_that_is_not_healthy_is_no_ground_for_a_drill() -> None:
    assert "healthy pair" in refused("slave-drill", with_parts(healthy(), "DEGRADED", ggate0="STALE"))
    assert "healthy pair" in refused("slave-drill", without(healthy(), Home.MASTER, "freevrrpd"))
    assert ids(plan("slave-drill", healthy()))[0] == "steady-state"
