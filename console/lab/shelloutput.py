"""Where a simulated command's output goes: through bashkit, straight to the session, or into a file.

bashkit passes on 10 MiB of what a script prints and drops the rest in silence; a file of its own takes
10 MB. A command that moves bytes and prints to the session hands them to the session itself, once it has
seen that its first bytes came out there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from console.lab.shellmessages import Messages, Sink

CUT = 10 << 20
"""Bytes after which bashkit passes on nothing more of what one piece of shell text prints."""
NEARLY_CUT = CUT >> 1
"""From here on a script that reads lines is ended when none comes for a moment."""
LULL = 0.3
"""That moment, real seconds: less than there is between two ticks of a sampler."""

_PROBE = 512
_LARGE = 4096
"""Bytes of a first piece from which on it is worth while to find out where they go."""
_PATIENCE = 30.0
"""Seconds in which a first piece comes out at the session, if it does so at all."""


class Pipe:
    """A pipe between two commands of the lab; the writer waits while it is full."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(4)
        self._gone = asyncio.Event()

    async def write(self, data: bytes) -> None:
        """Put bytes in; raises BrokenPipeError when the reader has gone."""
        put = asyncio.ensure_future(self._pieces.put(data))
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({put, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            put.cancel()
            gone.cancel()
        if self._gone.is_set():
            raise BrokenPipeError

    async def end(self) -> None:
        """The writer puts no more in."""
        with suppress(BrokenPipeError):
            await self.write(b"")

    def leave(self) -> None:
        """The reader takes no more out."""
        self._gone.set()

    async def read_chunk(self) -> bytes | None:
        """The next bytes; None at the end."""
        return await self._pieces.get() or None


class Printed:
    """What one piece of shell text prints."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._messages = Messages(sink)
        self._probe = b""
        self._seen = asyncio.Event()
        self._one = asyncio.Lock()
        self.through = 0
        """Bytes that came through bashkit."""

    async def write(self, data: bytes) -> None:
        """Take what bashkit passes on."""
        self.through += len(data)
        await self.take(data)

    async def take(self, data: bytes) -> None:
        """The same for what did not come as the output of the shell text."""
        if not self._probe or not data.endswith(self._probe):
            await self._messages.write(data)
            return
        probe, self._probe = self._probe, b""
        if len(data) > len(probe):
            await self._messages.write(data[: -len(probe)])
        await self._messages.close()
        await self._sink(probe)
        self._seen.set()

    async def close(self) -> None:
        """Pass on what is left."""
        await self._messages.close()

    async def leads_here(self, probe: bytes, write: Callable[[bytes], Awaitable[None]]) -> bool:
        """Write a command's first bytes by `write` and see whether they come out at the session."""
        async with self._one:
            self._seen.clear()
            self._probe = probe
            try:
                await write(probe)
                async with asyncio.timeout(_PATIENCE):
                    await self._seen.wait()
            except TimeoutError:
                return False
            finally:
                self._probe = b""
        return True

    async def straight(self, data: bytes) -> None:
        """Pass on bytes of a command whose first ones came out here."""
        await self._sink(data)


class Straight:
    """The output of a command that moves bytes, as its shell text says to the session."""

    def __init__(self, printed: Printed, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._printed = printed
        self._write = write
        self._straight: bool | None = None

    async def write(self, data: bytes) -> None:
        """Print the next bytes; raises BrokenPipeError when nobody takes them any more."""
        if self._straight is None:
            self._straight = False
            if len(data) >= _LARGE:
                self._straight = await self._printed.leads_here(data[:_PROBE], self._write)
                data = data[_PROBE:]
        await (self._printed.straight(data) if self._straight else self._write(data))
