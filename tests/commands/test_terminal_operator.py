"""The operator on a plain terminal: --yes never destroys, a typed name is exact, changes are told once."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.commands.plan_text import plan_text
from console.commands.terminal_operator import TerminalOperator
from console.model.run import Choice, Question, RunRecord, RunState, StepRecord, StepState
from playbooks import fail_back, stop_pair
from tests.health.building import healthy


def operator(
    *answers: str, yes: bool = False, take_over: bool = False
) -> tuple[TerminalOperator, list[str], Callable[[], int]]:
    """An operator who types `answers`, what was shown, and how many questions were typed to."""
    said, shown = list(answers), list[str]()
    asked = 0

    def ask(prompt: str) -> str:
        nonlocal asked
        asked += 1
        shown.append(prompt)
        return said.pop(0) if said else ""

    return TerminalOperator(yes=yes, take_over=take_over, show=shown.append, ask=ask), shown, lambda: asked


PLAIN = Question(run="r", step="s", text="Go on?")
DESTROYS = Question(run="r", step="s", text="Overwrite?", typed="web-a:md0", destroys=True)
BY_HAND = Question(run="r", step="s", text="Pull the plug of web-b.", by_hand=True)
TROUBLE = Question(run="r", step="s", text="What now?", choices=(Choice.CANCEL, Choice.RETRY, Choice.UNDO))
LOCKED = Question(run="r", step=None, text="Take over?", choices=(Choice.CANCEL, Choice.TAKE_OVER))


async def test_yes_answers_a_plain_question_without_asking() -> None:
    someone, _, asked = operator(yes=True)
    assert await someone.decide(PLAIN) is Choice.GO
    assert asked() == 0


@pytest.mark.parametrize("question", [DESTROYS, BY_HAND, TROUBLE, LOCKED])
async def test_yes_answers_nothing_that_destroys_or_only_a_person_can_know(question: Question) -> None:
    someone, _, _ = operator(yes=True)
    assert await someone.decide(question) is Choice.CANCEL


@pytest.mark.parametrize("typed", ["", "yes", "web-a:md", "web-a:md0 ", "WEB-A:MD0", "web-b:md0"])
async def test_only_the_exact_name_destroys(typed: str) -> None:
    someone, _, _ = operator(typed)
    assert await someone.decide(DESTROYS) is Choice.CANCEL
    someone, _, _ = operator("web-a:md0")
    assert await someone.decide(DESTROYS) is Choice.GO


async def test_a_choice_is_taken_by_its_word_and_anything_else_is_the_safe_one() -> None:
    someone, _, _ = operator("retry")
    assert await someone.decide(TROUBLE) is Choice.RETRY
    for odd in ("", "ret", "go", "take over"):
        someone, _, _ = operator(odd)
        assert await someone.decide(TROUBLE) is Choice.CANCEL


async def test_a_stale_lock_is_only_asked_about_with_take_over() -> None:
    someone, shown, asked = operator("take over")
    assert await someone.decide(LOCKED) is Choice.CANCEL
    assert asked() == 0
    assert any("--take-over" in line for line in shown)
    someone, _, _ = operator("take over", take_over=True)
    assert await someone.decide(LOCKED) is Choice.TAKE_OVER


async def test_a_plan_is_begun_only_by_yes() -> None:
    plan = a_run().plan
    for typed, begins in (("yes", True), ("y", False), ("", False), ("no", False)):
        someone, _, _ = operator(typed)
        assert await someone.begins(plan) is begins
    someone, _, asked = operator(yes=True)
    assert await someone.begins(plan)
    assert asked() == 0


def a_run() -> RunRecord:
    snapshot = healthy()
    job = stop_pair.JOB
    plan = job.plan(snapshot, job.answers.model_validate(job.defaults(snapshot)))
    return RunRecord(
        "a-run", plan, "me@here", RunState.RUNNING, 0.0, steps=tuple(StepRecord(s.id) for s in plan.steps)
    )


def with_step(run: RunRecord, **changes: object) -> RunRecord:
    return replace(run, steps=(replace(run.steps[0], **changes), *run.steps[1:]))  # type: ignore[arg-type]


def test_each_change_and_each_line_of_output_is_told_once() -> None:
    someone, shown, _ = operator()
    run = with_step(a_run(), state=StepState.RUNNING, started=1.0)
    someone.tell(run)
    someone.tell(run)
    for out in ("one\n", "one\nStarting free", "one\nStarting freevrrpd.\nthe e"):
        run = with_step(run, out=out)
        someone.tell(run)
    run = with_step(run, out="one\nStarting freevrrpd.\nthe end")
    someone.tell(with_step(run, state=StepState.DONE, ended=2.5))
    someone.tell(with_step(run, state=StepState.DONE, ended=2.5))
    said = [line.strip() for line in shown if "| " in line]
    assert said == ["| one", "| Starting freevrrpd.", "| the end"]
    assert sum("done 1.5 s" in line for line in shown) == 1
    assert sum(run.plan.steps[0].title in line for line in shown) == 1


@pytest.mark.parametrize("then", [StepState.RUNNING, StepState.DONE])
def test_what_a_quick_step_prints_stands_under_its_title(then: StepState) -> None:
    someone, shown, _ = operator()
    early = with_step(a_run(), state=StepState.INTENDED, started=1.0, out="one\n")
    someone.tell(early)
    someone.tell(with_step(early, state=then))
    someone.tell(with_step(early, state=StepState.DONE, ended=1.1))
    title, line = (
        next(n for n, said in enumerate(shown) if words in said)
        for words in (early.plan.steps[0].title, "| one")
    )
    assert title < line


def test_what_was_done_before_the_run_was_taken_up_is_not_told_as_if_it_happened_now() -> None:
    someone, shown, _ = operator()
    done = with_step(a_run(), state=StepState.DONE, started=1.0, ended=2.0, out="one\n")
    someone.tell(done)
    assert sum(f"1 of {len(done.steps)} steps were done before" in line for line in shown) == 1
    assert not any(done.plan.steps[0].title in line or "| one" in line for line in shown)
    someone.tell(with_step(done, state=StepState.UNDONE))
    (undone,) = (line for line in shown if "undone" in line)
    assert " s" not in undone.removeprefix(f"  1 {done.steps[0].id}"), "no time: it began with the step"


def test_hostile_output_is_shown_inert() -> None:
    someone, shown, _ = operator()
    someone.tell(with_step(a_run(), state=StepState.RUNNING, out="\x1b]0;owned\x07\n"))
    assert not any("\x1b" in line or "\x07" in line for line in shown)


def test_a_plan_on_paper_hides_nothing() -> None:
    snapshot = healthy()
    plan = stop_pair.JOB.plan(snapshot, stop_pair.JOB.answers())
    text = plan_text(plan)
    for step in plan.steps:
        assert step.title in text
        for line in getattr(step.action, "text", "").splitlines():
            assert line in text
        for name in (*step.guards, *step.expects):
            assert name in text
    assert fail_back.JOB.name not in text
