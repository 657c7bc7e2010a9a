"""qmail's control files on the screen: the list, the details, the other node, and what goes wrong."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from console.app import MirrorgateApp
from console.model.mail import ControlFile, ControlFiles, MailTrouble, OldestMail
from console.model.words import Home
from console.screens.mail_control import ControlScreen
from console.screens.raw import RawScreen
from tests.mails import NOW, FakeMails, captured_control
from tests.screens import sample
from tests.screens.feeding import Clock, Feed, text_of
from tests.screens.test_hostile import EVIL
from tests.waiting import eventually
from tests.widgets.test_plain import acts
from widgets.drawn import Drawn
from widgets.option_lines import OptionLines

ROUTE = ":relay.example:587 user hunter2"


def mails() -> FakeMails:
    """web-a has changed some files since qmail-send started, web-b has no rcpthosts."""
    here = captured_control(
        concurrencyremote="255\n",
        rcpthost="x\n",
        locals="localhost\nmx.example.net\nlocal.example\nvirt.example\n",
    )
    changed = ("concurrencyremote", "locals")
    files = tuple(replace(f, changed=NOW - 100) if f.name in changed else f for f in here.files)
    key = ControlFile("servercert.pem", bytes=3000, changed=NOW, mode="-rw-r-----", owner="root")
    there = captured_control(me="mx2.example.net\n", helohost=None, rcpthosts=None, smtproutes=f"{ROUTE}\n")
    there = replace(there, showctl=there.showctl.replace("ok.example:127.0.0.1:3001", ROUTE))
    return FakeMails(controls={Home.MASTER: replace(here, files=(*files, key)), Home.SLAVE: there})


def console(fake: FakeMails | None, theme: str = "textual-dark") -> MirrorgateApp:
    state = sample.healthy()
    app = MirrorgateApp([state.snapshot.config], Feed(state), mails=fake, clock=Clock())
    app.animation_level = "none"
    app.theme = theme
    return app


async def opened(pilot: Pilot[None]) -> None:
    """The screen, with what is known of both nodes."""
    app = pilot.app
    assert isinstance(app, MirrorgateApp)
    await eventually(lambda: app.states)
    await pilot.press("4")
    await app.push_screen(ControlScreen())
    await pilot.pause()
    screen = app.screen
    if isinstance(screen, ControlScreen) and app.mails is not None:
        await eventually(lambda: not screen.reading)
    await pilot.pause()


def detail(app: MirrorgateApp) -> str:
    return app.screen.query_one("#words", Drawn).shown.plain


PICTURES: dict[str, tuple[tuple[int, int], str, tuple[str, ...]]] = {
    "wide": ((160, 48), "textual-dark", ("down", "down", "down")),
    "small": ((80, 24), "textual-dark", ("down",)),
    "smallest": ((60, 15), "textual-dark", ()),
    "light_other_node": ((120, 40), "textual-light", ("n",)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_control_files_look_as_they_did(name: str, snap_compare: Any) -> None:
    size, theme, keys = PICTURES[name]

    async def drawn(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    assert snap_compare(console(mails(), theme), terminal_size=size, run_before=drawn)


async def test_keys_lead_through_files_and_nodes_and_back() -> None:
    app = console(mails())
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(pilot)
        lines = app.screen.query_one(OptionLines)
        assert lines.highlighted_key == "percenthack"
        assert "Q28" in detail(app)
        await pilot.press("down")
        assert lines.highlighted_key == "concurrencyremote"
        assert "not in force" in detail(app)
        assert "255 are asked for, 120 are the most" in detail(app)
        await pilot.press("n")
        await pilot.pause()
        assert "control files of web-b" in text_of(app)
        assert lines.highlighted_key == "concurrencyremote"
        await pilot.press("home")
        assert lines.highlighted_key == "rcpthosts"
        await pilot.press("slash", *"open relay", "enter")
        await pilot.pause()
        assert lines.option_count == 1
        await pilot.press("escape")
        await pilot.pause()
        assert lines.option_count > 20
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(app.screen, RawScreen)
        assert "silent concurrency limit" in text_of(app)
        await pilot.press("q", "escape")
        await pilot.pause()
        assert not isinstance(app.screen, ControlScreen)
        assert app.current_mode == "mail"


async def test_a_file_is_shown_beside_the_other_nodes_and_whole() -> None:
    app = console(mails())
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(pilot)
        await pilot.press("slash", *"locals", "enter", "home")
        await pilot.pause()
        assert "- virt.example" in detail(app)
        assert "HUP" in detail(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, RawScreen)
        assert "virt.example" in text_of(app)
        await pilot.press("q")


async def test_no_password_of_a_route_and_no_key_comes_to_the_screen() -> None:
    fake = mails()
    app = console(fake)
    async with app.run_test(size=(160, 48)) as pilot:
        await opened(pilot)
        await pilot.press("n", "slash", *"smtproutes", "enter", "home", "enter")
        await pilot.pause()
        assert isinstance(app.screen, RawScreen)
        assert ":relay.example:587 (…)" in text_of(app)
        assert "hunter2" not in text_of(app)
        await pilot.press("q")
        await pilot.pause()
        assert "hunter2" not in detail(app) + text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "hunter2" not in detail(app) + text_of(app)
        await pilot.press("n", "r")
        await pilot.pause()
        assert "SMTP route: :relay.example:587 (…)" in str(app.screen.query_one(Static).render())
        await pilot.press("y")
        assert "hunter2" not in app.clipboard


async def test_reading_shows_that_it_works_and_escape_breaks_it_off() -> None:
    fake = mails()
    fake.held = asyncio.Event()
    app = console(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("4")
        await eventually(lambda: fake.calls)
        fake.calls.clear()
        fake.cancelled.clear()
        await app.push_screen(ControlScreen())
        await eventually(lambda: {"control master", "control slave"} <= set(fake.calls))
        await pilot.pause()
        assert "reading the control files" in text_of(app)
        await pilot.press("escape")
        await eventually(lambda: {"control master", "control slave"} <= set(fake.cancelled))
        await pilot.pause()
        assert "u reads the files" in text_of(app)
        fake.held.set()
        await pilot.press("u")
        screen = app.screen
        assert isinstance(screen, ControlScreen)
        await eventually(lambda: len(screen.read) == 2)
        await pilot.pause()
        assert "percenthack" in text_of(app)


async def test_a_node_that_cannot_be_read_says_why_and_the_other_is_shown() -> None:
    fake = mails()
    fake.controls[Home.SLAVE] = MailTrouble("web-b: connection refused; see whether sshd runs")
    app = console(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "web-b: connection refused" in text_of(app)
        assert "percenthack" in text_of(app)
        assert "differs" not in text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "connection refused" in text_of(app)
        assert "percenthack" not in text_of(app)


async def test_without_a_reader_one_line_says_so() -> None:
    app = console(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "the control files are not available here" in text_of(app)
        for key in ("n", "u", "r", "y", "enter", "slash", "x", "escape"):
            await pilot.press(key)
            await pilot.pause()
        assert isinstance(app.screen, ControlScreen)


async def test_hostile_files_are_drawn_as_text() -> None:
    names = ("me", "locals", "rcpthosts", "smtproutes", "virtualdomains", "databytes")
    evil = tuple(ControlFile(name, EVIL, EVIL, 9, NOW, EVIL, EVIL) for name in names)
    odd = ControlFile(EVIL, None, EVIL, 9, NOW, EVIL, EVIL)
    files = ControlFiles((*evil, odd), EVIL, NOW)
    fake = FakeMails(controls={Home.MASTER: files, Home.SLAVE: ControlFiles(trouble=EVIL)})
    app = console(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        for _ in range(len(names) + 1):
            await pilot.press("down")
            await pilot.pause()
            assert not acts(text_of(app))
        for key in ("r", "q", "enter", "q", "n", "slash", "x"):
            await pilot.press(key)
            await pilot.pause()
            assert not acts(text_of(app))
        assert app.return_code is None


async def test_the_overview_tells_the_oldest_message_of_the_last_walk_and_forgets_it() -> None:
    clock = Clock()
    state = sample.healthy()
    app = MirrorgateApp([state.snapshot.config], Feed(state), clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.pause()
        assert "oldest" not in text_of(app)
        app.oldest = {
            (app.pair, Home.MASTER): OldestMail(3 * 3600.0, clock.now),
            (app.pair, Home.SLAVE): OldestMail(9.0, clock.now),
        }
        await eventually(lambda: "oldest 3h" in text_of(app))
        app.beat = clock.now = clock.now + 2000.0
        await eventually(lambda: "oldest" not in text_of(app))


async def test_a_walk_tells_the_overview_what_is_oldest() -> None:
    fake = FakeMails.captured("05-mixed-deferred")
    app = console(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: app.states)
        await pilot.press("4")
        await eventually(lambda: (app.pair, Home.MASTER) in app.oldest)
        assert app.oldest[app.pair, Home.MASTER].age > 0
        await pilot.press("1")
        await eventually(lambda: "oldest" in text_of(app))
