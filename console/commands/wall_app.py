"""The console of a wall: it asks nothing, opens and writes nothing, and ends with its terminal."""

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO

from textual import events
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from console.app import MirrorgateApp

_LOG = logging.getLogger("mirrorgate.wall")
_WIDEST, _HIGHEST = 500, 200
"""Cells that are drawn at most: a client may claim 65535 by 65535."""
_REFUSED = "not on this console"
_GRACE = 5
"""Seconds to leave the terminal as it was; then the kernel ends the process."""


def _bounded(width: int, height: int) -> tuple[int, int]:
    return min(width, _WIDEST), min(height, _HIGHEST)


class WallDriver(LinuxDriver):
    """A terminal that is not believed any size, and that nothing is handed out of."""

    def __init__(
        self, app: Any, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._size = _bounded(*(size or self._get_terminal_size()))
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)

    @property
    def can_suspend(self) -> bool:
        """Never: there is no shell to come back from."""
        return False

    def _get_terminal_size(self) -> tuple[int, int]:
        return _bounded(*super()._get_terminal_size())

    def process_message(self, message: Message) -> None:
        """A size may come from the terminal too, as an escape sequence."""
        if isinstance(message, events.Resize):
            size = Size(*_bounded(*message.size))
            message = events.Resize(size, size, pixel_size=message.pixel_size)
        super().process_message(message)

    def open_url(self, url: str, new_tab: bool = True) -> None:
        """Nothing: a browser here would be a way to a shell."""

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
        """Nothing: no file is written for a viewer."""


class WallApp(MirrorgateApp):
    """`monitor --wall`: read-only towards the nodes, and towards the machine that it runs on."""

    def on_mount(self) -> None:
        """Begin, and watch for the end of whoever started this."""
        super().on_mount()
        self._login = os.getppid()
        self.set_interval(1.0, self._orphaned)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._asked_to_end)

    def _orphaned(self) -> None:
        # SIGHUP ends us where there is a terminal to hang up; this, where the login alone has died.
        if os.getppid() != self._login:
            self._asked_to_end()

    def _asked_to_end(self) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_GRACE)
        self.exit(return_code=128 + signal.SIGTERM)

    def get_driver_class(self) -> type[Driver]:
        """The one of a wall, whatever the environment says."""
        return WallDriver

    async def passphrase(self, key: str) -> str | None:
        """Nobody here has one to give."""
        return None

    async def trust(self, host: str, fingerprint: str, key_type: str) -> bool:
        """Nobody here decides which host keys are true."""
        return False

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Refused."""
        self._refuse()

    def action_suspend_process(self) -> None:
        """Refused."""
        self._refuse()

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Refused: it would write a file."""
        self._refuse()

    def deliver_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,
    ) -> str | None:
        """Refused: it would write a file."""
        self._refuse()
        return None

    def save_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,
    ) -> str:
        """Refused: it would write a file."""
        self._refuse()
        return ""

    def deliver_text(self, *_: Any, **__: Any) -> str | None:
        """Refused: it would write a file."""
        self._refuse()
        return None

    def deliver_binary(self, *_: Any, **__: Any) -> str | None:
        """Refused: it would write a file."""
        self._refuse()
        return None

    def _refuse(self) -> None:
        self.notify(_REFUSED, markup=False, timeout=3)

    def panic(self, *renderables: Any) -> None:
        """One line; what is in memory stays off a viewer's terminal."""
        super().panic("mirrorgate: the console met a bug and ended; log in again")

    def _fatal_error(self) -> None:
        _LOG.exception("the console ended")
        self.panic()
