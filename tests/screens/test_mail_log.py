"""The log screen: both nodes by time, filter, pause, search, nodes that go and come back, and speed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.app import MirrorgateApp
from console.model.mail import LogLines, MailTrouble
from console.model.words import Home
from console.screens import mail_tails
from console.screens.mail_log import LogScreen
from console.screens.mail_trace import TraceScreen
from console.screens.raw import RawScreen
from tests.mails import FakeMails, log_of
from tests.parse.test_qmail_merging import line
from tests.screens import sample
from tests.screens.feeding import console, text_of
from tests.waiting import eventually
from tests.widgets.test_plain import acts
from widgets.log_view import LogView

T0 = 1_795_399_000
EVIL = "[/x]\x1b]0;p\x07[@click=app.quit]\u202e\u2066\x9b31m\x85"
SAID = (
    "new msg 7",
    "info msg 7: bytes 300 from <bob@x.example> qp 12 uid 1000",
    "starting delivery 1: msg 7 to remote r@y.example",
    "status: local 0/10 remote 1/20",
    "delivery 1: success: 10.0.0.1_accepted_message./",
    "status: local 0/10 remote 0/20",
    "end msg 7",
)


class Logs(FakeMails):
    """Logs that grow when a test says so; `MailTrouble` ends one."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: dict[Home, asyncio.Queue[LogLines | MailTrouble]] = {
            home: asyncio.Queue() for home in Home
        }
        self.opened = 0
        self.closed = 0

    def say(self, home: Home, *texts: str, at: float = T0, **more: Any) -> None:
        lines = tuple(line(at + n, text) for n, text in enumerate(texts))
        self.coming[home].put_nowait(LogLines(lines, **more))

    async def tail(self, pair: str, home: Home, last: int = 200) -> AsyncIterator[LogLines]:
        self.opened += 1
        try:
            while True:
                one = await self.coming[home].get()
                if isinstance(one, MailTrouble):
                    raise one
                yield one
        finally:
            self.closed += 1


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_tails, "PAUSES", (0.01,))


def app_with(fake: FakeMails | None, **how: Any) -> MirrorgateApp:
    app = console(sample.healthy(), **how)
    app.mails = fake
    return app


async def opened(app: MirrorgateApp, pilot: Pilot[None]) -> LogView:
    await eventually(lambda: app.states)
    # Not by way of the screen below, which reads logs too.
    await app.push_screen(LogScreen())
    await pilot.pause()
    return app.screen.query_one(LogView)


async def shows(view: LogView, count: int) -> None:
    await eventually(lambda: len(view.shown) == count, what=f"{count} lines")


def words(view: LogView) -> list[str]:
    return [f"{row.node} {row.line.decode(errors='replace').rpartition(' ')[2]}" for row in view.shown]


@pytest.mark.parametrize(
    ("size", "theme"),
    [((160, 48), "textual-dark"), ((80, 24), "textual-dark"), ((160, 48), "textual-light")],
    ids=["wide", "80x24", "light"],
)
def test_the_log_screen_looks_as_it_did(size: tuple[int, int], theme: str, snap_compare: Any) -> None:
    fake = FakeMails(
        logs={
            Home.MASTER: [LogLines(log_of("restart", 2400)[:60], offset=0.02)],
            Home.SLAVE: [LogLines(log_of("small-remote"), offset=-3.1)],
        }
    )
    app = app_with(fake, theme=theme)

    async def drawn(pilot: Pilot[None]) -> None:
        await shows(await opened(app, pilot), 69)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)


async def test_lines_of_both_nodes_stand_in_the_order_of_the_corrected_time() -> None:
    logs = Logs()
    logs.say(Home.MASTER, "end msg 1", "end msg 3", at=T0 + 100, offset=100.0)
    logs.say(Home.SLAVE, "end msg 2", "end msg 4", at=T0 + 0.5, offset=0.0)
    app = app_with(logs)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 4)
        assert words(view) == ["web-a 1", "web-b 2", "web-a 3", "web-b 4"]
        await pilot.pause()
        assert "● web-a clock +1 min 40 s" in text_of(app)
    assert logs.closed == logs.opened == 2, "whoever leaves ends the tails"


async def test_the_filter_hides_lines_and_the_search_goes_from_one_to_the_next() -> None:
    logs = Logs()
    logs.say(Home.MASTER, *SAID)
    logs.say(Home.SLAVE)
    app = app_with(logs)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 7)
        await pilot.press("slash", *"msg 7", "enter")
        await shows(view, 4)
        assert view.has_focus
        logs.say(Home.MASTER, "end msg 7", "end msg 8", at=T0 + 50)
        await shows(view, 5)
        await pilot.press("escape")
        await shows(view, 9)
        await pilot.press("s", *"STATUS", "enter")
        await pilot.pause()
        assert view.pointed is not None
        assert view.pointed.line.endswith(b"remote 0/20")
        await pilot.press("N")
        await pilot.pause()
        assert view.pointed.line.endswith(b"remote 1/20")
        await pilot.press("n", "n")
        await pilot.pause()
        assert view.pointed.line.endswith(b"remote 1/20"), "around the end"
        await pilot.press("escape")
        await pilot.pause()
        assert not app.screen.query_one("#seek", Input).display
        assert isinstance(app.screen, LogScreen)


async def test_paused_it_stands_still_and_loses_nothing() -> None:
    logs = Logs()
    logs.say(Home.MASTER, *SAID)
    logs.say(Home.SLAVE)
    app = app_with(logs)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 7)
        await pilot.press("space")
        logs.say(Home.MASTER, *SAID, at=T0 + 50)
        await eventually(lambda: view.behind == 7)
        assert len(view.shown) == 7
        await eventually(lambda: "paused, 7 new lines" in text_of(app))
        await pilot.press("space")
        await shows(view, 14)


