"""A job that has to know disks: they are read before its questions, and again for other machines."""

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import Field
from textual.pilot import Pilot
from textual.widgets import Button

from console.model.form import FirstJob, Form, JobInfo, Value, form_of
from console.screens.job_form import AnswersScreen
from console.screens.job_list import JobsScreen
from console.screens.job_plan import PlanScreen
from playbooks.job import Answers, CannotPlan
from tests.screens import sample
from tests.screens.fake_jobs import NO_ANSWERS, FakeJobs
from tests.screens.feeding import console, text_of
from tests.waiting import eventually
from widgets.answers_form import PlainInput

MOVE = JobInfo("move", "Move a disk", "A disk is too small.")


class MoveAnswers(Answers):
    source: str = Field("web-a", title="From")
    disk: str = Field("", title="To which disk")


class DiskJobs(FakeJobs):
    """Reads disks when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs = (MOVE,)
        self.reading: list[tuple[str, ...]] = []
        self.let = asyncio.Event()
        self.away = ""
        self.left = 0
        self.read: set[str] = set()

    def surveys(self, pair: str, job: str, values: Mapping[str, Value]) -> Sequence[str]:
        return (str(values.get("source") or "web-a"),)

    async def survey(self, pair: str, machines: Sequence[str]) -> None:
        self.reading.append(tuple(machines))
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        if self.away:
            raise CannotPlan(self.away)
        self.read.update(machines)

    def form(self, pair: str, job: str, values: Mapping[str, Value] = NO_ANSWERS) -> Form:
        source = str(values.get("source") or "web-a")
        assert source in self.read, "the form was made before the disks were read"
        return form_of(MOVE, MoveAnswers, {"source": source, "disk": f"ada1 of {source}"})


async def open_it(jobs: DiskJobs, pilot: Pilot[None]) -> None:
    await pilot.press("j")
    await pilot.pause()
    await pilot.press("enter")
    await eventually(lambda: jobs.reading)


async def test_the_disks_are_read_before_the_first_question_and_it_is_said() -> None:
    jobs = DiskJobs()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await open_it(jobs, pilot)
        assert "reading the disks of web-a…" in text_of(app)
        jobs.let.set()
        await eventually(lambda: isinstance(app.screen, AnswersScreen))
        await pilot.pause()
        assert "question 1 of 2" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "question 2 of 2" in text_of(app)
        assert "ada1 of web-a" in text_of(app)
        assert jobs.reading == [("web-a",)], "read once as long as the same machine is meant"
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("enter")
        await eventually(lambda: isinstance(app.screen, PlanScreen))


async def test_escape_ends_the_reading_and_goes_back_to_the_jobs() -> None:
    jobs = DiskJobs()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await open_it(jobs, pilot)
        await pilot.press("escape")
        await eventually(lambda: isinstance(app.screen, JobsScreen) and jobs.left == 1)


async def test_a_machine_that_is_not_reached_says_why_and_may_be_tried_again() -> None:
    jobs = DiskJobs()
    jobs.away = "web-a: [/x] does not answer; look at its power"
    jobs.let.set()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await open_it(jobs, pilot)
        await eventually(lambda: "web-a: [/x] does not answer; look at its power" in text_of(app))
        jobs.away = ""
        app.screen.query_one("#again", Button).press()
        await eventually(lambda: isinstance(app.screen, AnswersScreen))


async def test_another_machine_is_read_when_it_is_named_and_suggests_anew() -> None:
    jobs = DiskJobs()
    jobs.let.set()
    app = console(sample.healthy(), jobs=jobs)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await open_it(jobs, pilot)
        await eventually(lambda: isinstance(app.screen, AnswersScreen))
        await eventually(lambda: isinstance(app.focused, PlainInput))
        await pilot.press("end", "2", "enter")
        await eventually(lambda: jobs.reading == [("web-a",), ("web-a2",)])
        await eventually(lambda: "question 2 of 2" in text_of(app))
        assert "ada1 of web-a2" in text_of(app)


async def test_the_console_opens_with_a_job_and_the_answers_of_the_command_line() -> None:
    jobs = DiskJobs()
    jobs.let.set()
    app = console(sample.healthy(), jobs=jobs, first=FirstJob(MOVE, {"source": "web-b", "disk": "da7"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: isinstance(app.screen, AnswersScreen))
        assert jobs.reading == [("web-b",)]
        await pilot.pause()
        assert "web-b" in text_of(app)
        await pilot.press("enter")
        await eventually(lambda: "question 2 of 2" in text_of(app))
        assert "da7" in text_of(app)
