"""`mirrorgate check` by the plugin guidelines: one line, performance data, exit statuses, a time limit."""

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from console.commands import check
from console.commands.check import line_of
from console.health.verdict import PluginState
from console.lab.pair import LabPair
from console.model.config import Config
from console.model.facts import Mail
from console.model.snapshot import Finding, LinkState, PairState
from console.model.words import Home, Severity
from console.watch.node_watch import Opener, Session
from tests.health.building import component, healthy, losing, mirror, with_facts, with_link, with_mirror
from tests.health.cases import both_mounted
from tests.machines.states import state_of

A, B = Home.MASTER, Home.SLAVE
LINE = re.compile(r"MIRRORGATE (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| (?P<data>[^|\n]+)\Z")
DATUM = re.compile(
    r"'(?P<label>[^'=]+)'=(?:U|(?P<value>-?\d+(?:\.\d+)?)(?P<unit>s|us|ms|%|B|KB|MB|TB|c)?"
    r"(?:;(?P<warn>[\d.:@~-]*))?(?:;(?P<crit>[\d.:@~-]*))?(?:;(?P<min>[\d.]*))?(?:;(?P<max>[\d.]*))?)\Z"
)
"""Performance data as https://www.monitoring-plugins.org/doc/guidelines.html#AEN197 writes it."""


def judged(*states: PairState, answered: bool = True) -> tuple[PluginState, str]:
    return line_of([(state, answered) for state in states], 15)


def data(line: str) -> dict[str, str]:
    """Performance data by label, each item checked."""
    whole = LINE.match(line)
    assert whole, line
    found: dict[str, str] = {}
    for item in whole["data"].split(" "):
        datum = DATUM.match(item)
        assert datum, item
        assert datum["label"] not in found
        found[datum["label"]] = item.partition("=")[2]
    return found


def with_finding(severity: Severity, what: str = "it burns") -> PairState:
    return replace(state_of(healthy()), findings=(Finding("X1", severity, what, "why", "todo", "web-a"),))


@pytest.mark.parametrize(
    ("severity", "status"),
    [
        (Severity.NOTICE, PluginState.OK),
        (Severity.WARNING, PluginState.WARNING),
        (Severity.CRITICAL, PluginState.CRITICAL),
        (Severity.UNKNOWN, PluginState.UNKNOWN),
    ],
)
def test_the_worst_finding_is_the_status_and_the_first_word(severity: Severity, status: PluginState) -> None:
    found, line = judged(with_finding(severity))
    assert found is status
    assert line.startswith(f"MIRRORGATE {status.name} - borkcorp-www: web-a serves, ")
    assert ("it burns" in line) is (status is not PluginState.OK)


def test_performance_data_of_a_healthy_pair() -> None:
    assert data(judged(state_of(healthy()))[1]) == {
        "borkcorp-www_findings": "0;;;0",
        "borkcorp-www_active": "2;;;0;2",
        "borkcorp-www_web-a_queue": "3;;;0",
        "borkcorp-www_web-a_todo": "0;;;0",
        "borkcorp-www_web-b_queue": "0;;;0",
        "borkcorp-www_web-b_todo": "0;;;0",
    }


def test_a_value_that_is_not_known_is_u_and_never_zero() -> None:
    found = data(judged(state_of(with_link(healthy(), A, LinkState.LOST)))[1])
    assert found["borkcorp-www_web-a_queue"] == "U"
    assert found["borkcorp-www_active"] == "U"
    part = data(judged(state_of(with_facts(healthy(), A, mail=Mail(queue=4, todo=None))))[1])
    assert (part["borkcorp-www_web-a_queue"], part["borkcorp-www_web-a_todo"]) == ("4;;;0", "U")


def test_a_rebuild_is_a_percentage() -> None:
    part = component("ggate0", "SYNCHRONIZING", percent=12)
    pair = with_mirror(healthy(), mirror(component("md0"), part, state="DEGRADED"))
    assert data(judged(state_of(pair))[1])["borkcorp-www_sync"] == "12%;;;0;100"


def test_several_pairs_are_one_line_the_worst_first() -> None:
    calm = state_of(healthy())
    config = calm.snapshot.config.model_copy(update={"name": "second"})
    bad = state_of(replace(both_mounted(), config=config))
    status, line = judged(calm, bad)
    assert status is PluginState.CRITICAL
    assert line.index("second: ") < line.index("borkcorp-www: ")
    assert {"second_web-a_queue", "borkcorp-www_web-a_queue"} <= set(data(line))


def test_who_serves_is_said_once() -> None:
    status, line = judged(state_of(losing(healthy(), B, "mounts")))
    assert status is PluginState.UNKNOWN
    assert line.count("web-a serves") == 1, line


def test_a_hostile_text_stays_inside_the_words() -> None:
    bad = "x | 'y'=1\nOK - all well\t\u2028 é → " + "z" * 9000
    status, line = judged(*[with_finding(Severity.CRITICAL, bad)] * 30)
    assert status is PluginState.CRITICAL
    assert line.count("|") == 1
    assert len(line.splitlines()) == 1
    assert len(f"{line}\n".encode()) <= 4096
    assert "'y'=1" not in line.partition("|")[2]


