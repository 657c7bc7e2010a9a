"""Which sections a lane asks for, as a table."""

from console.watch.asked import Asked


def test_a_quiet_lane_asks_for_everything_each_time() -> None:
    asked = Asked(("host", "mounts"), ("geom",), limit=3)
    assert asked.ask(0) == ("host", "mounts", "geom")
    for section in ("host", "mounts", "geom"):
        asked.answered(section)
    assert asked.ask(1) == ("host", "mounts", "geom")


def test_nothing_is_asked_while_a_foreground_section_hangs() -> None:
    asked = Asked(("host", "ps"), (), limit=3)
    asked.ask(0)
    asked.answered("host")
    assert asked.waiting
    assert asked.ask(1) == ()
    assert asked.overdue(2) == ()
    assert asked.overdue(4) == (("ps", 4),)
    assert asked.answered("ps") == 0
    assert asked.overdue(5) == ()
    assert asked.ask(6) == ("host", "ps")


def test_a_hung_background_section_is_not_asked_again_and_holds_up_nothing() -> None:
    asked = Asked(("host",), ("geom",), limit=3)
    asked.ask(0)
    asked.answered("host")
    assert asked.ask(1) == ("host",)
    asked.answered("host")
    assert asked.overdue(178) == (("geom", 178),)
    asked.answered("geom")
    assert asked.ask(179) == ("host", "geom")


def test_an_answer_nobody_asked_for_is_no_answer() -> None:
    assert Asked(("host",), (), limit=3).answered("geom") is None


def test_a_lane_is_behind_until_everything_that_can_be_asked_was_asked_after_the_moment() -> None:
    asked = Asked(("host",), ("geom", "mail"), limit=3)
    assert asked.behind(-5)
    asked.ask(1)
    assert not asked.behind(9), "a lane that is blocked cannot be asked"
    for section in ("host", "geom", "mail"):
        asked.answered(section)
    assert asked.behind(1)
    assert not asked.behind(0.5)
    assert asked.ask(2, leave_out={"mail"}) == ("host", "geom")
    asked.answered("host")
    assert not asked.behind(1, {"mail"}), "geom was asked, though it has not answered"
    assert asked.behind(1), "mail was not"


def test_what_was_asked_after_a_moment_is_told_apart_from_what_was_asked_before() -> None:
    asked = Asked(("host",), ("geom", "df"), limit=3)
    assert asked.since(-1) == frozenset()
    asked.ask(1)
    asked.answered("host")
    asked.answered("geom")
    asked.ask(4, leave_out={"df"})
    assert asked.since(2) == {"host", "geom"}
    assert asked.since(4) == frozenset(), "asked at that very moment is not after it"
