"""Logs of two nodes in one order, whatever their zones and clocks."""

from datetime import UTC, datetime

from console.health.logs_beside import LogReadings, in_order
from console.model.facts import LogLine
from console.model.replaying import LoggedLine
from console.model.words import Home
from widgets.logs_beside import Both, LogsBeside

NIGHT = datetime(2026, 11, 23, 3, 12, tzinfo=UTC).timestamp()


def line(stamp: str, text: str = "server state vrid 1: master") -> LogLine:
    return LogLine(stamp, "freevrrpd", text, 2097)


def test_a_line_that_appears_tells_the_time_zone_of_its_node() -> None:
    reading = LogReadings(Home.MASTER)
    reading.take("vrrplog", [line("Nov 22 20:00:00", "old")], NIGHT - 5)
    reading.take("vrrplog", [line("Nov 22 20:00:00", "old"), line("Nov 22 22:11:59")], NIGHT)
    assert reading.zone == -5 * 3600
    assert [one.at for one in reading.lines()] == [NIGHT - 1 - 7919, NIGHT - 1]


def test_until_a_line_appears_the_zone_is_the_consoles() -> None:
    reading = LogReadings(Home.MASTER)
    reading.take("vrrplog", [line("Nov 23 03:11:59")], NIGHT)
    assert reading.zone is None
    assert [one.at for one in reading.lines()] == [NIGHT - 1]


def test_a_line_that_may_have_stood_there_for_an_hour_tells_no_zone() -> None:
    reading = LogReadings(Home.MASTER)
    reading.take("vrrplog", [], NIGHT - 3600)
    reading.take("vrrplog", [line("Nov 23 02:20:00")], NIGHT)
    assert reading.zone is None


def test_the_offset_of_a_clock_is_taken_out() -> None:
    reading = LogReadings(Home.SLAVE, offset=30.0)
    reading.take("messages", [line("Nov 23 03:12:29")], NIGHT)
    assert reading.lines()[0].at == NIGHT - 1


def test_a_line_of_the_year_before_is_of_the_year_before() -> None:
    new_year = datetime(2027, 1, 1, 0, 1, tzinfo=UTC).timestamp()
    reading = LogReadings(Home.MASTER)
    reading.take("messages", [line("Dec 31 23:59:59")], new_year)
    assert reading.lines()[0].at == new_year - 61


def test_a_line_of_two_sections_is_one_and_one_that_was_written_twice_is_two() -> None:
    twice = [line("Nov 23 03:11:00"), line("Nov 23 03:11:00"), line("Nov 23 03:11:30", "other")]
    reading = LogReadings(Home.MASTER)
    reading.take("messages", twice, NIGHT)
    reading.take("vrrplog", twice, NIGHT)
    assert len(reading.lines()) == 3


def test_lines_of_a_new_syslog_carry_their_own_zone_and_those_without_a_time_keep_their_place() -> None:
    reading = LogReadings(Home.MASTER)
    reading.take("messages", [line("2026-11-23T04:11:59+01:00"), line("", "no stamp")], NIGHT)
    assert [one.at for one in reading.lines()] == [NIGHT - 1, None]
    other = LoggedLine(Home.SLAVE, NIGHT - 0.5, "", "kernel", "later")
    assert [one.text for one in in_order([*reading.lines(), other])][-2:] == ["no stamp", "later"]


def test_the_moment_stands_between_what_was_and_what_came_later() -> None:
    lines = tuple(LoggedLine(Home.MASTER, NIGHT + n, "", "kernel", f"line {n}") for n in (-2, -1, 1, 2))
    shown = LogsBeside()
    shown.set_reactive(LogsBeside.both, Both(("web-a", "web-b"), lines, NIGHT))
    shown._choose()
    text = shown.text.splitlines()
    assert [row.rpartition(" ")[2] for row in text[:2]] == ["-2", "-1"]
    assert text[2] == "-- 2026-11-23 03:12:00 --"
