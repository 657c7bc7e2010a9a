"""What the mail is doing: walks, their cost, breaking them off, and what is not known."""

import asyncio
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.model.mail import Envelope, EnvelopeRecipient, LogLines, MailTrouble
from console.model.words import Home
from console.screens.mail import MailScreen
from console.screens.mail_control import ControlScreen
from console.screens.mail_log import LogScreen
from console.screens.mail_queue import QueueScreen
from console.screens.mail_trace import TraceScreen
from console.screens.showing import PairScreen
from tests.mails import FakeMails, captured_queue, log_of, made_queue
from tests.screens import sample
from tests.screens.feeding import Clock, console, text_of
from tests.waiting import eventually
from tests.widgets.test_plain import acts

EVIL = "[bold]x[/bold]\x1b]0;p\x07[@click=app.quit]\u202e\n\x9b31m@evil.example"


def mail_console(mails: FakeMails | None, clock: Clock | None = None, **how: Any) -> MirrorgateApp:
    app = console(sample.healthy(), clock=clock, **how)
    app.mails = mails
    return app


def captured(name: str = "05-mixed-deferred") -> FakeMails:
    fake = FakeMails.captured(name)
    fake.logs = {Home.MASTER: [LogLines(log_of("mixed"))]}
    return fake


async def opened(app: MirrorgateApp, pilot: Pilot[None], *, walked: bool = True) -> MailScreen:
    await eventually(lambda: app.states)
    await pilot.press("4")
    screen = app.screen
    assert isinstance(screen, MailScreen)
    if walked:
        await eventually(lambda: len(screen.walks) == 2 and not screen.walking)
        await pilot.pause()
    return screen


def asked(fake: FakeMails, what: str) -> int:
    return sum(call.startswith(what) for call in fake.calls)


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_the_figures_of_the_queue_stand_there(size: tuple[int, int]) -> None:
    app = mail_console(captured())
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        text = text_of(app)
        assert "queue      41   not preprocessed 0" in text
        assert "local 26   remote 50   done 145" in text
        await pilot.press("end")
        await pilot.pause()
        text = text_of(app)
        assert "136 of 883 deliveries" in text
        assert "read by    root at 02:11:44" in text


async def test_both_nodes_are_seen_and_one_that_has_no_queue_says_so() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        assert "web-b: /var/qmail/queue is not there" in text_of(app)


async def test_on_a_small_terminal_tab_shows_the_other_node() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        assert "web-b: /var/qmail" not in text_of(app)
        await pilot.press("tab")
        await eventually(lambda: screen.pointed is Home.SLAVE)
        await pilot.pause()
        assert "web-b: /var/qmail/queue is not there" in text_of(app)


async def test_without_a_reader_the_screen_says_so_in_one_line() -> None:
    app = mail_console(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot, walked=False)
        await pilot.pause()
        assert "a close look at the mail is not available here" in text_of(app)
        await pilot.press("u", "escape", "l")
        await pilot.pause()
        assert "a close look at the mail is not available here" in text_of(app)
        assert isinstance(app.screen, QueueScreen)


