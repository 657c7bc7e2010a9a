"""The history screen: runs, the trend of their phases, and the report of each."""

import json
from dataclasses import replace
from typing import Any

import pytest
from defusedxml import ElementTree
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.model.run import Checked, RunEvent, RunRecord, RunState
from console.screens.history import HistoryScreen, ReportScreen
from console.screens.raw import RawScreen
from tests.engine.sample_runs import drill, failed_drill
from tests.screens.feeding import text_of
from tests.screens.keeping_history import Kept, history_console, many
from tests.waiting import eventually
from tests.widgets.test_plain import acts
from widgets.run_report import RunReport
from widgets.runs_table import RunsTable


async def opened(app: MirrorgateApp, pilot: Pilot[Any]) -> HistoryScreen:
    """The screen, once the journal was read."""
    await eventually(lambda: app.states)
    await pilot.press("8")
    await eventually(lambda: isinstance(app.screen, HistoryScreen) and app.screen.runs is not None)
    await pilot.pause()
    assert isinstance(app.screen, HistoryScreen)
    return app.screen


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_runs_stand_newest_first_with_outcome_and_recovery_time(size: tuple[int, int]) -> None:
    app = history_console(Kept(*many()))
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        lines = [line for line in text_of(app).splitlines() if "root@jump" in line]
        assert len(lines) == 7
        assert all(word in lines[0] for word in ("● ", "11-28 02:11", "failover-drill", "done", "RTO 10.4 s"))
        assert all(word in lines[-1] for word in ("✖ ", "11-22 02:11", "failed", "16.0 s"))
        assert "RTO" not in lines[-1]
        assert ("lost 0 of 412" in lines[0]) == (size[0] > 120)


async def test_the_trend_compares_the_run_under_the_cursor_phase_by_phase() -> None:
    app = history_console(Kept(*many()))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        mount = next(line for line in text_of(app).splitlines() if "· mount" in line)
        assert [*mount.replace("│", "").split()][2:] == [*"▂▂▂▂▂▇", "4.20", "s", "0.75", "s", "0.85", "s"]
        await pilot.press("down")
        await pilot.pause()
        mount = next(line for line in text_of(app).splitlines() if "· mount" in line)
        assert "0.95 s" in mount


async def test_a_run_that_failed_is_compared_with_those_that_did_not() -> None:
    app = history_console(Kept(*many()))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("end")
        await pilot.pause()
        away = next(line for line in text_of(app).splitlines() if "service away" in line)
        assert "–" in away
        assert "6.95 s" in away


async def test_enter_opens_the_report_and_y_copies_it() -> None:
    app = history_console(Kept(*many()))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("enter")
        await eventually(lambda: isinstance(app.screen, ReportScreen))
        await pilot.pause()
        assert "Compared with 5 earlier runs of this job" in text_of(app)
        assert "0 of 412 acknowledged markers lost (not proof for a power cut" in text_of(app)
        await pilot.press("y")
        await eventually(lambda: app.clipboard)
        assert app.clipboard.startswith("# failover-drill on borkcorp-www: done\n")
        await pilot.press("end")
        await eventually(lambda: app.screen.query_one(RunReport).scroll_offset.y > 0)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, HistoryScreen)


async def test_y_on_the_list_copies_the_report_and_r_shows_the_data() -> None:
    app = history_console(Kept(*many()))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("end", "y")
        await eventually(lambda: "failed" in app.clipboard)
        await pilot.press("r")
        await eventually(lambda: isinstance(app.screen, RawScreen))
        await pilot.press("y")
        await eventually(lambda: app.clipboard.startswith("{"))
        assert json.loads(app.clipboard)["run"] == failed_drill(-1).id


async def test_the_filter_looks_through_jobs_people_and_reasons() -> None:
    app = history_console(Kept(*many()))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("slash", *"exit status", "enter")
        await pilot.pause()
        table = app.screen.query_one(RunsTable)
        assert table.option_count == 1
        assert table.pointed == failed_drill(-1)
        await pilot.press("escape")
        await pilot.pause()
        assert table.option_count == 7


async def test_only_the_runs_of_the_pair_that_is_shown_are_shown() -> None:
    kept = Kept(drill(1, pair="other"), drill(0))
    app = history_console(kept, pairs=("other",))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        assert [run.plan.pair for run in screen.runs or ()] == ["borkcorp-www"]
        app.pair = "other"
        await eventually(lambda: [run.plan.pair for run in screen.runs or ()] == ["other"])


async def test_the_journal_is_read_again_when_a_run_ends() -> None:
    kept = Kept(drill(0))
    app = history_console(kept)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        app.job_run = drill(1, state=RunState.RUNNING)
        await pilot.pause()
        kept.runs = (drill(1), drill(0))
        app.job_run = drill(1)
        await eventually(lambda: len(screen.runs or ()) == 2)


async def test_the_cursor_stays_on_its_run_when_a_newer_one_comes() -> None:
    kept = Kept(*many()[1:])
    app = history_console(kept)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("down")
        before = screen.query_one(RunsTable).pointed
        kept.runs = many()
        screen.look()
        await eventually(lambda: len(screen.runs or ()) == 7)
        await pilot.pause()
        assert screen.query_one(RunsTable).pointed == before


async def test_no_run_and_no_journal_are_said() -> None:
    app = history_console(Kept())
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        assert "no job was run on this pair yet" in text_of(app)
        for key in ("enter", "y", "r", "down"):
            await pilot.press(key)
        assert isinstance(app.screen, HistoryScreen)
    app = history_console(Kept(trouble="/x/history.db: it is damaged: move it aside [/x]"))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        assert "/x/history.db: it is damaged: move it aside [/x]" in text_of(app)


EVIL = "[/x]\x1b]0;p\x07[@click=app.quit]\u202e\n# forged\n```\n"


def poisoned(run: RunRecord) -> RunRecord:
    check = (Checked("slave-mounted", run.steps[4].expects[0].answer, EVIL),)
    return replace(
        run,
        operator=EVIL,
        why=EVIL,
        safe_state=EVIL,
        steps=tuple(replace(s, out=EVIL, err=EVIL, why=EVIL, guards=check, expects=check) for s in run.steps),
        events=(RunEvent(run.started, "note", EVIL),),
    )


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_hostile_text_is_only_text(size: tuple[int, int]) -> None:
    app = history_console(Kept(*map(poisoned, many())))
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await opened(app, pilot)
        for key in ("end", "enter", "end", "pageup", "y", "q", "r", "q", "slash", "x", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert acts(text_of(app)) == []
        assert app.is_running


async def test_every_character_is_ascii_on_a_terminal_that_knows_no_other() -> None:
    app = history_console(Kept(*many()), ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        drawn = ElementTree.fromstring(app.export_screenshot())
        words = [each.text or "" for each in drawn.iter() if each.tag.endswith("}text")]
        assert "#" in words, "a bar"
        assert "".join(words).replace("\N{NO-BREAK SPACE}", " ").isascii()


PICTURES = {
    "wide": ((160, 48), "textual-dark", ()),
    "80x24": ((80, 24), "textual-dark", ()),
    "report_light": ((120, 40), "textual-light", ("enter",)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_history_looks_as_it_did(name: str, snap_compare: Any) -> None:
    size, theme, keys = PICTURES[name]
    app = history_console(Kept(*many()), theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await opened(app, pilot)
        await pilot.press(*keys)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)
