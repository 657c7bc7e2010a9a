"""`mirrorgate runs`, `report` and `runs --export`, on a journal with three runs."""

import csv
import json
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from console.commands import runs
from console.engine.journal import Journal
from tests.engine.sample_runs import drill, failed_drill


@pytest.fixture
async def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.db"
    journal = Journal(path)
    for run in (drill(0), drill(1, mount=1.25), failed_drill(2)):
        await journal.keep(run)
    await journal.close()
    return path


async def test_runs_are_listed_newest_first(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await runs.list_runs(None, as_json_text=False, journal=Journal(history)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["RUN", "BEGAN", "WHO", "OUTCOME", "TOOK", "RTO"]
    assert [line.split()[0] for line in lines[1:]] == [failed_drill(2).id, drill(1).id, drill(0).id]
    assert lines[1].split()[-3:] == ["16.0", "s", "-"]
    assert lines[2].endswith("7.45 s")


async def test_runs_are_json_on_demand(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await runs.list_runs("borkcorp-www", as_json_text=True, journal=Journal(history)) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in told] == ["failed", "done", "done"]
    assert told[1]["measures"]["rto.mount"] == 1.25
    assert await runs.list_runs("nobody", as_json_text=True, journal=Journal(history)) == 0
    assert json.loads(capsys.readouterr().out) == []


async def test_no_history_is_no_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(tmp_path / "state" / "h.db")
    assert await runs.list_runs(None, as_json_text=False, journal=journal) == 0
    assert capsys.readouterr().out == "no runs yet\n"
    assert not journal.path.parent.exists()


@pytest.mark.parametrize("name", [failed_drill(2).id, "20261125", "last"])
async def test_a_report_is_asked_for_by_id_its_beginning_or_as_the_last(
    history: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await runs.report(name, as_json_text=False, journal=Journal(history)) == 0
    told = capsys.readouterr().out
    assert told.startswith("# failover-drill on borkcorp-www: failed\n")
    assert "Compared with 2 earlier runs" in told


async def test_a_report_as_json(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await runs.report(drill(1).id, as_json_text=True, journal=Journal(history)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == drill(1).id
    assert told["compared_with"] == [drill(0).id]


async def test_a_run_that_is_not_there_or_not_clear_is_one_line(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await runs.report("2027\x1b]0;x", as_json_text=False, journal=Journal(history)) == 2
    assert capsys.readouterr().err == "mirrorgate: no run 2027␛]0;x: `mirrorgate runs` lists them\n"
    assert await runs.report("2026", as_json_text=False, journal=Journal(history)) == 2
    assert capsys.readouterr().err.startswith("mirrorgate: 3 runs begin with 2026: ")


async def test_an_export_holds_every_run_and_nobody_else_may_read_it(history: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    assert await runs.export(file, None, journal=Journal(history)) == 0
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["id"] for one in told] == [drill(0).id, drill(1).id, failed_drill(2).id]
    assert told[0]["plan"]["steps"][2]["action"]["text"].startswith("umount")
    assert told[0]["steps"][0]["out"] == "canary: writing 10 a second\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_figures_export_as_csv_for_a_spreadsheet_that_computes_nothing(
    history: Path, tmp_path: Path
) -> None:
    journal = Journal(history)
    await journal.keep(replace(drill(3), operator="=cmd()\n@x"))
    await journal.close()
    file = tmp_path / "figures.csv"
    assert await runs.export(file, None, journal=Journal(history)) == 0
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["value"] for row in rows if row["measure"] == "rto.mount"] == ["0.8", "1.25", "0.8"]
    assert {row["operator"] for row in rows} == {"root@jump", "'=cmd()␊@x"}


async def test_an_export_never_writes_over_a_file(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    assert await runs.export(file, None, journal=Journal(history)) == 2
    assert file.read_text() == "mine"
    assert "exists already" in capsys.readouterr().err
    assert await runs.export(Path("-"), None, journal=Journal(history)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


async def test_a_damaged_history_is_one_line_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "h.db"
    path.write_bytes(b"not a database at all " * 200)
    assert await runs.list_runs(None, as_json_text=False, journal=Journal(path)) == 2
    assert await runs.report("last", as_json_text=False, journal=Journal(path)) == 2
    assert await runs.export(tmp_path / "x", None, journal=Journal(path)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all("move it aside" in line for line in lines)


async def test_a_run_that_cannot_be_read_is_named_and_the_others_shown(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = sqlite3.connect(history)
    db.execute("UPDATE plans SET json = '{}' WHERE run = ?", (drill(0).id,))
    db.commit()
    db.close()
    assert await runs.list_runs(None, as_json_text=False, journal=Journal(history)) == 1
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 3
    assert drill(0).id in told.err
    assert await runs.export(tmp_path / "x", None, journal=Journal(history)) == 1
    assert len((tmp_path / "x").read_text().splitlines()) == 2
