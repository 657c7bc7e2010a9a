"""What keeps a run from beginning, or from its next step: locks, nodes, a pair that changed, the journal."""

import asyncio

import pytest

from console.engine.runner import Refused
from console.model.lineage import OperatorLock
from console.model.run import Choice, RunRecord, RunState, StepState
from tests.engine.fake_site import Site
from tests.engine.fakes import Console
from tests.engine.plans import command, plan_of
from tests.engine.running import apply, states, texts
from tests.engine.warp import START, warped


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


@pytest.mark.parametrize("beat", [-90, -(10**9)])
def test_a_sign_of_life_from_the_future_locks_nobody_out_for_ever(beat: float) -> None:
    site = Site()
    site.nodes["web-b"].lock = _held(beat=beat)
    run, console = apply(site, plan_of(command("one", "one")), Choice.TAKE_OVER)
    assert run.state is RunState.DONE
    assert "from now, by the clock of web-b" in console.operator.asked[0].text


def test_an_owner_who_wrote_nothing_or_too_much_is_still_one_line() -> None:
    site = Site()
    site.nodes["web-b"].lock = OperatorLock("", "\x1b[2J\n", "a\nb" * 1000, int(START), int(START))
    with pytest.raises(Refused) as refused:
        apply(site, plan_of(command("one", "one")))
    line = str(refused.value)
    assert line.startswith("web-b: a runs ␛[2J (run unknown, since ")
    assert line.isprintable()
    assert len(line) < 300


def test_a_node_that_cannot_hold_a_lock_is_not_said_to_be_out_of_reach() -> None:
    site = Site()
    site.nodes["web-b"].no_lock = True
    run, _ = apply(site, plan_of(command("one", "one")))
    assert run.state is RunState.DONE
    (lock,) = (e.text for e in run.events if e.kind == "lock" and "web-b" in e.text)
    assert "web-b: no lock (web-b: the node could not take the lock" in lock
    with pytest.raises(Refused, match="web-b has steps in this run: web-b: the node could not take the lock"):
        apply(site, plan_of(command("one", "one"), command("two", "two", node="web-b")))
    assert texts(site) == ["one"]
    assert site.nodes["web-a"].lock is None


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


def test_a_node_that_cannot_take_a_job_refuses_the_step() -> None:
    site = Site()
    site.nodes["web-a"].full = True
    run, _ = apply(site, plan_of(command("one", "one")))
    assert states(run) == ["refused"]
    assert run.steps[0].why == "web-a: no space"
    assert not any(node.lock for node in site.nodes.values())


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
