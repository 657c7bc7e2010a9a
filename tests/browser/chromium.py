"""A real browser, where there is one: Debian's package `chromium`, driven by playwright."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium (Debian package chromium)")

_FLAGS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_PATIENCE = 90_000.0
"""Milliseconds: a browser on a busy machine."""
# textual.js keeps its terminal to itself: we are there when it is made, and read what is really shown.
_HOOK = """
Object.defineProperty(Object.prototype, "fitAddon", {configurable: true, set(addon) {
  window.shown = this;
  Object.defineProperty(this, "fitAddon", {value: addon, writable: true});
}});
"""
_TEXT = """() => {
  if (!window.shown) return "";
  const terminal = window.shown.terminal, buffer = terminal.buffer.active;
  return Array.from({length: terminal.rows}, (_, row) =>
    buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "").join("\\n");
}"""


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium, which finds no host but this one."""
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(_FLAGS), timeout=_PATIENCE, chromium_sandbox=False
        )
        try:
            yield one
        finally:
            await one.close()


class Window:
    """One page, and all that it tried beyond drawing."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", lambda dialog: self.dialogs.append(dialog.message))

    async def text(self) -> str:
        """What the terminal shows, line by line."""
        shown: str = await self.page.evaluate(_TEXT)
        return shown

    async def until(self, holds: Callable[[str], object], what: str = "") -> str:
        """Wait until what is shown is so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE / 1000
        while not holds(text := await self.text()):
            assert loop.time() < deadline, f"never shown: {what or holds}\n{text}\n{self.errors}"
            await asyncio.sleep(0.05)
        return text

    async def where(self, words: str) -> tuple[float, float]:
        """The middle of words that are shown, in the page's pixels."""
        lines = (await self.text()).split("\n")
        row = next(number for number, line in enumerate(lines) if words in line)
        cell = """([row, column]) => {
          const box = document.querySelector(".xterm-screen").getBoundingClientRect();
          const {rows, cols} = window.shown.terminal;
          return [box.x + box.width * column / cols, box.y + box.height * (row + 0.5) / rows];
        }"""
        column = lines[row].index(words) + len(words) / 2
        x, y = await self.page.evaluate(cell, [row, column])
        return float(x), float(y)


async def window(context: BrowserContext, url: str) -> Window:
    """A page opened at an address."""
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE)
    await page.add_init_script(_HOOK)
    one = Window(page)
    await page.goto(url)
    return one
