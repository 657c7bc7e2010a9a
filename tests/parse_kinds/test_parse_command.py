"""`mirrorgate parse` prints JSON, refuses unknown kinds and never shows control characters."""

import io
import json
import sys

import pytest

from console.commands import parse
from console.parse.kinds import KINDS


def test_facts_and_unread_lines_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse.run("fstab", "/dev/md0 /home/sites ufs rw 2 2\n?\n") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == {
        "facts": {
            "entries": [
                {
                    "spec": "/dev/md0",
                    "file": "/home/sites",
                    "vfstype": "ufs",
                    "opts": "rw",
                    "freq": 2,
                    "passno": 2,
                }
            ]
        },
        "unread": ["?"],
    }


def test_an_unknown_kind_lists_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse.run("no\x1b[31mpe", "") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "\x1b" not in printed.err
    assert all(f"  {kind}\n" in printed.err for kind in KINDS)


@pytest.fixture
def given_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO(b"caf\xe9 \x1b]0;t\x07 \xc2\x9b\r\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))


@pytest.mark.usefixtures("given_bytes")
def test_bytes_that_are_no_text_are_shown_and_controls_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse.main("fstab") == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["unread"] == ["caf\\xe9 \x1b]0;t\x07 \x9b"]
    assert all(character == "\n" or character.isprintable() for character in printed)


def test_without_a_kind_the_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse.main(None) == 0
    assert capsys.readouterr().out.split() == sorted(KINDS)


def test_an_unknown_kind_is_refused_before_input_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert parse.main("nope") == 2
    assert "no such kind" in capsys.readouterr().err
