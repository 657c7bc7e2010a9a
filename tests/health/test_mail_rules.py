"""Mail: what its log tells by standing still, and what the mirror has to do with it."""

from dataclasses import replace
from typing import Any

import pytest

from console.health.findings import findings
from console.model.facts import Mail, Process
from console.model.snapshot import PairSnapshot
from console.model.words import Severity
from tests.health.building import (
    NOW,
    ROOT,
    every_second,
    healthy,
    ids,
    losing,
    promoted,
    with_facts,
    with_processes,
    without,
)
from tests.health.cases import A, B, C, Firing, Make, N, Quiet, U, W, fires, found, mail, named

SILENT = "no answer for 21 s"


def stamp(ago: float) -> str:
    """The log stamp of so many seconds before the reading."""
    return f"@{2**62 + 10 + int(NOW - ago):016x}00000000"


def in_state(pair: PairSnapshot, state: str, program: str = "qmail-send") -> PairSnapshot:
    """A qmail process of the master in another state."""
    return with_processes(without(pair, A, program), A, Process(900, 1, state, program))


def frozen(state: str = "D", **changed: Any) -> PairSnapshot:
    """GEOM hangs on the master, and a qmail process is in a state."""
    return losing(in_state(mail(**changed), state), A, "geom", SILENT)


def at(pair: PairSnapshot, place: str) -> PairSnapshot:
    """Both nodes have their queue at a place."""
    return with_facts(
        with_facts(pair, A, mail=Mail(queue=3, todo=0, local=(0, 10), place=place)),
        B,
        mail=Mail(queue=0, todo=0, local=(0, 10), place=place),
    )


ON_MIRROR = "/home/sites/qmail/queue"

FIRING: list[Firing] = [
    ("P50f", C, frozen),
    ("P50f", C, lambda: frozen("DL")),
    ("P50f", C, lambda: losing(in_state(mail(), "D", "qmail-local"), A, "df", SILENT)),
    ("P50f", C, lambda: losing(frozen("I"), A, "mail", SILENT)),
    ("P50f", C, lambda: frozen("I", todo=4, last_event=stamp(700))),
    ("P50g", N, lambda: mail(queue=8, last_event=stamp(20), last_end=stamp(4000))),
    ("P50g", W, lambda: mail(queue=80, last_event=stamp(20), last_end=stamp(4000))),
    ("P51a", N, lambda: at(healthy(), ON_MIRROR)),
    ("P51a", C, lambda: at(with_facts(healthy(), A, mounts=(ROOT,)), ON_MIRROR)),
    ("P51a", C, lambda: at(with_processes(healthy(), B, Process(9, 1, "I", "qmail-send")), ON_MIRROR)),
    ("U-maillog", U, lambda: mail(local=None, remote=None)),
]

QUIET: list[Quiet] = [
    ("P50f", lambda: in_state(mail(), "D")),
    ("P50f", lambda: frozen("I")),
    ("P50f", lambda: losing(in_state(mail(), "D"), A, "geom", "Permission denied")),
    ("P50f", lambda: losing(healthy(), A, "mail", SILENT)),
    ("P50g", lambda: mail(queue=80, last_event=stamp(20), last_end=stamp(3000))),
    ("P50g", lambda: mail(queue=80, todo=80, last_event=stamp(20), last_end=stamp(4000))),
    ("P50g", lambda: mail(queue=0, last_event=stamp(20), last_end=stamp(4000))),
    ("P50g", lambda: mail(queue=80, last_event=stamp(3000), last_end=stamp(4000))),
    ("P50g", lambda: mail(queue=80, last_event=stamp(20))),
    ("P51a", healthy),
    ("P51a", lambda: at(healthy(), "/var/qmail/queue")),
    ("P51a", lambda: at(healthy(), "/home/sites2/queue")),
    ("U-maillog", lambda: mail(local=None, remote=None, last_event=stamp(9))),
]


@pytest.mark.parametrize(("id", "expected", "make"), FIRING, ids=named(FIRING))
def test_a_rule_fires_on_its_case(id: str, expected: Severity, make: Make) -> None:
    fires(id, expected, make())


@pytest.mark.parametrize(("id", "make"), QUIET, ids=named(QUIET))
def test_a_rule_is_quiet_on_its_neighbour(id: str, make: Make) -> None:
    assert id not in ids(found(make())), found(make())


@pytest.mark.parametrize(
    "pair",
    [
        lambda: frozen(todo=4, last_event=stamp(700)),
        lambda: frozen(alerts=("alert: unable to opendir todo, sleeping...",)),
        lambda: losing(frozen(), A, "mail", SILENT),
    ],
)
def test_a_frozen_mirror_is_told_once_and_named_as_the_cause(pair: Make) -> None:
    told = [f for f in found(pair()) if f.id.startswith("P50") or f.id == "U-mail"]
    assert [f.id for f in told] == ["P50f"]
    assert "because the mirror hangs" in told[0].what
    assert SILENT in told[0].what


def test_the_same_signs_without_a_frozen_mirror_keep_their_own_names() -> None:
    assert "P50a" in ids(found(in_state(mail(todo=4, last_event=stamp(700)), "D")))
    assert "U-mail" in ids(found(losing(healthy(), A, "mail", SILENT)))


def test_a_log_that_stands_still_while_messages_come_and_go_is_told() -> None:
    still = [mail(queue=n, last_event=stamp(50)) for n in (3, 9, 4)]
    assert "P50h" in ids(findings(*every_second(*still, step=30)))
    moving = [mail(queue=n, last_event=stamp(50 - n)) for n in (3, 9, 4)]
    assert "P50h" not in ids(findings(*every_second(*moving, step=30)))
    calm = [mail(queue=3, last_event=stamp(50))] * 3
    assert "P50h" not in ids(findings(*every_second(*calm, step=30)))


def test_a_queue_on_the_mirror_that_went_to_the_other_node_is_not_missed_here() -> None:
    moved = at(without(promoted(), A, "qmail-send"), ON_MIRROR)
    told = [f for f in found(moved) if f.id == "P51a"]
    assert [(f.node, f.severity) for f in told] == [("web-b", N)]


def test_a_queue_is_found_below_the_mount_point_by_configuration_too() -> None:
    pair = healthy()
    qmail = pair.config.qmail.model_copy(update={"home": "/home/sites/qmail"})
    moved = replace(pair, config=pair.config.model_copy(update={"qmail": qmail}))
    assert "P51a" in ids(found(moved))
