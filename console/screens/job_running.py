"""The one run of this console, from the operator's side: it outlives every screen that shows it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.model.plan import Plan
from console.model.run import Choice, Question, RunRecord, RunState, StepRecord
from console.screens.jobs import JobRefused, Jobs

if TYPE_CHECKING:
    from console.screens.showing import ConsoleApp

DRAWN_EVERY = 0.1
"""Seconds between two pictures of a run: a thousand lines a second must not stall the keys."""


@dataclass(frozen=True, slots=True)
class SecretAsked:
    """A secret the run wants, such as the VRRP password."""

    name: str
    prompt: str


def not_begun(plan: Plan, at: float) -> RunRecord:
    """What there is to draw of a run before the engine has said anything of it."""
    return RunRecord("", plan, "", RunState.RUNNING, at, steps=tuple(StepRecord(s.id) for s in plan.steps))


class Running:
    """Begins runs, and is the `Operator` the engine asks and tells."""

    def __init__(self, app: "ConsoleApp", jobs: Jobs) -> None:
        self._app = app
        self._jobs = jobs
        self._newest: RunRecord | None = None
        self._due = False
        self._drawn = 0.0
        self._one_at_a_time = asyncio.Lock()
        self._answer: asyncio.Future[Choice | str | None] | None = None
        self.stops = 0
        """How often the operator asked the run to stop."""

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self._app.job_busy

    def start(self, plan: Plan) -> None:
        """Run a plan."""
        self._begin(not_begun(plan, self._app.beat), lambda: self._jobs.apply(plan, self))

    def resume(self, run: RunRecord) -> None:
        """Go on with one that stopped."""
        self._begin(run, lambda: self._jobs.resume(run.id, self))

    def undo(self, run: RunRecord) -> None:
        """Take one back."""
        self._begin(run, lambda: self._jobs.undo(run.id, self))

    def stop(self) -> None:
        """End it in a safe state; again, insist."""
        if self.busy:
            self.stops += 1
            self._jobs.stop()

    def leave(self) -> None:
        """An ended run is no longer shown."""
        if not self.busy:
            self._app.job_run = None

    def _begin(self, shown: RunRecord, work: Callable[[], Awaitable[RunRecord]]) -> None:
        if not self.busy:
            self._app.job_busy, self.stops, self._newest = True, 0, None
            self._app.refusal = None
            self._app.job_run = shown
            # A worker of the app: it ends with the console, and with nothing before it.
            self._app.run_worker(self._whole(work), group="job")

    async def _whole(self, work: Callable[[], Awaitable[RunRecord]]) -> None:
        try:
            self._newest = await work()
        except JobRefused as why:
            self._app.refusal = why
        except OSError as why:
            self._app.refusal = JobRefused(f"the run could not go on: {why}")
        finally:
            self._app.job_busy = False
        self._publish()

    def tell(self, run: RunRecord) -> None:
        """Draw it soon; what comes in between is drawn with it."""
        self._newest = run
        if not self._due:
            self._due = True
            wait = self._drawn + DRAWN_EVERY - time.monotonic()
            asyncio.get_running_loop().call_later(max(0.0, wait), self._publish)

    def _publish(self) -> None:
        self._due = False
        self._drawn = time.monotonic()
        if self._newest is not None and self._app.is_running and self._app.job_run is not None:
            self._app.job_run = self._newest

    async def decide(self, question: Question) -> Choice:
        """Ask; a console that goes away answers nothing."""
        said = await self._ask(question)
        return said if isinstance(said, Choice) and said in question.choices else question.choices[0]

    async def secret(self, name: str, prompt: str) -> str | None:
        """Ask for a secret; None lets the engine make one."""
        said = await self._ask(SecretAsked(name, prompt))
        return said if isinstance(said, str) and not isinstance(said, Choice) else None

    async def _ask(self, asked: Question | SecretAsked) -> Choice | str | None:
        async with self._one_at_a_time:
            self._answer = asyncio.get_running_loop().create_future()
            # What the question is about is on the screen before it is asked.
            self._publish()
            self._app.question = asked
            try:
                return await self._answer
            finally:
                self._answer = None
                self._app.question = None

    def answer(self, asked: Question | SecretAsked, said: Choice | str | None) -> None:
        """The operator's answer to what is asked now; an answer to anything else is dropped."""
        if self._answer is not None and not self._answer.done() and self._app.question == asked:
            self._answer.set_result(said)
