"""Questions of a run: the harmless answer has the focus, and nothing but the exact name destroys."""

import asyncio
import random
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from console.app import MirrorgateApp
from console.model.run import Choice, Question, RunState, StepState
from console.screens.job_dialogs import SecretDialog
from console.screens.job_question import QuestionDialog
from console.screens.job_run import RunScreen
from tests.screens import sample
from tests.screens.fake_jobs import ASKS_REBUILD, FakeJobs, record
from tests.screens.feeding import console, text_of
from tests.screens.test_jobs_form import press
from tests.screens.test_jobs_run import begin, drawn
from tests.waiting import eventually
from widgets.typed_confirm import TypedConfirm

LOCKED = Question(
    run="r",
    step=None,
    text="web-b is locked by ops@other since 02:01, last sign of life 9 min ago.",
    choices=(Choice.CANCEL, Choice.READ_AGAIN, Choice.TAKE_OVER),
)
UNKNOWN = Question(
    run="r",
    step="attach",
    text="The link to web-a went while it ran: whether md0 is attached is not known.",
    choices=(Choice.CANCEL, Choice.READ_AGAIN, Choice.HOLDS, Choice.RETRY, Choice.UNDO),
)


async def asking(
    app: MirrorgateApp, pilot: Pilot[None], jobs: FakeJobs, question: Question
) -> "asyncio.Task[Choice]":
    await begin(app, pilot, jobs)
    await drawn(app, pilot, jobs, record(4, RunState.ASKING, StepState.PENDING))
    asked = jobs.ask(question)
    await eventually(lambda: isinstance(app.screen, QuestionDialog))
    await pilot.pause()
    return asked


async def test_what_is_taken_back_shows_its_command_and_is_not_called_a_step_to_run() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    question = Question(run="r", step="attach", text="Take back “attach”?", takes_back="mdconfig -d -u 0")
    async with app.run_test(size=(120, 40)) as pilot:
        asked = await asking(app, pilot, jobs, question)
        assert "mdconfig -d -u 0" in text_of(app)
        assert "Run this step" not in text_of(app)
        await press(pilot, "right", "enter")
        assert await asked is Choice.GO


@pytest.mark.parametrize("question", [ASKS_REBUILD, LOCKED, UNKNOWN])
async def test_enter_gives_the_first_answer_which_is_the_safe_one(question: Question) -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        asked = await asking(app, pilot, jobs, question)
        await press(pilot, "enter")
        assert await asked is Choice.CANCEL


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_what_destroys_shows_its_direction_and_wants_the_name(size: tuple[int, int]) -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=size) as pilot:
        asked = await asking(app, pilot, jobs, ASKS_REBUILD)
        text = text_of(app)
        for words in (
            "OVERWRITTEN",
            "web-b:ggate0",
            "type the name of what will be overwritten:",
            "web-a:md0",
        ):
            assert words in text, words
        if size[0] >= 120:
            for words in (
                "500 MB",
                "syncid",
                "7f3a09d2c4e51b60",
                "◌ unknown: md0 is not",
                "01:56:31",
                "══════▶",
            ):
                assert words in text, words
        go = app.screen.query_one("#typed-go", Button)
        app.screen.query_one(Input).focus()
        await press(pilot, "enter")
        assert not asked.done(), "enter on an empty line confirms nothing"
        await press(pilot, *"web-a:md")
        assert go.disabled
        await press(pilot, "enter")
        assert not asked.done()
        await press(pilot, "1", "enter")
        assert "not the same" in text_of(app)
        assert not asked.done()
        await press(pilot, "backspace", "0")
        assert not go.disabled
        await press(pilot, " ")
        assert go.disabled, "the name and nothing else"
        await press(pilot, "backspace", "enter")
        assert await asked is Choice.GO


async def test_the_name_cannot_be_pasted() -> None:
    from textual.events import Paste

    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        asked = await asking(app, pilot, jobs, ASKS_REBUILD)
        line = app.screen.query_one(TypedConfirm).line
        line.focus()
        app.copy_to_clipboard("web-a:md0")
        line.post_message(Paste("web-a:md0"))
        await press(pilot, "ctrl+v", "enter")
        assert line.value == ""
        assert not asked.done()


