"""The picture of the console in a browser, for `make screenshots`."""

import tempfile
from pathlib import Path

from console.lab.pair import serve
from tests.browser.chromium import CHROMIUM, browser, window
from tests.browser.program import served


async def browser_picture(directory: Path) -> None:
    """Draw it from a lab of its own; without a Chromium say so and leave the old one."""
    if CHROMIUM is None:
        print("browser: skipped, there is no chromium here (Debian package chromium)", flush=True)
        return
    lab = await serve()
    try:
        with tempfile.TemporaryDirectory() as home:
            async with served(lab, Path(home)) as program, browser() as chromium:
                context = await chromium.new_context(viewport={"width": 1440, "height": 900})
                one = await window(context, program.url)
                # Everything was read once, mail last.
                await one.until(lambda text: "● COMPLETE" in text and "not preprocessed" in text, "the pair")
                await one.until(lambda text: "◌" not in text, "every age")
                await one.page.screenshot(path=directory / "browser.png")
                print(directory / "browser.png", flush=True)
    finally:
        await lab.close()