async def test_a_walk_is_repeated_after_the_interval_while_the_screen_is_looked_at() -> None:
    fake, clock = captured(), Clock()
    app = mail_console(fake, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        assert asked(fake, "queue master") == 1
        app.beat = clock.now = clock.now + 29
        await pilot.pause()
        assert asked(fake, "queue master") == 1
        app.beat = clock.now = clock.now + 2
        await eventually(lambda: asked(fake, "queue master") == 2)
        await pilot.press("3")
        await pilot.pause()
        app.beat = clock.now = clock.now + 1000
        await pilot.pause()
        assert asked(fake, "queue master") == 2


async def test_a_dear_walk_is_not_repeated_before_fifty_times_its_cost() -> None:
    fake, clock = captured(), Clock()
    fake.listings[Home.MASTER] = replace(captured_queue("05-mixed-deferred"), seconds=8.0)
    app = mail_console(fake, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        walk = screen.walks[Home.MASTER]
        assert walk.due - walk.at == pytest.approx(50 * 8.02)
        app.beat = clock.now = clock.now + 390
        await pilot.pause()
        assert asked(fake, "queue master") == 1
        await pilot.press("u")
        await eventually(lambda: asked(fake, "queue master") == 2)


async def test_escape_breaks_a_walk_off_and_nothing_walks_until_it_is_asked_for() -> None:
    fake, clock = captured(), Clock()
    fake.held = asyncio.Event()
    app = mail_console(fake, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        screen = await opened(app, pilot, walked=False)
        await eventually(lambda: asked(fake, "queue") == 2)
        assert "walking the queue; escape breaks it off" in text_of(app)
        await pilot.press("escape")
        await eventually(lambda: len(fake.cancelled) == 2)
        await pilot.pause()
        assert "broken off: u walks again" in text_of(app)
        assert not screen.walking
        fake.held.set()
        app.beat = clock.now = clock.now + 1000
        await pilot.pause()
        assert asked(fake, "queue") == 2
        await pilot.press("u")
        await eventually(lambda: asked(fake, "queue") == 4)
        await eventually(lambda: "not preprocessed 0" in text_of(app) and "broken off" not in text_of(app))


async def test_leaving_the_screen_in_mid_walk_ends_the_walk() -> None:
    fake = captured()
    fake.held = asyncio.Event()
    app = mail_console(fake)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot, walked=False)
        await eventually(lambda: asked(fake, "queue") == 2)
        await pilot.press("1")
        await eventually(lambda: len(fake.cancelled) == 2)
        fake.held.set()
        await pilot.press("4")
        await eventually(lambda: len(screen.walks) == 2)


async def test_trouble_in_a_later_walk_leaves_the_figures_and_says_why() -> None:
    fake = captured()
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        fake.listings[Home.MASTER] = MailTrouble("web-a: the connection was lost; it is tried again [/x]")
        await pilot.press("u")
        await eventually(lambda: "web-a: the connection was lost; it is tried again [/x]" in text_of(app))
        assert "queue      41" in text_of(app)


async def test_who_may_not_look_and_at_what_is_said() -> None:
    fake = captured()
    fake.denied = True
    fake.listings[Home.MASTER] = replace(
        captured_queue("05-mixed-deferred", "ops"), denied=("info", "local", "remote", "bounce"), vanished=2
    )
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        text = text_of(app)
        assert "left to do unknown: only root and qmails may read envelopes" in text
        assert "◌ ops may not look into info, local, remote, bounce" in text
        assert "◌ root or qmails may" in text
        assert "2 files went while the walk went on" in text


async def test_a_log_that_cannot_be_read_is_unknown_and_the_queue_is_not() -> None:
    fake = captured()
    fake.logs = {Home.MASTER: MailTrouble("web-a: /var/log/qmail/current: permission denied")}
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        assert "◌ web-a: /var/log/qmail/current: permission denied" in text_of(app)
        assert "queue      41" in text_of(app)


async def test_each_key_opens_its_screen_and_q_and_escape_come_back() -> None:
    app = mail_console(captured())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        opens: tuple[tuple[str, type[PairScreen]], ...] = (
            ("l", QueueScreen),
            ("enter", QueueScreen),
            ("w", TraceScreen),
            ("g", LogScreen),
            ("c", ControlScreen),
        )
        for key, kind in opens:
            await pilot.press(key)
            await eventually(lambda: app.screen is not screen, what=key)
            assert isinstance(app.screen, kind)
            await pilot.pause()
            assert " 4 Mail " in text_of(app)
            app.action_leave()
            await eventually(lambda: app.screen is screen, what=key)
        assert app.current_mode == "mail"


async def test_a_figure_of_a_huge_queue_is_of_a_sample_and_says_so() -> None:
    fake = FakeMails({Home.MASTER: made_queue(20_000), Home.SLAVE: made_queue(0)})
    app = mail_console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        assert "senders and domains of 5,000 of 20,000 messages" in text_of(app)
        assert "in 5,000 of 20,000" in text_of(app)
        assert "● the queue is empty" in text_of(app)


@pytest.mark.parametrize("size", [(160, 48), (60, 15)])
async def test_hostile_addresses_and_reasons_are_only_text(size: tuple[int, int]) -> None:
    queue = made_queue(3)
    fake = FakeMails({Home.MASTER: replace(queue, user=EVIL), Home.SLAVE: MailTrouble(EVIL)})
    fake.letters = {
        one.msg: Envelope(one.msg, EVIL, (EnvelopeRecipient("local", EVIL, False),)) for one in queue.messages
    }
    evil = f"@400000006b03863c2c69702c delivery 7: deferral: {EVIL}/".replace("\n", "").encode()
    fake.logs = {Home.MASTER: [LogLines((evil, b"\xff\x00\x1b]0;p\x07"))]}
    app = mail_console(fake)
    async with app.run_test(size=size, notifications=True) as pilot:
        await opened(app, pilot)
        for key in ("end", "y", "home", "tab", "l", "q", "q"):
            await pilot.press(key)
            await pilot.pause()
            assert acts(text_of(app)) == []
        assert app.is_running


async def test_every_character_is_ascii_on_a_terminal_that_knows_no_other() -> None:
    app = mail_console(captured(), ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        drawn = ElementTree.fromstring(app.export_screenshot())
        words = "".join(each.text or "" for each in drawn.iter() if each.tag.endswith("}text"))
        assert words.replace("\N{NO-BREAK SPACE}", " ").isascii()


PICTURES = {
    "wide": ((160, 48), "textual-dark"),
    "80x24": ((80, 24), "textual-dark"),
    "60x15_light": ((60, 15), "textual-light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_mail_looks_as_it_did(name: str, snap_compare: Any) -> None:
    size, theme = PICTURES[name]
    app = mail_console(captured(), theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await opened(app, pilot)

    assert snap_compare(app, terminal_size=size, run_before=drawn)
