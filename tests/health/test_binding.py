"""What a plan is bound to: it moves when the pair does, and only then."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from console.health.binding import UNKNOWN, bound_facts, changed, unchecked
from console.model.facts import Exports, Geom, Host, ImageFile
from console.model.lineage import OperatorLock
from console.model.plan import Line
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Home
from console.parse.lines import LATEST
from tests.health.building import (
    BACKUP,
    NOW,
    ROOT,
    SITES,
    at,
    component,
    healthy,
    lineage,
    losing,
    mirror,
    promoted,
    vrrp_log,
    with_facts,
    with_gate,
    with_link,
    with_mirror,
    with_parts,
    without,
)
from tests.health.test_any_snapshot import BASES, geoms

A, B = Home.MASTER, Home.SLAVE
LINE = TypeAdapter(Line)


def host(pair: PairSnapshot, **new: object) -> PairSnapshot:
    old = pair.master.facts.host.value
    assert old
    return with_facts(pair, A, host=replace(old, **new))  # type: ignore[arg-type]


def test_a_healthy_pair_is_bound_in_words_an_operator_reads() -> None:
    facts = bound_facts(healthy())
    assert facts["web-a.mirror"] == "remotemirror id 1378154394 COMPLETE md0 ACTIVE, ggate0 ACTIVE"
    assert facts["web-a.mount"] == "/dev/mirror/remotemirror (rw)"
    assert facts["web-a.gates"] == f"ggate0 192.168.1.101 {BACKUP}"
    assert facts["web-a.md"] == "md0"
    assert facts["web-a.role"] == "MASTER"
    assert facts["web-a.host"] == "192.168.1.100, which calls itself nodea"
    assert facts["web-b.mirror"] == facts["web-b.gates"] == facts["web-b.md"] == "none"
    assert facts["web-b.mount"] == "not mounted"
    assert facts["web-b.exports"] == f"192.168.1.100/32 RW {BACKUP}"
    assert facts["web-b.image"] == f"{BACKUP} 50331648 bytes"
    assert facts["web-b.lineage"] == "a" * 16
    assert facts["web-b.lock"] == "free"
    assert not [v for v in facts.values() if v.startswith(UNKNOWN)]


CHANGES: list[tuple[str, Callable[[PairSnapshot], PairSnapshot]]] = [
    ("web-a host", lambda p: host(p, hostname="other")),
    ("web-a release", lambda p: host(p, release="14.0-RELEASE")),
    ("web-a boot", lambda p: host(p, boottime=int(NOW) - 60)),
    ("web-a mount", lambda p: with_facts(p, A, mounts=(ROOT,))),
    ("web-a mount", lambda p: with_facts(p, A, mounts=(ROOT, replace(SITES, options=("ro",))))),
    ("web-a mirror", lambda p: with_parts(p, "DEGRADED", ggate0="STALE")),
    ("web-a mirror", lambda p: with_mirror(p, mirror(id="7"))),
    ("web-a mirror", lambda p: with_mirror(p, None)),
    ("web-a gates", lambda p: with_gate(p, path="/other.img")),
    ("web-a gates", lambda p: with_gate(p, host="192.168.1.99")),
    ("web-b image", lambda p: with_facts(p, B, images=(ImageFile(BACKUP, 1, 1),))),
    ("web-b image", lambda p: with_facts(p, B, images=(ImageFile(BACKUP),))),
    ("web-b ggated", lambda p: without(p, B, "ggated")),
    ("web-b exports", lambda p: with_facts(p, B, exports=Exports())),
    ("web-b role", lambda p: with_facts(p, B, vrrplog=vrrp_log(749, "backup", "master"))),
    ("web-a address", lambda p: with_facts(p, A, interfaces=())),
    ("web-b lineage", lambda p: with_facts(p, B, lineage=lineage("a", "b"))),
    ("web-a lock", lambda p: with_facts(p, A, lock=OperatorLock("r1", "grow", "ann@desk", 1, 2))),
]


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[w for w, _ in CHANGES])
def test_a_change_of_the_pair_is_one_line(what: str, change: Callable[[PairSnapshot], PairSnapshot]) -> None:
    before, now = bound_facts(healthy()), bound_facts(change(healthy()))
    (line,) = changed(before, now)
    key = what.replace(" ", ".")
    assert line == f"{what}: was {before[key]}; is {now[key]}"
    assert changed(before, now, leave_out=(what.split()[1],)) == ()


STILL: list[Callable[[PairSnapshot], PairSnapshot]] = [
    lambda p: at(p, NOW + 3600),
    lambda p: host(p, load=(9.0, 9.0, 9.0)),
    lambda p: host(p, boottime=int(NOW) - 86_400 * 41 + 2),  # ntpd stepped the clock
    lambda p: with_gate(p, queue_count=7),
    lambda p: with_facts(p, A, clock_offset=1.5),
]


@pytest.mark.parametrize("change", STILL)
def test_what_moves_by_itself_binds_nothing(change: Callable[[PairSnapshot], PairSnapshot]) -> None:
    assert changed(bound_facts(healthy()), bound_facts(change(healthy()))) == ()


def test_the_progress_of_a_copy_and_a_new_alias_bind_nothing() -> None:
    def copying(percent: int, **alias: str) -> dict[str, str]:
        half = component("md0", "SYNCHRONIZING", percent=percent, device="md0", device_class="MD")
        half = replace(half, **alias, bytes_synced=percent)  # type: ignore[arg-type]
        return bound_facts(with_mirror(healthy(), mirror(component("ggate0"), half, state="DEGRADED")))

    assert changed(copying(4), copying(96)) == ()
    assert changed(copying(4), copying(4, name="ufsid/6b039d4e52ad8fb0")) == ()


def test_unknown_then_and_now_is_no_change_but_becoming_known_or_unknown_is() -> None:
    short = bound_facts(losing(healthy(), B, "exports", "no answer for 4 s"))
    assert short["web-b.exports"] == "unknown: no answer"
    long = bound_facts(losing(healthy(), B, "exports", "no answer within 5 s"))
    gone = bound_facts(losing(healthy(), B, "exports", "not connected"))
    assert short == long
    assert changed(short, gone) == ()
    good = bound_facts(healthy())
    assert changed(good, short) == (
        f"web-b exports: was 192.168.1.100/32 RW {BACKUP}; is unknown: no answer",
    )
    assert changed(short, good) == (
        f"web-b exports: was unknown: no answer; is 192.168.1.100/32 RW {BACKUP}",
    )


def test_a_node_that_was_renamed_is_a_change() -> None:
    facts = bound_facts(healthy())
    renamed = {key.replace("web-b", "web-c"): value for key, value in facts.items()}
    lines = changed(facts, renamed)
    assert f"web-b lineage: was {'a' * 16}; is not there" in lines
    assert f"web-c lineage: was not in the plan; is {'a' * 16}" in lines


def test_what_could_not_be_checked_is_listed_once_per_node_that_is_dark() -> None:
    assert unchecked(healthy()) == ()
    pair = losing(losing(healthy(), A, "geom", "no answer for 21 s"), A, "lineage", "not read yet")
    assert unchecked(pair) == (
        "web-a: mirror, gate and md (GEOM) (no answer)",
        "web-a: the recorded promotions (not read yet)",
    )
    dark = with_link(healthy(), B, LinkState.LOST, "web-b: no route to host; reconnecting")
    assert unchecked(dark) == ("web-b: everything (web-b: no route to host; reconnecting)",)
    mute = with_facts(healthy(), B, vrrplog=vrrp_log(749))
    assert [line.partition(" (")[0] for line in unchecked(mute)] == ["web-b: the VRRP role"]


@given(st.sampled_from(BASES), st.sampled_from(list(Home)), geoms, st.text(max_size=500))
def test_any_pair_is_bound_in_lines_that_a_plan_takes(
    base: PairSnapshot, home: Home, geom: Geom, said: str
) -> None:
    pair = with_facts(base, home, geom=geom, host=Host(hostname=said, boottime=LATEST))
    pair = losing(pair, home, "exports", said or "x")
    facts = bound_facts(pair)
    for text in (*facts.values(), *unchecked(pair), *changed(bound_facts(promoted()), facts)):
        assert LINE.validate_python(text) == text or len(text) > 400
    assert bound_facts(pair) == facts
