"""Runs on a pair in memory: what is asked, refused and skipped, and how each ends."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from console.engine.journal import JournalTrouble
from console.engine.runner import Refused
from console.model.job import HandsLost
from console.model.run import Choice, RunRecord, RunState, StepState
from tests.engine.fake_site import Effect, Life, Site
from tests.engine.fakes import REFUSED, Console, FakeCopier, FakeJournal
from tests.engine.plans import command, manual, plan_of, transfer, wait
from tests.engine.running import apply, states, texts
from tests.engine.warp import START, warped


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


class OddJournal(FakeJournal):
    """Says of each keeping when it begins and ends, and is slow or fails at one of them."""

    def __init__(self, site: Site, at: StepState, *, slow: float = 0.0, fails: bool = False) -> None:
        super().__init__(site, Life())
        self._at, self._slow, self._fails = at, slow, fails

    async def keep(self, run: RunRecord) -> None:
        first = run.steps[0].state
        if first is self._at and run.steps[1].state is StepState.PENDING:
            self._site.calls.append("keeping")
            await asyncio.sleep(self._slow)
            if self._fails:
                raise JournalTrouble("history.db: the disk is full; make room there")
            await super().keep(run)
            self._site.calls.append("kept")
        else:
            await super().keep(run)


def two_steps(journal: Callable[[Site], FakeJournal]) -> tuple[Site, RunRecord | JournalTrouble]:
    site = Site()
    plan = plan_of(command("one", "one"), command("two", "two", guards=("not held",)))

    async def main() -> RunRecord | JournalTrouble:
        try:
            return await Console(site, journal=journal(site)).runner.apply(plan)
        except JournalTrouble as trouble:
            return trouble

    return site, warped(main())


@pytest.mark.parametrize("at", [StepState.INTENDED, StepState.DONE])
def test_a_journal_that_fails_ends_the_run_before_anything_is_sent(at: StepState) -> None:
    site, ended = two_steps(lambda site: OddJournal(site, at, slow=0.5, fails=True))
    assert isinstance(ended, JournalTrouble)
    assert texts(site) == ([] if at is StepState.INTENDED else ["one"])
    assert not any(call.endswith(".launch") for call in site.calls[site.calls.index("keeping") :])


def test_a_slow_journal_holds_back_the_next_launch_but_not_the_reading_for_it() -> None:
    site, ended = two_steps(lambda site: OddJournal(site, StepState.DONE, slow=0.5))
    assert isinstance(ended, RunRecord)
    assert ended.state is RunState.DONE
    assert texts(site) == ["one", "two"]
    begun, kept = site.calls.index("keeping"), site.calls.index("kept")
    assert "fresh" in site.calls[begun:kept], "the reading did not wait for the disk"
    assert not any(call.endswith(".launch") for call in site.calls[begun:kept])
    assert any(call.endswith(".launch") for call in site.calls[kept:])


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


def test_what_a_reboot_has_interrupted_can_be_run_again() -> None:
    site = Site()
    site.does("one", takes=30)
    console = Console(site)
    console.operator.answers = [Choice.RETRY]

    async def main() -> RunRecord:
        asyncio.get_running_loop().call_later(5, site.reboot, "web-a")
        return await console.runner.apply(plan_of(command("one", "one")))

    run = warped(main())
    assert states(run) == ["done"]
    assert [step.attempt for step in run.steps] == [2]
    assert Choice.RETRY in console.operator.asked[-1].choices


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
