"""What is said of file systems on their way: only what is known, and of each one where it stands."""

from dataclasses import replace

import pytest

from console.model.disk_map import DiskMap, DrawnDisk
from console.model.plan import Command, Plan, PlanNode, Step, Undo
from console.model.run import RunRecord, RunState, StepRecord, StepState
from widgets.transfer_bars import transfer_lines, transfers

MB = 1 << 20


def step(id: str, total: int | None = None) -> Step:
    return Step(
        id=id,
        title=f"Copy {id}",
        why="x",
        node="web-a",
        action=Command(text="true\n", total=total),
        undo=Undo(none_needed="x"),
        leaves="x",
    )


STEPS = (
    step("divide"),
    step("move-root", 10 * MB),
    step("move-var", 40 * MB),
    step("move-usr", 50 * MB),
    step("verify-root"),
    step("verify-var"),
)
PLAN = Plan(
    id="0" * 16,
    job="migrate-disk",
    title="Move",
    pair="p",
    made="now",
    nodes=(
        PlanNode(name="web-a", home="master", host="a", image="/i"),
        PlanNode(name="web-b", home="slave", host="b", image="/i"),
    ),
    disks=DiskMap(source=DrawnDisk(host="web-a", name="ada0", size=MB)),
    steps=STEPS,
    ends="x",
)
DONE = StepRecord("move-root", StepState.DONE, 100.0, 104.0, moved=12 * MB, total=12 * MB, percent=100)
GOING = StepRecord(
    "move-var", StepState.RUNNING, 104.0, percent=25, moved=10 * MB, total=40 * MB, rate=2.0 * MB, eta=15.0
)


def run(*records: StepRecord, plan: Plan = PLAN) -> RunRecord:
    known = {one.id: one for one in records}
    steps = tuple(known.get(one.id, StepRecord(one.id)) for one in plan.steps)
    return RunRecord("r", plan, "me@here", RunState.RUNNING, 0.0, steps=steps)


def test_nothing_is_shown_before_the_first_of_them_or_for_another_job() -> None:
    assert transfer_lines(run(StepRecord("divide", StepState.RUNNING, 1.0)), 80) == []
    other = PLAN.model_copy(update={"disks": None})
    assert transfer_lines(run(GOING, plan=other), 80) == []


def test_one_is_done_one_goes_one_waits_and_all_together() -> None:
    done, going, waits, together = (line.plain for line in transfer_lines(run(DONE, GOING), 110))
    assert "12 MB in 4.0 s, 3 MB/s" in done
    assert " 25 %  10 MB of 40 MB  2 MB/s  15 s left" in going
    assert waits.rstrip().endswith("50 MB")
    # 22 of 12 + 40 + 50; the rest at 2 MB a second.
    assert " 21 %  22 MB of 102 MB  40 s left" in together


def test_what_is_not_known_is_not_made_up() -> None:
    unknown = replace(GOING, percent=None, moved=None, total=None, rate=None, eta=None)
    line = transfer_lines(run(unknown), 90)[1].plain
    assert "? %" in line
    assert "time left ?" in line
    assert "█" not in line


def test_the_next_kind_of_step_takes_the_place_of_the_last() -> None:
    records = [DONE, replace(GOING, state=StepState.DONE, ended=110.0)]
    records += [StepRecord("verify-root", StepState.RUNNING, 120.0, percent=40)]
    assert [one.step.id for one in transfers(run(*records))] == ["verify-root", "verify-var"]


def test_one_that_failed_says_why() -> None:
    failed = replace(GOING, state=StepState.FAILED, ended=110.0, why="exit 1: the target is full")
    assert "the target is full" in transfer_lines(run(DONE, failed), 100)[1].plain


@pytest.mark.parametrize("width", [20, 40, 60, 90, 200])
def test_no_line_is_wider_than_its_place(width: int) -> None:
    for line in transfer_lines(run(DONE, GOING), width):
        assert line.cell_length <= width


def test_of_very_many_those_around_the_one_under_way_are_shown() -> None:
    steps = tuple(step(f"move-{n}", MB) for n in range(40))
    plan = PLAN.model_copy(update={"steps": steps})
    lines = transfer_lines(run(replace(GOING, id="move-20"), plan=plan), 90)
    assert len(lines) <= 13
    assert any("25 %" in line.plain for line in lines)
