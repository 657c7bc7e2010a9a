"""What a run asks its operator. Pure; the safe answer is always the first."""

import re

from console.engine.machine import must_ask
from console.engine.transitions import record_of
from console.model.plan import Manual, Plan, Probe, Risk, Step
from console.model.run import Choice, Question, RunRecord, StepState


def _where(step: Step) -> str:
    """The step's node, unless its title says it."""
    if step.node is None or re.search(rf"(?<!\S){re.escape(step.node)}(?![\w.-])", step.title):
        return ""
    return f" on {step.node}"


def before(run: RunRecord, step: Step, direction_facts: tuple[tuple[str, str, str], ...] = ()) -> Question:
    """May the step be done, of a step that must be asked for."""
    action = step.action
    if isinstance(action, Manual):
        return Question(
            run=run.id,
            step=step.id,
            text=action.ask,
            typed=action.typed or step.confirm,
            by_hand=True,
            destroys=step.risk is Risk.DESTROYS,
            shows_direction=step.shows_direction,
            direction_facts=direction_facts,
        )
    return Question(
        run=run.id,
        step=step.id,
        text=f"{step.title}{_where(step)}? {step.why}",
        typed=step.confirm,
        destroys=step.risk is Risk.DESTROYS,
        shows_direction=step.shows_direction,
        direction_facts=direction_facts,
    )


def in_trouble(run: RunRecord, step: Step) -> Question:
    """What now, of a step that failed, or of which it is not known how it ended."""
    record = record_of(run, step.id)
    choices: tuple[Choice, ...] = (Choice.CANCEL, Choice.READ_AGAIN, Choice.HOLDS)
    if record.state is StepState.FAILED:
        choices = (Choice.CANCEL, Choice.RETRY, Choice.UNDO)
    elif record.state is StepState.INTERRUPTED:
        # The node booted: nothing of the job runs any more, so a second one is alone.
        choices = (Choice.CANCEL, Choice.READ_AGAIN, Choice.RETRY, Choice.HOLDS)
    return Question(
        run=run.id,
        step=step.id,
        text=f"“{step.title}”{_where(step)}: {record.state.value}, {record.why}. What now?",
        choices=choices,
    )


def undo(run: RunRecord, step: Step, text: str) -> Question:
    """May the step be taken back, by running `text` on its node."""
    destroys = step.risk is Risk.DESTROYS
    return Question(
        run=run.id,
        step=step.id,
        text=f"Take back “{step.title}”{_where(step)}?",
        typed=step.confirm if destroys else None,
        destroys=destroys,
        takes_back=text,
    )


def probes(plan: Plan, step: Step) -> tuple[Probe, ...]:
    """What is read on the nodes for the direction card of this step's question."""
    if plan.direction is None or not (step.shows_direction and must_ask(step)):
        return ()
    return (*plan.direction.source.probes, *plan.direction.target.probes)
