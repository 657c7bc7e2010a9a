"""migrate-disk as a job: a plan that the engine takes, on every release and way, and what it says."""

from dataclasses import replace
from typing import Any

import pytest

from console.model.disks import HostDisks
from console.model.plan import Plan, Risk
from console.model.snapshot import LinkState, PairSnapshot
from playbooks.jobs import JOBS
from playbooks.migrating.answers import MigrateAnswers
from tests.health.building import healthy
from tests.playbooks import planning
from tests.playbooks.migrating.machines import RELEASES, answers, gpt_machine, having, machine


def plan(source: HostDisks, target: HostDisks | None = None, **said: Any) -> Plan:
    hosts = (source,) if target is None else (source, target)
    asked = answers(source, target, **said)
    return planning.plan("migrate-disk", having(*hosts), **asked.model_dump(exclude={"mark"}))


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_has_a_plan_that_ends_with_a_disk_that_boots(release: str) -> None:
    made = plan(machine(release))
    disk = RELEASES[release][1]
    assert made.title == f"Move web-b:{disk}0 to web-b:{disk}1"
    assert made.ends.startswith(
        f"web-b:{disk}1 holds a checked copy of /, /home, /usr, /var that boots as {disk}0"
    )
    assert made.hosts == ()
    assert {step.confirm for step in made.steps if step.risk is Risk.DESTROYS} == {f"web-b:{disk}1"}


@pytest.mark.parametrize("way", ["direct", "console"])
def test_a_machine_beside_the_pair_is_a_host_of_the_plan(way: str) -> None:
    target = machine("14.0", name="admin@new.example.net:2222", become="sudo")
    made = plan(machine("4.11", name="web-a"), target, way=way)
    (host,) = made.hosts
    assert (host.name, host.host, host.become) == (target.name, target.name, "sudo")
    assert {step.node for step in made.steps if step.node} == {"web-a", target.name}


def test_two_machines_beside_the_pair_are_both_hosts() -> None:
    made = plan(gpt_machine("old"), gpt_machine("new", hostname="new"), way="console")
    assert [host.name for host in made.hosts] == ["old", "new"]


@pytest.mark.parametrize(
    ("source", "rounds", "away"),
    [
        ("web-a", True, (("stop-services", "start-from-new-disk"),)),
        ("web-a", False, (("start-from-new-disk", "start-from-new-disk"),)),
        ("old", True, (("stop-services", "start-from-new-disk"),)),
        ("web-b", True, ()),
    ],
)
def test_the_service_is_away_from_its_stop_until_the_new_disk_runs_but_not_while_the_peer_serves(
    source: str, rounds: bool, away: tuple[tuple[str, str], ...]
) -> None:
    assert plan(machine(name=source), second_level=rounds).outages == away


def test_what_could_not_be_checked_stands_in_the_plan() -> None:
    odd = machine("4.11", unknown=(("dumpfs/ad1s1h", "bad\x1b[31m\nsector"),))
    made = plan(odd)
    assert any("single user, or services stopped" in line for line in made.unchecked)
    assert any("dumpfs/ad1s1h (bad" in line and "\x1b" not in line for line in made.unchecked)


def test_the_same_answers_and_disks_are_the_same_plan() -> None:
    assert plan(machine("13.2")) == plan(machine("13.2"))


def test_what_is_said_of_the_answers_makes_the_same_plan_again() -> None:
    made = plan(machine(), moves=["/", "/usr", "/var"], rate_limit="20m")
    again = MigrateAnswers.model_validate({"mark": made.id, **made.answers})
    assert planning.plan("migrate-disk", having(machine()), **again.model_dump(exclude={"mark"})) == made


def silent(pair: PairSnapshot) -> PairSnapshot:
    link = replace(pair.slave.link, state=LinkState.LOST, why="no route to host")
    return replace(pair, slave=replace(pair.slave, link=link))


def test_a_node_that_does_not_answer_is_not_moved() -> None:
    asked = answers(machine(name="web-b"))
    line = planning.refused(
        "migrate-disk",
        having(machine(name="web-b"), pair=silent(healthy())),
        **asked.model_dump(exclude={"mark"}),
    )
    assert "web-b does not answer (no route to host)" in line


def test_the_job_says_which_machines_it_has_to_look_at() -> None:
    job = JOBS["migrate-disk"]
    assert job.surveys is not None
    assert job.surveys(healthy(), {"source": "web-a", "target": "new"}) == ("web-a", "new")
