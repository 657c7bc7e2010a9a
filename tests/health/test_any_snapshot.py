"""Whatever is unknown or odd, health answers: no exception, and never `fine` where something was not seen."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.health.conditions import CONDITIONS
from console.health.doctor import lint
from console.health.events import changes
from console.health.findings import findings
from console.health.history import History, remember
from console.health.progress import progress
from console.health.readiness import readiness
from console.model.facts import Component, Fact, Gate, Geom, LogLine, MemoryDisk, Mirror, VrrpLog
from console.model.lineage import Lineage, OperatorLock, Promotion
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Answer, ComponentState, Home, MirrorState, Severity
from console.parse.lines import LATEST
from tests.health.building import SECTIONS, healthy, losing, promoted, with_facts, with_link
from tests.health.cases import both_mounted, lost_by_error, slave_attached, two_masters
from tests.health.guide import guide_pair

BASES = (
    healthy(),
    promoted(),
    both_mounted(),
    slave_attached(),
    two_masters(),
    lost_by_error(),
    guide_pair(),
)
names = st.sampled_from(("md0", "ggate0", "ada1", "ufsid/6b03", "", "ggate"))
small = st.none() | st.integers(-1, 120)
components = st.builds(
    Component,
    names,
    st.sampled_from(ComponentState),
    percent=small,
    device=st.none() | names,
    device_class=st.sampled_from((None, "MD", "GATE")),
    priority=small,
    genid=small,
    syncid=small,
    bytes_synced=small,
    flags=st.sampled_from(((), ("DIRTY",), ("SYNCHRONIZING",), ("INACTIVE", "HARDCODED"))),
)
mirrors = st.builds(
    Mirror,
    st.just("remotemirror"),
    st.sampled_from(MirrorState),
    components=st.lists(components, max_size=3).map(tuple),
    expected=small,
    mediasize=st.none() | st.integers(0, 10**9),
    id=st.sampled_from((None, "1378154394", "7")),
)
gates = st.builds(
    Gate,
    st.just("ggate0"),
    st.integers(0, 2),
    host=st.none() | st.sampled_from(("192.168.1.101", "x")),
    timeout=small,
    queue_count=small,
    queue_size=small,
    path=st.none() | st.just("/root/images/sitesbackup.img"),
    mediasize=small,
)
mds = st.builds(
    MemoryDisk, st.just("md0"), st.integers(0, 2), file=st.none() | st.text(max_size=5), size=small
)
geoms = st.builds(
    Geom,
    st.lists(mirrors, max_size=2).map(tuple),
    st.lists(gates, max_size=2).map(tuple),
    st.lists(mds, max_size=2).map(tuple),
    st.booleans(),
)
texts = st.sampled_from(
    (
        "server state vrid 1: master",
        "server state vrid 9: zzz",
        "Request failed (error=",
        "provider ",
        "rebuilding provider",
        "Lost connection",
        "marked as inactive, skipping",
        "is faulty, deactivated",
        "interface  is faulty, deactivated from",
    )
) | st.text(max_size=40)
lines = st.lists(
    st.builds(
        LogLine,
        st.sampled_from(("", "Nov 23 01:50:08", "Feb 30 99:00:00", "2026-11-23T99", "x")),
        st.sampled_from(("kernel", "freevrrpd", "ggatec", "ggated")),
        texts,
        st.none() | st.integers(0, 3000),
    ),
    max_size=5,
).map(tuple)


def judge(before: PairSnapshot, pair: PairSnapshot) -> None:
    past = remember(remember(History(), before), pair)
    for each in findings(pair, past):
        assert each.what
        assert each.why
        assert each.todo
    readiness(pair)
    lint(pair)
    progress(past, pair)
    changes(before, pair)
    for condition in CONDITIONS.values():
        condition.test(pair)


@given(st.sampled_from(BASES), st.sets(st.tuples(st.sampled_from(list(Home)), st.sampled_from(SECTIONS))))
@settings(max_examples=150, deadline=None)
def test_any_combination_of_unknown_facts_is_judged(base: PairSnapshot, lost: set[tuple[Home, str]]) -> None:
    pair = base
    for home, section in lost:
        pair = losing(pair, home, section)
    judge(base, pair)
    judge(pair, base)


@given(st.sampled_from(BASES), st.sampled_from(list(Home)), geoms, lines, lines)
@settings(max_examples=200, deadline=None)
def test_any_mirror_and_any_log_is_judged(
    base: PairSnapshot, home: Home, geom: Geom, messages: tuple[LogLine, ...], said: tuple[LogLine, ...]
) -> None:
    judge(base, with_facts(base, home, geom=geom, messages=messages, vrrplog=VrrpLog(lines=said)))


promotions = st.builds(
    Promotion,
    st.sampled_from(("a" * 16, "b" * 16, "c" * 16)),
    st.just("-"),
    st.sampled_from((0, LATEST)),
    st.text(max_size=5),
)
histories = st.builds(Lineage, st.lists(promotions, max_size=3).map(tuple), st.sampled_from(((), ("x",))))
times = st.sampled_from((0, 1_795_400_000, LATEST))
locks = st.none() | st.builds(
    OperatorLock, st.text(max_size=9), st.text(max_size=9), st.just("x"), times, times
)


_KNOWN = {at: {name: c.test(base).answer for name, c in CONDITIONS.items()} for at, base in enumerate(BASES)}


@given(
    st.sampled_from(range(len(BASES))),
    st.sets(st.tuples(st.sampled_from(list(Home)), st.sampled_from(SECTIONS)), max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_losing_sight_turns_a_verdict_to_unknown_and_never_to_its_opposite(
    at: int, lost: set[tuple[Home, str]]
) -> None:
    pair = BASES[at]
    for home, section in lost:
        pair = losing(pair, home, section)
    for name, condition in CONDITIONS.items():
        seen, full = condition.test(pair).answer, _KNOWN[at][name]
        assert seen in (Answer.UNKNOWN, full) or full is Answer.UNKNOWN, name


@given(st.sampled_from(list(Home)), histories, histories, locks, times)
@settings(max_examples=100, deadline=None)
def test_any_lineage_and_any_lock_is_judged(
    home: Home, mine: Lineage, other: Lineage, lock: OperatorLock | None, clock: int
) -> None:
    pair = with_facts(healthy(), home, lineage=mine, lock=lock, clock_offset=clock - 1_795_400_000.0)
    pair = with_facts(pair, Home.SLAVE if home is Home.MASTER else Home.MASTER, lineage=other)
    judge(healthy(), pair)
    judge(pair, healthy())


@given(st.sets(st.tuples(st.sampled_from(list(Home)), st.sampled_from(SECTIONS)), min_size=1))
@settings(max_examples=100, deadline=None)
def test_what_is_unknown_is_never_silently_fine(lost: set[tuple[Home, str]]) -> None:
    pair = healthy()
    for home, section in lost:
        pair = losing(pair, home, section, "Permission denied")
    relevant = {
        (h, s)
        for h, s in lost
        if s != "clock_offset" and not (h is Home.MASTER and s in ("exports", "images"))
    }
    found = findings(pair, remember(History(), pair))
    assert bool(relevant) <= any(f.severity is Severity.UNKNOWN for f in found)
    # Losing sight of something never makes a healthy pair look broken.
    assert not [f for f in found if f.severity is Severity.CRITICAL]


@given(st.sampled_from(list(LinkState)))
def test_a_dark_pair_is_unknown_in_everything(state: LinkState) -> None:
    pair = with_link(with_link(healthy(), Home.MASTER, state), Home.SLAVE, state)
    assert readiness(pair).answer is Answer.UNKNOWN
    assert {f.severity for f in findings(pair, History())} == {Severity.UNKNOWN}


def test_a_snapshot_of_which_nothing_was_read_yet_is_judged() -> None:
    pair = healthy()
    empty: dict[str, Any] = {name: Fact() for name in SECTIONS}
    fresh = replace(
        pair,
        master=replace(pair.master, facts=replace(pair.master.facts, **empty)),
        slave=replace(pair.slave, facts=replace(pair.slave.facts, **empty)),
    )
    judge(fresh, pair)
    judge(pair, fresh)
    assert {f.id for f in findings(fresh, History())} == {"U-first"}
