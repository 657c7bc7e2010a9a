"""Figures of a run: times by the clocks that made them, and no figure where there is no ground for one."""

from dataclasses import replace

import pytest

from console.engine.measures import Canary, Clocks, canaries, markers_words, measure, with_measures
from console.model.facts import Fact
from console.model.plan import Command, Step
from console.model.run import RunRecord, StepRecord, StepState
from console.model.snapshot import NodeView, PairSnapshot
from tests.engine.sample_runs import STARTED, drill, failed_drill, two_outages
from tests.screens import sample


def with_step(run: RunRecord, id: str, **values: object) -> RunRecord:
    steps = tuple(
        replace(record, **values) if record.id == id else record  # type: ignore[arg-type]  # its fields
        for record in run.steps
    )
    return replace(run, steps=steps)


def read(run: RunRecord, *outputs: tuple[str, str, str]) -> RunRecord:
    """The run with other canary steps: (id, node, output)."""
    steps = [step for step in run.plan.steps if not step.id.startswith("canary-read")]
    records = [record for record in run.steps if not record.id.startswith("canary-read")]
    for id, node, out in outputs:
        steps.append(Step(id=id, title="t", why="w", node=node, action=Command(text="x"), leaves="l"))
        records.append(StepRecord(id, StepState.DONE, STARTED, STARTED + 1, 0, out))
    return replace(run, plan=run.plan.model_copy(update={"steps": tuple(steps)}), steps=tuple(records))


def test_recovery_time_runs_from_the_end_of_service_to_its_return() -> None:
    values = measure(drill(mount=0.8)).values
    assert values["rto"] == pytest.approx(7.0)
    assert values["rto.release"] == pytest.approx(1.5)
    assert values["rto.check"] == pytest.approx(4.3)
    assert values["rto.mount"] == pytest.approx(0.8)
    assert values["rto.between"] == pytest.approx(0.4)
    parts = sum(value for name, value in values.items() if name.startswith("rto."))
    assert parts == pytest.approx(values["rto"])
    assert values["phase.copy"] == pytest.approx(190.0)
    assert values["took"] == pytest.approx(205.8)


def test_what_the_sample_was_kept_with_is_what_is_measured() -> None:
    values = measure(drill()).values
    assert values == pytest.approx(drill().measures)


def test_a_service_that_was_not_seen_back_has_no_recovery_time() -> None:
    found = measure(failed_drill())
    assert "rto" not in found.values
    assert found.refused["rto"] == "the service was not seen back: mount is failed"


def test_a_service_that_had_stopped_before_has_no_recovery_time() -> None:
    found = measure(with_step(drill(), "release", state=StepState.ALREADY_SO))
    assert found.refused["rto"].startswith("the service had stopped before this run")


def test_a_run_that_never_stopped_the_service_has_nothing_to_refuse() -> None:
    run = drill()
    found = measure(replace(run, steps=tuple(StepRecord(step.id) for step in run.steps)))
    assert "rto" not in found.values
    assert "rto" not in found.refused


def test_a_clock_set_back_during_the_outage_is_said() -> None:
    found = measure(with_step(drill(), "mount", ended=STARTED))
    assert found.refused["rto"].startswith("the times contradict each other")


def test_a_time_below_the_clocks_difference_is_refused() -> None:
    run = drill(mount=0.8)
    found = measure(replace(run, measures={**run.measures, "clock.uncertainty": 1.0}))
    assert found.values["rto"] == pytest.approx(7.0)
    assert found.values["write_outage"] == pytest.approx(7.25)
    found = measure(replace(run, measures={**run.measures, "clock.uncertainty": 60.0}))
    for name in ("rto", "write_outage"):
        assert found.refused[name] == "below the clocks' difference of 60 s"
        assert name not in found.values


def snapshots(*offsets: tuple[float | None, float | None]) -> list[PairSnapshot]:
    healthy = sample.healthy().snapshot

    def view(node: NodeView, offset: float | None) -> NodeView:
        fact = Fact(last=offset, unknown=None if offset is not None else "no answer", taken=1.0)
        return replace(node, facts=replace(node.facts, clock_offset=fact))

    return [
        replace(healthy, master=view(healthy.master, a), slave=view(healthy.slave, b)) for a, b in offsets
    ]


