"""Textual's side of a tab, in a process of its own: what it takes, what it gives, and when it ends."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.browser.tab import Tab
from console.lab.pair import serve
from tests.browser.serving import alive, gone
from tests.waiting import eventually

_APP = """
import io, sys, time
from pathlib import Path
from textual.app import App
from console.browser import tab_driver
tab_driver._LINGER = 0.2
told = Path(sys.argv[1])
def tell(words):
    with told.open("a") as file:
        file.write(words + chr(10))
class Noting(tab_driver.TabDriver):
    def write_meta(self, data):
        tell(f"beside: {data['type']}")
        super().write_meta(data)
    def write_binary_encoded(self, data):
        tell("beside: packed")
        super().write_binary_encoded(data)
class Console(App):
    def on_resize(self, event):
        tell(f"size {event.size.width}x{event.size.height}")
    def on_key(self, event):
        tell(f"key {event.key}")
        if event.key == "d":
            self.open_url("https://evil.example")
            self.deliver_text(io.StringIO("secret"), save_filename="x")
        elif event.key == "h":
            tell("hangs")
            time.sleep(600)
sys.exit(Console(driver_class=Noting).run())
"""


class Drawn:
    """A tab without a browser."""

    def __init__(self, told: Path, *words: str) -> None:
        self.told = told
        self.drawn = b""
        self.closed = asyncio.Event()
        self.tab = Tab(
            [sys.executable, *(words or ("-c", _APP, str(told)))], write=self._write, close=self._close
        )

    async def _write(self, data: bytes) -> None:
        self.drawn += data

    async def _close(self) -> None:
        self.closed.set()

    def said(self) -> list[str]:
        return self.told.read_text().splitlines() if self.told.exists() else []

    @property
    def process(self) -> int:
        assert self.tab.process is not None
        return self.tab.process.pid

    async def until(self, line: str) -> None:
        await eventually(lambda: line in self.said(), 60, line)


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Drawn]:
    one = Drawn(tmp_path / "told")
    await one.tab.start(90, 30)
    try:
        await one.until("size 90x30")
        yield one
    finally:
        await one.tab.stop()
        assert not alive(one.process)


async def test_keys_and_sizes_arrive_but_no_size_among_the_keys(tab: Drawn) -> None:
    # In-band resize, as a terminal in mode 2048 tells it.
    await tab.tab.send_bytes(b"\x1b[48;60000;60000;1;1t")
    await tab.tab.send_meta({"type": "resize", "width": 10**9, "height": 10**9})
    await tab.until("size 500x200")
    await tab.tab.send_meta({"type": "resize", "width": "many", "height": 2})  # not a size: passed over
    await tab.tab.send_bytes(b"k")
    await tab.until("key k")
    assert {line for line in tab.said() if line.startswith("size")} == {"size 90x30", "size 500x200"}


async def test_no_address_is_opened_and_no_file_delivered(tab: Drawn) -> None:
    await tab.tab.send_bytes(b"d")
    await tab.until("key d")
    await tab.tab.send_meta({"type": "deliver_chunk_request", "key": "x", "size": 10})
    await tab.tab.send_bytes(b"e")
    await tab.until("key e")
    assert [line for line in tab.said() if line.startswith("beside")] == []
    await tab.tab.stop()
    assert tab.said()[-1] == "beside: exit"


async def test_it_leaves_when_nobody_is_there_any_more(tab: Drawn) -> None:
    """As when the server was killed: its pipes end, and nothing else is said."""
    tab.tab.stdin.close()
    await gone(tab.process)
    await asyncio.wait_for(tab.closed.wait(), 30)


async def test_it_ends_even_where_it_hangs(tab: Drawn) -> None:
    await tab.tab.send_bytes(b"h")
    await tab.until("hangs")
    tab.tab.stdin.close()
    await gone(tab.process)


async def test_a_stranger_is_asked_for_nothing(tmp_path: Path) -> None:
    """Not whether a new host key is the node's own: what he says would be remembered for everybody."""
    lab = await serve()
    try:
        known = tmp_path / "known_hosts"
        known.touch()
        text = lab.ssh_config.read_text()
        lab.ssh_config.write_text(re.sub("UserKnownHostsFile .*", f"UserKnownHostsFile {known}", text))
        one = Drawn(tmp_path / "told", "-m", "console.commands.browser_tab", str(lab.config_file))
        await one.tab.start(120, 40)
        try:
            await eventually(lambda: one.drawn.count(b"refused") >= 2, 60, "both nodes are refused")
            await one.tab.send_bytes(b"2")
            await eventually(lambda: b"as read" in one.drawn, 60, "no dialog has the keys")
            assert known.read_text() == ""
        finally:
            await one.tab.stop()
    finally:
        await lab.close()


def test_the_environment_of_a_console_says_how_to_draw(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEXTUAL", "debug,devtools")
    monkeypatch.setenv("TEXTUAL_DRIVER", "os:system")
    monkeypatch.setenv("LANG", "C")
    environment = Drawn(tmp_path).tab._build_environment(90, 30)
    assert {name: environment[name] for name in environment if name.startswith("TEXTUAL")} == {
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TEXTUAL_FPS": "30",
    }
    assert environment["PYTHONUTF8"] == "1"
    assert (environment["COLUMNS"], environment["ROWS"]) == ("90", "30")
    assert environment["PATH"] == os.environ["PATH"]
