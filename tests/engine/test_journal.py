"""The journal: what is kept is on disk, comes back equal, and costs what changed."""

import asyncio
import itertools
import sqlite3
import stat
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.engine import parties
from console.engine.history import read, write
from console.engine.history_schema import MIGRATIONS, migrate
from console.engine.journal import Journal, JournalTrouble, default_path
from console.model.run import RunEvent, RunRecord, StepRecord
from tests.engine.any_run import histories
from tests.engine.sample_runs import drill, failed_drill


def connected() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    return db


@given(histories())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_run_comes_back_equal_whatever_came_before_it(history: list[RunRecord]) -> None:
    db = connected()
    last: tuple[RunRecord, int] | None = None
    for run in history:
        last = (run, write(db, run, last))
        assert read(db, run.id) == run
    db.close()


@given(st.lists(st.text("ab\n", max_size=70), min_size=1, max_size=12), st.integers(1, 90))
@settings(max_examples=80, deadline=None)
def test_output_that_grows_and_is_cut_at_its_front_comes_back_equal(pieces: list[str], limit: int) -> None:
    db = connected()
    run, last, out = drill(), None, ""
    for piece in pieces:
        out = (out + piece)[-limit:]
        run = replace(run, steps=(replace(run.steps[0], out=out), *run.steps[1:]))
        last = (run, write(db, run, last))
        assert read(db, run.id) == run
    db.close()


def test_every_field_of_a_run_is_kept() -> None:
    """A field added to the model must be added to the tables: here each is different from its default."""
    db = connected()
    step = failed_drill().steps[4]
    step = replace(
        step,
        out="o",
        percent=41,
        eta=12.5,
        guards=step.expects,
        attempt=2,
        undoing=3,
        reached=True,
        tried=True,
        moved=7,
        total=9,
        rate=0.5,
    )
    run = replace(failed_drill(), locks=("web-a",), steps=(step,), measures={"rto": 1.0})
    for value in (step, run, run.events[0]):
        for field in fields(value):
            assert getattr(value, field.name) not in (field.default, None, "", (), {}), field.name
    write(db, run, None)
    assert read(db, run.id) == run


def test_growing_output_writes_only_what_is_new() -> None:
    db = connected()
    lines = "".join(f"line {n:05d} of the copy\n" for n in range(2500))
    run = replace(drill(), steps=(replace(drill().steps[0], out=lines), *drill().steps[1:]))
    last = (run, write(db, run, None))
    for n in range(100):
        out = (run.steps[0].out + f"and line {n}\n")[-65536:]
        run = replace(run, steps=(replace(run.steps[0], out=out), *run.steps[1:]))
        last = (run, write(db, run, last))
    written = db.execute("SELECT sum(length) FROM output WHERE position = 0").fetchone()[0]
    assert read(db, run.id) == run
    assert written < 65536 + 2000
    before = db.total_changes
    write(db, replace(run, events=(*run.events, RunEvent(1.0, "note", "x"))), last)
    assert db.total_changes - before == 2, "the event, and the revision of the run"


def test_the_plan_is_written_once() -> None:
    db = connected()
    run = drill()
    last = (run, write(db, run, None))
    db.execute("CREATE TRIGGER once BEFORE INSERT ON plans BEGIN SELECT RAISE(ABORT, 'again'); END")
    write(db, replace(run, why="changed"), last)


def test_another_console_that_resumed_the_run_is_not_overwritten_by_halves() -> None:
    db = connected()
    ours = drill()
    last = (ours, write(db, ours, None))
    theirs = replace(ours, safe_state="theirs", events=ours.events[:1], steps=ours.steps[:3])
    write(db, theirs, None)
    ours = replace(ours, why="ours again")
    write(db, ours, last)
    assert read(db, ours.id) == ours


def test_lone_surrogates_are_shown_as_unreadable_not_refused() -> None:
    db = connected()
    run = replace(drill(), why="a\udc80b")
    write(db, run, None)
    found = read(db, run.id)
    assert found is not None
    assert found.why == "a\ufffdb"


