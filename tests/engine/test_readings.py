"""Which readings a run makes, and which serve twice."""

from tests.engine.fake_site import Site
from tests.engine.plans import command, plan_of, wait
from tests.engine.running import apply, states


def _calls_of(*steps: dict[str, object]) -> list[str]:
    """What was asked of the nodes and of the eyes, in order; the readings before the first step left out."""
    site = Site()
    site.flags.add("whole")
    run, _ = apply(site, plan_of(*steps))
    assert set(states(run)) == {"done"}
    first = next(n for n, call in enumerate(site.calls) if "launch" in call)
    return site.calls[first:]


def test_a_guard_is_read_again_after_the_step_before_it_has_ended() -> None:
    undo = {"none_needed": "it does nothing"}
    calls = _calls_of(command("one", "true", undo=undo), command("two", "true", undo=undo))
    second = next(n for n, call in enumerate(calls) if n and "launch" in call)
    assert calls[1:second].count("fresh") == 1, calls


def test_a_wait_that_is_over_already_takes_no_reading_of_its_own() -> None:
    undo = {"none_needed": "it does nothing"}
    calls = _calls_of(command("one", "true", undo=undo), wait("two", ("whole",)))
    assert calls.count("fresh") == 1, calls
