"""Times as people say them."""

import time
from datetime import UTC, datetime

import pytest

from console.parse.spoken_time import spoken_time

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC).timestamp()


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> float:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("03:12", at(23, 3, 12)),
        ("3:12", at(23, 3, 12)),
        ("03:12:40", at(23, 3, 12, 40)),
        ("04:00", at(23, 4)),
        ("04:01", at(22, 4, 1)),
        ("2026-11-22T03:12", at(22, 3, 12)),
        ("2026-11-22 03:12:05", at(22, 3, 12, 5)),
        ("2026-11-22T03:12+02:00", at(22, 1, 12)),
        ("90m", at(23, 2, 30)),
        ("2h", at(23, 2)),
        ("1d", at(22, 4)),
        (" 03:12 ", at(23, 3, 12)),
    ],
)
def test_a_time_is_what_people_mean_by_it(word: str, meant: float) -> None:
    assert spoken_time(word, NOW) == meant


def test_a_step_counts_from_the_moment_that_is_looked_at() -> None:
    assert spoken_time("+5m", NOW, at(23, 3, 12)) == at(23, 3, 17)
    assert spoken_time("-5m", NOW, at(23, 3, 12)) == at(23, 3, 7)
    assert spoken_time("-5m", NOW) == NOW - 300


@pytest.mark.parametrize(
    "word", ["", "25:00", "03:61", "noon", "99999999999d", "2026-13-01", "1e5", "-", "3m4"]
)
def test_what_is_no_time_is_said_to_be_none(word: str) -> None:
    with pytest.raises(ValueError, match="give 03:12"):
        spoken_time(word, NOW)


def test_the_time_of_day_before_a_night_on_which_the_clocks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    morning = datetime(2026, 10, 25, 6, 0, tzinfo=UTC).timestamp()
    # 23:00 of the evening before was 21:00 UTC: summer time ended in between.
    assert spoken_time("23:00", morning) == datetime(2026, 10, 24, 21, 0, tzinfo=UTC).timestamp()
