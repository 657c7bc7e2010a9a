"""A run on the screen: it goes on wherever one looks, stops when told, and is gone on with later."""

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.model.run import Choice, RunRecord, RunState, StepState
from console.screens.job_dialogs import ButtonsDialog
from console.screens.job_list import JobsScreen
from console.screens.job_plan import PlanScreen
from console.screens.job_question import QuestionDialog
from console.screens.job_run import RunScreen
from console.screens.jobs import JobRefused
from tests.screens import sample
from tests.screens.fake_jobs import ASKS_REBUILD, PLAN, FakeJobs, record
from tests.screens.feeding import console, text_of
from tests.screens.test_jobs_form import press
from tests.waiting import eventually
from widgets.plan_steps import PlanSteps
from widgets.run_output import RunOutput
from widgets.step_card import StepCard


def printing(run: RunRecord, step: str, out: str, err: str = "", percent: int | None = None) -> RunRecord:
    steps = tuple(
        replace(one, out=out, err=err, percent=percent, eta=192.0) if one.id == step else one
        for one in run.steps
    )
    return replace(run, steps=steps)


async def begin(app: MirrorgateApp, pilot: Pilot[None], jobs: FakeJobs) -> None:
    """From the overview into a run of the job that asks nothing."""
    await eventually(lambda: app.states)
    await press(pilot, "j", "down", "down", "enter", "enter", "right", "enter")
    await eventually(lambda: jobs.operator)
    await pilot.pause()
    assert isinstance(app.screen, RunScreen)


async def drawn(app: MirrorgateApp, pilot: Pilot[None], jobs: FakeJobs, run: RunRecord) -> None:
    jobs.tell(run)
    await eventually(lambda: app.job_run is run)
    await pilot.pause()


async def test_steps_command_guards_output_and_progress_are_seen_as_they_happen() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        await drawn(app, pilot, jobs, printing(record(4), "rebuild", "copying\n", "slow link\n"))
        text = text_of(app)
        for words in (
            "4 of 9 steps done",
            "4 min 02 s",
            "lock: root@jump",
            "gmirror rebuild remotemirror md0",
            "● master half stale",
            "◌ master lineage",
            "(web-a's lineage was read 4 s ago)",
            "copying",
            "! slow link",
            "if it stopped now: web-b serves alone; the master's half is known and stale",
            "DEGRADED, rebuilding",
        ):
            assert words in text, words
        await drawn(app, pilot, jobs, printing(record(5), "wait-copy", "", percent=41))
        lines = text_of(app).splitlines()
        pair = next(n for n, line in enumerate(lines) if "data path" in line)
        assert any("41 %  3 min 12 s left" in line for line in lines[:pair]), "beside the steps"
        assert any("%" in line for line in lines[pair:]), "the pair keeps a line of its own"


async def test_the_cursor_goes_with_the_run_until_it_is_moved_and_again_after_escape() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        steps = app.screen.query_one(PlanSteps)
        await drawn(app, pilot, jobs, record(2))
        assert steps.pointed == "stop-serving-image"
        await press(pilot, "up")
        await drawn(app, pilot, jobs, record(3))
        assert steps.pointed == "settings"
        assert app.screen.query_one(StepCard).step == "settings"
        await press(pilot, "escape")
        assert steps.pointed == "attach"
        await drawn(app, pilot, jobs, record(4))
        assert steps.pointed == "rebuild"


async def test_a_run_goes_on_while_one_looks_elsewhere_and_the_first_line_shows_it() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        await press(pilot, "q")
        assert app.current_mode == "overview"
        await drawn(app, pilot, jobs, record(6))
        assert "fail-back 6/9" in text_of(app).splitlines()[0]
        await press(pilot, "3", "4", "j")
        assert isinstance(app.screen, RunScreen)
        assert "6 of 9 steps done" in text_of(app)
        jobs.end(record(9, RunState.DONE))
        await eventually(lambda: "done: web-a serves" in text_of(app))
        await press(pilot, "q")
        assert isinstance(app.screen, JobsScreen)
        assert "fail-back 9/9" not in text_of(app).splitlines()[0]


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_what_matters_of_a_run_is_seen_on_every_terminal(size: tuple[int, int]) -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=size) as pilot:
        await begin(app, pilot, jobs)
        await drawn(app, pilot, jobs, printing(record(4), "rebuild", "copying\n"))
        text = text_of(app)
        for words in (
            "fail-back 4/9",
            "4 of 9 steps done",
            "Rebuild the master's half",
            "gmirror rebuild remotemirror md0",
            "if it stopped now",
        ):
            assert words in text, words
        await press(pilot, "o")
        assert "copying" in text_of(app)
        await press(pilot, "o")
        jobs.end(record(4, RunState.FAILED, StepState.FAILED, why="gmirror said no"))
        await eventually(lambda: "failed: gmirror said no" in text_of(app))
        await eventually(lambda: "Continue" in text_of(app) and "Undo" in text_of(app))


