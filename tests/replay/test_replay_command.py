"""`mirrorgate replay`: what it says before a console opens."""

import argparse
from pathlib import Path

import pytest

from console.commands import replay
from console.config_file import BadConfig
from console.memory.writing import Batch, NewStretch, Writing
from console.model.config import Config
from console.model.tape import Taped
from tests.replay.fake_recording import FakeRecording
from tests.replay.night import BEGIN, END, night_pair
from tests.replay.replaying_app import PAIR

CONFIG = Config(pairs=(night_pair(),))


def arguments(file: Path, **more: object) -> argparse.Namespace:
    said = {"file": file, "pair": None, "at": None, "speed": 1.0, "json": False, "ascii": False}
    return argparse.Namespace(**{**said, **more})


def kept(file: Path, *tape: Taped) -> Path:
    writing = Writing(file, 50_000_000)
    if tape:
        writing.write(Batch(END, [NewStretch(BEGIN), *tape], []))
    writing.close()
    return file


def test_without_a_recording_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.main(arguments(tmp_path / "none.db"), CONFIG, Path("c.toml")) == 2
    said = capsys.readouterr().err
    assert said.startswith("mirrorgate: replay: ")
    assert "none.db" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "none.db").exists()


def test_an_empty_recording_says_that_the_pairs_are_not_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay.main(arguments(kept(tmp_path / "r.db")), CONFIG, Path("c.toml")) == 2
    assert "none of these pairs is in it" in capsys.readouterr().err


def test_what_is_no_time_and_no_speed_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], night_recording: FakeRecording
) -> None:
    file = kept(tmp_path / "r.db", *night_recording.tapes[PAIR][:50])
    assert replay.main(arguments(file, at="noon"), CONFIG, Path("c.toml")) == 2
    assert "--at noon: give 03:12" in capsys.readouterr().err
    assert replay.main(arguments(file, speed=0.0), CONFIG, Path("c.toml")) == 2
    assert "--speed is a number above 0" in capsys.readouterr().err


def test_without_a_terminal_it_says_what_does_without_one(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    night_recording: FakeRecording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.isatty", lambda number: False)
    file = kept(tmp_path / "r.db", *night_recording.tapes[PAIR][:50])
    assert replay.main(arguments(file), CONFIG, Path("c.toml")) == 2
    assert capsys.readouterr().err == (
        "mirrorgate: the console needs a terminal; without one: mirrorgate replay --json\n"
    )


def test_a_pair_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="no pair is called"):
        replay.main(arguments(tmp_path / "r.db", pair="other"), CONFIG, Path("c.toml"))