def clocks(readings: list[PairSnapshot]) -> dict[str, float]:
    told = Clocks()
    for reading in readings:
        told.read(reading)
    return told.told()


def test_measuring_again_changes_nothing() -> None:
    run = with_measures(replace(drill(), measures={"clock.uncertainty": 0.5}))
    assert with_measures(run) == run


def test_more_readings_of_whole_seconds_tell_the_clocks_apart_better() -> None:
    one = clocks(snapshots((-0.5, 2.0)))
    assert one["clock.offset.web-a"] == pytest.approx(0.125)
    assert one["clock.offset.web-b"] == pytest.approx(2.625)
    assert one["clock.uncertainty"] == pytest.approx(1.25)
    more = clocks(snapshots((-0.5, 2.0), (-0.9, 2.5), (-0.1, 2.9)))
    assert more["clock.uncertainty"] == pytest.approx(0.225 + 0.175)


def test_a_slow_link_widens_what_is_known_of_a_clock_and_does_not_hide_it() -> None:
    fast, slow = snapshots((0.0, 0.0), (-1.6, -1.6))
    assert clocks([fast, slow]) == {}, "on a fast link this clock was set"
    late = replace(slow.master, link=replace(slow.master.link, round_trip=2.0))
    told = clocks([fast, replace(slow, master=late)])
    assert told.keys() == {"clock.offset.web-a", "clock.uncertainty"}
    assert told["clock.uncertainty"] == pytest.approx((1.0 + 2.0 - 1.6) / 2)


def test_a_clock_that_was_set_or_never_read_is_not_compared() -> None:
    assert clocks(snapshots((0.0, 0.0), (50.0, 0.0))).keys() == {"clock.offset.web-b", "clock.uncertainty"}
    assert clocks(snapshots((None, None))) == {}
    assert clocks([]) == {}


def test_the_outage_of_writes_takes_each_nodes_clock_into_account() -> None:
    assert measure(drill(mount=0.8)).values["write_outage"] == pytest.approx(7.25)
    run = drill(mount=0.8)
    skewed = {**run.measures, "clock.offset.web-a": 3600.5}
    run = with_step(run, "canary-read-acked", out=f"acked 412 {STARTED + 3600 + 8.45:.2f}\n")
    assert measure(replace(run, measures=skewed)).values["write_outage"] == pytest.approx(7.25)


def test_without_a_comparison_of_the_clocks_there_is_no_outage_across_two_nodes() -> None:
    found = measure(replace(drill(), measures={}))
    assert found.refused["write_outage"] == "the clocks of web-a and web-b were not compared"
    assert found.values["rpo.markers_lost"] == 0


def test_one_node_needs_no_comparison() -> None:
    run = read(
        replace(drill(), measures={}), ("canary-read", "web-a", "acked 9 10.5\nfound 9 9 0\nfirst 10 14.75")
    )
    assert measure(run).values["write_outage"] == pytest.approx(4.25)


def test_whole_seconds_are_uncertain_by_one() -> None:
    run = read(
        replace(drill(), measures={}), ("canary-read", "web-a", "acked 9 10\nfound 9 9 0\nfirst 10 10.5")
    )
    assert measure(run).refused["write_outage"] == "below the clocks' difference of 1 s"


def test_times_that_contradict_each_other_are_no_outage() -> None:
    run = read(drill(), ("canary-read", "web-a", "acked 9 20.0\nfound 9 9 0\nfirst 10 10.5"))
    assert measure(run).refused["write_outage"].startswith("the times contradict each other")


