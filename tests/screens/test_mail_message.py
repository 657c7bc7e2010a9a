"""One message: where it is, its files and recipients, its log lines, and that it may go meanwhile."""

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import MirrorgateApp
from console.health.mail_life import life
from console.model.mail import (
    Envelope,
    EnvelopeRecipient,
    MailTrouble,
    MessageFiles,
    NodeSearch,
    QueueFile,
)
from console.model.words import Home
from console.screens.mail_message import MessageScreen
from console.screens.mail_pipeline import pipeline, where
from console.screens.raw import RawScreen
from tests.mails import FakeMails, captured_queue
from tests.screens.feeding import Clock, text_of
from tests.screens.test_mail import asked, mail_console
from tests.waiting import eventually
from tests.widgets.test_plain import acts

MSG = 1688070
LINES = tuple(
    f"@400000006b03863c{n:08x} {text}".encode()
    for n, text in enumerate(
        (
            f"new msg {MSG}",
            f"info msg {MSG}: bytes 141 from <finn13@sender.example> qp 1 uid 1002",
            f"starting delivery 1: msg {MSG} to remote kim@defer.example",
            "delivery 1: deferral: Remote_host_said:_450_later/",
        )
    )
)


def fake(lines: tuple[bytes, ...] = LINES, name: str = "05-mixed-deferred") -> FakeMails:
    one = FakeMails.captured(name)
    one.searches = {Home.MASTER: NodeSearch("web-a", lines, 3, 40_000_000, 900, 0.3)}
    return one


async def opened(
    app: MirrorgateApp, pilot: Pilot[None], msg: int = MSG, *, looked: bool = True
) -> MessageScreen:
    await eventually(lambda: app.states)
    await pilot.press("4")
    screen = MessageScreen(Home.MASTER, msg, 23)
    await app.push_screen(screen)
    if looked:
        await eventually(lambda: screen.seen is not None and not screen.told)
        await pilot.pause()
    return screen


async def text_below(app: MirrorgateApp, pilot: Pilot[None]) -> str:
    """All that can be scrolled to on a terminal."""
    above = text_of(app)
    await pilot.press("end")
    await pilot.pause()
    return above + text_of(app)


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_everything_about_a_deferred_message_stands_there(size: tuple[int, int]) -> None:
    app = mail_console(fake())
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        text = await text_below(app, pilot)
        assert "─ [qmail-send] ─┬─ " in text
        assert "S5  it waits for its next attempt; 1 recipient left" in text
        assert "from <finn13@sender.example>" in text
        if size != (60, 15):
            assert "recipients: 1 left, 2 done" in text
        if size == (160, 48):
            assert "remote/8/1688070" in text
            assert "Sorry, no mailbox here by that name. (#5.1.1)" in text
            assert "[red]no such user[/red]" in text
        assert "▲ delivery 1: " in text
        assert "38.1 MB of log in 3 files: 0.30 s" in text


STATES = {
    "S2": "[qmail-smtpd or qmail-inject] ─ [qmail-queue] ─ qmail-send",
    "S3": "─ [qmail-queue] ─ qmail-send",
    "S4": "qmail-queue ─ [qmail-send] ─┬─ qmail-lspawn",
}


@pytest.mark.parametrize("state", STATES)
def test_the_place_of_a_state_stands_out_in_the_pipeline(state: Any) -> None:
    found = MessageFiles(7, state, (QueueFile("mess", "mess/7/7"),))
    at = where(found, life((), 7))
    assert STATES[state] in pipeline(at, life((), 7), "", 160)[0].plain


def test_a_delivery_that_runs_moves_the_place_to_its_program() -> None:
    found = MessageFiles(7, "S5", (QueueFile("info", "info/7/7"),), Envelope(7, "a@x"))
    told = life((b"@400000006b03863c00000000 starting delivery 3: msg 7 to local joe@x",), 7)
    upper, lower = pipeline(where(found, told), told, "./Maildir/", 160)
    assert "[qmail-lspawn] ─ [qmail-local (./Maildir/)]" in upper.plain
    assert "[" not in lower.plain


def test_a_message_whose_recipients_are_all_done_waits_for_its_bounce() -> None:
    done = (EnvelopeRecipient("local", "a@x", True),)
    files = (QueueFile("info", "info/7/7"), QueueFile("bounce", "bounce/7"))
    found = MessageFiles(7, "S5", files, Envelope(7, "s@x", done, True))
    assert "the bounce is about to be sent" in where(found, life((), 7)).words


