"""Lines of runs, bars of phases and the drawn report, as plain values."""

from dataclasses import replace

import pytest

from console.engine.measures import with_measures
from console.engine.report import as_markdown
from console.model.run import RunState
from tests.engine.sample_runs import drill, failed_drill, two_outages
from widgets.phase_trend import bars, names, trend_line
from widgets.run_report import LINES, report_lines
from widgets.run_signs import RUN_TONES
from widgets.runs_table import run_line
from widgets.step_card import plan_lines


@pytest.mark.parametrize("state", RunState)
def test_every_outcome_fits_a_narrow_line_with_a_sign_and_a_word(state: RunState) -> None:
    line = run_line(replace(failed_drill(), state=state), 80).plain
    assert len(line.rstrip()) <= 77
    assert line.startswith(RUN_TONES[state].sign)
    assert (state.value if state is not RunState.ASKING else "asks") in line


def test_columns_stand_under_each_other_whatever_is_missing() -> None:
    whole, part = run_line(drill(), 160).plain, run_line(failed_drill(), 160).plain
    assert whole.index("root@jump") == part.index("root@jump")


def test_the_highest_bar_is_the_longest_time_and_nothing_is_a_dot() -> None:
    assert bars([1.0, None, 4.0, 2.0]) == ["▂", "·", "▇", "▄"]
    assert bars([0.0, 0.0]) == ["▁", "▁"]
    assert bars([None]) == ["·"]
    assert bars([]) == []


def test_phases_stand_in_the_order_of_the_plan() -> None:
    assert names([drill()]) == (
        "rto",
        "rto.release",
        "rto.check",
        "rto.mount",
        "rto.between",
        "phase.copy",
        "took",
    )
    assert names([failed_drill()]) == ("took",)
    assert names([]) == ()


def test_a_phase_that_is_in_the_outage_and_out_of_it_has_two_names() -> None:
    run = drill()
    both = replace(run, measures={**run.measures, "phase.release": 9.0})
    assert trend_line("rto.release", [both], both, "").plain.startswith("· release ")
    assert trend_line("phase.release", [both], both, "").plain.startswith("release, rest ")
    assert trend_line("phase.copy", [both], both, "").plain.startswith("copy ")


def test_a_time_far_above_the_median_is_loud() -> None:
    runs = [drill(n) for n in range(4)] + [drill(4, mount=9.0)]
    slow = trend_line("rto.mount", runs, runs[-1], "")
    usual = trend_line("rto.mount", runs, runs[0], "")
    assert any("warning" in str(span.style) for span in slow.spans)
    assert not any("warning" in str(span.style) for span in usual.spans)


def test_a_reports_prose_is_wrapped_and_what_a_node_printed_is_not() -> None:
    long = "x" * 50 + " " + "y" * 50
    run = drill()
    run = replace(run, why="w " * 60, steps=(replace(run.steps[0], out=long), *run.steps[1:]))
    run = replace(run, state=RunState.FAILED)
    lines = [line.plain for line in report_lines(as_markdown(run), 60)]
    assert f"│ {long}" in lines
    assert max(len(line) for line in lines if " w w " in line) <= 60
    assert not [line for line in lines if line.startswith("```")]


def test_a_heading_inside_output_is_no_heading() -> None:
    lines = report_lines("# real\n\n```\n# forged\n```\n", 60)
    assert [bool(line.spans) and "bold" in str(line.spans[0].style) for line in lines] == [True, False, False]
    assert lines[2].plain == "│ # forged"


def test_a_report_too_long_for_a_screen_says_so() -> None:
    lines = report_lines("x\n" * (LINES + 5), 60)
    assert len(lines) == LINES + 1
    assert lines[-1].plain == "… 5 more lines: mirrorgate report RUN"


def test_a_second_outage_stands_after_the_first_with_its_phases() -> None:
    run = with_measures(two_outages())
    found = names([run])
    assert found[:2] == ("rto", "rto.release")
    assert found[found.index("rto.2") + 1] == "rto.2.copy"
    assert trend_line("rto", [run], run, "").plain.startswith("service away 1 ")
    assert trend_line("rto.2", [run], run, "").plain.startswith("service away 2 ")
    assert trend_line("rto.2.copy", [run], run, "").plain.startswith("· copy ")


def test_a_plan_says_each_time_the_service_is_away() -> None:
    text = "\n".join(line.plain for line in plan_lines(two_outages().plan, 70))
    assert "the service is away from step 3 to step 5" in text
    assert "the service is away from step 8 to step 9" in text
