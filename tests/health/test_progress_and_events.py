"""A rebuild's direction, rate and time left; and what changed between two snapshots."""

from dataclasses import replace

import pytest

from console.health.events import changes, finding_changes
from console.health.findings import findings
from console.health.history import KEPT, History, queue_depths, remember
from console.health.progress import progress
from console.model.facts import Host, Mail
from console.model.snapshot import Link, LinkState, PairSnapshot
from console.model.words import Home
from tests.health.building import (
    NOW,
    ROOT,
    SIZE,
    at,
    component,
    every_second,
    healthy,
    history_of,
    interfaces,
    losing,
    mirror,
    promoted,
    vrrp_log,
    with_facts,
    with_gate,
    with_link,
    with_mirror,
    with_parts,
)

A, B = Home.MASTER, Home.SLAVE


def copying(name: str, percent: int, synced: int | None = None) -> PairSnapshot:
    parts = [component(n) for n in ("ggate0", "md0") if n != name]
    part = component(name, "SYNCHRONIZING", percent=percent, bytes_synced=synced)
    return with_mirror(healthy(), mirror(*parts, part, state="DEGRADED"))


def texts(before: PairSnapshot, after: PairSnapshot) -> list[tuple[str, str]]:
    return [(e.kind, e.text) for e in changes(before, after)]


def test_without_a_rebuild_there_is_no_progress() -> None:
    assert progress(history_of(healthy()), healthy()) is None


@pytest.mark.parametrize(
    ("name", "source", "target"), [("md0", "web-b", "web-a"), ("ggate0", "web-a", "web-b")]
)
def test_the_component_tells_which_node_is_overwritten(name: str, source: str, target: str) -> None:
    now = progress(History(), copying(name, 41))
    assert now is not None
    assert (now.component, now.source, now.target, now.percent) == (name, source, target, 41)
    assert now.rate is None
    assert now.eta is None


def test_an_alias_does_not_hide_the_direction() -> None:
    alias = component("ufsid/6b03", "SYNCHRONIZING", device="ggate0", device_class="GATE", percent=5)
    now = progress(History(), with_mirror(healthy(), mirror(component("md0"), alias, state="DEGRADED")))
    assert now is not None
    assert (now.component, now.target) == ("ggate0", "web-b")


def test_rate_and_time_left_come_from_the_samples() -> None:
    pair, past = every_second(*(copying("md0", p) for p in (10, 20, 30)), step=2.0)
    now = progress(past, pair)
    assert now is not None
    assert now.rate == pytest.approx((SIZE - 512) * 0.2 / 4)
    assert now.eta == pytest.approx(14.0)
    assert now.since == NOW


def test_bytes_count_before_percent() -> None:
    pair, past = every_second(copying("md0", 0, 1_000_000), copying("md0", 0, 3_000_000))
    now = progress(past, pair)
    assert now is not None
    assert now.rate == pytest.approx(2_000_000)


def test_the_time_left_starts_anew_when_the_percent_goes_back() -> None:
    pair, past = every_second(copying("md0", 80), copying("md0", 90), copying("md0", 5))
    now = progress(past, pair)
    assert now is not None
    assert now.rate is None
    assert now.eta is None
    pair, past = every_second(copying("md0", 80), copying("md0", 5), copying("md0", 6))
    again = progress(past, pair)
    assert again is not None
    assert again.since == NOW + 1
    assert again.rate == pytest.approx((SIZE - 512) * 0.01)


def test_a_reading_that_is_seen_twice_is_one_sample() -> None:
    pair = copying("md0", 5)
    past = remember(remember(History(), pair), replace(pair, now=NOW + 1))
    assert len(past.master.syncs) == 1


def test_the_history_is_bounded() -> None:
    busy = with_gate(healthy(), queue_count=2)
    _, past = every_second(*[busy] * (KEPT * 2))
    assert len(past.master.gates) == KEPT
    assert len(past.master.mails) == KEPT
    assert len(past.master.roles) == 1


def test_the_queue_of_the_serving_node_is_kept_for_the_sparkline() -> None:
    pairs = [with_facts(healthy(), A, mail=Mail(queue=n)) for n in (1, 5, 3)]
    pair, past = every_second(*pairs)
    assert queue_depths(past, pair.master) == (1, 5, 3)


def test_the_first_snapshot_and_an_unchanged_one_give_no_events() -> None:
    assert changes(None, healthy()) == ()
    assert changes(healthy(), at(healthy(), NOW + 1)) == ()


