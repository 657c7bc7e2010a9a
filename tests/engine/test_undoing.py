"""Taking a run back: backwards, each step verified, stopped where one cannot be."""

from collections import Counter
from dataclasses import replace
from typing import Any

from console.engine import transitions
from console.engine.undoing import Back, next_back
from console.model.plan import Plan
from console.model.run import Choice, RunRecord, RunState, StepState
from tests.engine.fake_site import Effect, Site
from tests.engine.fakes import Console
from tests.engine.plans import command, manual, plan_of, wait, write
from tests.engine.warp import warped


def _site() -> Site:
    site = Site()
    site.does("attach", adds=("attached",))
    site.does("detach", removes=("attached",), takes=2.0)
    site.does("label", adds=("labelled",))
    site.does("clear", removes=("labelled",))
    return site


def _plan(**last: Any) -> Plan:
    return plan_of(
        command("attach", "attach", undo={"text": "detach", "expects": ("not attached",)}),
        command("label", "label", node="web-b", undo={"text": "clear", "expects": ("not labelled",)}),
        command("look", "look", risk="read"),
        wait("wait", ["attached"]),
        command("last", "last", **{"undo": {"none_needed": "it only starts a copy"}, **last}),
    )


def _texts(site: Site) -> list[str]:
    return [text for _, text in site.executed]


async def _applied(site: Site, plan: Plan) -> RunRecord:
    return await Console(site).runner.apply(plan)


def test_steps_are_taken_back_last_first_and_verified() -> None:
    site = _site()

    async def main() -> tuple[RunRecord, Console]:
        run = await _applied(site, _plan())
        console = Console(site)
        return await console.runner.undo(run.id), console

    run, console = warped(main())
    assert run.state is RunState.UNDONE
    assert {s.state for s in run.steps} == {StepState.UNDONE}
    assert _texts(site)[-2:] == ["clear", "detach"]
    assert site.flags == set()
    assert run.safe_state == transitions.START
    assert run.steps[4].why == "nothing to take back: it only starts a copy"
    assert [q.text for q in console.operator.asked] == [
        "Take back “do label” on web-b?",
        "Take back “do attach” on web-a?",
    ]
    assert [q.takes_back for q in console.operator.asked] == ["clear", "detach"]
    assert not any(node.lock for node in site.nodes.values())


def test_what_was_so_already_behind_a_step_that_was_taken_back_does_not_tell_how_the_pair_is_left() -> None:
    run = replace(transitions.begun(_plan(), "r", "me", 0.0), state=RunState.STOPPED)
    first, second, *_ = (step.id for step in run.plan.steps)
    run = transitions.took_effect(run, first, StepState.DONE, "", 1.0)
    run = transitions.took_effect(run, second, StepState.ALREADY_SO, "as it was", 2.0)
    assert transitions.undone(run, first, "taken back", 3.0).safe_state == transitions.START


def test_a_destroying_step_without_undo_stops_the_chain() -> None:
    site = _site()

    async def main() -> RunRecord:
        run = await _applied(site, _plan(undo=None, risk="destroys", confirm="web-a:md0"))
        return await Console(site).runner.undo(run.id)

    run = warped(main())
    assert run.state is RunState.STOPPED
    assert run.why == "not taken back further: “do last” cannot be taken back: it has no undo"
    assert site.flags == {"attached", "labelled"}


def test_an_undo_that_does_not_bring_the_state_back_stops_the_chain() -> None:
    site = _site()
    site.does("clear")

    async def main() -> RunRecord:
        run = await _applied(site, _plan())
        return await Console(site).runner.undo(run.id)

    run = warped(main())
    assert run.state is RunState.STOPPED
    assert "the undo of “do label” ended, but not labelled does not hold" in run.why
    assert run.safe_state == "after label"


def test_an_undo_that_failed_is_tried_again_as_a_job_of_its_own() -> None:
    site = _site()
    site.does("clear", Effect(exit=1), Effect(removes=("labelled",)))

    async def main() -> tuple[RunRecord, RunRecord]:
        run = await _applied(site, _plan())
        first = await Console(site).runner.undo(run.id)
        return first, await Console(site).runner.undo(run.id)

    first, second = warped(main())
    assert first.state is RunState.STOPPED
    assert "exit 1" in first.why
    assert second.state is RunState.UNDONE
    assert {f"{second.id}.label.undo", f"{second.id}.label.undo.2"} < set(site.nodes["web-b"].jobs)