async def test_the_file_and_its_directory_are_the_owners_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "mirrorgate" / "history.db")
    await journal.keep(drill())
    files = list(journal.path.parent.iterdir())
    assert len(files) == 3, "with the write-ahead log"
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
    await journal.close()


async def test_it_keeps_with_full_synchronisation(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    await journal.keep(drill())
    assert await journal._do(lambda: _pragma(journal, "synchronous")) == 2
    assert await journal._do(lambda: _pragma(journal, "journal_mode")) == "wal"
    await journal.close()


def _pragma(journal: Journal, name: str) -> object:
    assert journal._db is not None
    return journal._db.execute(f"PRAGMA {name}").fetchone()[0]


async def test_it_is_the_engines_journal(tmp_path: Path) -> None:
    journal: parties.Journal = Journal(tmp_path / "h.db")
    await journal.keep(drill(0))
    await journal.keep(failed_drill(2))
    await journal.keep(drill(1, pair="other"))
    assert [run.id for run in await journal.runs()] == [failed_drill(2).id, drill(1).id, drill(0).id]
    assert await journal.runs("other") == (drill(1, pair="other"),)
    assert await journal.runs(limit=1) == (failed_drill(2),)
    assert await journal.load(drill(0).id) == drill(0)
    assert await journal.load("no such run") is None


async def test_reading_where_nothing_was_kept_makes_no_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "h.db")
    assert await journal.runs() == ()
    assert await journal.load("x") is None
    assert not (tmp_path / "state").exists()


def test_the_file_is_where_the_state_of_programs_belongs() -> None:
    assert default_path({"XDG_STATE_HOME": "/s"}) == Path("/s/mirrorgate/history.db")
    assert default_path({}) == Path.home() / ".local/state/mirrorgate/history.db"