async def test_s_stops_after_the_step_and_asks_before_it_insists() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        await drawn(app, pilot, jobs, record(4))
        await press(pilot, "s")
        assert isinstance(app.screen, ButtonsDialog)
        assert "It then leaves: web-b's data is being copied" in text_of(app)
        await press(pilot, "enter")
        assert jobs.stops == 0, "the focus is on the harmless answer"
        await press(pilot, "s", "right", "enter")
        assert jobs.stops == 1
        assert "s again insists" in text_of(app)
        await press(pilot, "s")
        assert "may then be unknown" in text_of(app)
        await press(pilot, "right", "enter")
        assert jobs.stops == 2
        jobs.end(record(5, RunState.STOPPED, StepState.PENDING, why="the operator stopped it"))
        await eventually(lambda: "stopped: the operator stopped it" in text_of(app))
        assert "left as: web-b's data is being copied to web-a" in text_of(app)


async def test_an_unfinished_run_stands_on_top_and_is_gone_on_with() -> None:
    jobs = FakeJobs()
    stopped = record(4, RunState.STOPPED, StepState.PENDING, why="the console went away")
    jobs.open_runs = (stopped,)
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j")
        await eventually(lambda: "1 unfinished" in text_of(app))
        assert "the console went away" in text_of(app)
        await press(pilot, "home", "enter")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "c", "enter")
        assert jobs.begun == []
        await press(pilot, "c", "right", "enter")
        await eventually(lambda: jobs.begun == [("resume", stopped.id)])


async def test_a_run_of_another_console_is_watched_and_is_nobodys_to_go_on_with_before_its_end() -> None:
    jobs = FakeJobs()
    jobs.open_runs = (record(4),)
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j")
        await eventually(lambda: "1 unfinished" in text_of(app))
        await press(pilot, "home", "enter")
        assert "another console on this machine has it: it runs there" in text_of(app)
        await press(pilot, "c")
        assert isinstance(app.screen, RunScreen), "nothing to go on with while it runs"
        jobs.open_runs = (record(6, RunState.ASKING),)
        await eventually(lambda: "it asks there" in text_of(app) and "6 of 9 steps done" in text_of(app))
        jobs.open_runs = (record(6, RunState.STOPPED, why="its console went away in the middle"),)
        await eventually(lambda: "stopped: its console went away" in text_of(app))
        await press(pilot, "c", "right", "enter")
        await eventually(lambda: jobs.begun)


async def test_u_takes_a_failed_run_back() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        await press(pilot, "u")
        assert isinstance(app.screen, RunScreen), "nothing to undo while it runs"
        jobs.end(record(4, RunState.FAILED, StepState.FAILED, why="no"))
        await eventually(lambda: app.running is not None and not app.running.busy)
        await pilot.pause()
        await press(pilot, "u", "right", "enter")
        await eventually(lambda: jobs.begun[-1] == ("undo", ASKS_REBUILD.run))
        jobs.end(record(0, RunState.UNDONE, StepState.UNDONE))
        await eventually(lambda: "undone: as before" in text_of(app))


async def test_a_refused_plan_lists_what_changed_and_leads_back_to_it() -> None:
    jobs = FakeJobs()
    jobs.refuses = JobRefused(
        "the pair is not as it was when the plan was made",
        ["web-a was booted at 02:10, then 01:41", "md0 is ACTIVE, was STALE"],
    )
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "down", "down", "enter", "enter", "right", "enter")
        await eventually(lambda: isinstance(app.screen, ButtonsDialog))
        await pilot.pause()
        for words in ("not as it was", "web-a was booted at 02:10", "md0 is ACTIVE, was STALE"):
            assert words in text_of(app), words
        await press(pilot, "enter")
        assert isinstance(app.screen, PlanScreen)
        assert app.job_run is None


