"""The readiness line: the other node can take over, cannot, or it cannot be told."""

import pytest

from console.health.conditions import CONDITIONS, check
from console.health.readiness import readiness
from console.health.verdict import PluginState, plugin_state
from console.model.facts import Carp, ConfigFile, Inet, Interface, VrrpConf
from console.model.snapshot import Finding, LinkState, PairSnapshot
from console.model.words import Answer, Home, Severity
from tests.health.building import (
    FLOATING,
    ROOT,
    SCRIPTS,
    component,
    healthy,
    losing,
    mirror,
    promoted,
    section,
    vrrp_log,
    with_facts,
    with_gate,
    with_link,
    with_mirror,
    with_parts,
    without,
)
from tests.health.cases import both_mounted, slave_attached

A, B = Home.MASTER, Home.SLAVE


def copying(name: str, percent: int) -> PairSnapshot:
    parts = [component(n) for n in ("ggate0", "md0") if n != name]
    return with_mirror(
        healthy(), mirror(*parts, component(name, "SYNCHRONIZING", percent=percent), state="DEGRADED")
    )


def test_a_healthy_pair_is_ready() -> None:
    ready = readiness(healthy())
    assert (ready.answer, ready.serving, ready.unchecked) == (Answer.YES, "web-a", 0)
    assert ready.checked >= 8


@pytest.mark.parametrize(
    ("pair", "word"),
    [
        (without(healthy(), B, "freevrrpd"), "STOPPED"),
        (without(healthy(), B, "ggated"), "ggated"),
        (without(healthy(), A, "ggatec"), "ggatec"),
        (with_parts(healthy(), "DEGRADED", ggate0="STALE"), "out of date"),
        (with_parts(healthy(), "DEGRADED", ggate0="gone"), "out of date"),
        (copying("ggate0", 41), "41 %"),
        (slave_attached(), "mirror already runs"),
        (with_facts(healthy(), B, vrrplog=vrrp_log(749, "backup", "master")), "MASTER"),
        (with_facts(healthy(), B, vrrpconf=VrrpConf((section(serverid=2),))), "serverid"),
        (with_facts(healthy(), B, files=(ConfigFile(SCRIPTS[0]),)), "does not exist"),
        (promoted(), "out of date"),
        (both_mounted(), "both nodes"),
        (with_facts(healthy(), A, mounts=(ROOT,)), "no node is known to serve"),
    ],
)
def test_a_reason_against_decides(pair: PairSnapshot, word: str) -> None:
    ready = readiness(pair)
    assert ready.answer is Answer.NO
    assert word in ready.because


@pytest.mark.parametrize("fact", ["geom", "processes", "vrrplog", "vrrpconf", "files"])
def test_what_cannot_be_checked_on_the_other_node_makes_it_unknown(fact: str) -> None:
    ready = readiness(losing(healthy(), B, fact))
    assert ready.answer is Answer.UNKNOWN
    assert ready.unchecked >= 1
    assert "no answer for 9 s" in ready.because


def test_a_node_that_does_not_answer_makes_it_unknown() -> None:
    assert readiness(with_link(healthy(), B, LinkState.LOST, "connection reset")).answer is Answer.UNKNOWN
    assert readiness(with_link(healthy(), A, LinkState.LOST)).answer is Answer.UNKNOWN
    assert readiness(losing(healthy(), A, "geom")).answer is Answer.UNKNOWN


def test_a_rebuild_of_the_serving_half_is_ready_but_says_that_nothing_is_left_beside_it() -> None:
    ready = readiness(copying("md0", 41))
    assert ready.answer is Answer.YES
    assert "only whole copy" in ready.because


def test_the_data_at_risk_is_never_nothing() -> None:
    for pair in (healthy(), promoted(), both_mounted(), copying("ggate0", 99), losing(healthy(), A, "geom")):
        assert readiness(pair).data_at_risk.strip()
    assert "99 % done" in readiness(copying("ggate0", 99)).data_at_risk
    assert "useless" in readiness(copying("ggate0", 99)).data_at_risk
    assert "7 requests" in readiness(with_gate(healthy(), queue_count=7)).data_at_risk


def test_carp_needs_neither_serverid_nor_script() -> None:
    pair = healthy()
    for home, state, address in ((A, "MASTER", "192.168.1.100"), (B, "BACKUP", "192.168.1.101")):
        face = Interface(
            "vtnet1", up=True, inet=(Inet(address), Inet(FLOATING, vhid=1)), carp=(Carp(state, 1, 1, 0),)
        )
        pair = with_facts(without(pair, home, "freevrrpd"), home, interfaces=(face,))
        pair = losing(pair, home, "vrrpconf", "No such file or directory")
    assert readiness(pair).answer is Answer.YES


@pytest.mark.parametrize(
    ("name", "yes", "no", "fact"),
    [
        ("mounted-on-both-nodes", both_mounted(), healthy(), "mounts"),
        ("mounted-on-one-node", healthy(), both_mounted(), "mounts"),
        ("mounted-through-mirror", healthy(), None, None),
        ("mirror-complete-2-of-2", healthy(), with_parts(healthy(), "DEGRADED", md0="STALE"), "geom"),
        ("no-rebuild-running", healthy(), copying("md0", 3), "geom"),
        ("geom-answers", healthy(), None, "geom"),
        ("gate-alive", healthy(), without(healthy(), A, "ggatec"), "processes"),
        ("peer-has-let-go", healthy(), slave_attached(), None),
        ("master-has-let-go", promoted(), healthy(), "geom"),
        ("slave-has-let-go", healthy(), promoted(), None),
        ("image-not-attached-and-exported", healthy(), slave_attached(), None),
        ("one-master", healthy(), without(healthy(), B, "freevrrpd"), "vrrplog"),
        ("one-address-holder", healthy(), with_facts(healthy(), A, interfaces=()), "interfaces"),
        (
            "same-vrrp-group",
            healthy(),
            with_facts(healthy(), B, vrrpconf=VrrpConf((section(serverid=2),))),
            "vrrpconf",
        ),
        ("clocks-agree", healthy(), with_facts(healthy(), B, clock_offset=9.0), "clock_offset"),
        ("both-nodes-answer", healthy(), None, None),
    ],
)
def test_a_condition_holds_fails_or_is_unknown(
    name: str, yes: PairSnapshot, no: PairSnapshot | None, fact: str | None
) -> None:
    assert check(name, yes).holds, check(name, yes)
    if no is not None:
        assert check(name, no).answer is Answer.NO, check(name, no)
    if fact is not None:
        lost = check(name, losing(yes, A, fact))
        assert not lost.holds or name == "mounted-on-both-nodes", lost
        assert lost.why


def test_every_condition_has_a_sentence_and_never_passes_on_nothing() -> None:
    dark = with_link(with_link(healthy(), A, LinkState.LOST), B, LinkState.LOST)
    for name, condition in CONDITIONS.items():
        assert condition.name == name
        assert condition.sentence
        assert condition.test(dark).answer is Answer.UNKNOWN, name


def finding(severity: Severity) -> Finding:
    return Finding("P00", severity, "what", "why", "todo")


@pytest.mark.parametrize(
    ("severities", "state"),
    [
        ((), PluginState.OK),
        (("notice",), PluginState.OK),
        (("unknown", "notice"), PluginState.UNKNOWN),
        (("unknown", "warning"), PluginState.WARNING),
        (("warning", "critical", "unknown"), PluginState.CRITICAL),
    ],
)
def test_a_plugin_state_is_the_worst_that_alarms(severities: tuple[str, ...], state: PluginState) -> None:
    assert plugin_state(finding(Severity(s)) for s in severities) is state
