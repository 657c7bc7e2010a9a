"""Mail, what could not be checked, and what holds for all findings."""

from dataclasses import replace

import pytest

from console.health.findings import findings
from console.model.facts import (
    VrrpLog,
)
from console.model.snapshot import Link, LinkState
from console.model.words import Home, Severity
from tests.health.building import (
    component,
    every_second,
    healthy,
    ids,
    losing,
    mirror,
    promoted,
    with_facts,
    with_gate,
    with_link,
    with_mirror,
    without,
)
from tests.health.cases import (
    A,
    B,
    C,
    Firing,
    Make,
    N,
    Quiet,
    U,
    W,
    both_mounted,
    fires,
    found,
    mail,
    named,
    two_masters,
)

FIRING: list[Firing] = [
    ("P50a", C, lambda: mail(todo=4, last_event="@400000006afd000000000000")),
    ("P50c", W, lambda: mail(exitasap=True)),
    ("P50d", C, lambda: mail(alerts=("alert: cannot start: unable to open mutex",))),
    ("P50d", C, lambda: mail(alerts=("alert: unable to opendir todo, HELP! sleeping...",))),
    ("P50e", W, lambda: without(healthy(), A, "qmail-send")),
    ("P51", N, lambda: mail(alerts=("warning: unable to utime info/1; message will be delivered twice!",))),
    ("U-geom", U, lambda: losing(healthy(), A, "geom", "sysctl: unknown oid")),
    ("U-metadata", U, lambda: losing(healthy(), A, "metadata", "Permission denied")),
    ("U-first", U, lambda: losing(healthy(), B, "df", "not read yet")),
    ("U-word", U, lambda: with_mirror(healthy(), mirror(component("ggate0", "WOBBLING"), component("md0")))),
    ("U-role", U, lambda: with_facts(healthy(), B, vrrplog=VrrpLog())),
]

QUIET: list[Quiet] = [
    ("P50a", lambda: mail(todo=4, last_event="@400000006b03f2a000000000")),
    ("P50b", lambda: mail(remote=(60, 60))),
    ("P50d", lambda: mail(alerts=("warning: trouble in #1",))),
    ("P50e", promoted),
    ("U-exports", lambda: losing(healthy(), A, "exports", "No such file or directory")),
]


@pytest.mark.parametrize(("id", "expected", "make"), FIRING, ids=named(FIRING))
def test_a_rule_fires_on_its_case(id: str, expected: Severity, make: Make) -> None:
    fires(id, expected, make())


@pytest.mark.parametrize(("id", "make"), QUIET, ids=named(QUIET))
def test_a_rule_is_quiet_on_its_neighbour(id: str, make: Make) -> None:
    assert id not in ids(found(make())), found(make())


def test_a_calm_healthy_pair_has_no_findings() -> None:
    assert found(healthy()) == ()


def test_findings_come_worst_first_and_each_once() -> None:
    pair = with_link(both_mounted(), A, LinkState.LIVE)
    pair = with_gate(with_facts(two_masters(), B, clock_offset=30.0), timeout=0)
    ranks = [f.severity.rank for f in found(pair)]
    assert ranks == sorted(ranks)
    assert len(set(found(pair))) == len(found(pair))


def test_mail_shapes_are_told_apart() -> None:
    rising, past = every_second(*(mail(todo=n) for n in (10, 40, 90)), step=30)
    assert {f.id for f in findings(rising, past)} == {"P50a"}
    full, past = every_second(*[mail(remote=(60, 60))] * 3, step=30)
    assert {f.id for f in findings(full, past)} == {"P50b"}
    local, past = every_second(*[mail(local=(10, 10))] * 3, step=30)
    assert "local" in next(f.what for f in findings(local, past) if f.id == "P50b")


def test_a_few_new_messages_are_no_trend() -> None:
    for depths in ((0, 0, 1), (0, 1, 0), (3, 3, 3), (1, 2)):
        pair, past = every_second(*(mail(todo=n) for n in depths), step=30)
        assert "P50a" not in ids(findings(pair, past)), depths


def test_a_clock_that_was_set_does_not_make_qmail_look_stuck() -> None:
    pair = mail(todo=4, last_event="@400000006b03f2a000000000")
    assert "P50a" not in ids(found(with_facts(pair, A, clock_offset=10_800.0)))


def test_mail_is_left_alone_when_it_is_switched_off() -> None:
    pair = mail(exitasap=True, alerts=("alert: cannot start",))
    off = pair.config.model_copy(update={"qmail": pair.config.qmail.model_copy(update={"enabled": False})})
    assert found(replace(losing(pair, B, "mail"), config=off)) == ()


def test_unknown_is_never_taken_for_fine() -> None:
    pair = healthy()
    for home in Home:
        for fact in ("geom", "mounts", "interfaces", "processes", "vrrplog", "vrrpconf", "files", "df"):
            assert any(f.severity in (U, C) for f in found(losing(pair, home, fact))), fact


def test_a_node_with_one_hanging_command_still_answers() -> None:
    pair = losing(healthy(), A, "geom", "no answer for 21 s")
    silent = replace(pair, master=replace(pair.master, link=Link(LinkState.SILENT, "geom has not answered")))
    assert {f.id for f in found(silent)} == {f.id for f in found(pair)}
    assert "P12a" in ids(found(silent))
    dark = losing(silent, A, "host", "no answer for 21 s")
    assert "P43" in ids(found(dark))