def test_a_failed_step_offers_undo_and_what_did_not_take_effect_is_not_run() -> None:
    site = _site()
    site.does("label", exit=1)

    async def main() -> RunRecord:
        console = Console(site)
        console.operator.answers = [Choice.UNDO]
        return await console.runner.apply(_plan())

    run = warped(main())
    assert run.state is RunState.UNDONE
    assert _texts(site) == ["attach", "label", "detach"]
    assert run.steps[1].why == "it failed without effect"


def test_the_operator_may_leave_a_step_as_it_is() -> None:
    site = _site()

    async def main() -> RunRecord:
        run = await _applied(site, _plan())
        console = Console(site)
        console.operator.answers = [Choice.GO, Choice.CANCEL]
        return await console.runner.undo(run.id)

    run = warped(main())
    assert run.state is RunState.STOPPED
    assert "the operator leaves “do attach” as it is" in run.why
    assert [s.state.value for s in run.steps[:2]] == ["done", "undone"]
    assert run.safe_state == "after attach"


def test_a_run_taken_back_in_part_is_resumed_from_there() -> None:
    site = _site()

    async def main() -> RunRecord:
        run = await _applied(site, _plan(guards=("labelled",)))
        console = Console(site)
        console.operator.answers = [Choice.GO, Choice.CANCEL]
        await console.runner.undo(run.id)
        assert site.flags == {"attached"}
        return await Console(site).runner.resume(run.id)

    run = warped(main())
    assert run.state is RunState.DONE
    assert site.flags == {"attached", "labelled"}
    assert Counter(_texts(site)) == {"attach": 1, "label": 2, "clear": 1, "look": 2, "last": 2}


def test_an_undo_killed_anywhere_and_begun_again_runs_each_undo_once() -> None:
    async def main(point: int | None) -> tuple[Site, RunRecord, int]:
        site = _site()
        applied = await _applied(site, _plan())
        console = Console(site, die_at=point)
        run = await console.until_killed(lambda runner: runner.undo(applied.id))
        if run is None:
            kept = next(iter(await console.journal.runs()))
            if kept.state is RunState.UNDONE:
                return site, kept, 0
            run = await Console(site).runner.undo(applied.id)
        return site, run, console.life.points

    _, _, points = warped(main(None))
    assert points > 30
    for point in range(1, points + 1):
        site, run, _ = warped(main(point))
        assert run.state is RunState.UNDONE, f"killed at {point}: {run.why}"
        assert Counter(_texts(site))["clear"] == Counter(_texts(site))["detach"] == 1
        assert site.flags == set()
        assert not any(node.lock for node in site.nodes.values())


def test_an_undo_whose_launch_was_lost_keeps_its_job_id() -> None:
    async def main(when: str) -> tuple[Site, RunRecord]:
        site = _site()
        run = await _applied(site, _plan())
        launches = site.calls.count("web-b.launch")

        def at_the_undo(record: RunRecord) -> None:
            if record.steps[1].undoing and site.lose_at is None:
                site.lose_at = (site.hand_calls + 1, when)

        console = Console(site)
        console.operator.hears = at_the_undo
        undone = await console.runner.undo(run.id)
        assert site.calls.count("web-b.launch") == launches + (2 if when == "before" else 1)
        return site, undone

    for when in ("before", "after"):
        site, run = warped(main(when))
        assert run.state is RunState.UNDONE
        assert [job for job in site.nodes["web-b"].jobs if "undo" in job] == [f"{run.id}.label.undo"]


def _state(step: dict[str, Any], state: StepState, **values: Any) -> RunRecord:
    run = transitions.begun(plan_of(step), "R", "root@jump", 0.0)
    return transitions.changed(run, step["id"], state=state, **values)