async def test_a_cancelled_keep_is_written_all_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    task = asyncio.create_task(journal.keep(drill()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await journal.load(drill().id) == drill()
    await journal.close()


async def test_the_event_loop_goes_on_while_200_states_are_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    gaps: list[float] = []

    async def second_hand() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0.002)
            now = time.thread_time()
            gaps.append(now - before)
            before = now

    run = drill()
    await journal.keep(run)
    hand = asyncio.create_task(second_hand())
    for n in range(200):
        out = (run.steps[3].out + f"{n} " * 200)[-65536:]
        steps = (*run.steps[:3], replace(run.steps[3], out=out, percent=n // 2), *run.steps[4:])
        run = replace(run, steps=steps, events=(*run.events, RunEvent(float(n), "note", f"{n}")))
        await journal.keep(run)
    hand.cancel()
    assert await journal.load(run.id) == run
    # What this thread computed between two looks: that others keep the machine busy is no part of it.
    assert sorted(gaps)[int(len(gaps) * 0.95) - 1] < 0.05
    await journal.close()


async def test_a_keep_that_has_to_wait_holds_up_nothing_else(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db", patience=20.0)
    await journal.keep(drill())
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    keeping = asyncio.create_task(journal.keep(replace(drill(), why="x")))
    for _ in range(20):
        await asyncio.sleep(0.005)
        assert not keeping.done()
    other.execute("COMMIT")
    await keeping
    other.close()
    await journal.close()


async def test_states_asked_for_at_once_are_kept_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    states = [replace(drill(), why=f"{n}") for n in range(30)]
    await asyncio.gather(*(journal.keep(state) for state in states))
    assert await journal.load(drill().id) == states[-1]
    revisions = await journal._do(lambda: _one(journal, "SELECT revision FROM runs"))
    assert revisions == 30
    await journal.close()


def _one(journal: Journal, query: str) -> object:
    assert journal._db is not None
    return journal._db.execute(query).fetchone()[0]


async def test_a_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    path.write_bytes(b"this is no database, it is a letter. " * 100)
    with pytest.raises(
        JournalTrouble, match=r"h\.db: it is not a history file, or is damaged: move it aside"
    ):
        await Journal(path).keep(drill())
    with pytest.raises(JournalTrouble):
        await Journal(path).runs()


async def test_a_file_damaged_in_the_middle_is_trouble_not_a_wrong_answer(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    for n in range(5):
        await journal.keep(drill(n))
    await journal.close()
    size = journal.path.stat().st_size
    with journal.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    with pytest.raises(JournalTrouble, match="damaged"):
        await Journal(journal.path).runs()


async def test_a_full_disk_is_one_clear_line_and_the_last_state_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    await journal.keep(drill())
    await journal._do(lambda: _one(journal, "PRAGMA max_page_count = 1"))
    big = replace(drill(), steps=(replace(drill().steps[0], out="x" * 60000), *drill().steps[1:]))
    with pytest.raises(JournalTrouble, match=r"h\.db: the disk is full: free space there"):
        await journal.keep(big)
    assert await journal.load(drill().id) == drill()
    await journal._do(lambda: _one(journal, "PRAGMA max_page_count = 100000"))
    await journal.keep(big)
    assert await journal.load(drill().id) == big
    await journal.close()


async def test_a_lock_held_too_long_is_one_clear_line_and_a_short_one_is_waited_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db", patience=0.1)
    await journal.keep(drill())
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalTrouble, match="another process keeps it locked"):
        await journal.keep(replace(drill(), why="x"))
    assert await journal.load(drill().id) == drill(), "reading needs no lock"
    other.execute("COMMIT")
    await journal.keep(replace(drill(), why="x"))
    other.close()
    await journal.close()


async def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalTrouble, match=r"(Not a directory|File exists): check owner"):
        await Journal(tmp_path / "file" / "mirrorgate" / "h.db").keep(drill())
    path = tmp_path / "h.db"
    await Journal(path).keep(drill())
    journal = Journal(path)
    await journal.runs()
    await journal._do(lambda: _set(journal, "PRAGMA query_only = ON"))
    with pytest.raises(JournalTrouble, match="read-only: check owner and mode"):
        await journal.keep(failed_drill(1))


def _set(journal: Journal, statement: str) -> None:
    assert journal._db is not None
    journal._db.execute(statement)


async def test_a_disk_that_does_not_answer_ends_in_trouble(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db", patience=60.0)
    await journal.keep(drill())
    journal._limit = 0.2
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalTrouble, match=r"no answer for 0\.2 s"):
        await journal.keep(replace(drill(), why="x"))
    other.execute("COMMIT")
    other.close()
    await journal.close()


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    await Journal(path).keep(drill())
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(JournalTrouble, match="written by a newer mirrorgate"):
        await Journal(path).keep(drill())


async def test_a_run_this_version_cannot_read_hides_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    await journal.keep(drill(0))
    await journal.keep(drill(1))
    await journal._do(lambda: _set(journal, f"UPDATE runs SET state = 'dreaming' WHERE id = '{drill(1).id}'"))
    kept = await journal.history()
    assert kept.runs == (drill(0),)
    assert len(kept.unreadable) == 1
    assert "dreaming" in kept.unreadable[0]
    with pytest.raises(JournalTrouble, match="dreaming"):
        await journal.load(drill(1).id)
    await journal.close()


async def test_figures_come_out_by_one_query(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.db")
    for n, mount in enumerate((0.8, 0.9)):
        await journal.keep(drill(n, mount=mount))
    mounts = [m.value for m in await journal.measured() if m.name == "rto.mount"]
    assert mounts == [0.8, 0.9]
    assert await journal.measured("nobody") == ()
    assert await journal.ids(beginning="20261124") == (drill(1).id,)
    await journal.close()


def test_pending_steps_cost_one_row_each() -> None:
    db = connected()
    run = replace(drill(), steps=tuple(StepRecord(step.id) for step in drill().plan.steps))
    write(db, run, None)
    assert db.execute("SELECT count(*) FROM output").fetchone()[0] == 0
    assert list(itertools.chain(*db.execute("SELECT count(*) FROM steps"))) == [len(run.steps)]
