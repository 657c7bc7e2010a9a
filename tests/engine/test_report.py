"""A report says all of a run, and text from a node is only text in it."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from console.engine.inert_markdown import cell, fenced, inline
from console.engine.proven import after_outages
from console.engine.report import as_json, as_markdown
from console.engine.run_summary import compared, deviations, outcome, verified
from console.model.run import Checked, RunEvent, RunRecord, RunState, StepState
from console.model.words import Answer
from tests.engine.any_run import EVIL, TEXT, histories
from tests.engine.sample_runs import drill, failed_drill, two_outages

GOLDEN = Path(__file__).parent / "golden"
NASTY = (
    "# heading",
    "[x](http://evil.example)",
    "https://evil.example",
    "www.evil.example",
    "see evil.com now",
    "root@evil.example",
    "<b>html</b><script>x</script>",
    "![i](x)",
    "```",
    "````\n# out\n````",
    "| a | b |",
    "a | b `c` \\| d",
    "**bold** _em_ ~~s~~",
    "1. one",
    "- item",
    "> quote",
    "---",
    "===",
    "&amp; &#35;",
    "\\`x`",
    "` `` ```",
    "[r]: http://evil.example",
    "\x1b]8;;http://evil.example\x07x",
    "a\rb\u2028# c",
    "    indented",
    EVIL,
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()


def golden(name: str, text: str) -> None:
    """Compare with the stored report; MIRRORGATE_GOLDEN=write stores it anew."""
    path = GOLDEN / name
    if os.environ.get("MIRRORGATE_GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text


def test_a_drill_that_ended_well_reads_as_it_did() -> None:
    golden("drill.md", as_markdown(drill(2, mount=0.95), [drill(0), drill(1, mount=0.7), failed_drill(3)]))


def test_a_drill_that_failed_reads_as_it_did() -> None:
    golden("failed-drill.md", as_markdown(failed_drill(1), [drill(0)]))


def tokens(markdown: str) -> list[Token]:
    """Every token a GitHub-like renderer sees, inline ones included."""
    parser = MarkdownIt("gfm-like")
    return [token for block in parser.parse(markdown) for token in (block, *(block.children or ()))]


def shape(markdown: str) -> list[str]:
    """What kinds of tokens there are, without the words in them."""
    return [
        token.type for token in tokens(markdown) if token.type not in ("text", "code_inline", "softbreak")
    ]


@pytest.mark.parametrize("nasty", NASTY)
def test_no_text_means_anything_in_a_line_a_cell_or_a_block(nasty: str) -> None:
    assert shape(f"- x: {inline(nasty)}\n") == shape("- x: y\n")
    assert shape(inline(nasty) + "\n") == shape("y\n")
    table = "| a | b |\n| --- | --- |\n| {} | z |\n"
    assert shape(table.format(cell(nasty))) == shape(table.format("y"))
    block = "\n".join(["before", "", *fenced(nasty), "", "after", ""])
    assert shape(block) == shape("before\n\n```\ny\n```\n\nafter\n")


@given(TEXT | st.text("`|\\[]()<>#*_~-\n @.:/w", max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_text_at_all_means_anything(text: str) -> None:
    assert shape(f"- x: {inline(text)}\n") == shape("- x: y\n")
    table = "| a | b |\n| --- | --- |\n| {} | z |\n"
    assert shape(table.format(cell(text))) == shape(table.format("y"))
    assert shape("\n".join(["x", "", *fenced(text), "", "z", ""])) == shape("x\n\n```\ny\n```\n\nz\n")


def poisoned(nasty: str) -> RunRecord:
    run = failed_drill(1)
    check = (Checked("slave-mounted", Answer.NO, nasty),)
    steps = tuple(
        replace(step, out=nasty, err=nasty, why=nasty, expects=check, guards=check) for step in run.steps
    )
    events = tuple(RunEvent(event.at, event.kind, nasty) for event in run.events)
    return replace(
        run, steps=steps, events=events, operator=nasty, why=nasty, safe_state=nasty, locks=(nasty,)
    )


@pytest.mark.parametrize("nasty", NASTY)
def test_a_nodes_words_cannot_forge_a_part_of_a_report(nasty: str) -> None:
    text = as_markdown(poisoned(nasty), [drill(0)])
    assert shape(text) == shape(as_markdown(poisoned("harmless"), [drill(0)]))
    assert not [
        token for token in tokens(text) if token.type in ("link_open", "image", "html_inline", "html_block")
    ]
    assert "\x1b" not in text
    assert "\u2028" not in text


@given(histories())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_run_has_a_report(history: list[RunRecord]) -> None:
    for run in history:
        as_markdown(run, history)
        json.dumps(as_json(run, history))


def test_the_zero_of_lost_markers_is_never_said_alone() -> None:
    text = as_markdown(drill())
    assert "0 of 412 acknowledged markers lost (not proof for a power cut at both sites)" in text
    assert "RPO 0" not in text
    assert "RPO" not in as_markdown(failed_drill())


def test_output_is_shown_from_its_end_and_says_so() -> None:
    run = drill()
    long = "".join(f"line {n}\n" for n in range(100))
    run = replace(run, steps=(replace(run.steps[0], out=long), *run.steps[1:]))
    text = as_markdown(run)
    assert "… 70 lines before are in the journal\nline 70\n" in text
    assert "line 69\n" not in text
    assert as_json(run)["steps"][0]["out"] == long  # type: ignore[index]  # a list of mappings


def test_what_was_not_simply_the_plan_is_named() -> None:
    run = failed_drill()
    steps = (
        replace(run.steps[0], state=StepState.ALREADY_SO, why="the canary runs"),
        run.steps[1],
        replace(run.steps[2], attempt=2),
        replace(run.steps[3], state=StepState.UNKNOWN, why="no answer for 60 s"),
        *run.steps[4:],
    )
    at = run.started
    events = (
        RunEvent(at, "answer", "Start? → go"),
        RunEvent(at, "lock", "web-a: the stale lock of root@old was broken by the operator"),
        RunEvent(at, "lock", "taken on web-a and web-b"),
        RunEvent(at, "answer", "Did attach take effect? → it is done"),
        RunEvent(at, "note", "resumed by eve@jump"),
    )
    assert deviations(replace(run, steps=steps, events=events)) == (
        "canary-start: skipped: the canary runs",
        "agree: the operator typed yes to: Users were told.",
        "release: attempt 2",
        "attach: how it ended is not known: no answer for 60 s",
        "mount: failed: exit status 1",
        "never begun: canary-read-acked to resync, 4 steps",
        "lock: web-a: the stale lock of root@old was broken by the operator",
        "answer: Did attach take effect? → it is done",
        "note: resumed by eve@jump",
    )


def test_what_was_typed_before_something_was_destroyed_is_told() -> None:
    assert "rebuild: the operator typed web-a:md0" in deviations(drill())
    assert not [line for line in deviations(failed_drill()) if "web-a:md0" in line]


def test_a_condition_that_was_turned_round_is_told_the_right_way() -> None:
    found = {v.name: v for v in verified(drill())}
    assert found["master-mounted"].answer is Answer.NO
    assert found["master-mounted"].truth == "mount"
    assert found["slave-mounted"].answer is Answer.YES
    assert found["slave-vrrp-master"].home == "slave"


def test_what_a_wait_waited_for_and_what_held_at_the_end_was_verified() -> None:
    found = {v.name: v for v in verified(drill())}
    assert (found["slave-mirror-running"].answer, found["slave-mirror-running"].step) == (
        Answer.YES,
        "attach",
    )
    assert (found["one-master"].answer, found["one-master"].step) == (Answer.YES, "at the end")
    assert "one-master" not in {v.name for v in verified(failed_drill())}


def test_the_last_reading_counts() -> None:
    run = failed_drill()
    late = replace(run.steps[8], guards=(Checked("slave-mounted", Answer.YES, "after all"),))
    found = {v.name: v for v in verified(replace(run, steps=(*run.steps[:8], late)))}
    assert found["slave-mounted"].answer is Answer.YES
    assert found["slave-mounted"].step == "resync"


@pytest.mark.parametrize("state", RunState)
def test_every_way_to_end_has_a_sentence(state: RunState) -> None:
    assert outcome(replace(failed_drill(), state=state))


def test_only_earlier_runs_of_the_job_on_the_pair_that_ended_well_are_compared() -> None:
    others = [drill(0, mount=1.0), drill(1, mount=3.0), drill(5), drill(1, pair="other"), failed_drill(1)]
    found = {one.name: one for one in compared(drill(2, mount=2.0), others)}
    mount = found["rto.mount"]
    assert (mount.previous, mount.best, mount.median, mount.runs) == pytest.approx((3.0, 1.0, 2.0, 2))
    assert mount.change == pytest.approx(-1.0)


def test_the_data_form_holds_the_whole_plan_and_is_json() -> None:
    told = as_json(drill(1), [drill(0)])
    again = json.loads(json.dumps(told))
    assert again["plan"]["steps"][2]["action"]["text"].startswith("umount")
    assert again["compared_with"] == [drill(0).id]
    assert again["lost_writes"].startswith("0 of 412")


def columns(markdown: str) -> list[str]:
    """What stands over the table of truths."""
    head = next(line for line in markdown.splitlines() if line.startswith("| truth"))
    return [word.strip() for word in head.strip("|").split("|")]


def test_each_outage_has_its_own_times_and_truths() -> None:
    text = as_markdown(two_outages(), [drill(-1)])
    first, second, rest = (text.index(f"### {head}") for head in ("Outage 1: Rel", "Outage 2: Ov", "Outside"))
    assert "### Outage 1: Release the service on web-a … Mount on web-b\n" in text
    assert "· mount " in text[first:second]
    assert "· copy " in text[second:rest]
    assert "copy" not in text[rest : text.index("## Lost writes")]
    assert columns(text) == ["truth", "where", "after outage 1", "after outage 2"]


def test_the_service_is_said_to_be_there_only_once_it_was_seen_back() -> None:
    assert "copy (service there)" in as_markdown(drill())
    run = drill()
    steps = tuple(
        replace(step, state=StepState.UNKNOWN) if step.id == "mount" else step for step in run.steps
    )
    text = as_markdown(replace(run, steps=steps))
    assert "copy (rest of the run)" in text
    assert "service there" not in text


def test_the_four_truths_are_those_read_last_since_the_outage_began() -> None:
    (after,) = after_outages(drill())
    told = {key: proven.words for key, proven in after.truths.items()}
    assert told == {
        ("VRRP role", "slave"): "MASTER",
        ("VRRP role", "master"): "BACKUP",
        ("address", "slave"): "held",
        ("mirror", "master"): "does not run",
        ("mirror", "slave"): "complete",
        ("mount", "slave"): "mounted",
        ("mount", "master"): "not mounted",
    }
    first, second = after_outages(two_outages())
    assert ("address", "slave") in first.truths
    assert ("address", "slave") not in second.truths


def test_a_weaker_reading_takes_nothing_away_and_a_contrary_one_does() -> None:
    def words(*checks: tuple[str, Answer]) -> str:
        run = drill()
        read = tuple(Checked(name, answer, "") for name, answer in checks)
        steps = tuple(replace(step, expects=read if step.id == "mount" else ()) for step in run.steps)
        plan = run.plan.model_copy(update={"expects": ()})
        (after,) = after_outages(replace(run, plan=plan, steps=steps))
        return after.truths["VRRP role", "slave"].words

    master = ("slave-vrrp-master", Answer.YES)
    assert words(master, ("slave-vrrp-runs", Answer.YES)) == "MASTER"
    assert words(master, ("slave-vrrp-runs", Answer.NO)) == "freevrrpd stopped"
    assert words(master, ("not slave-vrrp-master", Answer.UNKNOWN)) == "unknown"
    assert words(master, ("not slave-vrrp-master", Answer.YES)) == "not MASTER"


def test_an_outage_that_never_began_has_no_truths() -> None:
    run = failed_drill()
    plan = run.plan.model_copy(update={"outages": (("release", "mount"), ("rebuild", "resync"))})
    text = as_markdown(replace(run, plan=plan))
    assert columns(text) == ["truth", "where", "in outage 1", "outage 2"]
    assert "not reached" in text
