"""Runs on a pair in memory: what is asked, refused, skipped, aborted, and how each ends."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from console.engine.runner import Refused
from console.model.job import HandsLost, JobState
from console.model.lineage import OperatorLock
from console.model.plan import Plan
from console.model.run import Choice, RunRecord, RunState, StepState
from tests.engine.fakes import (
    REFUSED,
    Console,
    Effect,
    FakeCopier,
    Site,
    command,
    manual,
    plan_of,
    transfer,
    wait,
)
from tests.engine.warp import START, warped


def states(run: RunRecord) -> list[str]:
    return [record.state.value for record in run.steps]


def apply(site: Site, plan: Plan, *answers: Choice, **values: Any) -> tuple[RunRecord, Console]:
    """A run from beginning to end, on a loop of its own."""

    async def main() -> tuple[RunRecord, Console]:
        console = Console(site, **values)
        console.operator.answers = list(answers)
        return await console.runner.apply(plan), console

    return warped(main())


def texts(site: Site) -> list[str]:
    return [text for _, text in site.executed]


def test_a_guard_that_does_not_hold_refuses_the_step_and_nothing_is_sent() -> None:
    site = Site()
    site.does("one", adds=("ready",))
    run, _ = apply(site, plan_of(command("one", "one"), command("two", "two", guards=("not ready",))))
    assert run.state is RunState.STOPPED
    assert states(run) == ["done", "refused"]
    assert run.steps[1].why == "not ready does not hold: not ready is not so"
    assert run.safe_state == "after one"
    assert texts(site) == ["one"]
    assert not any(node.lock for node in site.nodes.values())


def test_a_guard_that_is_unknown_is_read_again_and_then_refused_as_unknown() -> None:
    site = Site()
    site.flags, site.unknown = {"ready"}, {"ready"}
    run, _ = apply(site, plan_of(command("one", "one", guards=("ready",))))
    assert run.steps[0].why == "ready is unknown: ready was not read"
    assert site.calls.count("fresh") > 3
    assert site.executed == []


def test_a_guard_that_is_unknown_for_a_moment_is_waited_for() -> None:
    site = Site()
    site.flags, site.unknown = {"ready"}, {"ready"}

    async def main() -> RunRecord:
        asyncio.get_running_loop().call_later(2.0, site.unknown.clear)
        return await Console(site).runner.apply(plan_of(command("one", "one", guards=("ready",))))

    assert warped(main()).state is RunState.DONE


def test_a_step_whose_outcome_holds_already_is_skipped_unless_it_always_runs() -> None:
    site = Site()
    site.flags = {"up"}
    run, _ = apply(
        site,
        plan_of(command("one", "one", expects=("up",)), command("two", "two", expects=("up",), always=True)),
    )
    assert states(run) == ["already so", "done"]
    assert run.steps[0].why == "already so: up is so"
    assert texts(site) == ["two"]


def test_a_destroying_step_is_typed_and_the_pair_is_read_again_after_the_answer() -> None:
    site = Site()
    site.flags = {"stale"}
    plan = plan_of(command("rebuild", "rebuild", guards=("stale",), risk="destroys", confirm="web-a:md0"))

    async def main() -> tuple[RunRecord, Console]:
        console = Console(site)
        console.operator.hears = lambda run: site.flags.clear() if run.state is RunState.ASKING else None
        return await console.runner.apply(plan), console

    run, console = warped(main())
    (question,) = console.operator.asked
    assert question.typed == "web-a:md0"
    assert question.destroys
    assert question.choices[0] is Choice.CANCEL
    assert states(run) == ["refused"], "it was answered yes, but the guard no longer held"
    assert site.executed == []


def test_cancelling_a_question_stops_in_the_safe_state() -> None:
    site = Site()
    run, _ = apply(
        site,
        plan_of(command("one", "one"), command("two", "two", risk="destroys", confirm="web-a:md0")),
        Choice.CANCEL,
    )
    assert run.state is RunState.STOPPED
    assert run.safe_state == "after one"
    assert states(run) == ["done", "pending"]


def test_the_direction_card_is_read_when_it_is_shown_and_a_failed_probe_says_so() -> None:
    site = Site()
    side = {"node": "web-b", "component": "md0", "image": "/root/b.img"}
    probes = [
        {"label": "newest file", "node": "web-b", "text": "echo 01:56"},
        {"label": "last mount", "node": "web-b", "text": "dumpfs"},
        {"label": "files", "node": "web-a", "text": "hang"},
    ]
    plan = plan_of(
        command("one", "one", risk="destroys", confirm="web-a:md0", shows_direction=True),
        direction={
            "source": {**side, "probes": probes[:2]},
            "target": {**side, "node": "web-a", "probes": probes[2:]},
            "overwritten": "web-a:/root/a.img will be OVERWRITTEN",
        },
    )
    _, console = apply(site, plan)
    assert console.operator.asked[0].direction_facts == (
        ("web-b", "newest file", "01:56"),
        ("web-b", "last mount", "unknown: exit 1 no such thing"),
        ("web-a", "files", "unknown: no answer within 10 s"),
    )


def test_a_manual_step_is_asked_by_hand_and_verified() -> None:
    site = Site()
    plan = plan_of(manual("pull", "Pull the cable of web-b", expects=("pulled",)))

    async def main() -> tuple[RunRecord, Console]:
        console = Console(site)
        console.operator.hears = lambda run: site.flags.add("pulled")
        return await console.runner.apply(plan), console

    run, console = warped(main())
    assert states(run) == ["done"]
    assert console.operator.asked[0].by_hand


def test_a_failed_command_may_be_retried_as_a_job_of_its_own() -> None:
    site = Site()
    site.does("one", Effect(exit=1), Effect(adds=("up",)))
    run, console = apply(site, plan_of(command("one", "one", expects=("up",))), Choice.RETRY)
    assert run.state is RunState.DONE
    assert list(site.nodes["web-a"].jobs) == [f"{run.id}.one", f"{run.id}.one.2"]
    assert console.operator.asked[0].choices == (Choice.CANCEL, Choice.RETRY, Choice.UNDO)


def test_a_failed_command_that_is_left_ends_the_run_as_failed() -> None:
    site = Site()
    site.does("one", exit=3, out="No space left on device\n")
    run, _ = apply(site, plan_of(command("one", "one")))
    assert run.state is RunState.FAILED
    assert run.steps[0].why == "exit 3: No space left on device"


def test_a_command_that_ends_well_without_its_outcome_has_failed() -> None:
    site = Site()
    run, _ = apply(site, plan_of(command("one", "one", expects=("up",))))
    assert run.state is RunState.FAILED
    assert run.steps[0].why == "exit 0, but up does not hold: up is not so"
    ended = run.steps[0].ended
    assert ended is not None
    assert ended - START >= 15


def test_an_outcome_that_cannot_be_read_is_unknown_and_never_retried() -> None:
    site = Site()
    site.unknown = {"up"}
    run, console = apply(site, plan_of(command("one", "one", expects=("up",))))
    assert states(run) == ["unknown"]
    assert run.state is RunState.STOPPED
    assert Choice.RETRY not in console.operator.asked[0].choices


def test_a_killed_command_is_unknown_and_the_operator_may_state_that_it_is_done() -> None:
    site = Site()
    site.does("one", dies=True)
    run, _ = apply(site, plan_of(command("one", "one"), command("two", "two")), Choice.HOLDS)
    assert run.state is RunState.DONE
    assert run.steps[0].why == "the operator states that it is done"
    assert texts(site) == ["one", "two"]


def test_looking_again_at_a_killed_command_finds_what_it_brought_about() -> None:
    site = Site()
    site.does("one", dies=True, adds=("up",))
    run, _ = apply(site, plan_of(command("one", "one", expects=("up",))), Choice.READ_AGAIN)
    assert run.state is RunState.DONE


def test_a_reboot_under_a_job_is_interrupted() -> None:
    site = Site()
    site.does("one", takes=30)

    async def main() -> RunRecord:
        asyncio.get_running_loop().call_later(5, site.reboot, "web-a")
        return await Console(site).runner.apply(plan_of(command("one", "one")))

    run = warped(main())
    assert states(run) == ["interrupted"]
    assert "web-a booted while it ran" in run.why


def test_a_job_that_takes_too_long_is_unknown_and_keeps_its_lock() -> None:
    site = Site()
    site.does("one", takes=1000)
    run, _ = apply(site, plan_of(command("one", "one", timeout=60)))
    assert states(run) == ["unknown"]
    assert run.steps[0].why == f"still running on web-a after 60 s (job {run.id}.one)"
    assert site.nodes["web-a"].lock is not None
    assert site.nodes["web-b"].lock is None
    assert run.locks == (f"web-a: kept, job {run.id}.one may still be running",)


def test_a_connection_that_does_not_come_back_is_unknown_after_the_limit() -> None:
    site = Site()
    site.does("one", takes=20)

    async def main() -> RunRecord:
        asyncio.get_running_loop().call_later(3, setattr, site.nodes["web-a"], "reachable", False)
        return await Console(site).runner.apply(plan_of(command("one", "one", timeout=60)))

    run = warped(main())
    assert states(run) == ["unknown"]
    assert "web-a cannot be reached" in run.steps[0].why


def test_a_connection_that_comes_back_is_gone_on_with() -> None:
    site = Site()
    site.does("one", takes=20, adds=("up",), out="done at last\n")

    async def main() -> RunRecord:
        loop = asyncio.get_running_loop()
        loop.call_later(3, setattr, site.nodes["web-a"], "reachable", False)
        loop.call_later(40, setattr, site.nodes["web-a"], "reachable", True)
        return await Console(site).runner.apply(plan_of(command("one", "one", expects=("up",), timeout=90)))

    run = warped(main())
    assert run.state is RunState.DONE
    assert run.steps[0].out == "done at last\n"
    assert [e.text for e in run.events if e.kind == "link"][-1] == "web-a: connected again"
    assert texts(site) == ["one"]


def test_a_wait_ends_when_it_holds_and_fails_early() -> None:
    async def main(flag: str) -> RunRecord:
        site = Site()
        asyncio.get_running_loop().call_later(100, site.flags.add, flag)
        plan = plan_of(wait("whole", ["whole"], ["broken"], timeout=3600))
        return await Console(site).runner.apply(plan)

    assert warped(main("whole")).state is RunState.DONE
    broken = warped(main("broken"))
    assert states(broken) == ["failed"]
    assert broken.steps[0].why == "broken holds: broken is so"
    late = warped(main("other"))
    assert states(late) == ["unknown"]
    assert late.steps[0].why == "not within 3600 s: whole does not hold: whole is not so"


def test_an_abort_condition_lets_the_job_end_and_begins_nothing_else() -> None:
    site = Site()
    site.does("one", takes=60)

    async def main() -> RunRecord:
        asyncio.get_running_loop().call_later(10, site.flags.add, "split")
        plan = plan_of(command("one", "one", timeout=90), command("two", "two"), aborts=("split",))
        return await Console(site).runner.apply(plan)

    run = warped(main())
    assert run.state is RunState.ABORTED
    assert states(run) == ["done", "pending"]
    assert run.safe_state == "after one"
    (abort,) = [e for e in run.events if e.kind == "abort"]
    assert abort.at - START < 14


def test_an_abort_condition_that_is_unknown_aborts_nothing() -> None:
    site = Site()
    site.unknown = {"split"}
    run, _ = apply(site, plan_of(command("one", "one"), aborts=("split",)))
    assert run.state is RunState.DONE


@pytest.mark.parametrize("step", [wait("w", ["never"]), manual("w", "Pull the cable")])
def test_an_abort_ends_a_wait_and_an_open_question(step: dict[str, Any]) -> None:
    site = Site()

    async def main() -> RunRecord:
        asyncio.get_running_loop().call_later(10, site.flags.add, "split")
        console = Console(site)
        console.operator.never_answers = True
        return await console.runner.apply(plan_of(step, aborts=("split",)))

    run = warped(main())
    assert run.state is RunState.ABORTED
    assert run.ended is not None
    assert run.ended - START < 20


def _stopping(plan: Plan, site: Site, *moments: float) -> RunRecord:
    async def main() -> RunRecord:
        console = Console(site)
        for moment in moments:
            asyncio.get_running_loop().call_later(moment, console.runner.request_stop)
        return await console.runner.apply(plan)

    return warped(main())


def test_a_stop_lets_the_job_finish() -> None:
    site = Site()
    site.does("one", takes=30)
    run = _stopping(plan_of(command("one", "one"), command("two", "two")), site, 5)
    assert run.state is RunState.STOPPED
    assert states(run) == ["done", "pending"]
    assert run.safe_state == "after one"


def test_a_second_stop_leaves_the_job_running_and_says_so() -> None:
    site = Site()
    site.does("one", takes=30)
    run = _stopping(plan_of(command("one", "one"), command("two", "two")), site, 5, 6)
    assert run.state is RunState.STOPPED
    assert states(run) == ["running", "pending"]
    assert "its job on web-a may still be running" in run.why
    assert run.ended is not None
    assert run.ended - START < 7
    assert site.nodes["web-a"].jobs[f"{run.id}.one"].state is JobState.RUNNING


def test_a_run_that_was_left_goes_on_with_its_job() -> None:
    site = Site()
    site.does("one", takes=30, adds=("up",))

    async def main() -> RunRecord:
        console = Console(site)
        for moment in (5, 6):
            asyncio.get_running_loop().call_later(moment, console.runner.request_stop)
        left = await console.runner.apply(
            plan_of(command("one", "one", expects=("up",)), command("two", "two"))
        )
        return await Console(site).runner.resume(left.id)

    run = warped(main())
    assert run.state is RunState.DONE
    assert texts(site) == ["one", "two"]
    assert not any(node.lock for node in site.nodes.values())


def test_a_wait_that_is_stopped_is_waited_for_again_by_resume() -> None:
    site = Site()

    async def main() -> tuple[RunRecord, RunRecord]:
        console = Console(site)
        asyncio.get_running_loop().call_later(20, console.runner.request_stop)
        plan = plan_of(command("one", "one"), wait("whole", ["whole"], timeout=30))
        stopped = await console.runner.apply(plan)
        await asyncio.sleep(1000)
        asyncio.get_running_loop().call_later(25, site.flags.add, "whole")
        return stopped, await Console(site).runner.resume(stopped.id)

    stopped, resumed = warped(main())
    assert states(stopped) == ["done", "pending"]
    assert stopped.ended is not None
    assert stopped.ended - START < 21
    assert resumed.state is RunState.DONE


@pytest.mark.parametrize("moment", [n / 20 for n in range(80)])
def test_a_stop_at_any_moment_ends_in_a_named_safe_state(moment: float) -> None:
    site = Site()
    site.does("one", takes=0.6)
    site.does("two", takes=0.6, adds=("up",))
    plan = plan_of(
        command("one", "one"),
        command("two", "two", expects=("up",)),
        wait("three", ["up"]),
        command("four", "x"),
    )
    run = _stopping(plan, site, moment)
    done = [record for record in run.steps if record.state is StepState.DONE]
    assert run.state is (RunState.DONE if len(done) == 4 else RunState.STOPPED)
    assert run.safe_state == (f"after {done[-1].id}" if done else "as it was before the run")
    assert {record.state for record in run.steps} <= {StepState.DONE, StepState.PENDING}
    assert len(site.executed) == len([r for r in done if r.id != "three"])
    assert not any(node.lock for node in site.nodes.values())


def _held(beat: float) -> OperatorLock:
    return OperatorLock("other-run", "grow", "ann@desk", int(START) - 600, int(START - beat))


def test_another_operator_who_is_alive_is_not_disturbed() -> None:
    site = Site()
    site.nodes["web-b"].lock = _held(beat=20)
    with pytest.raises(Refused, match=r"web-b: ann@desk runs grow \(run other-run, since .*seen 20 s ago"):
        apply(site, plan_of(command("one", "one")))
    assert site.executed == []
    assert site.journal == {}
    assert site.nodes["web-a"].lock is None
    assert site.nodes["web-b"].lock == _held(beat=20)


@pytest.mark.parametrize("answer", [Choice.TAKE_OVER, Choice.CANCEL])
def test_a_stale_lock_is_broken_by_the_operators_word_only(answer: Choice) -> None:
    site = Site()
    site.nodes["web-b"].lock = _held(beat=90)
    if answer is Choice.TAKE_OVER:
        run, console = apply(site, plan_of(command("one", "one")), answer)
        assert run.state is RunState.DONE
        assert console.operator.asked[0].choices == (Choice.CANCEL, Choice.TAKE_OVER)
        assert any("broken by the operator" in e.text for e in run.events)
    else:
        with pytest.raises(Refused, match="left alone"):
            apply(site, plan_of(command("one", "one")), answer)
        assert site.nodes["web-b"].lock == _held(beat=90)


def test_a_lock_that_is_lost_stops_the_run_before_the_next_step() -> None:
    site = Site()
    site.does("one", takes=30)

    async def main() -> RunRecord:
        lock = _held(beat=0)
        asyncio.get_running_loop().call_later(5, setattr, site.nodes["web-b"], "lock", lock)
        return await Console(site).runner.apply(plan_of(command("one", "one"), command("two", "two")))

    run = warped(main())
    assert run.state is RunState.STOPPED
    assert states(run) == ["done", "pending"]
    assert run.why.startswith("the lock on web-b is no longer this run's")
    assert site.nodes["web-b"].lock is not None


def test_a_launch_that_the_lock_refuses_was_not_sent() -> None:
    site = Site()

    async def main() -> RunRecord:
        console = Console(site)

        def taken(run: RunRecord) -> None:
            if run.steps[0].state is StepState.DONE:
                site.nodes["web-a"].lock = _held(beat=0)

        console.operator.hears = taken
        return await console.runner.apply(plan_of(command("one", "one"), command("two", "two")))

    run = warped(main())
    assert states(run) == ["done", "refused"]
    assert texts(site) == ["one"]
    assert run.state is RunState.STOPPED


def test_the_lock_gives_a_sign_of_life_every_ten_seconds() -> None:
    site = Site()
    site.does("one", takes=35)
    apply(site, plan_of(command("one", "one")))
    assert site.calls.count("web-a.beat") == site.calls.count("web-b.beat") == 3


def test_a_node_out_of_reach_is_allowed_only_without_steps() -> None:
    site = Site()
    site.nodes["web-b"].reachable = False
    run, _ = apply(site, plan_of(command("one", "one")))
    assert run.state is RunState.DONE
    assert any("web-b: no lock, it is not reached" in e.text for e in run.events if e.kind == "lock")
    with pytest.raises(Refused, match="web-b has steps in this run and is not reached"):
        apply(site, plan_of(command("one", "one"), command("two", "two", node="web-b")))
    assert texts(site) == ["one"]
    assert site.nodes["web-a"].lock is None


def test_a_lock_that_could_not_be_dropped_is_said() -> None:
    site = Site()

    async def main() -> RunRecord:
        console = Console(site)

        def cut(run: RunRecord) -> None:
            if run.steps[0].state is StepState.DONE:
                site.nodes["web-b"].reachable = False

        console.operator.hears = cut
        return await console.runner.apply(plan_of(command("one", "one")))

    run = warped(main())
    assert run.state is RunState.DONE
    assert run.locks[0].startswith("web-b: not dropped")
    assert "web-b: not dropped" in run.why


def test_a_pair_that_changed_since_the_plan_was_made_is_left_alone() -> None:
    site = Site()
    site.bound = {"web-a mirror": "DEGRADED"}
    plan = plan_of(command("one", "one"), facts={"web-a mirror": "COMPLETE"})
    with pytest.raises(Refused, match="web-a mirror was COMPLETE; is DEGRADED"):
        apply(site, plan)
    assert site.journal == {}
    assert not any(call.endswith("take_lock") for call in site.calls)


def test_a_plan_for_another_pair_is_refused() -> None:
    with pytest.raises(Refused, match="the plan is for other"):
        apply(Site(), plan_of(command("one", "one"), pair="other"))


def test_a_command_may_not_hold_a_secret() -> None:
    with pytest.raises(Refused, match="never in a command"):
        apply(Site(), plan_of(command("one", "echo @SECRET:vrrp@")))


def test_a_node_that_cannot_take_a_job_refuses_the_step() -> None:
    site = Site()
    site.nodes["web-a"].full = True
    run, _ = apply(site, plan_of(command("one", "one")))
    assert states(run) == ["refused"]
    assert run.steps[0].why == "web-a: no space"
    assert not any(node.lock for node in site.nodes.values())


def test_a_refused_run_can_be_resumed_when_the_guard_holds() -> None:
    site = Site()

    async def main() -> RunRecord:
        refused = await Console(site).runner.apply(plan_of(command("one", "one", guards=("ready",))))
        assert states(refused) == ["refused"]
        site.flags.add("ready")
        return await Console(site).runner.resume(refused.id)

    assert warped(main()).state is RunState.DONE


def test_a_run_that_is_over_or_unknown_is_not_resumed() -> None:
    async def main() -> None:
        site = Site()
        done = await Console(site).runner.apply(plan_of(command("one", "one")))
        with pytest.raises(Refused, match="nothing to go on with"):
            await Console(site).runner.resume(done.id)
        with pytest.raises(Refused, match="there is no run nonsense"):
            await Console(site).runner.resume("nonsense")

    warped(main())


def test_a_transfer_goes_on_after_a_lost_connection_and_fails_for_good_when_refused() -> None:
    site = Site()
    plan = plan_of(transfer("copy", "/root/images/a.img", timeout=600))
    copier = FakeCopier(HandsLost("web-a: lost"))
    run, _ = apply(site, plan, copier=copier)
    assert run.state is RunState.DONE
    assert copier.copied == [("web-a", "/root/images/a.img", "spare", "/root/spare.img")]
    failed, _ = apply(site, plan, copier=FakeCopier(REFUSED))
    assert states(failed) == ["failed"]
    assert failed.steps[0].why == "no room on the target"


def test_the_end_that_was_planned_is_verified() -> None:
    site = Site()
    run, _ = apply(site, plan_of(command("one", "one"), expects=("up",)))
    assert run.state is RunState.FAILED
    assert run.why == "every step is done, but up does not hold: up is not so"


def test_a_journal_that_cannot_be_written_stops_everything_before_it_is_sent() -> None:
    site = Site()

    async def main() -> None:
        console = Console(site)
        keep = console.journal.keep

        async def full(run: RunRecord) -> None:
            if run.current and run.current.state is StepState.INTENDED:
                raise OSError("no space left on this console")
            await keep(run)

        console.journal.keep = full  # type: ignore[method-assign]
        with pytest.raises(OSError, match="no space left"):
            await console.runner.apply(plan_of(command("one", "one")))

    warped(main())
    assert site.executed == []
    assert not any(node.lock for node in site.nodes.values())


def test_a_short_step_takes_three_round_trips_at_most() -> None:
    site = Site()
    steps = [command(f"s{n}", f"c{n}", guards=("base",), expects=(f"f{n}",)) for n in range(20)]
    for n in range(20):
        site.does(f"c{n}", adds=(f"f{n}",), takes=0.0)
    site.flags.add("base")
    run, _ = apply(site, plan_of(*steps))
    assert run.state is RunState.DONE
    calls = [call for call in site.calls if "lock" not in call and "beat" not in call]
    assert len(calls) <= 3 * len(steps), calls
    assert run.ended is not None
    assert (run.ended - run.started) / len(steps) < 3 * 0.02 + 0.05


def test_events_tell_what_happened_with_console_time() -> None:
    site = Site()
    run, _ = apply(site, plan_of(command("one", "one", risk="destroys", confirm="web-a:md0")))
    assert {"lock", "answer", "step", "note"} <= {event.kind for event in run.events}
    assert [e.at for e in run.events] == sorted(e.at for e in run.events)
    assert replace(run).events[0].at >= START
