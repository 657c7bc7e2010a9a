"""From the list of jobs through its questions to the plan, and back."""

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from console.app import MirrorgateApp
from console.screens.job_dialogs import ButtonsDialog, SaveDialog
from console.screens.job_form import AnswersScreen
from console.screens.job_list import JobsScreen
from console.screens.job_plan import PlanScreen
from console.screens.job_run import RunScreen
from console.screens.raw import RawScreen
from tests.screens import sample
from tests.screens.fake_jobs import FakeJobs
from tests.screens.feeding import console, text_of
from tests.waiting import eventually
from widgets.job_list import JobList
from widgets.plan_steps import PlanSteps
from widgets.step_card import StepCard

EXACTLY = {
    "look": ("nothing is run, the console waits", "slave mounted", "fail if mounted on both nodes"),
    "settings": ("writes /usr/local/etc/mirrorgate.conf", "mode 0600", 'password="@SECRET:vrrp@"'),
    "rebuild": ("asks to type web-a:md0", "destroys", "the half is not used until it is ACTIVE"),
    "aside": ("copies /data/aside.img to root@archive:/srv/aside.img",),
    "mount": ("fsck -p /dev/mirror/remotemirror &&", "  mount /dev/mirror/remotemirror /home/si"),
    "say": ("by hand: Open the site in a browser",),
}


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Keys one after the other; those that open or close something are waited for."""
    for key in keys:
        await pilot.press(key)
        if len(key) > 1 or key in "jqwcusho":
            await pilot.pause()


async def to_plan(app: MirrorgateApp, pilot: Pilot[None]) -> None:
    await eventually(lambda: app.states)
    await press(pilot, "j", "enter", "enter", "enter", "enter", "enter", "enter")
    await eventually(lambda: isinstance(app.screen, PlanScreen))


async def test_j_shows_every_job_with_the_sentence_that_says_when() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j")
        text = text_of(app)
        for words in ("Fail back", "then the service goes home.", "how long a hand-over really takes"):
            assert words in text
        assert app.current_mode == "jobs"


async def test_one_question_at_a_time_and_next_is_dead_until_the_answer_will_do() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "enter")
        assert "question 1 of 4" in text_of(app)
        assert "Gate timeout" not in text_of(app)
        await press(pilot, "enter")
        assert "question 2 of 4" in text_of(app)
        assert "20" in text_of(app), "the default that was taken from the pair"
        await press(pilot, "9", "9", "9")
        assert "less than or equal to 300" in text_of(app)
        assert app.screen.query_one("#next", Button).disabled
        await press(pilot, "enter")
        assert "question 2 of 4" in text_of(app), "enter does not go past a bad answer"
        await press(pilot, "backspace", "enter")
        assert "question 3 of 4" in text_of(app)


async def test_escape_goes_back_one_question_and_keeps_the_answers() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "enter", "down", "enter", "7", "7", "escape", "enter")
        assert "77" in text_of(app)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, JobsScreen)


async def test_the_summary_shows_every_answer_and_makes_the_plan() -> None:
    jobs = FakeJobs()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "enter", "down", "enter", "enter", "down", "enter", "enter")
        text = text_of(app)
        assert "all answers" in text
        assert "round-robin" in text
        assert "changed" in text
        assert "left to the planner" in text
        await press(pilot, "enter")
        assert isinstance(app.screen, PlanScreen)
        assert jobs.planned == [{"prefer": "round-robin", "timeout": 20, "keep_copy": False, "note": None}]


async def test_a_planner_that_refuses_is_one_line_and_the_answers_stay() -> None:
    jobs = FakeJobs()
    jobs.no_plan = "web-a: md0 is ACTIVE already: there is nothing to fail back"
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "enter", "enter", "enter", "enter", "enter", "enter")
        assert isinstance(app.screen, AnswersScreen)
        assert "there is nothing to fail back" in text_of(app)
        await press(pilot, "escape")
        assert "question 4 of 4" in text_of(app)


async def test_a_job_that_makes_no_sense_now_says_why() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "down", "enter")
        assert isinstance(app.screen, ButtonsDialog)
        assert "web-b does not answer: a drill needs both nodes" in text_of(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, JobsScreen)


async def test_a_job_without_questions_shows_its_plan_at_once() -> None:
    jobs = FakeJobs()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "down", "down", "enter")
        assert isinstance(app.screen, PlanScreen)
        assert jobs.planned == [{}]


async def test_the_plan_shows_every_step_and_all_of_the_highlighted_one() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await to_plan(app, pilot)
        text = text_of(app)
        for words in (
            "9 steps",
            "1 destroys",
            "1 not checked",
            "df of web-a's host",
            "mounted on both nodes",
            "the service is away from step 8 to step 8",
            "will be OVERWRITTEN",
            "web-a serves, both halves are the same, web-b waits",
        ):
            assert words in text, words
        await press(pilot, "down", "down", "down")
        text = text_of(app)
        for words in (
            "ggatec create -t 30 -q 1024 -u 0 10.0.0.2 /data/sites",
            "The gate comes first",
            "slave image served",
            "not master gate present",
            "master gate alive",
            "ggatec destroy -f -u 0",
            "web-b serves alone; web-a sees its image",
            "1 min 00 s, then its outcome is unknown",
        ):
            assert words in text, words


async def test_every_kind_of_step_says_exactly_what_it_does() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await to_plan(app, pilot)
        for step, words in EXACTLY.items():
            app.screen.query_one(StepCard).step = step
            await pilot.pause()
            for said in words:
                assert said in text_of(app), said


async def test_running_a_plan_is_asked_with_the_focus_on_cancel() -> None:
    jobs = FakeJobs()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await to_plan(app, pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, ButtonsDialog)
        assert app.screen.query("#cancel:focus")
        await press(pilot, "enter")
        assert isinstance(app.screen, PlanScreen)
        assert jobs.begun == []
        await press(pilot, "enter", "right", "enter")
        await eventually(lambda: jobs.begun)
        assert isinstance(app.screen, RunScreen)


async def test_w_saves_the_plan_and_a_file_that_cannot_be_written_is_told() -> None:
    jobs = FakeJobs()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await to_plan(app, pilot)
        await press(pilot, "w")
        assert isinstance(app.screen, SaveDialog)
        await press(pilot, "enter")
        assert jobs.saved == [Path("fail-back-borkcorp-www.toml")]
        await press(pilot, "w", "home", *"no/", "enter")
        assert len(jobs.saved) == 2
        await press(pilot, "w", "home", *"no", "enter")
        await eventually(lambda: "not saved" in text_of(app))
        assert len(jobs.saved) == 2


async def test_back_from_the_plan_are_the_answers() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await to_plan(app, pilot)
        await press(pilot, "q")
        assert isinstance(app.screen, AnswersScreen)
        assert "all answers" in text_of(app)


@pytest.mark.parametrize("size", [(120, 40), (44, 40)])
async def test_h_tells_why_the_steps_stand_in_this_order(size: tuple[int, int]) -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=size) as pilot:
        await to_plan(app, pilot)
        await press(pilot, "h")
        assert isinstance(app.screen, RawScreen)
        told = " ".join(word for word in re.sub(r"[^\x20-\x7e\n]", " ", text_of(app)).split())
        assert "web-a's is from before the promotion." in told, "to the end, however narrow"


async def test_another_screen_and_back_leaves_the_question_as_it_was() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await to_plan(app, pilot)
        await press(pilot, "down", "down", "1")
        assert app.current_mode == "overview"
        await press(pilot, "j")
        assert isinstance(app.screen, PlanScreen)
        assert app.screen.query_one(PlanSteps).pointed == "settings"


async def test_the_palette_opens_a_job_by_its_name() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "p", *"job fail back")
        await eventually(lambda: "Job Fail back" in text_of(app))
        await press(pilot, "enter")
        await eventually(lambda: isinstance(app.screen, AnswersScreen))


async def test_jobs_can_be_filtered() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await press(pilot, "j", "slash", *"maintenance", "enter")
        assert app.screen.query_one(JobList).option_count == 1
        await press(pilot, "enter", "escape")
        listed = app.screen.query_one(JobList)
        assert listed.option_count == 3, "an early end of the run must not hide behind the words"
