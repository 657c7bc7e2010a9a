"""A night is over, and is looked at again: what was so at 03:12, and what happened before."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from console.memory.deck import Deck
from console.memory.reading import Recording
from console.memory.stretches import Span
from console.memory.writing import Batch, NewStretch, Writing
from console.model.snapshot import LinkState, PairState
from console.model.words import Answer, Home, MirrorState, Role
from tests.replay.fake_recording import FakeRecording
from tests.replay.night import BEGIN, DIED, END, night_pair
from tests.replay.replaying_app import PAIR


@pytest.fixture
def deck(night_recording: FakeRecording) -> Deck:
    return Deck(night_recording, night_pair())


def roles(state: PairState) -> tuple[Role, Role]:
    return (state.truths[0].role, state.truths[1].role)


def test_the_evening_is_well_and_at_0312_the_other_node_serves(deck: Deck) -> None:
    evening = deck.state(BEGIN + 3 * 3600)
    assert roles(evening) == (Role.MASTER, Role.BACKUP)
    assert [t.mounted for t in evening.truths] == [Answer.YES, Answer.NO]
    at_0312 = deck.state(DIED + 30)
    assert roles(at_0312) == (Role.UNKNOWN, Role.MASTER)
    assert at_0312.truths[1].mounted is Answer.YES
    assert at_0312.truths[1].mirror is not None
    assert at_0312.truths[1].mirror.state is MirrorState.DEGRADED
    assert at_0312.snapshot.master.link.state is LinkState.LOST
    assert at_0312.snapshot.now == DIED + 30
    # Its last values stay to be seen, and are told as not known any more.
    assert at_0312.snapshot.master.facts.mounts.value is None
    assert at_0312.snapshot.master.facts.mounts.last is not None


def test_every_event_up_to_the_moment_is_there_and_none_of_later(deck: Deck) -> None:
    told = deck.recording.events(PAIR, BEGIN - 1, END)
    assert {"role", "address", "mirror", "mount", "link", "finding"} <= {event.kind for event in told}
    assert deck.state(END).events == tuple(reversed(told))
    for at in (DIED - 1, DIED + 4, DIED + 5, END):
        assert deck.state(at).events == tuple(reversed([event for event in told if event.at <= at]))


def test_eight_hours_go_by_at_any_speed_to_the_same_end(night_recording: FakeRecording) -> None:
    ends = set()
    for step in (240.0, 900.0, 3600.0):
        deck = Deck(night_recording, night_pair())
        at, seen = BEGIN, []
        while at < END:
            state = deck.state(at)
            seen.append(roles(state))
            at += step
        end = deck.state(END)
        assert deck.settled
        assert seen[1] == (Role.MASTER, Role.BACKUP)
        ends.add((roles(end), end.events, tuple(f.id for f in end.findings)))
    assert len(ends) == 1


def test_going_there_and_playing_up_to_it_show_the_same(night_recording: FakeRecording) -> None:
    played = Deck(night_recording, night_pair())
    for n in range(61):
        played.state(DIED - 10 + n)
    sought = Deck(night_recording, night_pair())
    # The line of the queue's depth begins where one began to look.
    first, second = (replace(one.state(DIED + 50), queue_history=()) for one in (sought, played))
    assert first == second


def test_going_to_and_fro_shows_at_each_moment_what_was_so_then(night_recording: FakeRecording) -> None:
    dice = random.Random(6)
    deck = Deck(night_recording, night_pair())
    for _ in range(12):
        at = dice.uniform(BEGIN + 120, END)
        fresh = Deck(night_recording, night_pair()).state(at)
        shown = deck.state(at)
        assert (shown.snapshot, shown.events, shown.truths) == (fresh.snapshot, fresh.events, fresh.truths)


def test_where_nothing_was_recorded_nothing_is_known(night_recording: FakeRecording) -> None:
    night_recording.spans = (Span(BEGIN, BEGIN + 7200), Span(DIED - 600, END))
    deck = Deck(night_recording, night_pair())
    assert roles(deck.state(BEGIN + 7100)) == (Role.MASTER, Role.BACKUP)
    between = deck.state(BEGIN + 2 * 7200)
    assert roles(between) == (Role.UNKNOWN, Role.UNKNOWN)
    assert [node.link.why for node in between.snapshot.nodes] == ["not recorded", "not recorded"]
    assert all(t.mounted is Answer.UNKNOWN for t in between.truths)
    assert roles(deck.state(DIED + 30)) == (Role.UNKNOWN, Role.MASTER)


def test_of_a_pair_that_is_not_in_it_nothing_is_known(night_recording: FakeRecording) -> None:
    deck = Deck(night_recording, night_pair().model_copy(update={"name": "other"}))
    state = deck.state(DIED)
    assert deck.settled
    assert {node.link.why for node in state.snapshot.nodes} == {"this pair is not in the recording"}


def test_the_logs_around_the_moment_are_those_of_both_nodes_by_time(deck: Deck) -> None:
    lines = deck.logs(DIED + 5)
    times = [line.at for line in lines if line.at is not None]
    assert times == sorted(times)
    assert {line.home for line in lines} == {Home.MASTER, Home.SLAVE}
    became = [one.at for one in lines if one.home is Home.SLAVE and one.text.endswith("vrid 1: master")]
    assert became
    assert DIED <= (became[-1] or 0) <= DIED + 5
    later = [one for one in lines if one.at is not None and one.at > DIED + 5]
    assert any("launched" in one.text for one in later), "what came a little later stands below"
    assert deck.logs(END + 5) == ()


def test_the_night_as_it_is_kept_on_disk_is_the_same_night(
    night_recording: FakeRecording, tmp_path: Path
) -> None:
    """The same pieces through the recorder's own file, thinned as the recorder thins them the day after."""
    file = tmp_path / "recording.db"
    tape, told = night_recording.tapes[PAIR], night_recording.told[PAIR]
    writing = Writing(file, 50_000_000)
    writing.write(Batch(END, [NewStretch(BEGIN), *tape], [(PAIR, event) for event in told]))
    writing.tidy(END + 86400, 86400.0)
    writing.close()
    recording = Recording(file)
    try:
        kept, whole = Deck(recording, night_pair()), Deck(night_recording, night_pair())
        for at in (BEGIN + 3600, DIED - 5, DIED + 30, DIED + 600, END - 1):
            now, then = kept.state(at), whole.state(at)
            assert roles(now) == roles(then)
            assert [t.mounted for t in now.truths] == [t.mounted for t in then.truths]
            assert [f.id for f in now.findings] == [f.id for f in then.findings]
            assert [(e.kind, e.text) for e in now.events] == [(e.kind, e.text) for e in then.events]
        assert {line.text for line in kept.logs(DIED + 30)} == {line.text for line in whole.logs(DIED + 30)}
    finally:
        recording.close()
