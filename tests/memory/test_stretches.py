"""Which part of a recording is believed where its clock was set."""

from console.memory.stretches import Stretch, credible, segments


def test_a_clock_put_back_makes_the_later_stretch_count() -> None:
    assert segments([Stretch(1, 100, 200), Stretch(2, 150, 300)]) == (
        Stretch(1, 100, 150),
        Stretch(2, 150, 300),
    )


def test_what_the_later_stretch_does_not_cover_stays() -> None:
    parts = segments([Stretch(1, 100, 200), Stretch(2, 120, 130)])
    assert parts == (Stretch(1, 100, 120), Stretch(2, 120, 130), Stretch(1, 130, 200))


def test_stretches_apart_stay_as_they_are() -> None:
    apart = [Stretch(1, 100, 200), Stretch(2, 300, 400)]
    assert segments(apart) == tuple(apart)


def test_a_clock_that_ran_ahead_is_not_the_end_of_the_recording() -> None:
    astray = [Stretch(1, 100, 200), Stretch(2, 9000, 9100), Stretch(3, 205, 300)]
    assert credible(astray) == (Stretch(1, 100, 200), Stretch(3, 205, 300))


def test_nothing_recorded_has_no_stretch() -> None:
    assert segments([]) == ()
    assert credible([]) == ()
