"""The trace screen: typing, both nodes at once, what became of a message, leaving."""

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.app import MirrorgateApp
from console.model.mail import ControlFile, ControlFiles, MailTrouble, NodeSearch
from console.model.words import Home
from console.screens.mail_trace import TraceScreen
from console.screens.raw import RawScreen
from tests.mails import FakeMails, log_of
from tests.screens import sample
from tests.screens.feeding import console, text_of
from tests.waiting import eventually
from tests.widgets.test_plain import acts
from widgets.traced_list import TracedList

MIXED = NodeSearch("web-a", log_of("mixed"), 3, 2_040_000_000, 90_000, 0.8)
NOTHING = NodeSearch("web-b", (), 2, 50_000, 0, 0.3)
EVIL = "[/x]\x1b]0;p\x07[@click=app.quit]\u202e\u2066\x9b31m\x85"


def of(*texts: str, at: int = 1_795_399_000) -> tuple[bytes, ...]:
    """Lines of a log, one second after another."""
    return tuple(f"@{2**62 + 10 + at + n:016x}00000000 {text}".encode() for n, text in enumerate(texts))


DEFERRED = of(
    "new msg 5915497",
    "info msg 5915497: bytes 22122 from <sender@example.net> qp 99024 uid 1002",
    "starting delivery 1: msg 5915497 to remote rcpt@example.org",
    "delivery 1: deferral: 10.0.0.9_does_not_like_recipient./Remote_host_said:_451_try_again_later/",
)
LIFETIME = ControlFiles((ControlFile("queuelifetime", "300\n"),))


def mails(a: NodeSearch | MailTrouble = MIXED, b: NodeSearch | MailTrouble = NOTHING) -> FakeMails:
    return FakeMails(searches={Home.MASTER: a, Home.SLAVE: b})


def app_with(fake: FakeMails | None, **how: Any) -> MirrorgateApp:
    app = console(sample.healthy(), **how)
    app.mails = fake
    return app


async def opened(app: MirrorgateApp, pilot: Pilot[None], words: str = "") -> TraceScreen:
    await eventually(lambda: app.states)
    await pilot.press("4")
    screen = TraceScreen(words)
    await app.push_screen(screen)
    await pilot.pause()
    return screen


def searched(calls: list[str]) -> list[str]:
    """The searches among all that was asked: the screen below asks for the queue."""
    return sorted(call for call in calls if call.startswith("search"))


async def found(screen: TraceScreen, count: int) -> None:
    await eventually(lambda: len(screen.query_one(TracedList).found) == count)


@pytest.mark.parametrize(
    ("size", "theme"),
    [((160, 48), "textual-dark"), ((80, 24), "textual-dark"), ((160, 48), "textual-light")],
    ids=["wide", "80x24", "light"],
)
def test_the_trace_screen_looks_as_it_did(size: tuple[int, int], theme: str, snap_compare: Any) -> None:
    app = app_with(mails(), theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await found(await opened(app, pilot, "longdefer"), 1)
        await eventually(lambda: "2 of 2 nodes" in text_of(app) and "new msg" in text_of(app))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)


def test_a_deferred_message_looks_as_it_did(snap_compare: Any) -> None:
    fake = mails(NodeSearch("web-a", DEFERRED, 1, 1000, 400, 0.1))
    fake.controls[Home.MASTER] = LIFETIME
    app = app_with(fake)

    async def drawn(pilot: Pilot[None]) -> None:
        await found(await opened(app, pilot, "rcpt@"), 1)
        await eventually(lambda: "the last" in text_of(app) and "2 of 2 nodes" in text_of(app))
        await pilot.pause()

    assert snap_compare(app, terminal_size=(160, 48), run_before=drawn)


async def test_an_address_is_typed_and_both_nodes_are_searched() -> None:
    fake = mails(b=NodeSearch("web-b", DEFERRED, 1, 1000, 400, 0.1))
    app = app_with(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        assert screen.query_one("#words", Input).has_focus
        await pilot.press(*"rcpt@example.org", "enter")
        await found(screen, 1)
        await pilot.pause()
        assert searched(fake.calls) == [
            f"search {home.value} rcpt@example.org" for home in (Home.MASTER, Home.SLAVE)
        ]
        text = text_of(app)
        assert "web-b · 2 of 2 nodes" in text
        assert "1.9 GB of logs in 0.8 s" in text
        assert "▲ deferred" in text
        assert "451 try again later" in " ".join(text.replace("│", " ").split())
        assert "next try" in text
        assert "qmail-queue ─ qmail-send ─ qmail-rspawn ─" in text
        assert "─ example.org [10.0.0.9]" in text
        assert screen.query_one(TracedList).has_focus


async def test_the_same_message_on_both_nodes_is_told_for_each() -> None:
    one = of("new msg 7", "info msg 7: bytes 3 from <s@x> qp 5 uid 0", "end msg 7")
    app = app_with(mails(NodeSearch("web-a", one), NodeSearch("web-b", one)))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot, "s@x")
        await found(screen, 2)
        assert [traced.node for traced in screen.query_one(TracedList).found] == ["web-a", "web-b"]


