"""Least privilege: what each fact needs, and that what cannot be read says so."""

from dataclasses import replace

import pytest

from console.health.history import History
from console.health.needs import NEEDS, Right, denied
from console.health.rules.scene import Scene
from console.health.rules.unknown import NAMES, could_not_check
from console.model.facts import NodeFacts
from console.model.snapshot import Finding
from console.model.words import Home
from console.parse.sections import read_section
from playbooks.monitor_key import GROUPS, ROOT_READS
from tests.health.building import healthy

SECTIONS = {"interfaces": "ifconfig", "processes": "ps"}
"""Sections of the sampler that are not called as the fact that they fill."""

TABLE = [
    ("host", Right.ANYONE, "id: Permission denied", "Any user may"),
    ("geom", Right.ANYONE, "sysctl: Operation not permitted", "kern.geom.confxml"),
    ("mounts", Right.ANYONE, "mount: Operation not permitted", "mount -p"),
    ("interfaces", Right.ANYONE, "ifconfig: socket: Operation not permitted", "ifconfig -a"),
    ("modules", Right.ANYONE, "kldstat: Operation not permitted", "kldstat"),
    ("df", Right.ANYONE, "df: Permission denied", "df -k"),
    ("processes", Right.ANYONE, "ps: Operation not permitted", "see_other_uids"),
    ("sockets", Right.ANYONE, "sockstat: Operation not permitted", "see_other_uids"),
    ("vrrplog", Right.READABLE, "cat: /var/log/messages: Permission denied", "/var/log/messages"),
    ("messages", Right.READABLE, "cat: /var/log/messages: Permission denied", "/var/log/messages"),
    ("exports", Right.READABLE, "cat: /etc/gg.exports: Permission denied", "/etc/gg.exports"),
    ("images", Right.ROOT, "ls: /root/images/x.img: Permission denied", "directory is readable for root"),
    ("metadata", Right.OPERATOR, "gmirror: Can't dump metadata: Permission denied.", "group operator"),
    ("mail", Right.QMAIL, "find: /var/qmail/queue/mess: Permission denied", "group qmail"),
    ("vrrpconf", Right.ROOT, "cat: /usr/local/etc/freevrrpd.conf: Permission denied", "needs root"),
    ("lineage", Right.ROOT, "cat: /var/db/mirrorgate/lineage: Permission denied", "needs root"),
    ("lock", Right.ROOT, "cat: /var/db/mirrorgate/lock/owner: Permission denied", "needs root"),
]


def told(facts: NodeFacts) -> dict[str, Finding]:
    pair = healthy()
    node = replace(pair.slave, facts=facts)
    scene = Scene.of(replace(pair, slave=node), History())
    return {finding.id: finding for finding in could_not_check.test(scene) if finding.node == node.name}


@pytest.mark.parametrize(("fact", "right", "said", "expected"), TABLE)
def test_what_a_user_may_not_read_is_unknown_and_says_what_it_needs(
    fact: str, right: Right, said: str, expected: str
) -> None:
    facts = healthy().slave.facts
    facts = read_section(facts, SECTIONS.get(fact, fact), f"{said}\n", 1, 1.0)
    assert getattr(facts, fact).unknown is not None
    assert NEEDS[fact].right is right
    finding = told(facts)[f"U-{fact}"]
    assert expected in finding.todo
    assert NEEDS[fact].remedy == finding.todo
    if right is not Right.ANYONE:
        assert right.value.removeprefix("whoever may read the file") in finding.todo


def test_every_fact_says_what_it_needs() -> None:
    assert NEEDS.keys() == NAMES.keys()
    assert {fact for fact, *_ in TABLE} | {"files"} == NAMES.keys()


def test_what_needs_root_is_what_a_monitor_may_be_allowed_and_groups_do_the_rest() -> None:
    roots = {fact for fact, need in NEEDS.items() if need.right is Right.ROOT}
    assert roots <= ROOT_READS.keys()
    assert {need.right.value for need in NEEDS.values()} >= {f"group {group}" for group in GROUPS}
    assert all(NEEDS[section].right in (Right.ROOT, Right.READABLE) for section in ROOT_READS)


def test_a_failure_that_is_no_denial_is_not_taken_for_one() -> None:
    facts = read_section(healthy().slave.facts, "vrrpconf", "cat: Input/output error\n", 1, 1.0)
    assert "by hand" in told(facts)["U-vrrpconf"].todo
    assert not denied("Input/output error", "no answer for 3 s")
    assert denied("sudo: a password is required")


@pytest.mark.parametrize("home", list(Home))
def test_a_healthy_pair_that_is_read_by_root_has_nothing_unchecked(home: Home) -> None:
    scene = Scene.of(healthy(), History())
    assert [f for f in could_not_check.test(scene) if f.node == scene.snapshot.node(home).name] == []
