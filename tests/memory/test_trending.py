"""What trends say of a time in which nothing was recorded: nothing good."""

from pathlib import Path

import pytest

from console.commands.trends import as_text
from console.memory.reading import Recording
from console.memory.trending import trends
from console.memory.writing import Batch, NewStretch, ServiceSeen, Writing
from console.model.words import Answer
from tests.memory.taping import LARGE, T0, read


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Two hours in which the service was there, and one between them of which nothing is known."""
    writing = Writing(tmp_path / "recording.db", LARGE)
    for begin in (T0, T0 + 7200):
        writing.write(Batch(begin, [NewStretch(begin), read(begin, "here")]))
        for at in (begin, begin + 3600):
            seen = ServiceSeen("lab", at, Answer.YES, "web-a")
            writing.write(Batch(at, [read(at, "here")], service=[seen]))
    writing.close()
    return Recording(tmp_path / "recording.db")


def test_a_time_that_was_not_recorded_is_not_a_time_in_which_all_was_well(recording: Recording) -> None:
    found = trends(recording, "lab", T0, T0 + 10800)
    assert [(one.first - T0, one.last - T0, one.served, one.recorded) for one in found.away] == [
        (3600, 7200, Answer.UNKNOWN, False)
    ]
    assert "outages       0, 0 s in all; 3600 s not recorded" in as_text(found)


def test_what_lies_before_and_after_the_recording_was_not_recorded(recording: Recording) -> None:
    found = trends(recording, "lab", T0 - 86400, T0 + 12000)
    assert [(one.first - T0, one.last - T0) for one in found.away] == [
        (-86400, 0),
        (3600, 7200),
        (10800, 12000),
    ]
    assert trends(recording, "lab", T0 + 60, T0 + 3000).away == ()


def test_less_than_a_minute_at_an_end_is_only_a_time_that_was_rounded(recording: Recording) -> None:
    assert len(trends(recording, "lab", T0 - 59, T0 + 10859).away) == 1


def test_of_a_pair_that_is_not_in_it_nothing_was_recorded(recording: Recording) -> None:
    found = trends(recording, "other", T0, T0 + 600)
    assert [one.last - one.first for one in found.away] == [600]
