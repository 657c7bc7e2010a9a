"""What is kept of an hour, a week and a year, and how much room it takes."""

import os
import sqlite3
from pathlib import Path

import pytest

from console.memory.figures import Bucket
from console.memory.reading import Recording
from console.memory.thinning import DAY, HOUR, WEEK, YEAR, dropped, near, used
from console.memory.writing import Batch, NewStretch, Writing
from console.model.tape import SectionRead
from tests.memory.taping import LARGE, T0, batch, event, link, lost, read, said, written


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recording.db"


def _firsts(file: Path, section: str = "ps") -> list[float]:
    db = sqlite3.connect(file)
    try:
        return [
            row[0] - T0
            for row in db.execute(
                "SELECT first FROM runs JOIN streams ON streams.id = stream WHERE section = ? ORDER BY first",
                (section,),
            )
        ]
    finally:
        db.close()


def _tidied(file: Path, now: float, limit: int = LARGE, rounds: int = 1) -> None:
    writing = Writing(file, limit)
    for _ in range(rounds):
        writing.tidy(now, 60.0)
    writing.close()


def test_the_last_hour_keeps_every_second(file: Path) -> None:
    written(file, [read(T0 + n, f"tick {n}") for n in range(600)]).close()
    _tidied(file, T0 + 600)
    assert len(_firsts(file)) == 599  # and the newest, which is still open


def test_after_an_hour_the_reading_at_each_full_minute_is_kept(file: Path) -> None:
    written(file, [read(T0 + n, f"tick {n}") for n in range(600)]).close()
    before = [said(Recording(file).pieces("lab", T0 + 60 * n)) for n in range(10)]
    _tidied(file, T0 + 600 + HOUR)
    assert _firsts(file) == [0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 598]
    assert [said(Recording(file).pieces("lab", T0 + 60 * n)) for n in range(10)] == before


def test_after_a_week_the_reading_at_each_full_hour_is_kept(file: Path) -> None:
    written(file, [read(T0 + 60 * n, f"minute {n}") for n in range(300)]).close()
    before = [said(Recording(file).pieces("lab", T0 + HOUR * n)) for n in range(4)]
    _tidied(file, T0 + 5 * HOUR + WEEK)
    assert _firsts(file) == [0, 3600, 7200, 10800, 14400, 298 * 60]
    assert [said(Recording(file).pieces("lab", T0 + HOUR * n)) for n in range(4)] == before


def test_after_a_year_it_is_gone(file: Path) -> None:
    writing = written(file, [read(T0 + 60 * n, f"minute {n}") for n in range(300)], [event(T0 + 5)])
    writing.write(batch(T0 + YEAR + DAY, NewStretch(T0 + YEAR + DAY), read(T0 + YEAR + DAY, "now")))
    writing.tidy(T0 + YEAR + 2 * DAY, 60.0)
    writing.close()
    recording = Recording(file)
    assert _firsts(file) == []
    assert recording.events("lab", 0, T0 + YEAR) == ()
    span = recording.span("lab")
    assert span is not None
    assert span.first == T0 + YEAR + DAY


def test_what_stood_for_long_is_kept_as_long_as_it_stood(file: Path) -> None:
    tape = [read(T0 + HOUR * n, "never changes", "mounts") for n in range(200)]
    written(file, [*tape, read(T0 + 200 * HOUR, "changed", "mounts")]).close()
    _tidied(file, T0 + 200 * HOUR + WEEK + HOUR)
    assert said(Recording(file).pieces("lab", T0 + 137.5 * HOUR)) == {"mounts": "never changes"}


def test_the_seconds_around_an_event_are_kept_for_the_week(file: Path) -> None:
    tape = [read(T0 + n, f"tick {n}") for n in range(900)]
    written(file, tape, [event(T0 + 310)]).close()
    _tidied(file, T0 + 900 + HOUR)
    kept = _firsts(file)
    assert [n for n in kept if 240 <= n < 420] == list(range(240, 420))
    assert len([n for n in kept if n < 240]) == 4
    assert said(Recording(file).pieces("lab", T0 + 317)) == {"ps": "tick 317"}


def test_the_minutes_around_an_event_are_kept_for_the_year(file: Path) -> None:
    tape = [read(T0 + 10 * n, f"tick {n}") for n in range(720)]
    written(file, tape, [event(T0 + 310)]).close()
    _tidied(file, T0 + 2 * HOUR + WEEK)
    assert _firsts(file) == [0, 240, 300, 360, 3600, 7180]


def test_a_finding_that_comes_and_goes_keeps_no_seconds(file: Path) -> None:
    tape = [read(T0 + n, f"tick {n}") for n in range(600)]
    written(file, tape, [event(T0 + n, "finding") for n in range(600)]).close()
    _tidied(file, T0 + 600 + HOUR)
    assert len(_firsts(file)) == 11


def test_a_link_that_flaps_all_hour_keeps_ten_of_its_minutes() -> None:
    assert len(near(T0 + n for n in range(0, 3600, 5))) == 12
    assert near([]) == frozenset()


def test_the_last_row_always_stays() -> None:
    assert dropped([1.0], (), grain=60, closely=True) == ()
    assert dropped([1.0, 2.0, 3.0], (), grain=60, closely=True) == (1.0, 2.0)
    assert dropped([59.0, 60.0, 61.0], (), grain=60, closely=True) == (59.0,)
    assert dropped([59.0, 60.5, 61.0], (), grain=60, closely=True) == (60.5,)


