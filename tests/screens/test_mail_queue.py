"""The list of a queue: order, words, senders as they are needed, and that only what is seen is drawn."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.model.mail import MailTrouble
from console.model.words import Home
from console.screens.mail_message import MessageScreen
from console.screens.mail_queue import QueueScreen
from console.screens.mail_trace import TraceScreen
from tests.mails import FakeMails, captured_queue, made_queue
from tests.screens.feeding import Clock, text_of
from tests.screens.test_mail import asked, captured, mail_console
from tests.waiting import eventually
from widgets.queue_table import QueueTable


async def opened(app: MirrorgateApp, pilot: Pilot[None], *, walked: bool = True) -> QueueTable:
    await eventually(lambda: app.states)
    screen = QueueScreen(Home.MASTER)
    await pilot.press("4")
    await app.push_screen(screen)
    table = screen.query_one(QueueTable)
    if walked:
        await eventually(lambda: table.rows.messages and not screen.walking and not screen.reading)
        await pilot.pause()
    return table


def made(count: int) -> FakeMails:
    return FakeMails({Home.MASTER: made_queue(count), Home.SLAVE: made_queue(0)})


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_the_messages_stand_there_with_state_age_and_sender(size: tuple[int, int]) -> None:
    app = mail_console(captured())
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        line = next(line for line in text_of(app).splitlines() if "1687892" in line)
        assert line.strip("┃ ").split()[:6] == ["1687892", "11s", "138", "B", "S5", "1"]
        assert ("gina75@sender.example" in line) == (size[0] > 80)
        assert "senders of 41 of 41 read" in text_of(app)


async def test_only_the_rows_that_are_seen_are_drawn_and_their_senders_read() -> None:
    fake = made(20_000)
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        table = await opened(app, pilot)
        assert table.drawn < 300
        assert table.rows.read < 200
        before = table.drawn
        await pilot.press("down")
        await pilot.pause()
        assert table.drawn - before == 2
        await pilot.press("end")
        await eventually(lambda: table.rows.messages[table.rows.shown[-1]].msg in table.rows.letters)
        assert table.rows.read < 400
        assert table.drawn - before < 300
        assert "senders of " in text_of(app)


async def test_an_order_by_sender_reads_five_thousand_and_m_as_many_more() -> None:
    fake = made(12_000)
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        table = await opened(app, pilot)
        await pilot.press("s", "s")
        await eventually(lambda: "senders of 5,000 of 12,000 read" in text_of(app))
        await pilot.press("end", "home")
        await pilot.pause()
        assert "senders of 5,000 of 12,000 read" in text_of(app)
        await pilot.press("m")
        await eventually(lambda: "senders of 10,000 of 12,000 read" in text_of(app))
        assert table.rows.sort == "sender"


async def test_words_are_looked_for_and_escape_shows_all_again() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot)
        await pilot.press("slash", *"gina", "enter")
        await eventually(lambda: len(table.rows.shown) == 8)
        await pilot.pause()
        assert "/ gina" in text_of(app)
        assert "8 of 41 by age" in text_of(app)
        await pilot.press("escape")
        await eventually(lambda: len(table.rows.shown) == 41)
        assert isinstance(app.screen, QueueScreen)
        await pilot.press("escape")
        await eventually(lambda: not isinstance(app.screen, QueueScreen))


async def test_words_that_nothing_matches_are_said_to() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot)
        await pilot.press("slash", *"zzz")
        await eventually(lambda: not table.rows.shown)
        await pilot.press("enter", "down", "end", "enter", "y", "w")
        await eventually(lambda: isinstance(app.screen, TraceScreen))
        app.action_leave()
        await eventually(lambda: isinstance(app.screen, QueueScreen))
        await pilot.pause()
        assert "no message matches the words" in text_of(app)


async def test_the_cursor_stays_on_its_message_when_the_queue_is_walked_again() -> None:
    fake, clock = captured(), Clock()
    app = mail_console(fake, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot)
        await pilot.press("down", "down", "down")
        before = table.pointed
        listing = captured_queue("05-mixed-deferred")
        fake.listings[Home.MASTER] = replace(listing, messages=listing.messages[1:])
        app.beat = clock.now = clock.now + 40
        await eventually(lambda: len(table.rows.messages) == 40)
        assert before is not None
        assert table.pointed == before
        assert table.cursor == 2


async def test_enter_opens_the_message_and_w_traces_it() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot)
        one = table.pointed
        assert one is not None
        await pilot.press("enter")
        await eventually(lambda: isinstance(app.screen, MessageScreen))
        assert isinstance(app.screen, MessageScreen)
        assert app.screen.msg == one.msg
        await pilot.press("q")
        await eventually(lambda: isinstance(app.screen, QueueScreen))
        await pilot.press("w")
        await eventually(lambda: isinstance(app.screen, TraceScreen))


async def test_s_goes_through_the_orders_and_capital_s_turns_them() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot)
        first = table.rows.shown[0]
        await pilot.press("S")
        assert table.rows.shown[-1] == first
        seen = []
        for _ in range(6):
            await pilot.press("s")
            seen.append(table.rows.sort)
        assert seen == ["size", "sender", "left", "state", "number", "age"]
        assert table.rows.shown[0] == first


async def test_a_walk_that_is_broken_off_or_fails_is_said_and_u_tries_again() -> None:
    fake = captured()
    fake.held = asyncio.Event()
    app = mail_console(fake)
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot, walked=False)
        await eventually(lambda: "walking the queue; escape breaks it off" in text_of(app))
        await pilot.press("escape")
        await eventually(lambda: "broken off: u walks again" in text_of(app))
        assert "queue master" in fake.cancelled
        fake.held.set()
        fake.listings[Home.MASTER] = MailTrouble("web-a: no answer within 180 s: u tries again")
        await pilot.press("u")
        await eventually(lambda: "no answer within 180 s" in text_of(app))
        fake.listings[Home.MASTER] = captured_queue("05-mixed-deferred")
        await pilot.press("u")
        await eventually(lambda: len(table.rows.shown) == 41)


async def test_envelopes_that_may_not_be_read_are_asked_for_once() -> None:
    fake = captured()
    fake.denied = True
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        await eventually(lambda: "senders are unknown: only root and qmails may read" in text_of(app))
        count = asked(fake, "envelopes")
        await pilot.press("end", "s", "s")
        await pilot.pause()
        assert asked(fake, "envelopes") == count


async def test_what_the_overview_walked_is_shown_at_once_and_not_walked_again() -> None:
    fake = captured()
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("4")
        await eventually(lambda: "queue      41" in text_of(app))
        await pilot.press("l")
        await eventually(lambda: "gina75@sender.example" in text_of(app))
        assert asked(fake, "queue master") == 1
        assert asked(fake, "envelopes master") == 1


async def test_a_click_points_at_a_row() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot)
        await pilot.click(QueueTable, offset=(5, 6))
        assert table.cursor == 4


PICTURES = {
    "wide": ((160, 48), "textual-dark"),
    "80x24": ((80, 24), "textual-dark"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_list_looks_as_it_did(name: str, snap_compare: Any) -> None:
    size, theme = PICTURES[name]
    app = mail_console(captured(), theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await opened(app, pilot)

    assert snap_compare(app, terminal_size=size, run_before=drawn)
