"""A pair as samples: what is unknown is absent or says so, and no node chooses a label."""

from collections.abc import Iterable
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.health.metrics import FAMILIES, Family, Kind, Sample, samples
from console.model.facts import Geom, Mail, NodeFacts
from console.model.lineage import OperatorLock
from console.model.snapshot import Finding, LinkState, PairSnapshot
from console.model.words import Answer, ComponentState, Home, MirrorState, Role, Severity
from tests.health.building import (
    GEOM,
    NOW,
    SECTIONS,
    component,
    every_second,
    healthy,
    losing,
    mirror,
    promoted,
    with_facts,
    with_gate,
    with_link,
    with_mirror,
    with_parts,
)
from tests.health.test_any_snapshot import BASES, geoms
from tests.machines.states import state_of

A, B = Home.MASTER, Home.SLAVE


def told(pair: PairSnapshot, *, settled: bool = True) -> list[Sample]:
    return list(samples(state_of(pair), settled=settled))


def values(found: Iterable[Sample], name: str, **labels: str) -> list[float | str]:
    """What a family says where the labels are these."""
    return [
        s.value
        for s in found
        if s.family.name == f"mirrorgate_{name}" and labels.items() <= dict(s.labels).items()
    ]


def test_a_healthy_pair_in_numbers_and_words() -> None:
    found = told(healthy())
    assert values(found, "mirror_state", node="web-a") == ["COMPLETE"]
    assert values(found, "mirror_state", node="web-b") == ["ABSENT"]
    assert values(found, "component_state", node="web-a", half="remote") == ["ACTIVE"]
    assert values(found, "mirror_components", node="web-a", state="ACTIVE") == [2]
    assert values(found, "mirror_components_expected") == [2]
    assert values(found, "node_vrrp_role") == ["MASTER", "BACKUP"]
    assert values(found, "node_address_held") == ["yes", "no"]
    assert values(found, "node_mounted") == ["yes", "no"]
    assert values(found, "node_locked") == ["no", "no"]
    assert values(found, "gate_queue_requests") == [0]
    assert values(found, "gate_timeout_seconds") == [10]
    assert values(found, "qmail_queue_messages") == [3, 0]
    assert values(found, "qmail_slots_used", node="web-a", channel="remote") == [1]
    assert values(found, "qmail_slots_limit", node="web-a", channel="remote") == [60]
    assert values(found, "node_last_seen_timestamp_seconds") == [NOW, NOW]
    assert values(found, "pair_takeover_ready") == ["yes"]
    assert values(found, "findings", severity="critical") == [0]
    assert values(found, "pair_settled") == [1]


def test_every_section_tells_whether_it_counts_and_when_it_was_read() -> None:
    found = told(losing(healthy(), A, "geom"))
    assert values(found, "section_known", node="web-a", section="geom") == [0]
    assert values(found, "section_last_read_timestamp_seconds", node="web-a", section="geom") == [NOW]
    named = {dict(s.labels)["section"] for s in found if s.family.name == "mirrorgate_section_known"}
    assert named == {f.name for f in fields(NodeFacts)} - {"clock_offset"}


def test_what_is_unknown_has_a_word_or_no_series_and_is_never_zero() -> None:
    dark = with_link(with_link(healthy(), A, LinkState.LOST), B, LinkState.LOST)
    found = told(dark)
    for name in ("mirror_state", "node_vrrp_role"):
        assert values(found, name) == ["UNKNOWN", "UNKNOWN"]
    for name in ("node_mounted", "node_address_held", "node_locked"):
        assert values(found, name) == ["unknown", "unknown"]
    assert values(found, "component_state") == ["UNKNOWN"] * 4
    assert values(found, "pair_takeover_ready") == ["unknown"]
    for name in NUMBERS:
        assert values(found, name) == [], name


def test_findings_are_not_counted_before_the_pair_has_been_read_once() -> None:
    found = told(healthy(), settled=False)
    assert values(found, "findings") == []
    assert values(found, "pair_settled") == [0]


def test_a_finding_is_named_by_its_rule_and_node() -> None:
    found = told(with_gate(healthy(), timeout=0))
    assert values(found, "finding_active", rule="P01", node="web-a", pair="borkcorp-www") == [1]


def test_a_rebuild_has_a_direction_a_ratio_and_a_rate() -> None:
    def copying(percent: int, synced: int) -> PairSnapshot:
        part = component("ggate0", "SYNCHRONIZING", percent=percent, bytes_synced=synced)
        return with_mirror(healthy(), mirror(component("md0"), part, state="DEGRADED"))

    pair, past = every_second(copying(10, 5_000_000), copying(12, 6_000_000))
    found = list(samples(state_of(pair, past), settled=True))
    assert values(found, "sync_ratio", source="web-a", target="web-b") == [0.12]
    assert values(found, "sync_rate_bytes_per_second") == [1_000_000]
    assert values(found, "component_state", half="remote", node="web-a") == ["SYNCHRONIZING"]


