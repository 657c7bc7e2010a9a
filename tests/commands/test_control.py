"""`mirrorgate control`: a directory on this machine, and the nodes of a pair."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.cli import parser
from console.commands import control
from console.model.mail import ControlFile, ControlFiles, MailTrouble
from console.model.words import Home
from tests.health.building import CONFIG
from tests.mails import FakeMails, captured_control
from tests.parse.captured import CAPTURES

CONTROL = CAPTURES / "qmail" / "control"


def nodes(**texts: str | None) -> FakeMails:
    """web-a has the captured files, web-b others."""
    return FakeMails(controls={Home.MASTER: captured_control(), Home.SLAVE: captured_control(**texts)})


async def told(
    capsys: pytest.CaptureFixture[str], mails: FakeMails, node: str | None = None
) -> tuple[int, str, Any]:
    """Exit status, the text and the JSON of the same."""
    status = await control.run(mails, (CONFIG,), node, 5.0, as_json=False)
    text = capsys.readouterr().out
    assert await control.run(mails, (CONFIG,), node, 5.0, as_json=True) == status
    return status, text, json.loads(capsys.readouterr().out)


def test_a_local_directory_is_judged_without_any_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert control.lint_directory(CONTROL, as_json=False) == 1
    text = capsys.readouterr().out
    assert "CRITICAL Q28  percenthack:1: anyone may relay through the percent hack: local.example" in text
    assert max(map(len, text.splitlines())) <= 110
    assert control.lint_directory(CONTROL, as_json=True) == 1
    value = json.loads(capsys.readouterr().out)
    assert [c["id"] for c in value["complaints"]] == ["Q28", "Q23", "Q24"]
    row = next(row for row in value["files"] if row["name"] == "concurrencyremote")
    assert (row["value"], row["present"], row["in_force"]) == ("20 deliveries", True, None)
    assert "remote deliveries" in row["purpose"]
    assert "restarted" in row["a_change_is_in_force"]


def test_only_files_that_may_be_shown_are_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(CONTROL, tmp_path / "control")
    for name in ("servercert.pem", "mystery", "authsenders"):
        (tmp_path / "control" / name).write_text("hunter2")
    (tmp_path / "control" / "smtproutes").write_text(":relay.example:587 user hunter2\n")
    (tmp_path / "control" / "tlshosts").mkdir()
    (tmp_path / "control" / "locals").unlink()
    (tmp_path / "control" / "locals").symlink_to(tmp_path / "nowhere")
    for as_json in (False, True):
        assert control.lint_directory(tmp_path / "control", as_json=as_json) == 1
        text = capsys.readouterr().out
        assert "hunter2" not in text
        assert "mystery" in text
        assert "Q40" in text


def test_a_sound_directory_is_status_0_and_a_missing_one_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("me", "mx.example.org\n"), ("rcpthosts", "mx.example.org\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o644)
    assert control.lint_directory(tmp_path, as_json=False) == 0
    assert control.lint_directory(tmp_path / "gone", as_json=False) == 2
    assert "name a directory of control files" in capsys.readouterr().err


async def test_both_nodes_are_told_and_how_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, value = await told(capsys, nodes(me="mx2.example.net\n", rcpthosts=None))
    assert status == 1
    assert "CRITICAL Q20  rcpthosts: there is no rcpthosts: an open relay" in text
    assert "between web-a and web-b: 2 differences" in text
    (pair,) = value
    assert pair["pair"] == "borkcorp-www"
    assert {d["file"]: d["id"] for d in pair["differences"]} == {"me": "Q51", "rcpthosts": "Q50"}
    row = next(row for row in pair["nodes"]["web-b"]["files"] if row["name"] == "rcpthosts")
    assert (row["present"], row["other_node"]) == (False, "different")


async def test_one_node_alone_is_asked_for_alone(capsys: pytest.CaptureFixture[str]) -> None:
    mails = nodes()
    _, text, value = await told(capsys, mails, "web-b")
    assert "web-a" not in text
    assert list(value[0]["nodes"]) == ["web-b"]
    assert set(mails.calls) == {"control slave"}


async def test_a_node_that_cannot_be_read_is_unknown_and_the_other_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sound = ControlFiles(
        (ControlFile("me", "mx.example.org\n"), ControlFile("rcpthosts", "mx.example.org\n"))
    )
    trouble = MailTrouble("web-b: connection refused; see whether sshd runs")
    status, text, value = await told(capsys, FakeMails(controls={Home.MASTER: sound, Home.SLAVE: trouble}))
    assert status == 3
    assert "connection refused" in text
    assert value[0]["nodes"]["web-b"]["trouble"] == str(trouble)
    assert value[0]["differences"] == []


async def test_text_of_a_node_does_not_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a\x1b]0;p\x07.example\u202e\n"
    mails = nodes(locals=evil, me=evil)
    files = mails.controls[Home.SLAVE]
    assert isinstance(files, ControlFiles)
    mails.controls[Home.SLAVE] = replace(files, files=(*files.files, ControlFile("x\x1b[31m\n", bytes=3)))
    _, text, _ = await told(capsys, mails)
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_the_command_line_knows_it() -> None:
    given = parser().parse_args(["control", "--node", "web-a", "--json"])
    assert (given.command, given.node, given.pair, given.dir, given.json) == (
        "control",
        "web-a",
        None,
        None,
        True,
    )
