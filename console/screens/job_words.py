"""The lines over and under a run."""

import textwrap

from textual.content import Content

from console.model.plan import Plan, Risk
from console.model.run import RunRecord, RunState, StepState
from console.screens.jobs import JobRefused
from widgets.amounts import size, span
from widgets.drawn import words
from widgets.plain import one_line
from widgets.run_signs import EARLY, RUN_TONES, finished, run_word
from widgets.signs import Tone, mark


def head_line(run: RunRecord, now: float, width: int) -> Content:
    """Job and pair at the left; steps done, elapsed time and lock at the right."""
    left = Content.assemble(words(run.plan.job, "bold"), "  ", words(run.plan.pair))
    until = run.ended if run.ended is not None else now
    parts = [
        mark(RUN_TONES[run.state], run_word(run), loud=True),
        Content(f"{finished(run)} of {len(run.plan.steps)} steps done"),
        Content(span(until - run.started)),
    ]
    if run.locks:
        parts.append(words(f"lock: {', '.join(run.locks)}", "dim"))
    dot = Content.styled(" · ", "dim")
    while len(parts) > 2 and left.cell_length + dot.join(parts).cell_length + 2 > width:
        parts.pop()
    return beside(left, dot.join(parts), width)


def progress_line(run: RunRecord, width: int) -> Content | None:
    """The bar of a step that takes long and says how far it is."""
    now = next((r for r in run.steps if r.state is StepState.RUNNING and r.percent is not None), None)
    if now is None or now.percent is None:
        return None
    percent = max(0, min(100, now.percent))
    left = f"{span(now.eta)} left" if now.eta is not None else "time left ?"
    rate = f"  {size(int(now.rate))}/s" if now.rate else ""
    tail = Content.assemble((f"  {percent:>3} %", "bold"), rate, f"  {left}")
    room = max(4, min(60, width - tail.cell_length))
    done = room * percent // 100
    return Content.assemble(("█" * done, Tone.WORKING.style), ("░" * (room - done), "dim"), tail)


def ended_words(run: RunRecord) -> Content:
    """How it ended, what it left, and what can be done now."""
    tone = RUN_TONES[run.state]
    if run.state is RunState.DONE:
        return mark(tone, f"done: {one_line(run.plan.ends)}", loud=True)
    if run.state in EARLY:
        why = f": {one_line(run.why)}" if run.why else ""
        left = f" · left as: {one_line(run.safe_state)}" if run.safe_state else ""
        return Content.assemble(mark(tone, f"{run.state.value}{why}", loud=True), (left, "bold"))
    if run.state is RunState.UNDONE:
        return mark(tone, f"undone: {one_line(run.safe_state or 'as before')}", loud=True)
    doing = "asks there" if run.state is RunState.ASKING else "runs there"
    return mark(Tone.WORKING, f"another console on this machine has it: it {doing}", loud=True)


def refusal_words(refusal: JobRefused, *, begun: bool) -> list[Content]:
    """Why nothing was done, and what is different."""
    told = [mark(Tone.WARNING, one_line(str(refusal), 600), loud=True)]
    if refusal.changes:
        lines = [Content.assemble(("▸ ", "dim"), words(change)) for change in refusal.changes]
        told.append(Content("\n").join([Content.styled("changed since the plan was made:", "dim"), *lines]))
    again = "The run stays as it is." if begun else "Nothing was changed. Go back and make the plan anew."
    return [*told, Content.styled(again, "dim")]


def counted(number: int, one: str, several: str) -> str:
    """`1 step`, `3 steps`."""
    return f"{number} {one if number == 1 else several}"


def beside(left: Content, right: Content, width: int) -> Content:
    """Both ends of one line; the left one is cut first."""
    room = max(8, width - right.cell_length - 2)
    left = left.truncate(room, ellipsis=True)
    return Content.assemble(left, " " * max(2, width - left.cell_length - right.cell_length), right)


def plan_head(plan: Plan, width: int) -> Content:
    """What the plan does at the left; how many steps, and how many of them destroy, at the right."""
    destroys = sum(1 for step in plan.steps if step.risk is Risk.DESTROYS)
    parts = [
        Content(counted(len(plan.steps), "step", "steps")),
        mark(Tone.CRITICAL, counted(destroys, "destroys", "destroy"))
        if destroys
        else Content.styled("none destroys", "dim"),
    ]
    if plan.unchecked:
        parts.append(mark(Tone.UNKNOWN, f"{len(plan.unchecked)} not checked"))
    left = Content.assemble(words(plan.title, "bold"), "  ", words(plan.pair, "dim"))
    return beside(left, Content.styled(" · ", "dim").join(parts), width)


def order_text(plan: Plan, width: int) -> str:
    """Why the steps stand in this order, in lines of at most `width` cells."""
    parts = [
        _hanging(f"{n:>3}  {step.title}", width) + "\n" + _hanging(f"     {step.why}", width)
        for n, step in enumerate(plan.steps, start=1)
    ]
    return "\n\n".join([*parts, textwrap.fill(f"In the end: {plan.ends}", width)])


def reading_width(screen: int) -> int:
    """Cells for text that is read in a box on a screen of that width."""
    return max(30, min(100, screen - 12))


def _hanging(text: str, width: int) -> str:
    return textwrap.fill(text, width, subsequent_indent=" " * 5, break_on_hyphens=False)


def leaving_words(run: RunRecord) -> list[Content]:
    """What becomes of a run whose console is left."""
    resume = Content.assemble(words(f"mirrorgate resume {run.id}" if run.id else "mirrorgate resume", "bold"))
    return [
        Content.assemble(words(run.plan.title, "bold"), " is under way."),
        Content("The step that runs goes on on its node; no other is begun."),
        Content.assemble("Later ", resume, " picks it up, here or in another console."),
    ]
