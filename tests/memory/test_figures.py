"""Which figures are kept, and when a service is said to be there."""

from dataclasses import replace

from console.memory.figures import Bucket, figures, served
from console.model.snapshot import PairState, Truths
from console.model.words import Answer
from tests.screens import sample


def _with(first: Truths, second: Truths) -> PairState:
    return replace(sample.healthy(), truths=(first, second))


def _truths(address: Answer, mounted: Answer) -> Truths:
    return Truths(address=address, mounted=mounted)


YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def test_the_node_with_address_and_mount_serves() -> None:
    state = sample.healthy()
    assert served(state) == (YES, state.snapshot.master.name)
    turned = _with(_truths(NO, NO), _truths(YES, YES))
    assert served(turned) == (YES, state.snapshot.slave.name)


def test_an_address_without_the_mount_is_an_outage() -> None:
    assert served(_with(_truths(NO, YES), _truths(YES, NO))) == (NO, None)
    assert served(_with(_truths(NO, NO), _truths(NO, NO))) == (NO, None)


def test_a_node_that_does_not_answer_may_serve_unseen() -> None:
    assert served(_with(_truths(UNKNOWN, UNKNOWN), _truths(NO, NO))) == (UNKNOWN, None)
    assert served(_with(_truths(YES, UNKNOWN), _truths(NO, NO))) == (UNKNOWN, None)
    # One thing that is missing is enough.
    assert served(_with(_truths(NO, UNKNOWN), _truths(NO, NO))) == (NO, None)


def test_the_queue_is_that_of_the_node_that_serves() -> None:
    state = sample.healthy()
    mail = state.snapshot.master.facts.mail.value
    assert mail is not None
    assert figures(state)["queue"] == mail.queue
    assert "queue" not in figures(replace(state, readiness=None))


def test_a_rebuild_has_its_rate_and_nothing_else_has_one() -> None:
    assert "sync-rate" not in figures(sample.healthy())
    state = sample.syncing()
    assert state.sync is not None
    assert figures(state)["sync-percent"] == state.sync.percent


def test_a_minute_knows_its_lowest_its_highest_and_its_sum() -> None:
    bucket = Bucket(0.0)
    for value in (3.0, 1.0, 2.0):
        bucket.add(value)
    assert (bucket.count, bucket.low, bucket.total, bucket.high) == (3, 1.0, 6.0, 3.0)
