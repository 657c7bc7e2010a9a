"""The jobs' screens as a whole: read-only consoles, every key, hostile text, looks."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from console.commands.pair_jobs import PairJobs
from console.engine.journal import Journal
from console.model.config import Config
from console.model.form import JobInfo
from console.model.plan import Plan
from console.model.run import Choice, Question, RunRecord, RunState, StepState
from console.screens.job_list import JobsScreen
from console.screens.job_question import QuestionDialog
from console.screens.job_run import RunScreen
from console.screens.jobs import JobRefused
from tests.screens import sample
from tests.screens.fake_jobs import ASKS_REBUILD, PLAN, FakeJobs, record
from tests.screens.feeding import console, text_of
from tests.screens.test_jobs_form import press
from tests.screens.test_jobs_run import begin, drawn, printing
from tests.waiting import eventually
from tests.widgets.test_plain import acts

EVIL = "[/x]\x1b]0;p\x07[@click=app.quit]"
INERT = EVIL.replace("\x1b", "").replace("\x07", "")
"""What a plan may hold: its lines refuse control characters already."""


async def test_a_read_only_console_has_no_jobs_and_says_so() -> None:
    app = console(sample.healthy(), jobs=FakeJobs(), read_only=True)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await eventually(lambda: app.states)
        assert app.jobs is None
        assert app.running is None
        await press(pilot, "j")
        assert app.current_mode == "overview"
        assert "read-only: this console can look" in text_of(app)
        await press(pilot, "7")
        assert isinstance(app.screen, JobsScreen)
        await press(pilot, "enter", "c", "u", "s", "w", "r", "y")
        assert isinstance(app.screen, JobsScreen)
        await press(pilot, "p", *"job")
        await pilot.pause()
        assert "Change the pair" not in text_of(app)
        assert "Fail back" not in text_of(app)


def test_the_console_does_not_load_what_changes_nodes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, console.app; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "console.screens.job_run" in loaded
    for acting in ("runner", "parties", "doing", "jobs", "lock", "copies"):
        assert f"console.engine.{acting}" not in loaded


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_every_key_works_on_every_screen_of_a_job(size: tuple[int, int]) -> None:
    jobs = FakeJobs()
    jobs.open_runs = (record(3, RunState.STOPPED, StepState.PENDING),)
    app = console(sample.syncing(), jobs=jobs)
    keys = ("tab", "down", "y", "r", "x", "h", "q")
    async with app.run_test(size=size) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", *keys[:-1], "question_mark", "q", "slash", "x", "escape")
        await press(pilot, "home", "down", "enter", *("tab", "down", "up", "left"), "escape")
        await press(pilot, "end", "enter", *keys)
        while not isinstance(app.screen, JobsScreen):
            await press(pilot, "q")
        await press(pilot, "end", "enter", "enter", "right", "enter")
        await eventually(lambda: jobs.operator)
        await drawn(app, pilot, jobs, record(4))
        for key in (
            "tab",
            "tab",
            "up",
            "down",
            "s",
            "escape",
            "o",
            "o",
            "h",
            "q",
            "c",
            "u",
            "y",
            "r",
            "escape",
        ):
            await press(pilot, key)
        await press(pilot, "question_mark", "q", "p", "escape")
        assert isinstance(app.screen, RunScreen)
        assert app.is_running


def hostile_run(done: int) -> RunRecord:
    steps = tuple(
        step.model_copy(update={"title": INERT, "why": INERT, "leaves": INERT, "confirm": INERT})
        for step in PLAN.steps
    )
    nodes = tuple(node.model_copy(update={"host": INERT}) for node in PLAN.nodes)
    assert PLAN.direction is not None
    target = PLAN.direction.target.model_copy(update={"facts": ((INERT, INERT),)})
    direction = PLAN.direction.model_copy(update={"target": target, "overwritten": INERT})
    plan = PLAN.model_copy(
        update={
            "title": INERT,
            "steps": steps,
            "nodes": nodes,
            "direction": direction,
            "ends": INERT,
            "unchecked": (INERT,),
            "answers": {INERT: INERT},
        }
    )
    run = record(done, RunState.RUNNING, StepState.RUNNING, plan)
    told = tuple(replace(one, out=EVIL + "\n" + EVIL, err=EVIL, why=EVIL) for one in run.steps)
    return replace(run, steps=told, operator=EVIL, safe_state=EVIL, why=EVIL, locks=(EVIL,), id="r")


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_hostile_text_is_only_text_in_everything_a_job_draws(size: tuple[int, int]) -> None:
    jobs = FakeJobs()
    run = hostile_run(4)
    jobs.jobs = (replace(jobs.jobs[0], title=EVIL, when=EVIL), JobInfo("evil", EVIL, EVIL))
    jobs.open_runs = (replace(run, state=RunState.FAILED),)
    jobs.the_plan = run.plan
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:

        async def look(*keys: str) -> None:
            await press(pilot, *keys)
            assert acts(text_of(app)) == []
            assert app.is_running

        await eventually(lambda: app.states)
        await look("j")
        await look("home", "enter")
        await look("c")
        await look("escape", "q")
        await look("home", "down", "enter")
        await look("escape")
        await look("end", "enter")
        assert "[/x]" in text_of(app)
        await look("down")
        await look("h")
        await look("q", "enter")
        await look("right", "enter")
        await eventually(lambda: jobs.operator)
        await drawn(app, pilot, jobs, run)
        await look("s")
        await look("escape", "o")
        assert "[/x]" in text_of(app)
        await look("o")
        question = Question("r", run.plan.steps[4].id, EVIL, EVIL, (Choice.CANCEL, Choice.GO), True)
        asked = jobs.ask(replace(question, shows_direction=True, direction_facts=(("web-a", EVIL, EVIL),)))
        await eventually(lambda: isinstance(app.screen, QuestionDialog))
        await look("tab", "x")
        await look("escape")
        asked.cancel()
        assert jobs.ended is not None
        jobs.ended.set_exception(JobRefused(EVIL, (EVIL,)))
        await eventually(lambda: app.running is not None and not app.running.busy)
        await look("1")
        await look("p", *"Job")


def shown(name: str) -> tuple[Any, ...]:
    size, theme = (120, 40), "textual-dark"
    if name.endswith("80x24"):
        size = (80, 24)
    if name.endswith("light"):
        theme = "textual-light"
    return size, theme, name.split("_")[0]


@pytest.mark.parametrize("name", ["plan", "question", "question_80x24", "run", "run_light", "later"])
def test_a_job_looks_as_it_did(name: str, snap_compare: Any) -> None:
    size, theme, what = shown(name)
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs, theme=theme)

    async def before(pilot: Pilot[None]) -> None:
        await eventually(lambda: app.states)
        if what == "plan":
            await press(pilot, "j", "end", "enter", *["down"] * 5)
        else:
            await begin(app, pilot, jobs)
            printed = "".join(f"{n} of 500 MB\n" for n in range(40))
            await drawn(app, pilot, jobs, printing(record(4), "rebuild", printed))
            if what != "run":
                await drawn(app, pilot, jobs, record(4, RunState.ASKING, StepState.PENDING))
                asked.append(jobs.ask(ASKS_REBUILD))
                await eventually(lambda: isinstance(app.screen, QuestionDialog))
            if what == "later":
                await press(pilot, "escape")
        await pilot.pause()

    asked: list[Any] = []
    assert snap_compare(app, terminal_size=size, run_before=before)


async def test_ascii_terminals_and_those_without_colour_show_a_run_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs, ascii_only=True, theme="ansi-dark")
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(app, pilot, jobs)
        await drawn(app, pilot, jobs, record(4, RunState.ASKING, StepState.PENDING))
        asked = jobs.ask(ASKS_REBUILD)
        await eventually(lambda: isinstance(app.screen, QuestionDialog))
        await pilot.pause()
        drawn_ascii = "\n".join(
            "".join(
                segment.text
                for line in [strip]
                for segment in app._plain[0].apply(list(line), app.background_colors[0])
            )
            for strip in app.screen._compositor.render_strips()
        )
        assert drawn_ascii.isascii()
        assert "?" not in drawn_ascii.split("OVERWRITTEN")[0].splitlines()[-1]
        asked.cancel()


def test_the_plan_used_here_is_a_sound_one() -> None:
    assert Plan.model_validate(PLAN.model_dump()) == PLAN


async def test_what_is_unfinished_is_under_the_cursor_before_anything_new() -> None:
    jobs = FakeJobs()
    jobs.open_runs = (record(4, RunState.STOPPED, StepState.PENDING),)
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(100, 30)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j")
        await eventually(lambda: "1 unfinished" in text_of(app))
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)


async def test_a_journal_that_cannot_be_read_is_a_line_and_the_jobs_are_still_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "history.db").write_bytes(b"no history at all" * 500)
    eyes: Any = None
    jobs = PairJobs(
        Config(pairs=(sample.pair_config(),)), eyes, Journal(tmp_path / "history.db"), lambda: None
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await eventually(lambda: app.states, within=30)
        await press(pilot, "7")
        await eventually(
            lambda: any("history.db: it is not" in n.message for n in app._notifications), within=30
        )
        assert "fail-back" in text_of(app)
