"""One channel with one sampler on it: its first word, its answers, its end."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import asyncssh

from console.ssh.frames import Frame, FrameReader

_HELLO = b"mirrorgate-sampler 1\n"
_PREAMBLE = 64 << 10
"""Most bytes of greeting, motd and complaint before the sampler's first word."""


class ChannelClosed(Exception):
    """The channel closed before the sampler's first word."""


class Listener(Protocol):
    """Who is told what a channel says."""

    def take(self, channel: "SamplerChannel", frames: Sequence[Frame]) -> None:
        """Whole answers came."""

    def ended(self, channel: "SamplerChannel", why: Exception | None) -> None:
        """The channel closed; `why` is None unless the connection went with it."""


class SamplerChannel(asyncssh.SSHClientSession[bytes]):
    """Callbacks only: an answer costs no task switch until it is whole."""

    def __init__(
        self,
        listener: Listener,
        boundary: str,
        *,
        hello: bytes = _HELLO,
        raw: bool = False,
        longest: int = 8 << 20,
    ) -> None:
        """`hello` is the script's first line; `raw` keeps the bytes of each frame, of `longest` at most."""
        self._listener = listener
        self._hello = hello
        self._reader = FrameReader(boundary, longest, raw=raw)
        self._said = b""
        self._greeted = False
        self._writer: asyncssh.SSHClientChannel[bytes] | None = None
        self.exit_status: int | None = None
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once the sampler said hello; an exception when it never will."""
        self.closed = False
        self.open: set[str] = set()
        """Sections asked here and not answered yet."""

    @property
    def started(self) -> bool:
        """Whether the sampler spoke."""
        return self._greeted

    @property
    def said(self) -> bytes:
        """What came before the sampler's first word."""
        return self._said

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """Keep what writes (asyncssh)."""
        self._writer = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Wait for the first word, then look for frames (asyncssh)."""
        if self._greeted:
            if datatype is None:
                self._listener.take(self, self._reader.feed(data))
            return
        # sudo complains on standard error, a shell's start-up files on either.
        self._said += data[: _PREAMBLE - len(self._said)]
        line, found, rest = self._said.partition(self._hello)
        if found and (not line or line.endswith(b"\n")):
            self._greeted = True
            self._said = b""
            self._listener.take(self, self._reader.feed(rest))
            if not self.greeted.done():
                self.greeted.set_result(None)

    def exit_status_received(self, status: int) -> None:
        """Keep it: it tells why there was no first word (asyncssh)."""
        self.exit_status = status

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits; `exc` is set when the whole connection went (asyncssh)."""
        self.closed = True
        if not self.greeted.done():
            self.greeted.set_exception(exc or ChannelClosed())
            # Nobody may be waiting any more, which is no error.
            self.greeted.exception()
        self._listener.ended(self, exc)

    def write(self, line: str) -> None:
        """Send a line; one that finds the channel closing is lost, as the channel is."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(line.encode("utf-8"))

    def close(self) -> None:
        """Close the channel."""
        if self._writer is not None:
            self._writer.close()

    async def wait_closed(self) -> None:
        """Wait until the other end has closed it too, or the connection has gone."""
        if self._writer is not None:
            await self._writer.wait_closed()