async def test_escape_answers_nothing_and_enter_asks_again() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        asked = await asking(app, pilot, jobs, ASKS_REBUILD)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        assert not asked.done()
        text = text_of(app)
        assert "asks: web-b's data is copied over web-a's half" in text
        assert "OVERWRITTEN" in text, "the card stays beside the step"
        await press(pilot, "enter")
        assert isinstance(app.screen, QuestionDialog)
        await press(pilot, "enter")
        assert await asked is Choice.CANCEL
        await pilot.pause()
        assert "OVERWRITTEN" not in text_of(app)


async def test_an_unknown_step_offers_to_look_again_to_state_it_to_retry_and_to_undo() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(80, 24)) as pilot:
        asked = await asking(app, pilot, jobs, UNKNOWN)
        text = text_of(app)
        for words in (
            "Cancel",
            "Look again",
            "It is done",
            "Run it again",
            "Undo",
            "whether md0 is attached",
        ):
            assert words in text, words
        await press(pilot, "right", "enter")
        assert await asked is Choice.READ_AGAIN


async def test_another_operators_lock_is_broken_only_by_choice() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(80, 24)) as pilot:
        asked = await asking(app, pilot, jobs, LOCKED)
        assert "ops@other" in text_of(app)
        assert "the other run must be dead" in text_of(app)
        await press(pilot, "right", "right", "enter")
        assert await asked is Choice.TAKE_OVER


async def test_a_destroying_question_without_a_name_cannot_be_agreed_to() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        asked = await asking(app, pilot, jobs, replace(ASKS_REBUILD, typed=None))
        assert app.screen.query_one("#typed-go", Button).disabled
        app.screen.query_one(Input).focus()
        await press(pilot, "enter", "x", "enter", "backspace", "enter")
        assert not asked.done()
        await press(pilot, "escape", "enter", "enter")
        assert await asked is Choice.CANCEL


async def test_a_question_the_run_takes_back_leaves_the_screen() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        asked = await asking(app, pilot, jobs, ASKS_REBUILD)
        asked.cancel()
        await eventually(lambda: isinstance(app.screen, RunScreen))
        assert app.question is None


async def test_two_questions_come_one_after_the_other() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        first = await asking(app, pilot, jobs, UNKNOWN)
        second = jobs.ask(LOCKED)
        await pilot.pause()
        assert "ops@other" not in text_of(app)
        await press(pilot, "enter")
        assert await first is Choice.CANCEL
        await eventually(lambda: "ops@other" in text_of(app))
        assert not second.done()
        await press(pilot, "enter")
        assert await second is Choice.CANCEL


KEYS = (
    *"abcdefghijklmnopqrstuvwxyz0123456789:-/?",
    "enter",
    "enter",
    "enter",
    "tab",
    "shift+tab",
    "space",
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "backspace",
    "delete",
    "escape",
    "ctrl+v",
    "ctrl+a",
    "ctrl+u",
    "ctrl+k",
    "pageup",
    "pagedown",
    "f1",
)


async def test_mashing_the_keyboard_never_destroys() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(60, 15)) as pilot:
        asked = await asking(app, pilot, jobs, ASKS_REBUILD)
        chance = random.Random(20261123)
        for key in chance.sample(KEYS, len(KEYS)):
            await pilot.press(key)
            if asked.done():
                assert asked.result() is not Choice.GO
                await pilot.pause()
                asked = jobs.ask(ASKS_REBUILD)
        await pilot.pause()
        assert not asked.done() or asked.result() is not Choice.GO
        asked.cancel()


async def test_a_secret_is_typed_twice_and_never_shown() -> None:
    jobs = FakeJobs()
    app = console(sample.syncing(), jobs=jobs)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(app, pilot, jobs)
        assert jobs.operator is not None
        asked = asyncio.ensure_future(jobs.operator.secret("vrrp", "The VRRP password of both nodes"))
        await eventually(lambda: isinstance(app.screen, SecretDialog))
        await pilot.pause()
        await press(pilot, "enter", "enter")
        assert not asked.done(), "nothing is no secret"
        assert app.screen.query("#generate:focus")
        await press(pilot, "shift+tab", "shift+tab", *"hush", "enter", *"husk")
        assert "hush" not in text_of(app)
        assert "not the same" in text_of(app)
        await press(pilot, "enter", "backspace", "h", "enter")
        assert await asked == "hush"
        again = asyncio.ensure_future(jobs.operator.secret("vrrp", "Again"))
        await eventually(lambda: isinstance(app.screen, SecretDialog))
        await pilot.pause()
        await press(pilot, "tab", "tab", "enter")
        assert await again is None, "the engine makes one"