async def test_a_resume_that_is_refused_leaves_the_run_on_the_screen() -> None:
    jobs = FakeJobs()
    jobs.open_runs = (record(4, RunState.STOPPED, StepState.PENDING),)
    jobs.refuses = JobRefused("web-b is locked by ops@other since 02:01: wait, or look there")
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j")
        await eventually(lambda: "1 unfinished" in text_of(app))
        await press(pilot, "home", "enter", "c", "right", "enter")
        await eventually(lambda: "locked by ops@other" in text_of(app))
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)


async def test_back_works_until_the_first_change_and_then_leads_to_the_jobs() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        jobs.end(record(0, RunState.STOPPED, StepState.REFUSED))
        await eventually(lambda: app.running is not None and not app.running.busy)
        await pilot.pause()
        await press(pilot, "q")
        assert isinstance(app.screen, PlanScreen)
        await press(pilot, "enter", "right", "enter")
        await eventually(lambda: len(jobs.begun) == 2)
        jobs.end(record(3, RunState.STOPPED, StepState.PENDING))
        await eventually(lambda: app.running is not None and not app.running.busy)
        await pilot.pause()
        await press(pilot, "q")
        assert isinstance(app.screen, JobsScreen)


async def test_quitting_with_a_run_under_way_asks_and_says_how_it_goes_on() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(app, pilot, jobs)
        await drawn(app, pilot, jobs, record(4))
        await press(pilot, "q", "q")
        assert f"mirrorgate resume {ASKS_REBUILD.run}" in text_of(app)
        await press(pilot, "enter")
        assert app.is_running
        await press(pilot, "ctrl+q")
        assert isinstance(app.screen, ButtonsDialog)
        await press(pilot, "ctrl+q", "escape")
        assert app.is_running
        await press(pilot, "q", "right", "enter")
    assert app.return_code == 0
    assert jobs.ended is not None
    assert jobs.ended.cancelled(), "the run is not gone on with behind the operator's back"


async def test_a_second_job_cannot_be_begun_beside_a_run() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        assert app.running is not None
        app.running.start(PLAN)
        await pilot.pause()
        assert len(jobs.begun) == 1


async def test_a_question_that_comes_while_one_looks_elsewhere_waits_until_one_is_back() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begin(app, pilot, jobs)
        await press(pilot, "4")
        jobs.tell(record(4, RunState.ASKING, StepState.PENDING))
        asked = jobs.ask(ASKS_REBUILD)
        await eventually(lambda: "the run asks something" in text_of(app))
        assert app.current_mode == "mail"
        assert "asks" in text_of(app).splitlines()[0]
        await press(pilot, "j")
        await eventually(lambda: isinstance(app.screen, RunScreen))
        await press(pilot, "enter")
        assert isinstance(app.screen, QuestionDialog)
        await press(pilot, "enter")
        assert await asked is Choice.CANCEL


async def test_a_thousand_lines_a_second_are_drawn_in_a_few_pictures() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        seen: list[RunRecord | None] = []
        app.watch(app, "job_run", lambda run: seen.append(run), init=False)
        text = ""
        for n in range(1000):
            text += f"line {n}\n"
            jobs.tell(printing(record(4), "rebuild", text))
        await eventually(lambda: "line 999" in text_of(app))
        assert len(seen) <= 3
        assert app.screen.query_one(RunOutput).written == 1000


async def test_a_run_that_ended_says_how_and_what_can_be_done_though_it_tells_nothing_after() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        ended = record(4, RunState.STOPPED, StepState.PENDING)
        await drawn(app, pilot, jobs, ended)
        jobs.end(ended)
        await eventually(lambda: app.running is not None and not app.running.busy)
        await pilot.pause()
        text = text_of(app)
        assert "if it stopped now" not in text
        assert "left as: " in text
        assert "Continue" in text
        assert "Stop safely" not in text


async def test_the_head_and_the_cursor_follow_the_size_of_the_terminal() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, jobs)
        await drawn(app, pilot, jobs, record(7))
        for size in ((80, 24), (60, 15), (100, 30)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            text = text_of(app)
            assert "7 of 9 steps done" in text, size
            steps = app.screen.query_one(PlanSteps)
            assert steps.highlighted is not None
            top = steps.scroll_offset.y
            assert top <= steps.highlighted < top + steps.scrollable_content_region.height, size