def test_a_mirror_that_is_gone_is_not_one_that_is_unknown() -> None:
    assert values(told(with_facts(healthy(), A, geom=Geom())), "mirror_state", node="web-a") == ["ABSENT"]
    assert values(told(losing(healthy(), A, "geom")), "mirror_state", node="web-a") == ["UNKNOWN"]


def test_a_half_that_two_components_claim_is_unknown() -> None:
    twice = with_mirror(healthy(), mirror(component("ggate0"), component("ggate1")))
    found = told(twice)
    assert values(found, "component_state", node="web-a", half="remote") == ["UNKNOWN"]
    assert values(found, "component_state", node="web-a", half="local") == ["ABSENT"]
    stale = told(with_parts(healthy(), "DEGRADED", ggate0="STALE"))
    assert values(stale, "component_state", node="web-a", half="remote") == ["STALE"]


def test_of_several_gates_the_fullest_queue_and_the_shortest_timeout_count() -> None:
    gate = GEOM.gates[0]
    more = replace(gate, name="ggate1", unit=1, queue_count=70, timeout=0)
    found = told(with_facts(healthy(), A, geom=replace(GEOM, gates=(gate, more))))
    assert values(found, "gates", node="web-a") == [2]
    assert values(found, "gate_queue_requests") == [70]
    assert values(found, "gate_timeout_seconds") == [0]


def test_without_qmail_there_is_no_mail() -> None:
    pair = healthy()
    config = pair.config.model_copy(update={"qmail": pair.config.qmail.model_copy(update={"enabled": False})})
    found = told(replace(pair, config=config))
    assert not [s for s in found if "qmail" in s.family.name or ("section", "mail") in s.labels]


def test_a_queue_that_was_not_counted_is_absent() -> None:
    found = told(with_facts(healthy(), A, mail=Mail(queue=None, todo=None, local=(1, 10))))
    assert values(found, "qmail_queue_messages", node="web-a") == []
    assert values(found, "qmail_slots_used", node="web-a", channel="local") == [1]


def test_an_operators_lock_is_told() -> None:
    lock = OperatorLock("eve", "x", "grow", 1, 2)
    assert values(told(with_facts(healthy(), A, lock=lock)), "node_locked") == ["yes", "no"]


NUMBERS = (
    "gates",
    "gate_queue_requests",
    "gate_timeout_seconds",
    "qmail_queue_messages",
    "qmail_not_preprocessed_messages",
    "qmail_slots_used",
    "mirror_components",
    "node_round_trip_seconds",
    "node_clock_offset_seconds",
    "sync_ratio",
)
HOSTILE = 'x"} 1\nmirrorgate_findings{severity="critical'
ENUMS = (ComponentState, MirrorState, Role, Severity, Answer, Home)
WORDS = {"", "local", "remote", "other", *SECTIONS, *(str(word) for words in ENUMS for word in words)}


def test_what_a_node_says_of_itself_is_no_label() -> None:
    part = component(HOSTILE, device=HOSTILE, device_class=HOSTILE, state_raw=HOSTILE)
    pair = with_mirror(healthy(), mirror(part, id=HOSTILE, balance=HOSTILE, state_raw=HOSTILE))
    state = state_of(pair)
    odd = Finding(HOSTILE, Severity.CRITICAL, HOSTILE, "", "", node=HOSTILE)
    found = list(samples(replace(state, findings=(*state.findings, odd)), settled=True))
    assert HOSTILE not in {value for s in found for _, value in s.labels}
    assert values(found, "finding_active", rule="other", severity="critical", node="") == [1]


@given(st.sampled_from(BASES), st.sampled_from(list(Home)), geoms, st.sets(st.sampled_from(SECTIONS)))
@settings(max_examples=60)
def test_any_snapshot_has_bounded_labels_and_each_series_once(
    base: PairSnapshot, home: Home, geom: Geom, lost: set[str]
) -> None:
    pair = with_facts(base, home, geom=geom)
    for section in lost:
        pair = losing(pair, home, section)
    found = told(pair)
    config = pair.config
    ours = {config.name, config.mirror, config.mount, config.floating, *(n.name for n in config.nodes)}
    for sample in found:
        assert sample.family in FAMILIES
        for name, value in sample.labels:
            assert value in ours | WORDS or name == "rule", (name, value)
        if sample.family.kind is Kind.STATESET:
            assert sample.value in sample.family.words
        else:
            assert isinstance(sample.value, float)
    series = [(s.family.name, s.labels) for s in found]
    assert len(series) == len(set(series))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_names_follow_the_conventions(family: Family) -> None:
    name = family.name
    assert name.startswith("mirrorgate_")
    assert name == name.lower()
    assert not name.endswith(("_total", "_info", "_count"))
    assert family.unit == "" or name.endswith("_" + family.unit)
    assert family.help.endswith((".", "?"))


def test_after_a_hand_over_the_other_node_serves() -> None:
    found = told(promoted())
    assert values(found, "node_mounted") == ["no", "yes"]
    assert values(found, "mirror_state") == ["ABSENT", "DEGRADED"]
