"""Textual's driver for a browser, in the console's process; what a tab sends is a stranger's."""

import asyncio
import contextlib
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO

from textual import events, messages
from textual.app import App
from textual.drivers.web_driver import WebDriver
from textual.message import Message

from console.browser.terminal import within

_LINGER = 5.0
"""Seconds a console may take to leave once nobody talks to it any more."""


class TabDriver(WebDriver):
    """Draws into a pipe and takes keys and sizes from one; the end of the pipe is the end of the process."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._write = partial(self._put)

    def _put(self, data: bytes) -> int:
        left = memoryview(data)
        # Nobody reads any more: what comes by the other pipe says so too, and ends the console in order.
        with contextlib.suppress(BrokenPipeError):
            while left:
                left = left[os.write(self.fileno, left) :]
        return len(data)

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Sizes within reason, focus, the end; files are not delivered."""
        match packet_type, payload:
            case "resize", {"width": int(width), "height": int(height)}:
                width, height = within(width, height)
                super().on_meta("resize", {"width": width, "height": height})
            case (("focus" | "blur" | "quit"), _):
                super().on_meta(packet_type, payload)

    def process_message(self, message: Message) -> None:
        """Keys, mouse and pasted text; a size hidden among the keys is not one."""
        if not isinstance(message, events.Resize):
            super().process_message(message)

    def run_input_thread(self) -> None:
        """Take what comes until nothing can come any more; then leave, whatever the console is doing."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            with contextlib.suppress(RuntimeError):
                leaving = self._app._post_message(messages.ExitApp())
                asyncio.run_coroutine_threadsafe(leaving, self._loop)
        end = threading.Timer(_LINGER, os._exit, (1,))
        end.daemon = True
        end.start()

    def open_url(self, url: str, new_tab: bool = True) -> None:
        """A browser is sent nowhere."""

    def deliver_binary(
        self,
        binary: BinaryIO | TextIO,
        *,
        delivery_key: str,
        save_path: Path,
        open_method: Literal["browser", "download"] = "download",
        encoding: str | None = None,
        mime_type: str | None = None,
        name: str | None = None,
    ) -> None:
        """A browser is given no file."""
        binary.close()
