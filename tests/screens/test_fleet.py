"""The fleet: every pair in a line, the worst first, and the way to one of them and back."""

from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.model.pair_line import PairLine
from console.model.words import Severity
from tests.screens import fleet, sample
from tests.screens.feeding import Clock, Feed, console, text_of
from tests.waiting import eventually
from widgets.fleet_rows import FleetRows, row_of
from widgets.fleet_table import FleetTable, layout

PICTURES = {
    "80x24": ((80, 24), "textual-dark", False),
    "160x48": ((160, 48), "textual-dark", False),
    "60x15_ascii": ((60, 15), "textual-dark", True),
    "120x30_light": ((120, 30), "textual-light", False),
}


def shown(app: MirrorgateApp) -> list[str]:
    return [row.pair.name for row in app.screen.query_one(FleetTable).rows.shown]


async def told(app: MirrorgateApp, pilot: Pilot[None], count: int) -> FleetTable:
    await eventually(lambda: len(app.lines) == count)
    await pilot.pause()
    return app.screen.query_one(FleetTable)


@pytest.mark.parametrize("name", PICTURES)
def test_the_fleet_looks_as_it_did(name: str, snap_compare: Any) -> None:
    size, theme, ascii_only = PICTURES[name]
    pairs, lines = fleet.fleet()
    feed = Feed(*lines.values())
    app = console(feed=feed, pairs=pairs, theme=theme, ascii_only=ascii_only, read_only=True)

    async def drawn(pilot: Pilot[None]) -> None:
        app.source_words = "collector, 3 viewers"
        await told(app, pilot, len(pairs))

    assert snap_compare(app, terminal_size=size, run_before=drawn)


async def test_several_pairs_open_on_the_fleet_and_enter_drills_down_and_q_comes_back() -> None:
    pairs = [sample.pair_config(f"pair-{n}") for n in range(4)]
    feed = Feed(*(sample.healthy(pair) for pair in pairs[:3]))
    app = console(feed=feed, pairs=pairs)
    async with app.run_test(size=(120, 40)) as pilot:
        table = await told(app, pilot, 3)
        assert app.current_mode == "pairs"
        assert "1 connecting" in text_of(app)
        await pilot.press("end")
        assert table.pointed is not None
        name = table.pointed.pair.name
        feed.put(sample.state(config=pairs[3], findings=(sample.P23,)))
        await eventually(lambda: "P23" in text_of(app))
        assert table.pointed.pair.name == name, "the cursor stays on its pair"
        await pilot.press("home", "enter")
        await eventually(lambda: app.current_mode == "overview")
        await pilot.pause()
        assert app.pair == "pair-3"
        assert "pair-3" in text_of(app)
        assert feed.looked == ["pair-0", "pair-3"]
        await pilot.press("3", "q")
        await eventually(lambda: app.current_mode == "overview")
        await pilot.press("q")
        await eventually(lambda: app.current_mode == "pairs")
        await pilot.press("q")
        await eventually(lambda: app.return_code == 0)


async def test_the_worst_come_first_and_a_cursor_at_the_top_stays_there() -> None:
    pairs, lines = fleet.fleet(130)
    feed = Feed(*lines.values())
    app = console(feed=feed, pairs=pairs)
    async with app.run_test(size=(160, 48)) as pilot:
        table = await told(app, pilot, 130)
        numbers = [int(name[-3:]) for name in shown(app)]
        assert numbers[:8] == [7, 31, 90, 58, 101, 120, 1, 2]
        worse = fleet.split(pairs[0])
        feed.put(worse)
        await eventually(lambda: shown(app)[0] == "customer-001")
        assert table.cursor == 0
        feed.put(lines["customer-001"])
        await eventually(lambda: shown(app)[0] == "customer-007")
        await pilot.press("down", "down")
        feed.put(worse)
        await eventually(lambda: shown(app)[0] == "customer-001")
        assert table.pointed is not None
        assert (table.cursor, table.pointed.pair.name) == (3, "customer-090")


