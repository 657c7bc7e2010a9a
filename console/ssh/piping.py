"""A shell on a host that sends or takes bytes, no faster than the other end can."""

import asyncio
from dataclasses import dataclass

import asyncssh

from console.model.job import HandsLost
from console.ssh.shell import SHELLS, Become
from console.ssh.text import inert_bytes, one_line

QUESTION_LIMIT = 15.0
STALL_LIMIT = 60.0
"""Seconds without a byte after which a connection counts as lost."""


@dataclass(frozen=True, slots=True)
class Host:
    """One end of a copy: an open connection, what to call it, and how to become root there."""

    connection: asyncssh.SSHClientConnection
    name: str
    become: Become = "none"


def lost(host: Host) -> HandsLost:
    """What to raise when a connection went during a copy."""
    return HandsLost(f"{host.name}: the connection went or stalled during the copy; copying again goes on")


class Piped:
    """One such shell; its script prints `ready` before the first byte."""

    def __init__(self, host: Host, script: str) -> None:
        self._host = host
        self._script = script

    async def __aenter__(self) -> "Piped":
        try:
            async with asyncio.timeout(QUESTION_LIMIT):
                self._process = await self._host.connection.create_process(
                    SHELLS[self._host.become], encoding=None, request_pty=False, x11_forwarding=False
                )
                self._process.stdin.write(self._script.encode("utf-8", "surrogateescape"))
                # What follows is not sent before the shell has read all of its script.
                while (line := await self._process.stdout.readline()) != b"ready\n":
                    if not line:
                        raise lost(self._host)
        except BaseException as odd:
            await self.__aexit__()
            if isinstance(odd, (TimeoutError, OSError, asyncssh.Error)):
                raise lost(self._host) from odd
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            process.close()

    async def read(self, most: int) -> bytes:
        """Some bytes; none at the end. asyncssh stops the window while nobody reads."""
        try:
            async with asyncio.timeout(STALL_LIMIT):
                block: bytes = await self._process.stdout.read(most)
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            raise lost(self._host) from odd
        if not block and self._host.connection.is_closed():
            raise lost(self._host)
        return block

    async def write(self, block: bytes) -> None:
        """Hand on bytes, when there is room for them on the way."""
        try:
            async with asyncio.timeout(STALL_LIMIT):
                self._process.stdin.write(block)
                await self._process.stdin.drain()
        except BrokenPipeError as odd:
            if self._host.connection.is_closed():
                raise lost(self._host) from odd
            # The one who takes has ended: `finish` tells why.
            return
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            raise lost(self._host) from odd

    async def finish(self) -> bytes:
        """Say that nothing follows; what the other end says then."""
        try:
            async with asyncio.timeout(STALL_LIMIT):
                if not self._process.stdin.is_closing():
                    self._process.stdin.write_eof()
                said: bytes = await self._process.stdout.read()
        except BrokenPipeError:
            said = b""
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            raise lost(self._host) from odd
        if self._host.connection.is_closed():
            raise lost(self._host)
        return said

    async def complaint(self) -> str:
        """What it wrote to standard error, one line."""
        try:
            async with asyncio.timeout(QUESTION_LIMIT):
                said: bytes = await self._process.stderr.read()
        except (TimeoutError, OSError, asyncssh.Error):
            return ""
        return one_line(inert_bytes(said))
