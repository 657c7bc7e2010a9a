"""One tab of a browser: the console behind it is a process of its own, which ends with it."""

import asyncio
import contextlib
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from console.ssh.text import inert_bytes, one_line

_GRACE = 5.0
"""Seconds a console may take to leave once its tab is closed."""
_LARGEST = 16 << 20
"""Bytes of one packet: far more than any screen is drawn with."""
_LAST_WORDS = 4096


class Tab(AppService):
    """textual-serve's link to a process, without its shell, its files to fetch and its addresses to open.

    Its own starts the command by a shell, keeps all that is written on standard error, waits for the end
    without a limit, and leaves the process behind when the browser goes away in the middle of a frame.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        write: Callable[[bytes], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(
            "", write_bytes=write, write_str=_nothing, close=close, download_manager=DownloadManager()
        )
        self._argv = tuple(argv)
        self.last_words = ""
        """One line of what the process said on standard error, harmless; empty when it said nothing."""

    @property
    def process(self) -> Process | None:
        """The console, once it was started."""
        return self._process

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        """The environment `serve` was started in, and how to draw. Nothing of it comes from the browser."""
        kept = {
            name: value
            for name, value in super()._build_environment(width, height).items()
            if not name.startswith("TEXTUAL")
        }
        # The browser draws UTF-8 and every colour, whatever the locale of a service is.
        return kept | {"TEXTUAL_COLOR_SYSTEM": "truecolor", "TEXTUAL_FPS": "30", "PYTHONUTF8": "1"}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def run(self) -> None:
        """Carry what the console draws to the browser, until it leaves; then close the browser's side."""
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            return
        listening = asyncio.create_task(_last(process.stderr))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
                await self._carry(process.stdout)
            with contextlib.suppress(ConnectionError):
                await self.remote_close()
            # It must never wait for somebody to read: it would not leave then.
            while await process.stdout.read(1 << 16):
                pass
            self.last_words = one_line(inert_bytes(await listening))
        finally:
            listening.cancel()

    async def _carry(self, stdout: asyncio.StreamReader) -> None:
        """Only what is drawn is carried: no address to open, no file to fetch. Raises ValueError."""
        while (line := await stdout.readline()) != b"__GANGLION__\n":
            if not line:
                return
        while True:
            kind, size = await stdout.readexactly(1), await stdout.readexactly(4)
            length = int.from_bytes(size, "big")
            if length > _LARGEST:
                raise ValueError(length)
            payload = await stdout.readexactly(length)
            if kind == b"D":
                await self.remote_write_bytes(payload)
            elif kind == b"M" and json.loads(payload).get("type") == "exit":
                return

    async def stop(self) -> None:
        """End the process: asked, then killed. It is gone when this returns."""
        process, task = self._process, self._task
        if process is None:
            return
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self.send_meta({"type": "quit"})
                    self.stdin.close()
                    await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
            if task is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_GRACE):
                        await task


async def _nothing(_: str) -> None:
    """What goes beside the drawing is dropped."""


async def _last(stream: asyncio.StreamReader) -> bytes:
    """Read to the end; the last of it."""
    kept = b""
    while more := await stream.read(_LAST_WORDS):
        kept = (kept + more)[-_LAST_WORDS:]
    return kept