def test_what_is_taken_back_next() -> None:
    undo = {"text": "back"}
    cases = [
        (command("s", "x", undo=undo), StepState.DONE, Back.RUN),
        (command("s", "x", undo=undo), StepState.ALREADY_SO, Back.ALL),
        (command("s", "x", undo=undo), StepState.PENDING, Back.ALL),
        (command("s", "x", undo=undo), StepState.REFUSED, Back.ALL),
        (command("s", "x", undo=undo), StepState.UNKNOWN, Back.STUCK),
        (command("s", "x", undo=undo), StepState.INTERRUPTED, Back.STUCK),
        (command("s", "x", undo=undo), StepState.RUNNING, Back.STUCK),
        (command("s", "x", undo=undo), StepState.FAILED, Back.STUCK),
        (command("s", "x", undo={**undo, "expects": ("so",)}), StepState.FAILED, Back.RUN),
        (command("s", "x", undo={**undo, "however_far": True}), StepState.FAILED, Back.RUN),
        (command("s", "x", undo={**undo, "however_far": True}), StepState.UNKNOWN, Back.STUCK),
        (command("s", "x", undo={"none_needed": "no"}), StepState.FAILED, Back.MARK),
        (command("s", "x"), StepState.DONE, Back.STUCK),
        (command("s", "x", risk="read"), StepState.DONE, Back.MARK),
        (wait("s", ["so"]), StepState.DONE, Back.MARK),
        (wait("s", ["so"]), StepState.FAILED, Back.ALL),
        (manual("s", "Pull"), StepState.DONE, Back.MARK),
        (write("s", "/etc/x", "x"), StepState.DONE, Back.STUCK),
        (write("s", "/etc/x", "@SECRET:x@"), StepState.DONE, Back.STUCK),
    ]
    for step, state, back in cases:
        assert next_back(_state(step, state)).do is back, (step, state)
    # An attempt before this one failed: what it did stands, whatever came of the next one.
    told = command("s", "x", undo={**undo, "expects": ("so",)})
    for state in (StepState.PENDING, StepState.REFUSED, StepState.ALREADY_SO):
        assert next_back(_state(told, state, tried=True)).do is Back.RUN, state
    written = _state(write("s", "/etc/x", "x"), StepState.DONE, out="kept /etc/x.before-R\n")
    assert next_back(written).do is Back.RUN
    assert "mv -f" in next_back(written).text


def test_what_a_failed_attempt_did_is_taken_back_where_the_next_one_was_refused() -> None:
    site = _site()
    site.flags |= {"up"}
    site.does("mount", adds=("mounted",), removes=("up",), exit=1)
    site.does("unmount", removes=("mounted",))
    undo = {"text": "unmount", "expects": ("not mounted",)}
    plan = plan_of(command("mount", "mount", guards=("up",), expects=("mounted",), undo=undo, always=True))

    async def main() -> tuple[RunRecord, RunRecord]:
        first = Console(site)
        first.operator.answers = [Choice.RETRY]
        stopped = await first.runner.apply(plan)
        return stopped, await Console(site).runner.undo(stopped.id)

    stopped, undone = warped(main())
    assert stopped.steps[0].state is StepState.REFUSED
    assert undone.state is RunState.UNDONE
    assert _texts(site) == ["mount", "unmount"]


def test_a_failed_step_whose_undo_expects_nothing_of_its_effect_is_taken_back_all_the_same() -> None:
    # Half of the services stopped, or a line written: that the node answers does not rule it out.
    site = _site()
    site.flags |= {"up"}
    site.does("stop", adds=("half-stopped",), exit=1)
    site.does("start", removes=("half-stopped",))
    plan = plan_of(command("stop", "stop", guards=("up",), undo={"text": "start", "expects": ("up",)}))

    async def main() -> RunRecord:
        console = Console(site)
        console.operator.answers = [Choice.UNDO]
        return await console.runner.apply(plan)

    run = warped(main())
    assert _texts(site) == ["stop", "start"]
    assert site.flags == {"up"}
    assert run.state is RunState.UNDONE


def test_what_held_before_the_step_is_no_evidence_that_it_had_no_effect() -> None:
    site = _site()
    site.flags |= {"up"}
    site.does("record", adds=("recorded",))
    site.does("forget", removes=("recorded",))
    step = command(
        "record", "record", guards=("up",), expects=("same",), undo={"text": "forget", "expects": ("up",)}
    )

    async def main() -> RunRecord:
        console = Console(site)
        console.operator.answers = [Choice.UNDO]
        return await console.runner.apply(plan_of(step))

    run = warped(main())
    assert _texts(site) == ["record", "forget"]
    assert site.flags == {"up"}
    assert run.state is RunState.UNDONE