async def test_words_tags_and_their_absence_choose_what_is_shown() -> None:
    pairs, lines = fleet.fleet(130)
    app = console(feed=Feed(*lines.values()), pairs=pairs)
    async with app.run_test(size=(160, 48)) as pilot:
        await told(app, pilot, 130)

        async def type_in(words: str) -> list[str]:
            await pilot.press("escape", "slash")
            app.screen.query_one("#filter").value = words  # type: ignore[attr-defined]
            await pilot.pause()
            return shown(app)

        assert await type_in("rebuild") == ["customer-031", "customer-090"]
        assert await type_in("rebuild tag:wi") == ["customer-090"]
        assert await type_in("REBUILD not:tag:wien") == ["customer-031"]
        assert await type_in("10.1.58.2") == ["customer-058"]
        assert await type_in("critical") == ["customer-007"]
        assert len(await type_in("tag:production tag:graz")) == 26
        assert await type_in("tag:prod nothing") == []
        assert "no pair has these words" in text_of(app)
        await pilot.press("enter", "enter", "down", "r", "y")
        await pilot.press("escape")
        await pilot.pause()
        assert len(shown(app)) == 130


async def test_s_sorts_by_name_queue_and_rebuild() -> None:
    pairs = tuple(fleet.pair(number) for number in (3, 1, 2))
    lines = [fleet.well(pairs[0]), fleet.rebuilding(pairs[1]), fleet.well(pairs[2], queue=9000)]
    app = console(feed=Feed(*lines), pairs=pairs)
    async with app.run_test(size=(160, 48)) as pilot:
        await told(app, pilot, 3)
        orders = []
        for _ in range(4):
            await pilot.press("s")
            orders.append("".join(name[-1] for name in shown(app)))
        assert orders == ["123", "213", "132", "132"]


