"""Streams in the engine, and machines beside the pair: locks, steps, undo, and a console that died."""

from pathlib import Path

import pytest

from console.engine import transitions
from console.engine.decisions import Do
from console.engine.machine import decide
from console.engine.plan_file import as_toml, parse
from console.engine.runner import Refused
from console.engine.validation import problems
from console.model.job import HandsLost, Streamed
from console.model.plan import PlanHost
from console.model.run import Choice, RunRecord, RunState, StepState
from console.toml_file import BadConfig
from tests.engine.fake_site import Effect, FakeNode, Site
from tests.engine.fakes import Console, FakeStreamer
from tests.engine.plans import command, plan_of, stream
from tests.engine.running import apply, states, texts
from tests.engine.warp import warped
from tests.health.building import CONFIG, healthy

OLD = PlanHost(name="old", host="root@old.example:2222", become="sudo")


def with_old() -> Site:
    site = Site()
    site.nodes["old"] = FakeNode("old")
    return site


def test_a_stream_runs_both_ends_and_its_words_and_bytes_are_in_the_record() -> None:
    streamer = FakeStreamer()
    seen: list[tuple[int | None, int | None, int | None]] = []

    async def main() -> RunRecord:
        console = Console(Site(), streamer=streamer)
        console.operator.hears = lambda run: seen.append(
            (run.steps[0].percent, run.steps[0].moved, run.steps[0].total)
        )
        return await console.runner.apply(plan_of(stream("copy", "send")))

    run = warped(main())
    (step,) = run.steps
    assert (run.state, step.state, step.exit_status) == (RunState.DONE, StepState.DONE, 0)
    assert streamer.streamed == [("web-a", "send", "web-b", "take copy")]
    assert step.out == "taken\n"
    assert step.err == "".join(f"web-a: part {n}\n" for n in range(1, 5))
    assert (50, 50, 100) in seen
    assert (step.moved, step.percent, step.rate) == (100, None, None)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (Streamed(5, 3, 0), "web-a: exit 3: part 4"),
        (Streamed(5, 0, 28), "web-b: exit 28"),
        (Streamed(5, 141, 28), "web-b: exit 28; web-a: exit 141: part 4"),
        (HandsLost("web-b: the connection went"), "web-b: the connection went"),
    ],
)
def test_a_stream_that_failed_says_who_and_why_and_may_be_run_again(
    end: Streamed | Exception, why: str
) -> None:
    streamer = FakeStreamer(end, Streamed(100, 0, 0))
    whys: list[str] = []

    async def main() -> RunRecord:
        console = Console(Site(), streamer=streamer)
        console.operator.answers = [Choice.RETRY]
        console.operator.hears = lambda run: whys.append(run.steps[0].why)
        return await console.runner.apply(plan_of(stream("copy", "send")))

    run = warped(main())
    assert why in whys
    assert (run.state, run.steps[0].attempt) == (RunState.DONE, 2)


def test_a_stream_that_takes_too_long_is_ended_and_has_failed() -> None:
    streamer = FakeStreamer()
    run, _ = apply(Site(), plan_of(stream("copy", "send", timeout=2.5)), streamer=streamer)
    assert states(run) == ["failed"]
    assert run.steps[0].why == "not within 2 s; both ends were ended"
    assert streamer.ended == ["cancelled"]


@pytest.mark.parametrize(("stops", "ended"), [(1, []), (2, ["cancelled"])])
def test_a_first_stop_lets_a_stream_end_and_a_second_ends_both(stops: int, ended: list[str]) -> None:
    streamer = FakeStreamer()

    async def main() -> RunRecord:
        console = Console(Site(), streamer=streamer)
        left = [stops]

        def hear(run: RunRecord) -> None:
            if run.steps[0].moved == 50 and left[0]:
                count, left[0] = left[0], 0
                for _ in range(count):
                    console.runner.request_stop()

        console.operator.hears = hear
        return await console.runner.apply(plan_of(stream("copy", "send"), command("two", "two")))

    run = warped(main())
    assert streamer.ended == ended
    assert states(run) == [["done", "failed"][stops - 1], "pending"]
    if ended:
        assert run.steps[0].why == "stopped by the operator; both ends were ended"


def test_a_stream_under_a_console_that_died_is_failed_and_begun_anew() -> None:
    site, first = Site(), FakeStreamer()
    plan = plan_of(stream("copy", "send"))

    async def main() -> RunRecord:
        console = Console(site, streamer=first)

        def hear(run: RunRecord) -> None:
            if run.steps[0].moved == 50:
                console.life.dead = True
                console.life.died.set()

        console.operator.hears = hear
        assert await console.until_killed(lambda runner: runner.apply(plan)) is None
        (id,) = site.journal
        again = Console(site, streamer=FakeStreamer())
        again.operator.answers = [Choice.RETRY]
        run = await again.runner.resume(id)
        (asked,) = again.operator.asked
        assert "ended with the console" in asked.text
        return run

    run = warped(main())
    assert (run.state, run.steps[0].attempt) == (RunState.DONE, 2)


def test_a_stream_of_which_only_the_intent_is_known_is_never_taken_for_one_under_way() -> None:
    run = transitions.begun(plan_of(stream("copy", "send")), "r", "op", 0.0)
    for changed in (transitions.intended(run, "copy", 1.0), transitions.running(run, "copy")):
        assert decide(changed).do is Do.FAIL