async def test_the_view_stands_still_while_the_cursor_is_up_and_follows_from_its_end() -> None:
    logs = Logs()
    logs.say(Home.MASTER, *(f"end msg {n}" for n in range(100)))
    logs.say(Home.SLAVE)
    app = app_with(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 100)
        await pilot.press("home", "down")
        assert view.pointed is not None
        assert view.pointed.line.endswith(b"end msg 1")
        logs.say(Home.MASTER, "end msg 100", at=T0 + 200)
        await shows(view, 101)
        await pilot.pause()
        assert view.pointed.line.endswith(b"end msg 1")
        assert "end msg 100" not in text_of(app)
        await pilot.press("end")
        await pilot.pause()
        assert "end msg 100" in text_of(app)
        assert view.following


async def test_rotation_and_what_was_missed_are_said_where_they_happened() -> None:
    logs = Logs()
    logs.say(Home.MASTER, "end msg 1")
    logs.say(Home.SLAVE)
    logs.say(Home.MASTER, "end msg 2", at=T0 + 1, rotated=True, missed=12_345)
    app = app_with(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 4)
        assert [row.note for row in view.shown] == [False, True, True, False]
        await pilot.pause()
        assert "a new log file was begun" in text_of(app)
        assert "12,345 bytes are not shown" in text_of(app)


async def test_a_node_that_goes_is_said_with_a_date_and_its_return_repeats_no_line() -> None:
    logs = Logs()
    logs.say(Home.MASTER, "end msg 1", "end msg 2")
    logs.say(Home.SLAVE)
    app = app_with(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 2)
        logs.coming[Home.MASTER].put_nowait(MailTrouble(f"web-a: no answer {EVIL}"))
        await shows(view, 3)
        await eventually(lambda: "◌ web-a since 02:11:44: no answer" in text_of(app))
        assert "no more lines: no answer" in text_of(app)
        assert acts(text_of(app)) == []
        logs.coming[Home.MASTER].put_nowait(MailTrouble("web-a: still away"))
        logs.say(Home.MASTER, "end msg 1", "end msg 2", "end msg 3")
        await shows(view, 5)
        assert words(view)[3:] == ["web-a again", "web-a 3"]
        logs.coming[Home.MASTER].put_nowait(MailTrouble("web-a: gone"))
        logs.say(Home.MASTER, "end msg 90", at=T0 + 1000)
        await shows(view, 9)
        assert "lines between are not shown" in view.shown[7].line.decode()


async def test_enter_traces_the_message_of_the_line_and_r_shows_its_exact_stamp() -> None:
    logs = Logs()
    logs.say(Home.MASTER, *SAID)
    logs.say(Home.SLAVE)
    app = app_with(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        view = await opened(app, pilot)
        await shows(view, 7)
        await pilot.press("r")
        await eventually(lambda: isinstance(app.screen, RawScreen))
        await pilot.pause()
        assert "2026-11-23 01:56:46.000000000 end msg 7" in text_of(app)
        await pilot.press("q", "up", "enter")
        await pilot.pause()
        assert isinstance(app.screen, LogScreen), "a status line is of no message"
        await pilot.press("end", "enter")
        await eventually(lambda: isinstance(app.screen, TraceScreen))
        await eventually(lambda: "search master msg 7" in logs.calls)
        await pilot.press("q")
        await eventually(lambda: isinstance(app.screen, LogScreen))


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_hostile_and_torn_lines_are_only_text(size: tuple[int, int]) -> None:
    logs = Logs()
    evil = (
        b"\x00\x1b[31m\xff[/x]\x07",
        EVIL.encode(),
        b"@400000006b03863c2c69702c delivery 1: failure: \x1b]0;p\x07[bold]x",
        b"@4000",
        b"",
        b"@ffffffffffffffffffffffff end msg 3",
        b"Nov 23 00:17:54 qmail: 1795393074.745107 new msg 1",
        b"Nov 23 00:17:54 qmail: 1795393074.745107+ the rest",
        b"x" * 1_000_000,
    )
    logs.coming[Home.MASTER].put_nowait(LogLines(evil))
    logs.say(Home.SLAVE)
    app = app_with(logs)
    async with app.run_test(size=size) as pilot:
        view = await opened(app, pilot)
        await shows(view, len(evil))
        await pilot.press("s", "x", "enter", "home")
        await pilot.pause()
        assert acts(text_of(app)) == []
        assert "[/x]" in text_of(app)
        assert max(map(len, text_of(app).splitlines())) <= size[0]
        await pilot.press("r")
        await pilot.pause()
        assert acts(text_of(app)) == []


async def test_only_the_newest_lines_are_kept_and_only_those_in_sight_are_drawn() -> None:
    logs = Logs()
    app = app_with(logs)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(app, pilot)
        logs.say(Home.SLAVE)
        logs.coming[Home.MASTER].put_nowait(LogLines(tuple(line(T0, f"end msg {n}") for n in range(60_000))))
        await eventually(lambda: view.dropped == 10_000)
        assert view.kept == 50_000
        await pilot.pause()
        assert "end msg 59999" in text_of(app)
        assert "10,000 older ones gone" in text_of(app)
        assert view.drawn < 5_000


async def test_without_mail_reading_it_says_so() -> None:
    app = app_with(None)
    async with app.run_test(size=(60, 15)) as pilot:
        await opened(app, pilot)
        assert "the log is not available here" in text_of(app)
        await pilot.press("escape")
        await eventually(lambda: not isinstance(app.screen, LogScreen))
