"""Wherever a run is cut, it ends as if it had not been, and no command runs twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from console.engine.runner import Runner
from console.model.plan import Plan
from console.model.run import RunRecord, RunState
from tests.engine.fake_site import Site
from tests.engine.fakes import Console
from tests.engine.plans import command, plan_of, wait, write
from tests.engine.warp import WarpLoop, warped


def _site() -> Site:
    site = Site()
    site.does("attach", adds=("attached",), takes=0.05)
    site.does("rebuild", adds=("copying",), takes=3.0, out="it takes a while\n")
    site.does("finish", adds=("whole",), takes=0.05)
    return site


def _plan() -> Plan:
    return plan_of(
        command("attach", "attach", expects=("attached",), guards=("not attached",)),
        write("settings", "/etc/settings", "a=1\n", node="web-b", expects=("written-settings",)),
        command("rebuild", "rebuild", guards=("attached",), risk="destroys", confirm="web-a:md0"),
        command("finish", "finish", node="web-b", always=True),
        wait("whole", ["whole", "copying"]),
        expects=("attached", "whole"),
    )


def _outcome(site: Site, run: RunRecord) -> dict[str, Any]:
    return {
        "run": run.state,
        "steps": [(s.id, s.state, s.out) for s in run.steps],
        "safe": run.safe_state,
        "flags": sorted(site.flags),
        "files": site.nodes["web-b"].files,
        "executed": Counter((node, text.replace(run.id, "RUN")) for node, text in site.executed),
        "locks": [node.lock for node in site.nodes.values()],
        "said of locks": run.locks,
    }


async def _undisturbed() -> tuple[dict[str, Any], int, int]:
    site = _site()
    console = Console(site)
    run = await console.runner.apply(_plan())
    return _outcome(site, run), console.life.points, site.hand_calls


def test_an_undisturbed_run_does_every_step_once() -> None:
    outcome, points, _ = warped(_undisturbed())
    assert outcome["run"] is RunState.DONE
    assert set(outcome["executed"].values()) == {1}
    assert len(outcome["executed"]) == 4
    assert outcome["locks"] == [None, None]
    assert points > 50


def test_killed_at_any_point_and_resumed_it_ends_as_if_undisturbed() -> None:
    expected, points, _ = warped(_undisturbed())
    for point in range(1, points + 1):
        outcome = warped(_killed_at(point))
        assert outcome == expected, f"killed at point {point} of {points}"


def _resuming(id: str) -> Callable[[Runner], Any]:
    return lambda runner: runner.resume(id)


async def _killed_at(*points: int, lose: tuple[int, str] | None = None) -> dict[str, Any]:
    """Killed at these points of each life in turn, then left alone; one call on a node is lost."""
    site = _site()
    site.lose_at = lose
    run = None
    for point in (*points, None):
        console = Console(site, die_at=point)
        if site.journal:
            kept = next(iter(await console.journal.runs()))
            if kept.state is RunState.DONE:
                return _outcome(site, kept)
            run = await console.until_killed(_resuming(kept.id))
        else:
            for node in site.nodes.values():
                node.lock = None  # nothing was begun: the operator breaks what the dead console left
            run = await console.until_killed(lambda runner: runner.apply(_plan()))
    assert run is not None
    return _outcome(site, run)


def test_killed_twice_it_still_ends_as_if_undisturbed() -> None:
    expected, points, _ = warped(_undisturbed())
    for first in range(1, points, 7):
        for second in range(1, points, 11):
            outcome = warped(_killed_at(first, second))
            assert outcome == expected, f"killed at point {first}, then at {second}"


def test_cancelled_at_any_turn_of_the_loop_it_stops_there_and_is_resumed() -> None:
    expected, _, _ = warped(_undisturbed())
    turns = warped(_turns())
    assert turns > 150
    for turn in range(1, turns):
        cancelled, outcome = warped(_cancelled_at(turn))
        assert cancelled, f"what came at turn {turn} was swallowed"
        assert outcome == expected, f"cancelled at turn {turn} of {turns}"


async def _turns() -> int:
    """How many turns of the loop an undisturbed run takes."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WarpLoop)
    before = loop.turns
    await Console(_site()).runner.apply(_plan())
    return loop.turns - before


async def _cancelled_at(turn: int) -> tuple[bool, dict[str, Any]]:
    """Whether the run ended at that turn, and how it ended after it was resumed."""
    site = _site()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WarpLoop)
    task = asyncio.ensure_future(Console(site).runner.apply(_plan()))
    loop.at_turn = (loop.turns + turn, task.cancel)
    await asyncio.wait({task})
    if not task.cancelled():
        return False, _outcome(site, task.result())
    console = Console(site)
    kept = next(iter(await console.journal.runs()), None)
    if kept is None:
        for node in site.nodes.values():
            node.lock = None
        return True, _outcome(site, await console.runner.apply(_plan()))
    if kept.state is RunState.DONE:
        return True, _outcome(site, kept)
    return True, _outcome(site, await console.runner.resume(kept.id))


@pytest.mark.parametrize("when", ["before", "after"])
def test_losing_the_connection_at_any_call_changes_nothing_in_the_end(when: str) -> None:
    expected, _, calls = warped(_undisturbed())
    for call in range(1, calls + 1):
        outcome = warped(_lost_at(call, when))
        assert outcome == expected, f"connection lost {when} the effect of call {call} of {calls}"


async def _lost_at(call: int, when: str) -> dict[str, Any]:
    site = _site()
    site.lose_at = (call, when)
    run = await Console(site).runner.apply(_plan())
    return _outcome(site, run)


def test_killed_again_and_again_with_a_lost_connection_between_it_ends_as_if_undisturbed() -> None:
    expected, points, calls = warped(_undisturbed())
    source = random.Random(20261123)
    for _ in range(150):
        lives = [source.randrange(1, points) for _ in range(source.randrange(5))]
        lose = (source.randrange(1, calls * 2), source.choice(["before", "after"]))
        outcome = warped(_killed_at(*lives, lose=lose))
        assert outcome == expected, f"killed at {lives}, connection lost at call {lose}"