def test_without_anything_to_stream_with_the_step_fails() -> None:
    run, _ = apply(Site(), plan_of(stream("copy", "send")))
    assert run.steps[0].why == "this console has nothing to carry a stream with"


def test_steps_run_on_a_host_beside_the_pair_which_is_locked_like_a_node() -> None:
    site = with_old()
    locked: list[bool] = []

    async def main() -> RunRecord:
        console = Console(site)
        console.operator.hears = lambda run: locked.append(site.nodes["old"].lock is not None)
        return await console.runner.apply(plan_of(command("one", "one", "old"), hosts=(OLD,)))

    run = warped(main())
    assert site.executed == [("old", "one")]
    assert any(locked)
    assert site.nodes["old"].lock is None
    assert run.state is RunState.DONE


def test_a_host_out_of_reach_is_refused_like_a_node_and_nodes_without_steps_may_be_away() -> None:
    site = with_old()
    site.nodes["old"].reachable = False
    with pytest.raises(Refused, match="old has steps in this run and is not reached"):
        apply(site, plan_of(command("one", "one", "old"), hosts=(OLD,)))
    assert site.executed == []
    site.nodes["old"].reachable = True
    site.nodes["web-b"].reachable = False
    run, _ = apply(site, plan_of(command("one", "one", "old"), hosts=(OLD,)))
    assert run.state is RunState.DONE
    assert site.executed == [("old", "one")]


def test_the_one_who_takes_a_stream_is_needed_as_well() -> None:
    site = with_old()
    site.nodes["old"].reachable = False
    with pytest.raises(Refused, match="old has steps"):
        apply(site, plan_of(stream("copy", "send", "old"), hosts=(OLD,)), streamer=FakeStreamer())


def test_what_ran_on_a_host_is_taken_back_there() -> None:
    site = with_old()
    plan = plan_of(command("one", "one", "old", undo={"text": "back"}), hosts=(OLD,))

    async def main() -> RunRecord:
        done = await Console(site).runner.apply(plan)
        return await Console(site).runner.undo(done.id)

    assert warped(main()).state is RunState.UNDONE
    assert site.executed == [("old", "one"), ("old", "back")]


def test_a_job_on_a_host_survives_the_console_and_runs_once() -> None:
    site = with_old()
    site.does("one", Effect(takes=5.0, out="said\n"))
    plan = plan_of(command("one", "one", "old"), hosts=(OLD,))

    async def main() -> RunRecord:
        console = Console(site)

        def hear(run: RunRecord) -> None:
            if run.steps[0].state is StepState.RUNNING:
                console.life.dead = True
                console.life.died.set()

        console.operator.hears = hear
        assert await console.until_killed(lambda runner: runner.apply(plan)) is None
        (id,) = site.journal
        return await Console(site).runner.resume(id)

    assert warped(main()).state is RunState.DONE
    assert texts(site) == ["one"]


def test_a_command_that_tells_its_progress_shows_it_while_it_runs() -> None:
    site = Site()
    site.does("dump", Effect(takes=3.0, out="progress var 35.1 351 1000\n"))
    seen: set[tuple[int | None, int | None]] = set()

    async def main() -> RunRecord:
        console = Console(site)

        def hear(run: RunRecord) -> None:
            for job in site.nodes["web-a"].jobs.values():
                job.out = job.out or "progress var 20.9 209 1000\n"
            seen.add((run.steps[0].percent, run.steps[0].moved))

        console.operator.hears = hear
        return await console.runner.apply(plan_of(command("dump", "dump")))

    run = warped(main())
    assert (20, 209) in seen
    assert run.steps[0].percent is None, "nothing moves any more"


def test_hosts_and_streams_that_make_no_sense_are_refused_with_their_place() -> None:
    def places(plan: object) -> list[object]:
        return [where for where, _ in problems(plan, CONFIG)]  # type: ignore[arg-type]

    undo = {"none_needed": "it is a copy"}
    assert places(plan_of(stream("a", "x", "old", undo=undo), hosts=(OLD,))) == []
    node = PlanHost(name="again", host=CONFIG.nodes[0].host)
    assert places(plan_of(command("a", "x", "again", undo=undo), hosts=(node,))) == [("hosts", 0, "host")]
    odd = PlanHost(name="odd", host="root@:22")
    assert places(plan_of(command("a", "x", "odd", undo=undo), hosts=(odd,))) == [("hosts", 0, "host")]
    secret = plan_of(stream("a", "echo @SECRET:vrrp@", undo=undo))
    assert places(secret) == [("steps", 0, "action", "text")]
    assert places(plan_of(stream("a", "x"))) == [("steps", 0, "undo")]


def test_a_plan_with_hosts_and_a_stream_is_kept_in_a_file_and_sealed() -> None:
    plan = plan_of(stream("a", "x", "old", undo={"none_needed": "it is a copy"}), hosts=(OLD,))
    text, path = as_toml(plan), Path("plan.toml")
    assert parse(text, path, healthy(0.0), frozenset()) == plan
    with pytest.raises(BadConfig, match="edited"):
        parse(text.replace("old.example", "new.example"), path, healthy(0.0), frozenset())


def test_a_plan_without_hosts_is_written_as_before() -> None:
    assert "hosts" not in as_toml(plan_of(command("a", "x")))