async def test_a_message_that_is_gone_is_said_to_be_and_not_looked_for_again() -> None:
    mails, clock = fake((*LINES, f"@400000006b03863d00000000 end msg {MSG}".encode())), Clock()
    app = mail_console(mails, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        mails.messages[MSG] = MessageFiles(MSG, taken=clock.now)
        app.beat = clock.now = clock.now + 60
        await eventually(lambda: "it is not in the queue any more; the log has its end" in text_of(app))
        assert f"end msg {MSG}" in text_of(app)
        count = asked(mails, "message")
        app.beat = clock.now = clock.now + 60
        await pilot.pause()
        assert asked(mails, "message") == count


async def test_a_number_that_another_message_got_meanwhile_is_noticed() -> None:
    mails, clock = fake(), Clock()
    app = mail_console(mails, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        mails.messages[MSG] = MessageFiles(MSG, "S4", (QueueFile("mess", "mess/8/1688070", 9, clock.now),))
        app.beat = clock.now = clock.now + 60
        await eventually(lambda: "its number belongs to another one by now" in text_of(app))


async def test_a_message_is_looked_at_again_while_it_is_shown() -> None:
    mails, clock = fake(), Clock()
    app = mail_console(mails, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        app.beat = clock.now = clock.now + 4
        await pilot.pause()
        assert asked(mails, "message") == 1
        app.beat = clock.now = clock.now + 12
        await eventually(lambda: asked(mails, "message") == 2)
        await eventually(lambda: screen.seen is not None and screen.seen.at == clock.now)


async def test_a_search_that_is_broken_off_leaves_the_files_and_escape_then_goes_back() -> None:
    mails = fake()
    app = mail_console(mails)
    async with app.run_test(size=(160, 48)) as pilot:
        mails.held = asyncio.Event()
        screen = await opened(app, pilot, looked=False)
        await eventually(lambda: asked(mails, "message") == 1)
        assert screen.told
        await pilot.press("escape")
        await eventually(lambda: f"message master {MSG}" in mails.cancelled)
        await pilot.pause()
        assert "broken off: u looks again" in text_of(app)
        mails.held.set()
        await pilot.press("u")
        await eventually(lambda: screen.seen is not None and not screen.told)
        await pilot.press("escape")
        await eventually(lambda: app.screen is not screen)


async def test_trouble_with_the_message_and_with_the_log_are_told_apart() -> None:
    mails = fake()
    mails.searches[Home.MASTER] = MailTrouble("web-a: the log may not be read: permission denied")
    app = mail_console(mails)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        assert "◌ web-a: the log may not be read: permission denied" in text_of(app)
        assert "mess/8/1688070" in text_of(app)
        mails.messages[MSG] = MailTrouble("web-a: no answer")
        await pilot.press("u")
        await eventually(lambda: "◌ web-a: no answer" in text_of(app))


async def test_a_message_with_sixty_thousand_recipients_is_listed_in_part() -> None:
    mails = fake(name="04c-S5-with-bounce-file")
    listing = captured_queue("04c-S5-with-bounce-file")
    big = max(mails.letters.values(), key=lambda letter: len(letter.recipients))
    app = mail_console(mails)
    async with app.run_test(size=(160, 48)) as pilot:
        assert any(one.msg == big.msg for one in listing.messages)
        await opened(app, pilot, big.msg)
        text = await text_below(app, pilot)
        assert f"{sum(not r.done for r in big.recipients):,} left" in text
        assert f"and {len(big.recipients) - 200:,} more" in text


async def test_r_shows_the_lines_and_y_copies_what_is_shown() -> None:
    app = mail_console(fake())
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(app, pilot)
        await pilot.press("y")
        await eventually(lambda: "finn13@sender.example" in app.clipboard)
        await pilot.press("r")
        await eventually(lambda: isinstance(app.screen, RawScreen))
        assert "@400000006b03863c00000000 new msg 1688070" in text_of(app)


async def test_without_a_reader_the_screen_says_so() -> None:
    app = mail_console(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot, looked=False)
        await pilot.pause()
        assert "a close look at the mail is not available here" in text_of(app)
        await pilot.press("u", "y", "r", "escape")


EVIL = "[bold]x[/bold]\x1b]0;p\x07[@click=app.quit]\u202e\n\x9b31m@evil.example"


async def test_hostile_text_is_only_text() -> None:
    mails = fake((*LINES, f"new msg {MSG}{EVIL}".encode(), b"\xff\x00\x1b[31m", EVIL.encode()))
    mails.messages[MSG] = MessageFiles(
        MSG,
        "S5",
        (QueueFile(EVIL, EVIL, 3, None, EVIL), QueueFile("info", "info/20/1688070", None, 1.0, EVIL)),
        Envelope(MSG, EVIL, (EnvelopeRecipient("local", EVIL, False),)),
        EVIL * 30,
        denied=(EVIL,),
    )
    app = mail_console(mails)
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        await opened(app, pilot)
        for key in ("end", "y", "home", "r", "q"):
            await pilot.press(key)
            await pilot.pause()
            assert acts(text_of(app)) == []
        assert app.is_running


PICTURES = {
    "wide": ((160, 48), "textual-dark"),
    "80x24": ((80, 24), "textual-dark"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_message_looks_as_it_did(name: str, snap_compare: Any) -> None:
    size, theme = PICTURES[name]
    app = mail_console(fake(), theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await opened(app, pilot)

    assert snap_compare(app, terminal_size=size, run_before=drawn)