def test_thinning_keeps_what_was_lost_when_a_minute_began(file: Path) -> None:
    tape = [read(T0, "a"), link(T0)]
    for n in range(1, 10):
        tape += [lost(T0 + 30 * n - 5), read(T0 + 30 * n + 2, f"{n}")]
    written(file, tape).close()
    moments = [T0 + 60 * n for n in range(5)]
    before = [said(Recording(file).pieces("lab", at)) for at in moments]
    assert {"ps": "(not connected)", "link": "live"} in before
    _tidied(file, T0 + 2 * HOUR)
    assert [said(Recording(file).pieces("lab", at)) for at in moments] == before


def test_a_thinned_text_takes_no_room_and_none_that_is_needed_goes(file: Path) -> None:
    words = "".join(f"line {n} of a text that is much alike\n" for n in range(50))
    written(file, [read(T0 + n, f"{words}{n}") for n in range(7200)]).close()
    _tidied(file, T0 + 2 * HOUR + WEEK + HOUR)
    db = sqlite3.connect(file)
    (texts,) = db.execute("SELECT count(*) FROM texts").fetchone()
    named = db.execute("SELECT text FROM runs UNION SELECT text FROM open").fetchall()
    db.close()
    assert texts <= len(named) + 1
    recording = Recording(file)
    for at in (0, 3600, 7199):
        assert said(recording.pieces("lab", T0 + at))["ps"] == f"{words}{at}"


def test_texts_count_their_uses_whatever_is_done(file: Path) -> None:
    cycle = ["a" * 400, "b" * 400, "a" * 399 + "c"]
    writing = written(file, [read(T0 + n, cycle[n % 3]) for n in range(4000)])
    writing.tidy(T0 + 4000 + HOUR, 60.0)
    writing.write(batch(T0 + 4001, NewStretch(T0 + 4001), read(T0 + 4001, cycle[0])))
    writing.tidy(T0 + 4000 + WEEK + HOUR, 60.0)
    writing.close()
    db = sqlite3.connect(file)
    counted = db.execute(
        "SELECT t.uses, (SELECT count(*) FROM runs WHERE text = t.id)"
        " + (SELECT count(*) FROM open WHERE text = t.id)"
        " + (SELECT count(*) FROM texts b WHERE b.base = t.id) FROM texts t"
    ).fetchall()
    db.close()
    assert counted
    assert all(uses == real for uses, real in counted)


def test_a_file_stays_within_its_bound_and_the_oldest_goes_first(file: Path) -> None:
    limit = 400_000
    writing = Writing(file, limit)
    writing.write(batch(T0, NewStretch(T0)))
    for minute in range(120):
        at = T0 + 60 * minute
        news = [read(at + n, os.urandom(60).hex()) for n in range(60)]
        writing.write(batch(at + 60, *news))
        for _ in range(20):
            writing.tidy(at + 60, 1.0)
    writing.close()
    assert file.stat().st_size < 1.15 * limit
    recording = Recording(file)
    span = recording.span("lab")
    assert span is not None
    assert span.first > T0
    assert span.last == T0 + 7200
    newest = recording.pieces("lab", span.last)[0].news
    assert isinstance(newest, SectionRead)
    assert len(newest.text) == 120


def test_figures_of_a_minute_become_those_of_an_hour(file: Path) -> None:
    writing = written(file, [read(T0, ""), read(T0 + 1, "")])
    figures = {
        ("lab", "queue", T0 + 60 * n): Bucket(T0 + 60 * n, count=2, low=n, total=2.0 * n, high=n + 1)
        for n in range(90)
    }
    writing.write(Batch(T0 + 5400, figures=figures))
    recording = Recording(file)
    assert len(recording.series("lab", "queue", T0, T0 + 5400)) == 90
    writing.tidy(T0 + 2 * HOUR + WEEK, 60.0)
    points = recording.series("lab", "queue", T0, T0 + 5400)
    assert [(p.at - T0, p.seconds, p.low, p.mean, p.high) for p in points] == [
        (0, 3600, 0, 29.5, 60),
        (3600, 3600, 60, 74.5, 90),
    ]
    writing.close()


def test_a_clock_that_leaps_a_year_ahead_costs_nothing_for_an_hour(file: Path) -> None:
    writing = written(file, [read(T0 + n, f"tick {n}") for n in range(600)])
    ahead = T0 + 2 * YEAR
    writing.write(batch(ahead, NewStretch(ahead), read(ahead, "astray")))
    for n in range(1, 3000, 60):
        writing.tidy(ahead + n, 60.0)
    back = T0 + 3600
    writing.write(batch(back, NewStretch(back), read(back, "put right")))
    writing.close()
    recording = Recording(file)
    assert said(recording.pieces("lab", T0 + 317)) == {"ps": "tick 317"}
    span = recording.span("lab")
    assert span is not None
    assert (span.first, span.last) == (T0, back)


def test_a_stream_is_thinned_a_share_at_a_time(file: Path) -> None:
    tape = [read(T0 + n, f"{n}", f"s{stream}") for n in range(120) for stream in range(10)]
    written(file, tape).close()
    writing = Writing(file, LARGE)
    for _ in range(30):
        writing.tidy(T0 + HOUR + 300, 1.0)
    assert sum(len(_firsts(file, f"s{n}")) < 10 for n in range(10)) == 5
    for _ in range(30):
        writing.tidy(T0 + HOUR + 300, 1.0)
    assert sum(len(_firsts(file, f"s{n}")) < 10 for n in range(10)) == 10
    assert used(sqlite3.connect(file)) > 0
    writing.close()
