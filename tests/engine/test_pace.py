"""Rate and time left of something that moves."""

from console.engine.pace import Pace


def test_a_first_line_that_knows_nothing_yet_does_not_hide_the_rate_of_those_that_follow() -> None:
    pace = Pace()
    assert pace.at(0.0, None, None) == (still := pace.at(0.2, None, None))
    assert (still.percent, still.rate, still.eta) == (None, None, None)
    pace.at(2.0, 100, 1000, 10.0)
    moving = pace.at(4.0, 300, 1000, 30.0)
    assert (moving.percent, moving.rate, moving.eta) == (30, 100.0, 7.0)


def test_what_tells_a_percentage_alone_has_a_time_left_too() -> None:
    pace = Pace()
    pace.at(0.0, None, None, 10.0)
    moving = pace.at(5.0, None, None, 20.0)
    assert (moving.percent, moving.rate, moving.eta) == (20, None, 40.0)
