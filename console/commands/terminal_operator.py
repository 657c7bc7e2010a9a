"""The operator on a plain terminal: the run printed as it goes, questions answered by typing."""

import asyncio
import getpass
import sys
from collections.abc import Callable

from console.commands.plan_text import direction_lines
from console.model.plan import Plan
from console.model.run import Choice, Question, RunRecord, StepRecord, StepState
from console.ssh.text import inert

_TOLD = {
    StepState.DONE: "done",
    StepState.ALREADY_SO: "already so",
    StepState.FAILED: "FAILED",
    StepState.UNKNOWN: "UNKNOWN",
    StepState.INTERRUPTED: "INTERRUPTED",
    StepState.REFUSED: "REFUSED",
    StepState.UNDONE: "undone",
    StepState.RUNNING: "running",
}


class TerminalOperator:
    """Prints each change once. `yes` answers what neither destroys nor has to be typed, and nothing else."""

    def __init__(
        self,
        *,
        yes: bool = False,
        take_over: bool = False,
        show: Callable[[str], None] = print,
        ask: Callable[[str], str] | None = None,
    ) -> None:
        self._yes = yes
        self._take_over = take_over
        self._show = show
        self._ask = ask or _typed
        self._told: dict[str, StepState] = {}
        self._printed: dict[str, tuple[int, int]] = {}
        self._percent: dict[str, int] = {}
        self._plan: Plan | None = None
        self.left: str | None = None
        """How the pair is left where the run has begun a step, as it was told last."""

    async def begins(self, plan: Plan) -> bool:
        """Whether to carry out a plan that was just shown."""
        if self._yes:
            return True
        said = await asyncio.to_thread(self._ask, f"carry out {plan.job} on {plan.pair}? (yes/no) ")
        return said.strip() == "yes"

    async def decide(self, question: Question) -> Choice:
        """Ask on the terminal; without one, and for anything not understood, the safe choice."""
        self._show("")
        if question.shows_direction and self._plan is not None and self._plan.direction is not None:
            for line in direction_lines(self._plan.direction, question.direction_facts):
                self._show(inert(line))
        self._show(inert(question.text))
        for line in question.takes_back.splitlines():
            self._show(inert(f"  run  {line}"))
        safe = question.choices[0]
        plain = question.typed is None and not (question.destroys or question.by_hand)
        if question.typed is not None:
            said = await asyncio.to_thread(
                self._ask, f"  type {inert(question.typed)} to go on, anything else to stop: "
            )
            return Choice.GO if said == question.typed else safe
        if plain and self._yes and question.choices == (Choice.CANCEL, Choice.GO):
            self._show("  go (--yes)")
            return Choice.GO
        if Choice.TAKE_OVER in question.choices and not self._take_over:
            self._show("  not asked: --take-over was not given")
            return safe
        words = ", ".join(choice.value for choice in question.choices)
        said = (await asyncio.to_thread(self._ask, f"  {words}? [{safe.value}] ")).strip().lower()
        return next((choice for choice in question.choices if choice.value == said), safe)

    async def secret(self, name: str, prompt: str) -> str | None:
        """Ask without echo; empty, or without a terminal, None: one is generated."""
        if not sys.stdin.isatty():
            return None
        return await asyncio.to_thread(getpass.getpass, f"  {inert(prompt)} (empty: generate one): ") or None

    def tell(self, run: RunRecord) -> None:
        """Print what is new."""
        if self._plan is None:
            self._plan = run.plan
            self._show(f"run {run.id} by {run.operator}")
            self._pass_over(run)
        if any(step.started is not None for step in run.steps):
            self.left = run.safe_state
        for number, record in enumerate(run.steps, start=1):
            self._step(number, record, run)

    def _pass_over(self, run: RunRecord) -> None:
        """What was done before this console took the run up is not told as if it happened now."""
        behind = [record for record in run.steps if record.state in (StepState.DONE, StepState.ALREADY_SO)]
        for record in behind:
            self._told[record.id] = record.state
            self._printed[record.id] = (len(record.out), len(record.err))
        if behind:
            self._show(
                f"    {len(behind)} of {len(run.steps)} steps were done before: mirrorgate report {run.id}"
            )

    def _step(self, number: int, record: StepRecord, run: RunRecord) -> None:
        if record.state is StepState.INTENDED:
            # A quick step prints before it is seen running: its lines come under its title.
            return
        before = self._told.get(record.id)
        if record.state in _TOLD and before is not record.state:
            self._told[record.id] = record.state
            title = f"{number:>3} {record.id}: {inert(run.plan.step(record.id).title)}"
            if record.state is StepState.RUNNING:
                self._show(title)
            else:
                if before is None and (record.out or record.err):
                    self._show(title)
                took = (
                    f" {record.ended - record.started:.1f} s"
                    if record.started is not None
                    and record.ended is not None
                    and record.state is not StepState.UNDONE  # it began with the step itself
                    else ""
                )
                why = f": {inert(record.why)}" if record.why else ""
                self._output(record)
                self._show(f"{number:>3} {record.id} {_TOLD[record.state]}{took}{why}")
                return
        self._output(record)
        if record.percent is not None and record.state is StepState.RUNNING:
            tenth = record.percent // 10
            if self._percent.get(record.id) != tenth:
                self._percent[record.id] = tenth
                left = f", {record.eta:.0f} s left" if record.eta is not None else ""
                self._show(f"    {record.percent} %{left}")

    def _output(self, record: StepRecord) -> None:
        out, err = self._printed.get(record.id, (0, 0))
        self._printed[record.id] = self._lines(record, record.out, out), self._lines(record, record.err, err)

    def _lines(self, record: StepRecord, kept: str, at: int) -> int:
        """Print what is new in `kept`, and how far that came: a line is printed once it is whole."""
        goes_on = record.state in (StepState.RUNNING, StepState.INTENDED)
        end = kept.rfind("\n") + 1 if goes_on else len(kept)
        for line in kept[at:end].splitlines():
            self._show(f"    | {inert(line)}")
        return max(at, end)


def _typed(prompt: str) -> str:
    if not sys.stdin.isatty():
        return ""
    try:
        return input(prompt)
    except EOFError:
        return ""