def test_a_name_cannot_break_a_label() -> None:
    state = state_of(healthy())
    config = state.snapshot.config.model_copy(update={"name": "a'=b|ü"})
    line = judged(replace(state, snapshot=replace(state.snapshot, config=config)))[1]
    assert all(label.startswith("ab_") for label in data(line))


def test_performance_data_of_a_hundred_pairs_ends_at_a_whole_item() -> None:
    state = state_of(healthy())
    many = []
    for number in range(100):
        config = state.snapshot.config.model_copy(update={"name": f"pair{number}"})
        many.append(replace(state, snapshot=replace(state.snapshot, config=config)))
    line = judged(*many)[1]
    assert 3900 < len(f"{line}\n".encode()) <= 4096
    assert len(data(line)) > 40


def test_what_was_not_answered_in_time_is_never_ok() -> None:
    status, line = judged(state_of(healthy()), answered=False)
    assert status is PluginState.UNKNOWN
    assert "nothing wrong in what was read (not everything answered within 15 s)" in line
    assert judged(with_finding(Severity.CRITICAL), answered=False)[0] is PluginState.CRITICAL
    assert (
        judged(state_of(losing(healthy(), A, "geom", "Permission denied")), answered=False)[0]
        is PluginState.UNKNOWN
    )


async def test_a_node_that_never_answers_is_unknown_when_the_time_is_over(
    config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    async def never(node: object) -> Session:
        await asyncio.Event().wait()
        raise AssertionError

    assert await check.run(config.pairs, never, 0.2) == 3
    out = capsys.readouterr().out
    assert out.startswith("MIRRORGATE UNKNOWN - lab: ")
    assert "within 0.2 s" in out
    assert out.count("\n") == 1


async def test_a_sick_lab_in_one_line(
    lab: LabPair, config: Config, reach: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    await lab.fault("stop-freevrrpd", "a")
    await lab.fault("stop-freevrrpd", "b")
    assert await check.run(config.pairs, reach, 30) == 2
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "lab_active" in data(out.rstrip("\n"))


def _run(*words: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    start = [sys.executable, "-c", code] if code else [sys.executable, "-m", "console.cli"]
    return subprocess.run(
        [*start, *words], capture_output=True, timeout=60, env=dict(os.environ, **environment), check=False
    )


def _config(path: Path) -> str:
    nodes = "".join(
        f'[[pairs.nodes]]\nname = "{n}"\nhome = "{home}"\nhost = "127.0.0.{i}"\nport = 1\nimage = "/i"\n'
        for i, (n, home) in enumerate((("a", "master"), ("b", "slave")), start=1)
    )
    path.write_text(f'[[pairs]]\nname = "www"\n{nodes}')
    return str(path)


@pytest.mark.parametrize(
    "words", [["check", "--bogus"], ["check", "-t", "soon"], ["check", "-t", "0"], ["check", "a", "b"]]
)
def test_wrong_arguments_are_unknown_not_critical(words: list[str]) -> None:
    done = _run(*words)
    assert done.returncode == 3
    assert done.stdout.startswith(b"MIRRORGATE UNKNOWN - ")


def test_a_bad_configuration_is_unknown_and_said_on_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("pairs = 1\n")
    done = _run("--config", str(path), "check")
    assert done.returncode == 3
    assert done.stdout.startswith(f"MIRRORGATE UNKNOWN - {path}:1: pairs: ".encode())
    assert done.stdout.count(b"\n") == 1


def test_nodes_that_refuse_are_never_ok_in_any_encoding(tmp_path: Path) -> None:
    done = _run("--config", _config(tmp_path / "c.toml"), "check", "-t", "20", PYTHONIOENCODING="ascii")
    assert done.returncode in (2, 3)
    assert done.stdout.isascii()
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


def test_a_bug_is_unknown_not_a_warning(tmp_path: Path) -> None:
    code = (
        "import console.commands.check as c, console.cli as m\n"
        "async def run(*_): raise RuntimeError('odd | one')\n"
        "c.run = run; m.main()"
    )
    done = _run("--config", _config(tmp_path / "c.toml"), "check", code=code)
    assert done.returncode == 3
    assert done.stdout == b"MIRRORGATE UNKNOWN - a bug in mirrorgate: RuntimeError: odd / one\n"


@pytest.mark.parametrize(
    ("said", "status", "line"),
    [
        ("", 3, b"MIRRORGATE UNKNOWN - no answer within 0.1 s\n"),
        ("c.say(c.PluginState.WARNING, 'MIRRORGATE WARNING - x')", 1, b"MIRRORGATE WARNING - x\n"),
    ],
)
def test_a_plugin_that_cannot_end_is_ended(said: str, status: int, line: bytes) -> None:
    code = (
        "import threading, console.commands.check as c\n"
        f"c._GRACE = {3 if said else 0.1}\n"
        f"with c.in_time(0.1):\n    {said or 'pass'}\n    threading.Event().wait()"
    )
    done = _run(code=code)
    assert (done.returncode, done.stdout) == (status, line)
