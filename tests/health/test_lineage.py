"""Two lineages compared, and what is found and told of them and of the operator's lock."""

from dataclasses import replace

import pytest

from console.health.events import changes
from console.health.lineage import Relation, between, relation
from console.model.lineage import Lineage, OperatorLock
from console.model.snapshot import PairSnapshot
from console.model.words import Home, Severity
from tests.health.building import NOW, healthy, ids, lineage, losing, with_facts
from tests.health.cases import fires, found

A, B = Home.MASTER, Home.SLAVE
OWNER = OperatorLock("20261123-021140-fail-back-7f3a", "fail-back", "ann@desk", int(NOW) - 120, int(NOW) - 5)


def pair_of(a: Lineage, b: Lineage) -> PairSnapshot:
    return with_facts(with_facts(healthy(), A, lineage=a), B, lineage=b)


def locked(lock: OperatorLock, home: Home = A, offset: float = 0.0) -> PairSnapshot:
    return with_facts(healthy(), home, lock=lock, clock_offset=offset)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (lineage("a"), lineage("a"), Relation.SAME),
        (lineage("a", "b"), lineage("a", "b"), Relation.SAME),
        (lineage("a"), lineage("a", "b", "c"), Relation.OLDER),
        (lineage("a", "b"), lineage("a"), Relation.NEWER),
        (lineage("a", "b"), lineage("a", "c"), Relation.SPLIT),
        (lineage("a"), lineage("b"), Relation.SPLIT),
        (lineage("a", "b"), lineage("b", "a"), Relation.UNKNOWN),  # each before the other: edited by hand
        (lineage("c", "b"), lineage("b"), Relation.SAME),  # a replaced node knows only the newest
        (Lineage(), lineage("a"), Relation.UNKNOWN),
        (lineage("a"), Lineage(), Relation.UNKNOWN),
        (Lineage(), Lineage(), Relation.UNKNOWN),
        (lineage("a"), replace(lineage("a"), bad=("x",)), Relation.UNKNOWN),
    ],
)
def test_how_one_lineage_stands_to_the_other(first: Lineage, second: Lineage, expected: Relation) -> None:
    told, why = relation(first, second)
    assert told is expected
    assert why
    mirrored = {Relation.OLDER: Relation.NEWER, Relation.NEWER: Relation.OLDER}
    assert relation(second, first)[0] is mirrored.get(expected, expected)
    assert between(pair_of(first, second))[0] is expected


def test_a_split_brain_is_critical_and_names_both_heads_and_every_way_out() -> None:
    pair = pair_of(lineage("a", "b"), lineage("a", "c"))
    fires("P18", Severity.CRITICAL, pair)
    (split,) = (f for f in found(pair) if f.id == "P18")
    assert "b" * 16 in split.what
    assert "c" * 16 in split.what
    assert all(name in split.todo for name in ("keep the data of web-a", "keep that of web-b", "aside"))


@pytest.mark.parametrize(
    "pair",
    [
        healthy(),
        pair_of(lineage("a"), lineage("a", "b")),
        pair_of(lineage("a"), Lineage()),
        losing(pair_of(lineage("a"), lineage("b")), B, "lineage"),
    ],
)
def test_one_history_or_an_unknown_one_is_no_split_brain(pair: PairSnapshot) -> None:
    assert "P18" not in ids(found(pair))


def test_a_job_under_way_is_a_notice_with_its_owner() -> None:
    pair = locked(OWNER)
    fires("P42", Severity.NOTICE, pair)
    (lock,) = (f for f in found(pair) if f.id == "P42")
    assert lock.what.startswith("ann@desk runs fail-back on web-a since ")
    assert "P42" not in ids(found(healthy()))
    assert "P42" not in ids(found(losing(locked(OWNER), A, "lock")))


@pytest.mark.parametrize(
    ("age", "offset", "severity"),
    [
        (59, 0.0, Severity.NOTICE),
        (61, 0.0, Severity.WARNING),
        (3600, -3590.0, Severity.NOTICE),  # the node's clock is an hour behind ours
        (5, 300.0, Severity.WARNING),
    ],
)
def test_a_lock_without_a_beat_for_a_minute_by_the_nodes_clock_is_stale(
    age: int, offset: float, severity: Severity
) -> None:
    pair = locked(replace(OWNER, beat=int(NOW) - age), offset=offset)
    assert {f.severity for f in found(pair) if f.id == "P42"} == {severity}


def test_a_beat_that_cannot_be_dated_is_never_called_stale() -> None:
    pair = losing(locked(replace(OWNER, beat=1)), A, "clock_offset")
    assert {f.severity for f in found(pair) if f.id == "P42"} == {Severity.NOTICE}


def test_a_stale_lock_reads_the_same_a_second_later() -> None:
    stale = locked(replace(OWNER, beat=int(NOW) - 90))
    later = replace(stale, now=NOW + 1)
    assert [f for f in found(stale) if f.id == "P42"] == [f for f in found(later) if f.id == "P42"]


def test_taking_beating_and_releasing_the_lock_is_told_once() -> None:
    def texts(before: PairSnapshot, after: PairSnapshot) -> list[str]:
        return [e.text for e in changes(before, after) if e.kind == "lock"]

    held, free = locked(OWNER), healthy()
    assert texts(free, held) == ["web-a is locked by ann@desk for fail-back"]
    assert texts(held, locked(replace(OWNER, beat=int(NOW)))) == []
    assert texts(held, free) == ["web-a is released by ann@desk (fail-back)"]
    other = locked(replace(OWNER, run="r2", operator="bob@desk", job="grow"))
    assert texts(held, other) == [
        "web-a is released by ann@desk (fail-back)",
        "web-a is locked by bob@desk for grow",
    ]
    assert texts(losing(held, A, "lock"), free) == ["web-a is released by ann@desk (fail-back)"]
    assert texts(losing(free, A, "lock"), held) == []