async def test_a_pair_of_which_nothing_was_heard_for_a_minute_shows_so() -> None:
    pairs, lines = fleet.fleet(2)
    clock = Clock()
    app = console(feed=Feed(*lines.values()), pairs=pairs, clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await told(app, pilot, 2)
        assert text_of(app).count("<10s") == 2
        clock.now += 725
        await eventually(lambda: text_of(app).count("12m") == 2)


async def test_only_rows_that_are_seen_and_different_are_drawn() -> None:
    pairs, lines = fleet.fleet(200)
    feed = Feed(*lines.values())
    app = console(feed=feed, pairs=pairs)
    async with app.run_test(size=(80, 24)) as pilot:
        table = await told(app, pilot, 200)
        await pilot.pause()
        before = table.drawn
        feed.put(fleet.well(pairs[0], queue=77_777))
        await eventually(lambda: "77,777" in text_of(app))
        await pilot.pause()
        assert 1 <= table.drawn - before <= 2, "one row, and the text_of above"
        before = table.drawn
        feed.put(fleet.well(pairs[150], queue=88_888))
        await eventually(lambda: app.lines["customer-151"].queue == 88_888)
        await pilot.pause()
        assert table.drawn == before


async def test_many_news_between_two_drawings_are_drawn_once() -> None:
    pairs, lines = fleet.fleet(20)
    feed = Feed(*lines.values())
    app = console(feed=feed, pairs=pairs)
    drawings: list[int] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await told(app, pilot, 20)
        app.watch(app, "lines", lambda: drawings.append(1), init=False)
        for number in range(500):
            feed.put(fleet.well(pairs[number % 20], queue=number + 100))
        await eventually(lambda: app.lines["customer-020"].queue == 599)
        assert len(drawings) <= 3


async def test_a_line_of_a_pair_nobody_looks_at_lets_its_whole_state_go() -> None:
    pairs = [sample.pair_config("first"), sample.pair_config("second")]
    feed = Feed(*(sample.healthy(pair) for pair in pairs))
    app = console(feed=feed, pairs=pairs)
    async with app.run_test(size=(80, 24)) as pilot:
        await told(app, pilot, 2)
        assert set(app.states) == {"first", "second"}
        feed.put(app.lines["first"])
        feed.put(app.lines["second"])
        await eventually(lambda: set(app.states) == {"first"})
        app.pair = "second"
        await pilot.press("1")
        await pilot.pause()
        assert "connecting" in text_of(app), "no state of long ago"
        feed.put(sample.healthy(pairs[1]))
        await eventually(lambda: "COMPLETE" in text_of(app))


async def test_hostile_words_in_a_line_are_only_text() -> None:
    evil = "[/x]\x1b]0;p\x07[@click=app.quit]\u202e"
    one = fleet.pair(1, name="[/x][red]", tags=("[/t]",))
    line = fleet.well(
        one, worst=Severity.CRITICAL, worst_id="[/i]\x1b", worst_what=evil, findings=1, serving=evil
    )
    app = console(feed=Feed(line), pairs=[one, fleet.pair(2)])
    async with app.run_test(size=(160, 48)) as pilot:
        await told(app, pilot, 1)
        await pilot.press("r")
        await pilot.pause()
        await pilot.press("q", "y")
        await pilot.pause()
        text = text_of(app)
        assert "[/x][red]" in text
        assert "[/x]␛]0;p␇[@click=app.quit]" in text
        assert not any(active in text for active in "\x1b\x07\u202e")


def test_what_is_not_known_is_never_drawn_as_well() -> None:
    one = fleet.pair(1)
    for line in (None, fleet.unheard(one), PairLine(one.name, ("a", "b"), settled=True)):
        row = row_of(one, line)
        said = "".join(text for name, (text, _) in row.cells.items() if name not in ("", "pair", "tags"))
        assert "●" not in said
        assert "yes" not in said
    assert row_of(one, None).cells[""][0] == row_of(one, fleet.unheard(one)).cells[""][0] == "⟳"


def test_the_columns_fit_every_width() -> None:
    for width in range(56, 240):
        columns = layout(width, longest=30)
        assert sum(cells for _, cells in columns) + len(columns) - 1 == width, width
        names = {name for name, _ in columns}
        assert {"", "pair", "role", "addr", "mount", "ready"} < names
        assert len({"mirror", "rebuild"} & names) == len({"findings", "found"} & names) == 1


def test_two_hundred_rows_are_made_and_sorted_only_where_they_changed() -> None:
    pairs, lines = fleet.fleet(200)
    rows = FleetRows(pairs)
    rows.tell(lines)
    before = dict(rows.rows)
    rows.tell({**lines, "customer-005": fleet.gone(pairs[4])})
    assert [name for name, row in rows.rows.items() if row is not before[name]] == ["customer-005"]


async def test_the_first_line_says_where_the_states_come_from_on_every_screen() -> None:
    app = console(sample.healthy(), read_only=True)
    async with app.run_test(size=(160, 48)) as pilot:
        await eventually(lambda: app.states)
        app.source_words = "polling itself: no collector"
        for key in "123456":
            await pilot.press(key)
            await pilot.pause()
            assert "polling itself: no collector" in text_of(app), key
        app.source_words = ""
        await eventually(lambda: "polling itself" not in text_of(app))


async def test_one_pair_is_counted_as_one() -> None:
    app = console(sample.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        await told(app, pilot, 1)
        assert "1 pair " in text_of(app)


@pytest.mark.parametrize("mode", ["overview", "pairs"])
async def test_where_states_come_from_never_hides_that_a_console_is_read_only(mode: str) -> None:
    app = console(sample.healthy(), read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: app.states)
        app.source_words = "polling itself: no collector at /var/run/mirrorgate"
        await app.switch_mode(mode)
        await pilot.pause()
        await eventually(lambda: "polling" in text_of(app).splitlines()[0])
        assert "read-only" in text_of(app).splitlines()[0]
