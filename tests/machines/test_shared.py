"""The alert rules and the dashboard: valid, bound to metrics we really have, and each alert tried."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.health.metrics import FAMILIES, Kind
from console.machines import shared
from console.machines.exposition import OWN
from console.model.facts import Mail
from console.model.snapshot import LinkState, PairSnapshot, PairState
from console.model.words import Home
from tests.health.building import (
    ROOT,
    healthy,
    interfaces,
    losing,
    promoted,
    with_facts,
    with_gate,
    with_link,
    without,
)
from tests.health.cases import both_mounted, two_masters
from tests.machines.prometheus import needs_promtool, promtool
from tests.machines.states import read_plain, state_of, written

A, B = Home.MASTER, Home.SLAVE
ALERTS = re.findall(r"- alert: (\w+)", shared.alert_rules())
PANELS = json.loads(shared.dashboard())["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SUFFIX = {Kind.INFO: "_info", Kind.COUNTER: "_total"}
NAMES = {f.name + SUFFIX.get(f.kind, "") for f in (*OWN, *FAMILIES)}


@dataclass(frozen=True)
class Case:
    """A situation in which an alert fires after some minutes."""

    pair: PairSnapshot = field(default_factory=healthy)
    minutes: int = 50
    changed: Mapping[str, str] = field(default_factory=dict)
    """Values by metric, in promtool's notation, in place of what the pair says."""
    only: bool = False
    """Without the pair: `changed` is all there is."""


def floating(a: bool, b: bool) -> PairSnapshot:
    pair = with_facts(healthy(), A, interfaces=interfaces("192.168.1.100", floating=a))
    return with_facts(pair, B, interfaces=interfaces("192.168.1.101", floating=b))


def dark(*homes: Home) -> PairSnapshot:
    pair = healthy()
    for home in homes:
        pair = with_link(pair, home, LinkState.LOST)
    return pair


SYNC = 'mirrorgate_sync_ratio{pair="www",source="a",target="b"}'
HOOK = 'mirrorgate_hook_deliveries_total{hook="page",outcome="failed"}'
CASES: Mapping[str, Case] = {
    "MirrorgateMountedTwice": Case(both_mounted(), 1),
    "MirrorgateMountedNowhere": Case(with_facts(healthy(), A, mounts=(ROOT,))),
    "MirrorgateAddressHeldTwice": Case(floating(True, True)),
    "MirrorgateAddressHeldNowhere": Case(floating(False, False)),
    "MirrorgateAddressWithoutMount": Case(with_facts(healthy(), A, mounts=(ROOT,))),
    "MirrorgateTwoMasters": Case(two_masters()),
    "MirrorgateVrrpStopped": Case(without(healthy(), B, "freevrrpd")),
    "MirrorgateTakeoverNotReady": Case(without(healthy(), B, "freevrrpd")),
    "MirrorgateTakeoverUnknown": Case(dark(B)),
    "MirrorgateMirrorDegraded": Case(promoted()),
    "MirrorgateMirrorUnknown": Case(losing(healthy(), A, "geom")),
    "MirrorgateSyncStalled": Case(changed={SYNC: "0.4x60"}, only=True),
    "MirrorgateGateStuck": Case(with_gate(healthy(), queue_count=3)),
    "MirrorgateGateWithoutTimeout": Case(with_gate(healthy(), timeout=0)),
    "MirrorgateCritical": Case(both_mounted()),
    "MirrorgateWarning": Case(with_gate(healthy(), timeout=0)),
    "MirrorgateQueueLong": Case(with_facts(healthy(), A, mail=Mail(queue=5000, todo=0))),
    "MirrorgateMailNotPreprocessed": Case(with_facts(healthy(), A, mail=Mail(queue=50, todo=40))),
    "MirrorgateSlotsFull": Case(with_facts(healthy(), A, mail=Mail(queue=50, todo=0, remote=(60, 60)))),
    "MirrorgateNodeNotAnswering": Case(dark(B)),
    "MirrorgatePairNotAnswering": Case(dark(A, B)),
    "MirrorgateReadingOld": Case(changed={"mirrorgate_section_last_read_timestamp_seconds": "0x60"}),
    "MirrorgateClockOff": Case(with_facts(healthy(), B, clock_offset=-400.0)),
    "MirrorgateHookFailing": Case(changed={HOOK: "0x40 1x20"}, only=True),
    "MirrorgateStale": Case(changed={"mirrorgate_pair_last_refresh_timestamp_seconds": "0x60"}),
    "MirrorgateNotScraped": Case(only=True),
}
CALM: Mapping[str, Case] = {
    "healthy": Case(),
    "a rebuild that moves": Case(changed={SYNC: "0.1+0.01x60"}, only=True),
    "a hook that works": Case(changed={HOOK: "3x60"}, only=True),
}
UNSCRAPED = ("MirrorgateNotScraped",)
"""What also fires where a case is without its pair."""


