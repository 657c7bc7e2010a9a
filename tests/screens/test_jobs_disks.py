"""A migration on the screen: its disks beside the questions, in the plan, and before one of them is lost."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.commands import answers
from console.model.disk_map import Foreseen
from console.model.form import Value
from console.model.plan import Plan
from console.model.run import Choice, Question, RunRecord, RunState, StepRecord, StepState
from console.screens.job_form import AnswersScreen
from console.screens.job_plan import PlanScreen
from console.screens.job_question import QuestionDialog
from console.screens.job_run import RunScreen
from playbooks.jobs import JOBS
from tests.playbooks.migrating.machines import having, machine
from tests.screens import sample
from tests.screens.fake_jobs import FakeJobs
from tests.screens.feeding import console, text_of
from tests.waiting import eventually
from widgets.disk_map import DiskMapView
from widgets.plan_steps import PlanSteps
from widgets.step_card import StepCard

JOB = JOBS["migrate-disk"]
READ = having(machine())
SIZES = [(160, 48), (80, 24), (60, 15)]


class Migrating(FakeJobs):
    def foresees(self, pair: str, job: str, values: Mapping[str, Value]) -> Foreseen | None:
        assert JOB.foresees is not None
        return JOB.foresees(READ, values)

    def plan(self, pair: str, job: str, values: Mapping[str, Value]) -> Plan:
        return JOB.plan(READ, answers.answers(JOB, READ, values))


def planned() -> Plan:
    return JOB.plan(READ, answers.answers(JOB, READ, {}))


async def form_of(app: MirrorgateApp, pilot: Pilot[None], questions: int) -> AnswersScreen:
    """The form, so many questions further on."""
    await eventually(lambda: app.states)
    screen = AnswersScreen("p", answers.form(JOB, READ), read=("web-b",))
    await app.push_screen(screen)
    for _ in range(questions):
        await pilot.press("enter")
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES)
async def test_what_the_disk_will_be_stands_beside_the_question_and_changes_with_it(
    size: tuple[int, int],
) -> None:
    app = console(sample.healthy(), jobs=Migrating())
    async with app.run_test(size=size) as pilot:
        screen = await form_of(app, pilot, 4)
        picture = screen.query_one("#picture", DiskMapView)
        await eventually(lambda: "/usr" in picture.shown.plain)
        scaled = picture.shown.plain
        assert "scale" in text_of(app)
        await pilot.press("down")
        await eventually(lambda: picture.shown.plain != scaled)
        assert "Next" in text_of(app)


async def test_why_no_plan_can_be_made_stands_there_before_it_is_asked_for() -> None:
    app = console(sample.healthy(), jobs=Migrating())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await form_of(app, pilot, 2)
        picture = screen.query_one("#picture", DiskMapView)
        await eventually(lambda: "then ada1" in picture.shown.plain)
        await pilot.press("backspace", *"ada0")
        await eventually(lambda: "is the source itself" in picture.shown.plain)
        await pilot.press(*["backspace"] * 4, *"ada1")
        await eventually(lambda: "is the source itself" not in picture.shown.plain)


async def test_a_job_that_draws_nothing_has_no_picture() -> None:
    app = console(sample.healthy(), jobs=FakeJobs())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await form_of(app, pilot, 1)
        assert not screen.query_one("#picture", DiskMapView).display


async def test_the_plan_shows_the_disks_and_what_changes_in_fstab_and_label() -> None:
    plan = planned()
    assert any(step.change and step.change.before for step in plan.steps)
    app = console(sample.healthy(), jobs=Migrating())
    async with app.run_test(size=(160, 48)) as pilot:
        await eventually(lambda: app.states)
        await app.push_screen(PlanScreen(plan))
        await pilot.pause()
        card = app.screen.query_one(StepCard)
        await eventually(lambda: "target then" in card.text())
        ids = [step.id for step in plan.steps]
        app.screen.query_one(PlanSteps).highlighted = ids.index("divide") + 1
        await eventually(lambda: "new label of ada1s1" in card.text())
        assert "+   a:" in card.text() or "+ a:" in card.text()
        # The exact text of the command stands there all the same.
        assert "LABEL" in card.text()
        app.screen.query_one(PlanSteps).highlighted = ids.index("fstab") + 1
        await eventually(lambda: "changes /etc/fstab of the copy" in card.text())


@pytest.mark.parametrize("size", SIZES)
async def test_the_disk_that_will_be_lost_is_drawn_where_its_name_has_to_be_typed(
    size: tuple[int, int],
) -> None:
    plan = planned()
    asked = Question(
        run="r",
        step="divide",
        text="Divide ada1 on web-b anew? Everything on it is lost.",
        typed="web-b:ada1",
        destroys=True,
    )
    app = console(sample.healthy(), jobs=Migrating())
    async with app.run_test(size=size) as pilot:
        await eventually(lambda: app.states)
        app.question = asked
        await app.push_screen(QuestionDialog(asked, "Divide ada1", None, plan.disks))
        await pilot.pause()
        picture = app.screen.query_one(DiskMapView)
        await eventually(lambda: "then" in picture.shown.plain)
        assert "type the name" in text_of(app)
        assert "ada1" in picture.shown.plain


async def test_a_question_that_destroys_nothing_shows_no_disk() -> None:
    asked = Question(run="r", step=None, text="Go on?", choices=(Choice.CANCEL, Choice.GO))
    app = console(sample.healthy(), jobs=Migrating())
    async with app.run_test(size=(100, 30)) as pilot:
        await eventually(lambda: app.states)
        app.question = asked
        await app.push_screen(QuestionDialog(asked, "Go on", None, planned().disks))
        await pilot.pause()
        assert not app.screen.query(DiskMapView)


@pytest.mark.parametrize(("size", "several"), [((160, 48), True), ((80, 24), False)])
async def test_file_systems_on_their_way_have_a_line_each_where_there_is_room(
    size: tuple[int, int], several: bool
) -> None:
    plan = planned()
    mb = 1 << 20
    known = {
        "move-root": StepRecord("move-root", StepState.DONE, 1.0, 3.0, moved=12 * mb, total=12 * mb),
        "move-home": StepRecord(
            "move-home",
            StepState.RUNNING,
            3.0,
            percent=50,
            moved=8 * mb,
            total=16 * mb,
            rate=4.0 * mb,
            eta=2.0,
        ),
    }
    steps = tuple(known.get(step.id, StepRecord(step.id)) for step in plan.steps)
    run = RunRecord("", plan, "me@here", RunState.RUNNING, 0.0, steps=steps)
    app = console(sample.healthy(), jobs=Migrating())
    async with app.run_test(size=size) as pilot:
        await eventually(lambda: app.states)
        app.job_run = replace(run, id="")
        await app.push_screen(RunScreen())
        await pilot.pause()
        await eventually(lambda: " 50 %" in text_of(app))
        assert ("all together" in text_of(app)) is several
        assert ("12 MB in 2.0 s" in text_of(app)) is several
