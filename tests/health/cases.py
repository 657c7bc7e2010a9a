"""Troubled pairs that several test modules use, and the two ways to look at a rule."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from console.health.findings import findings
from console.model.facts import (
    Export,
    Exports,
    Geom,
    Mail,
    VrrpConf,
    VrrpLog,
)
from console.model.snapshot import Finding, PairSnapshot
from console.model.words import Home, Severity
from tests.health.building import (
    GEOM,
    MD_OF_SLAVE,
    ROOT,
    SITES,
    component,
    healthy,
    history_of,
    interfaces,
    log,
    mirror,
    promoted,
    section,
    vrrp_log,
    with_facts,
    with_messages,
    with_mirror,
)

A, B = Home.MASTER, Home.SLAVE
C, W, N, U = Severity.CRITICAL, Severity.WARNING, Severity.NOTICE, Severity.UNKNOWN
Make = Callable[[], PairSnapshot]
Firing = tuple[str, Severity, Make]
Quiet = tuple[str, Make]


def found(pair: PairSnapshot) -> tuple[Finding, ...]:
    return findings(pair, history_of(pair))


def fires(id: str, expected: Severity, pair: PairSnapshot) -> None:
    """The rule finds something of this severity, and says what, why and what to do."""
    mine = [f for f in found(pair) if f.id == id]
    assert expected in {f.severity for f in mine}, found(pair)
    for each in mine:
        assert all((each.what, each.why, each.todo))
        assert each.node is None or each.node in each.what


def named(cases: Sequence[Firing] | Sequence[Quiet]) -> list[str]:
    """Readable ids for a table of cases."""
    return [f"{case[0]}-{number}" for number, case in enumerate(cases)]


def geom_of_a(**changed: Any) -> PairSnapshot:
    return with_facts(healthy(), A, geom=replace(GEOM, **changed))


def slave_exports(*exports: Export, bad: tuple[tuple[int, str, str], ...] = ()) -> PairSnapshot:
    return with_facts(healthy(), B, exports=Exports(exports, bad))


def both_mounted() -> PairSnapshot:
    return with_facts(
        promoted(), A, mounts=(ROOT, SITES), geom=Geom(mirrors=(mirror(component("md0"), state="DEGRADED"),))
    )


def slave_attached(*, mounted: bool = False) -> PairSnapshot:
    alone = mirror(component("ufsid/6b039d4e52ad8fb0", device="md0", device_class="MD"), state="DEGRADED")
    pair = with_facts(healthy(), B, geom=Geom(mirrors=(alone,), mds=(MD_OF_SLAVE,)))
    return with_facts(pair, B, mounts=(ROOT, SITES)) if mounted else pair


def lost_by_error(code: int = 5) -> PairSnapshot:
    pair = with_mirror(healthy(), mirror(component("md0"), state="DEGRADED"))
    return with_messages(
        pair,
        A,
        f"GEOM_MIRROR: Request failed (error={code}). ggate0[WRITE(offset=589824, length=4096)]",
        "GEOM_MIRROR: Device remotemirror: provider ggate0 disconnected.",
    )


def conf(home: Home, **changed: Any) -> PairSnapshot:
    return with_facts(healthy(), home, vrrpconf=VrrpConf((section(**changed),)))


def vrrp_says(home: Home, *texts: str, pair: PairSnapshot | None = None) -> PairSnapshot:
    pair = pair or healthy()
    old = pair.node(home).facts.vrrplog.value
    pid = 2097 if home is A else 749
    assert old
    return with_facts(
        pair, home, vrrplog=VrrpLog(old.states, (*old.lines, *(log(t, "freevrrpd", pid) for t in texts)))
    )


def two_masters() -> PairSnapshot:
    pair = with_facts(healthy(), B, vrrplog=vrrp_log(749, "backup", "master"))
    return with_facts(pair, B, interfaces=interfaces("192.168.1.101", floating=True))


def master_not_mounted() -> PairSnapshot:
    return with_facts(healthy(), A, mounts=(ROOT,))


def mail(home: Home = A, **changed: Any) -> PairSnapshot:
    values: dict[str, Any] = {"queue": 3, "todo": 0, "local": (0, 10), "remote": (1, 60)} | changed
    return with_facts(healthy(), home, mail=Mail(**values))