def series(case: Case) -> Iterator[dict[str, str]]:
    """promtool's input: what a pair says, for an hour; instants are fresh unless a case says otherwise."""
    state: PairState = state_of(case.pair)
    text = "" if case.only else written(state)
    for family in read_plain(text):
        for sample in family.samples:
            if sample.name.startswith("mirrorgate_"):
                labels = ",".join(f"{name}={json.dumps(value)}" for name, value in sample.labels.items())
                fresh = "-5+60x60" if sample.name.endswith("_timestamp_seconds") else f"{sample.value:g}x60"
                yield {
                    "series": f"{sample.name}{{{labels}}}",
                    "values": case.changed.get(sample.name, fresh),
                }
    yield from ({"series": name, "values": values} for name, values in case.changed.items() if "{" in name)


def firing(alert: str, minutes: int, expected: bool) -> dict[str, object]:
    found = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    return {
        "expr": f"({found} or vector(0)) > bool 0",
        "eval_time": f"{minutes}m",
        "exp_samples": [{"labels": "{}", "value": int(expected)}],
    }


def promtool_tests(tmp_path: Path, cases: Mapping[str, tuple[Case, list[dict[str, object]]]]) -> str:
    (tmp_path / "rules.yml").write_text(shared.alert_rules())
    tests = [
        {"name": name, "interval": "1m", "input_series": list(series(case)), "promql_expr_test": wanted}
        for name, (case, wanted) in cases.items()
    ]
    whole = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "tests.json").write_text(json.dumps(whole))
    return promtool("test", "rules", str(tmp_path / "tests.json"))


@needs_promtool
def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(shared.alert_rules())
    assert promtool("check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "rules.yml")) == ""


def test_every_alert_has_a_case() -> None:
    assert set(CASES) == set(ALERTS)
    assert len(ALERTS) == len(set(ALERTS))


@needs_promtool
def test_each_alert_fires_in_its_case(tmp_path: Path) -> None:
    cases = {name: (case, [firing(name, case.minutes, True)]) for name, case in CASES.items()}
    assert promtool_tests(tmp_path, cases) == ""


@needs_promtool
def test_no_alert_fires_where_nothing_is_wrong(tmp_path: Path) -> None:
    cases = {
        name: (case, [firing(a, 55, False) for a in ALERTS if not (case.only and a in UNSCRAPED)])
        for name, case in CALM.items()
    }
    assert promtool_tests(tmp_path, cases) == ""


@needs_promtool
def test_what_is_unknown_never_fires_as_a_fact(tmp_path: Path) -> None:
    facts = [
        "MirrorgateMountedNowhere",
        "MirrorgateAddressHeldNowhere",
        "MirrorgateVrrpStopped",
        "MirrorgateTakeoverNotReady",
        "MirrorgateMirrorDegraded",
    ]
    wanted = [firing(alert, 55, False) for alert in facts]
    told = [firing(a, 55, True) for a in ("MirrorgateMirrorUnknown", "MirrorgatePairNotAnswering")]
    assert promtool_tests(tmp_path, {"dark": (Case(dark(A, B)), wanted + told)}) == ""


@needs_promtool
def test_a_case_that_should_fail_does(tmp_path: Path) -> None:
    cases = {"healthy": (Case(), [firing("MirrorgateMountedTwice", 5, True)])}
    assert "MirrorgateMountedTwice" in promtool_tests(tmp_path, cases)


@needs_promtool
@pytest.mark.parametrize("pair", [healthy, both_mounted, promoted, lambda: dark(A, B)])
def test_promtool_takes_the_metrics(pair: Callable[[], PairSnapshot]) -> None:
    assert promtool("check", "metrics", feed=written(state_of(pair()))) == ""


@needs_promtool
def test_the_dashboards_expressions_are_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"x:y:z{n}", "expr": expr.replace("$pair", ".*")} for n, expr in enumerate(EXPRESSIONS)
    ]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert promtool("check", "rules", str(tmp_path / "rules.yml")) == ""


@pytest.mark.parametrize("text", [shared.alert_rules(), *EXPRESSIONS], ids=lambda text: text[:40])
def test_rules_and_dashboard_name_only_metrics_and_words_that_exist(text: str) -> None:
    words = {f.name: set(f.words) for f in FAMILIES}
    named = set(re.findall(r"\bmirrorgate_\w+", text))
    assert named
    assert named <= NAMES
    for name, chosen in re.findall(r'(mirrorgate_\w+)=~?"([^"]*)"', text):
        assert set(chosen.split("|")) <= words[name], name


def test_the_dashboard_has_distinct_panels_that_do_not_overlap() -> None:
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