@pytest.mark.parametrize(
    ("found", "lost"),
    [("412 412 0", 0), ("412 411 1", 1), ("413 413 0", 0), ("400 400 0", 12), ("412 412 3", 3)],
)
def test_lost_markers_are_the_worse_of_what_is_said_and_what_is_counted(found: str, lost: int) -> None:
    run = read(
        drill(), ("canary-read-a", "web-a", "acked 412 10.0"), ("canary-read-b", "web-b", f"found {found}")
    )
    values = measure(run).values
    assert values["rpo.markers_lost"] == lost
    assert values["rpo.markers_acked"] == 412
    assert markers_words(values) == (
        f"{lost} of 412 acknowledged markers lost (not proof for a power cut at both sites)"
    )


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("found 9 9 0", "nothing says which markers were acknowledged"),
        ("acked 9 10.0", "the markers were not read back"),
        ("acked 0 -\nfound 0 0 0", "no marker was acknowledged: nothing was measured"),
        ("acked -9 10.0\nfound 9 9", "the canary was not read back"),
        ("acked 9 10.0 and more", "the canary was not read back"),
        ("", "the canary was not read back"),
    ],
)
def test_markers_that_do_not_add_up_are_no_figure(out: str, why: str) -> None:
    found = measure(read(drill(), ("canary-read", "web-a", out)))
    assert found.refused["rpo.markers_lost"] == why
    assert not [name for name in found.values if name.startswith("rpo.")]
    assert markers_words(found.values) is None


def test_a_canary_step_that_failed_is_not_believed() -> None:
    run = with_step(drill(), "canary-read-found", state=StepState.FAILED)
    assert measure(run).refused["rpo.markers_lost"] == "the markers were not read back"


def test_a_drill_with_fail_back_has_two_outages_and_the_worst_counts() -> None:
    run = read(
        drill(),
        ("canary-read-found-b", "web-b", "noise\nfound 10 10 0\nfirst 11 105.0"),
        ("canary-read-acked-a", "web-a", "acked 10 100.5"),
        ("canary-read-acked-b", "web-b", "acked 50 200.0"),
        ("canary-read-found-a", "web-a", "found 48 48 2\nfirst 51 203.5"),
    )
    assert len(canaries(run)) == 2
    values = measure(run).values
    assert (values["rpo.markers_lost.1"], values["rpo.markers_lost.2"]) == (0, 2)
    assert (values["rpo.markers_lost"], values["rpo.markers_acked"]) == (2, 50)
    assert values["write_outage.1"] == pytest.approx(5.0)
    assert values["write_outage.2"] == pytest.approx(3.0)
    assert values["write_outage"] == pytest.approx(5.0)


def test_one_outage_that_was_not_read_leaves_no_figure_for_the_whole() -> None:
    run = read(
        drill(),
        ("canary-read-1", "web-a", "acked 10 100.5\nfound 10 10 0"),
        ("canary-read-2", "web-a", "acked 50 200.0"),
    )
    found = measure(run)
    assert found.values["rpo.markers_lost.1"] == 0
    assert "rpo.markers_lost" not in found.values
    assert found.refused["rpo.markers_lost"] == "outage 2: the markers were not read back"


def test_a_job_without_an_outage_has_the_times_of_its_phases() -> None:
    run = drill()
    run = replace(run, plan=run.plan.model_copy(update={"outages": ()}))
    values = measure(run).values
    assert "rto" not in values
    assert values["phase.mount"] == pytest.approx(0.8)


def test_nothing_read_is_no_loss_of_nothing() -> None:
    assert Canary().lost is None


def test_each_outage_has_a_recovery_time_and_the_first_keeps_its_name() -> None:
    values = measure(two_outages()).values
    assert values["rto"] == pytest.approx(7.0)
    assert values["rto.mount"] == pytest.approx(0.8)
    assert values["rto.2"] == pytest.approx(190.1)
    assert values["rto.2.copy"] == pytest.approx(190.1)
    assert "phase.copy" not in values


def test_a_second_outage_that_did_not_end_says_so_and_leaves_the_first_alone() -> None:
    found = measure(with_step(two_outages(), "resync", state=StepState.FAILED))
    assert found.values["rto"] == pytest.approx(7.0)
    assert found.refused["rto.2"] == "the service was not seen back: resync is failed"
