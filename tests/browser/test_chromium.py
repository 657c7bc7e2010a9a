"""`mirrorgate serve` in a real browser, on the lab."""

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from console.lab.pair import LabPair, serve
from console.lab.running import run_text
from tests.browser.chromium import browser, needs_chromium, window
from tests.browser.program import served
from tests.browser.serving import alive, gone

pytestmark = needs_chromium

EVIL = (
    "https://evil.test/plain \x1b]8;;https://evil.test/osc8\x07link\x1b]8;;\x07[@click=app.quit]press[/]"
    "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b[?1049l\x9b31m\u202e<img src=x onerror=alert(1)>"
)


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    pair = await serve()
    try:
        yield pair
    finally:
        await pair.close()


async def test_a_browser_shows_the_mirror_takes_keys_and_closes(lab: LabPair, tmp_path: Path) -> None:
    async with browser() as chromium:
        async with served(lab, tmp_path) as program:
            context = await chromium.new_context(viewport={"width": 1200, "height": 800})
            first = await window(context, program.url)
            text = await first.until(lambda text: "● COMPLETE" in text, "the mirror")
            assert "mirror/remotemirror" in text
            assert "read-only" in text
            assert "╭─ web-a ─ home master ─" in text
            (process,) = program.consoles()
            # The first key goes to the console without a click.
            await first.page.keyboard.press("3")
            await first.until(lambda text: "data path" not in text, "another screen")
            await first.page.keyboard.press("q")
            await first.until(lambda text: "data path" in text, "the overview")
            await first.page.set_viewport_size({"width": 700, "height": 500})
            await first.until(lambda text: text.count("\n") < 30 and "web-b" in text, "a smaller one")
            # `q` on the overview ends the console and says so; the link that has the keys begins another.
            await first.page.keyboard.press("q")
            await first.page.wait_for_selector("body.-closed .ended a:focus")
            await gone(process)
            async with first.page.expect_navigation():
                await first.page.keyboard.press("Enter")
            await first.until(lambda text: "● COMPLETE" in text, "the mirror, begun again")
            (again,) = program.consoles()
        # The end of the server is the end of every console, and the page says so.
        assert not alive(again)
        await first.page.wait_for_selector("body.-closed")
        assert first.errors == []
        assert [url for url in first.requests if not url.startswith((program.url, "data:"))] == []


async def test_hostile_text_of_a_node_is_only_text_in_a_browser(lab: LabPair, tmp_path: Path) -> None:
    node = lab.world.nodes["a"]
    await run_text(node, f"cat >>/var/log/messages <<'E'\nNov 23 22:46:48 web-a freevrrpd[9]: {EVIL}\nE\n")
    async with served(lab, tmp_path) as program, browser() as chromium:
        context = await chromium.new_context(viewport={"width": 1300, "height": 700})
        await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=program.url)
        one = await window(context, f"{program.url}?fontsize=9")
        await one.until(lambda text: "● COMPLETE" in text, "the mirror")
        await one.page.keyboard.press("2")
        await one.until(lambda text: "evil.test/plain" in text, "the line of the log")
        before = program.consoles()
        # What the node said in full, where each part is clicked.
        await one.page.mouse.click(*await one.where("[@click=app.quit]press"))
        await one.page.keyboard.press("r")
        await one.until(re.compile("(vrrplog|messages) on web-a ─").search, "the raw text")
        for words in ("evil.test/plain", "evil.test/osc8", "<img src=x", "[@click=app.quit]press"):
            await one.until(lambda text, words=words: words in text, words)  # type: ignore[misc]
            x, y = await one.where(words)
            await one.page.mouse.move(x, y)
            if words.startswith("evil.test"):
                # The terminal has made a link of it; that it leads nowhere is the page's policy.
                await one.page.wait_for_selector(".xterm-cursor-pointer")
            await one.page.mouse.click(x, y)
        await one.page.keyboard.press("q")
        await one.until(lambda text: "Other node" in text, "the node")
        await one.page.keyboard.press("1")
        await one.until(
            lambda text: "data path" in text, "the overview: the clicks were taken before the key"
        )
        assert len(context.pages) == 1
        assert one.page.url == f"{program.url}?fontsize=9"
        assert await one.page.title() == "mirrorgate"
        assert one.dialogs == []
        assert not any("evil.test" in url for url in one.requests)
        assert await one.page.evaluate("document.querySelectorAll('img, body script').length") == 0
        assert await one.page.evaluate("navigator.clipboard.readText()") == ""
        assert program.consoles() == before
        # The end of the tab is the end of its console.
        (process,) = before
        await one.page.close()
        await gone(process)


async def test_a_page_of_somebody_else_sees_nothing(lab: LabPair, tmp_path: Path) -> None:
    """A site that tries our server from its visitor's browser, and one whose name was made to lead here."""
    async with served(lab, tmp_path) as program, browser() as chromium:
        attack = f"""<!DOCTYPE html><title>tried</title><iframe src="{program.url}"></iframe><script>
          const socket = new WebSocket("ws{program.url.removeprefix("http")}ws?width=80&height=24");
          socket.onmessage = () => document.title = "seen";
          socket.onclose = () => fetch("{program.url}").then(
            () => document.title = "seen", () => document.title = "refused");
        </script>"""

        async def site(_: web.Request) -> web.Response:
            return web.Response(text=attack, content_type="text/html")

        app = web.Application()
        app.add_routes([web.get("/", site)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        with socket.create_server(("127.0.0.1", 0)) as at:
            await web.SockSite(runner, at).start()
            try:
                context = await chromium.new_context()
                page = await context.new_page()
                page.set_default_timeout(90_000)
                await page.goto(f"http://evil.test:{at.getsockname()[1]}/")
                await page.wait_for_function("document.title !== 'tried'")
                assert await page.title() == "refused"
                assert [await frame.locator("#terminal").count() for frame in page.frames] == [0, 0]
                answer = await page.goto(program.url.replace("127.0.0.1", "evil.test"))
                assert answer is not None
                assert answer.status == 421
                assert program.consoles() == set()
            finally:
                await runner.cleanup()
