"""Signs and words of plans and runs: what a step can do, how far it is, how the run stands."""

from textual.content import Content

from console.model.plan import Risk
from console.model.run import RunRecord, RunState, StepRecord, StepState
from widgets.amounts import span
from widgets.plain import one_line
from widgets.signs import Tone, mark

STATE_SIGNS = {
    StepState.PENDING: (" ", ""),
    StepState.INTENDED: ("▶", Tone.WORKING.loud),
    StepState.RUNNING: ("▶", Tone.WORKING.loud),
    StepState.DONE: (Tone.OK.sign, Tone.OK.style),
    StepState.ALREADY_SO: (Tone.IDLE.sign, ""),
    StepState.FAILED: (Tone.CRITICAL.sign, Tone.CRITICAL.loud),
    StepState.UNKNOWN: (Tone.UNKNOWN.sign, Tone.WARNING.loud),
    StepState.INTERRUPTED: (Tone.WARNING.sign, Tone.WARNING.loud),
    StepState.REFUSED: (Tone.WARNING.sign, Tone.WARNING.loud),
    StepState.UNDONE: ("←", "dim"),
}
"""Sign and style of each state of a step."""

RUN_TONES = {
    RunState.RUNNING: Tone.WORKING,
    RunState.ASKING: Tone.WARNING,
    RunState.STOPPED: Tone.WARNING,
    RunState.DONE: Tone.OK,
    RunState.FAILED: Tone.CRITICAL,
    RunState.ABORTED: Tone.CRITICAL,
    RunState.UNDONE: Tone.IDLE,
}
ENDED = (RunState.STOPPED, RunState.DONE, RunState.FAILED, RunState.ABORTED, RunState.UNDONE)
"""States in which nothing is under way."""
EARLY = (RunState.STOPPED, RunState.FAILED, RunState.ABORTED)
"""Ended before the end: may be resumed or undone."""
FINISHED = (StepState.DONE, StepState.ALREADY_SO)

RISK_WORDS = {Risk.READ: "reads", Risk.CHANGES: "changes", Risk.DESTROYS: "destroys"}


def risk(of: Risk, *, word: bool) -> Content:
    """What a step can do: only destroying is loud."""
    if of is Risk.DESTROYS:
        return mark(Tone.CRITICAL, RISK_WORDS[of] if word else "", loud=True)
    if not word:
        return Content(" ")
    return Content.styled(f"  {RISK_WORDS[of]}", "dim")


_NO_TIME = (StepState.ALREADY_SO, StepState.UNDONE)
"""Not run, or ended when it was taken back."""


def took(record: StepRecord) -> str:
    """How long a step took, `0.1s` or `3 min 12 s`; empty before its end."""
    if record.started is None or record.ended is None or record.state in _NO_TIME:
        return ""
    seconds = max(0.0, record.ended - record.started)
    return f"{seconds:.1f}s" if seconds < 10 else span(seconds)


def finished(run: RunRecord) -> int:
    """How many of its steps are behind it."""
    return sum(1 for step in run.steps if step.state in FINISHED)


def run_word(run: RunRecord) -> str:
    """How it stands in one word."""
    return "asks" if run.state is RunState.ASKING else run.state.value


def chip(run: RunRecord) -> Content:
    """The run in a few cells, for the first line of every screen."""
    tone = RUN_TONES[run.state]
    far = f"{one_line(run.plan.job, 16)} {finished(run)}/{len(run.plan.steps)}"
    return mark(tone, far if run.state is RunState.RUNNING else f"{far} {run_word(run)}", loud=True)
