"""Stops and abort conditions: the job that runs is let finish, nothing else is begun."""

import asyncio
from typing import Any

import pytest

from console.model.job import JobState
from console.model.plan import Plan
from console.model.run import RunRecord, RunState, StepState
from tests.engine.fake_site import Site
from tests.engine.fakes import Console
from tests.engine.plans import command, manual, plan_of, wait
from tests.engine.running import apply, states, texts
from tests.engine.warp import START, warped


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