def test_a_hand_over_is_told_part_by_part() -> None:
    said = texts(healthy(), promoted())
    assert ("role", "web-a MASTER → BACKUP") in said
    assert ("role", "web-b BACKUP → MASTER") in said
    assert ("address", "web-a gave up 192.168.1.102") in said
    assert ("address", "web-b holds 192.168.1.102 on ngeth0") in said
    assert ("mount", "web-a unmounted /home/sites") in said
    assert ("mount", "web-b mounted /dev/mirror/remotemirror at /home/sites") in said
    assert ("mirror", "web-a mirror remotemirror is gone") in said
    assert ("component", "web-a ggate0 is gone") in said
    assert ("component", "web-b md0 attached: /root/images/sitesbackup.img") in said
    assert ("mirror", "web-b mirror remotemirror is DEGRADED") in said


def test_a_rebuild_is_told_when_it_begins_stops_and_finishes() -> None:
    stale = with_parts(healthy(), "DEGRADED", md0="STALE")
    assert texts(stale, copying("md0", 0)) == [
        ("sync", "web-a rebuild of md0 began: the image of web-a is overwritten")
    ]
    assert ("sync", "web-a rebuild of md0 finished") in texts(copying("md0", 99), healthy())
    assert ("sync", "web-a rebuild of md0 stopped: STALE") in texts(copying("md0", 50), stale)
    assert texts(copying("md0", 1), copying("md0", 2)) == []


def test_a_component_that_leaves_joins_or_changes_its_name_is_told() -> None:
    gone = with_parts(healthy(), "DEGRADED", ggate0="gone")
    assert ("component", "web-a ggate0 left remotemirror") in texts(healthy(), gone)
    assert ("component", "web-a ggate0 joined remotemirror as ACTIVE") in texts(gone, healthy())
    alias = component("ufsid/6b03", id="2311935055", device="md0", device_class="MD")
    renamed = with_mirror(healthy(), mirror(component("ggate0"), alias))
    assert texts(healthy(), renamed) == [("component", "web-a md0 is now called ufsid/6b03")]


def test_a_fact_that_is_lost_and_comes_back_unchanged_is_no_event() -> None:
    lost = losing(losing(healthy(), A, "geom"), A, "mounts")
    assert texts(healthy(), lost) == []
    assert texts(lost, healthy()) == []


def test_a_change_behind_a_gap_is_told_when_it_is_seen() -> None:
    lost = losing(healthy(), A, "mounts")
    after = with_facts(healthy(), A, mounts=(ROOT,))
    assert texts(lost, after) == [("mount", "web-a unmounted /home/sites")]
    dark = with_link(healthy(), B, LinkState.LOST)
    master = with_facts(
        healthy(), B, vrrplog=vrrp_log(749, "master"), interfaces=interfaces("192.168.1.101", floating=True)
    )
    assert ("role", "web-b BACKUP → MASTER") in texts(dark, master)


def test_a_daemon_that_starts_anew_does_not_swallow_the_change_of_role() -> None:
    starting = with_facts(healthy(), B, vrrplog=vrrp_log(749))
    master = with_facts(healthy(), B, vrrplog=vrrp_log(749, "master"))
    assert texts(healthy(), starting) == [("role", "web-b BACKUP → UNKNOWN")]
    assert texts(starting, master) == [("role", "web-b UNKNOWN → MASTER")]


def test_link_and_boot_are_told() -> None:
    lost = with_link(healthy(), B, LinkState.LOST, "connection reset")
    assert texts(healthy(), lost) == [("link", "web-b connection lost: connection reset")]
    assert texts(lost, replace(lost, slave=replace(lost.slave, link=Link(LinkState.LIVE)))) == [
        ("link", "web-b answers")
    ]
    rebooted = with_facts(healthy(), B, host=Host("nodeb", "13.2-RELEASE", int(NOW)))
    assert ("boot", "web-b was restarted") in texts(healthy(), rebooted)


def test_findings_that_come_and_go_are_told_once() -> None:
    calm, bad = healthy(), with_gate(healthy(), timeout=0)
    before, after = findings(calm, history_of(calm)), findings(bad, history_of(bad))
    assert [e.text[:3] for e in finding_changes(before, after, NOW)] == ["P01"]
    assert "is over" in finding_changes(after, before, NOW)[0].text
    assert finding_changes(after, after, NOW) == ()