async def test_a_node_that_cannot_be_searched_is_told_and_the_other_one_still_answers() -> None:
    trouble = MailTrouble("web-b: [/x]\x1b the log may not be read by op: add it to group qlog")
    app = app_with(mails(b=trouble))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot, "longdefer")
        await found(screen, 1)
        await pilot.pause()
        assert "web-a · 1 of 2 nodes" in text_of(app)
        assert "◌ web-b: [/x]" in text_of(app)
        assert acts(text_of(app)) == []


async def test_more_than_is_followed_is_said() -> None:
    app = app_with(mails(NodeSearch("web-a", DEFERRED, capped=True)))
    async with app.run_test(size=(120, 40)) as pilot:
        await found(await opened(app, pilot, "rcpt"), 1)
        await pilot.pause()
        assert "web-a: more messages were found than are followed" in text_of(app)


async def test_escape_stops_a_search_and_then_leaves() -> None:
    fake = mails()
    fake.held = asyncio.Event()
    app = app_with(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot, "longdefer")
        await eventually(lambda: len(searched(fake.calls)) == 2)
        await pilot.pause()
        assert "escape stops" in text_of(app)
        await pilot.press("escape")
        await eventually(lambda: len(searched(fake.cancelled)) == 2)
        await pilot.pause()
        assert app.screen is screen
        assert "the search was stopped" in text_of(app)
        await pilot.press("escape")
        await eventually(lambda: app.screen is not screen)
        assert app.current_mode == "mail"


async def test_a_time_that_nobody_understands_is_refused_before_anything_is_searched() -> None:
    fake = mails()
    app = app_with(fake)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press(*"bob", "tab", *"lately", "enter")
        await pilot.pause()
        assert "since: give 2026-11-23T00:17" in text_of(app)
        assert searched(fake.calls) == []
        screen.query_one("#since", Input).value = "2026-11-23T00:18"
        await pilot.press("enter")
        await eventually(lambda: len(searched(fake.calls)) == 2)
        await eventually(lambda: screen.query_one(TracedList).found)
        firsts = [one.story.last for one in screen.query_one(TracedList).found]
        assert all(last is not None and (last.at or 0) >= 1_795_393_080 for last in firsts)


async def test_the_cursor_chooses_the_message_r_shows_its_lines_and_y_copies_its_story() -> None:
    app = app_with(mails())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot, "defer")
        await eventually(lambda: len(screen.query_one(TracedList).found) > 2)
        await pilot.press("down")
        await pilot.pause()
        second = screen.query_one(TracedList).found[1]
        assert f"msg {second.story.msg} on web-a" in text_of(app)
        await pilot.press("y")
        await pilot.pause()
        assert f"new msg {second.story.msg}" in app.clipboard
        await pilot.press("r")
        await eventually(lambda: isinstance(app.screen, RawScreen))
        await pilot.pause()
        assert "@400000006b0386" in text_of(app)


async def test_hostile_words_in_a_log_are_only_text() -> None:
    evil = of(
        f"info msg 7: bytes 3 from <{EVIL}> qp 5 uid 0",
        f"starting delivery 1: msg 7 to remote {EVIL}@{EVIL}",
        f"delivery 1: failure: {EVIL}",
        "starting delivery 2: msg 7 to local [bold]x",
        f"delivery 2: deferral: {'y' * 5000}",
    )
    app = app_with(mails(NodeSearch("web-a", (*evil, b"\x00\xff\x1b[31m", b"delivery 9: torn"))))
    for size in ((120, 40), (60, 15)):
        async with app.run_test(size=size) as pilot:
            await found(await opened(app, pilot, "msg 7"), 1)
            await pilot.pause()
            assert acts(text_of(app)) == []
            assert "[/x]" in text_of(app)
        app = app_with(app.mails)  # type: ignore[arg-type]  # the same fake


async def test_without_mail_reading_it_says_so() -> None:
    app = app_with(None)
    async with app.run_test(size=(60, 15)) as pilot:
        await opened(app, pilot, "bob")
        await pilot.pause()
        assert "not available here" in text_of(app)
        await pilot.press("q")
        await eventually(lambda: not isinstance(app.screen, TraceScreen))
