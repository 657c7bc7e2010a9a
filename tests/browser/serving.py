"""A server of tabs in this process, with consoles that are cheap and odd."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp

from console.browser.doors import doors
from console.browser.server import TabServer
from tests.waiting import eventually

_PRELUDE = """
import json, os, sys, time
def packet(kind, payload):
    os.write(1, kind + len(payload).to_bytes(4, "big") + payload)
def draw(text): packet(b"D", text.encode())
def tell(**said): packet(b"M", json.dumps(said).encode())
def packets():
    read = sys.stdin.buffer.read
    while kind := read(1):
        yield kind, read(int.from_bytes(read(4), "big"))
os.write(1, b"__GANGLION__\\n")
draw(f"pid {os.getpid()} ")
"""
ECHO = """
for kind, payload in packets():
    if b"quit" in payload:
        break
    draw(kind.decode() + payload.decode() + "\\n")
tell(type="exit")
"""
"""Draws whatever it is sent, until it is told to quit."""
DEAF = "time.sleep(600)"
"""Reads nothing, not even that it should quit."""
FLOOD = """
while True:
    draw("x" * 60000)
"""
"""Draws without end, whoever reads it."""


@dataclass
class Served:
    """The server, where it is, and what it said."""

    port: int
    server: TabServer
    session: aiohttp.ClientSession
    said: list[str] = field(default_factory=list)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def get(self, path: str, host: str | None = None, method: str = "GET") -> tuple[int, str]:
        """Status and body; the path as it is given."""
        from yarl import URL

        url = URL(f"http://{self.at}{path}", encoded=True)
        async with self.session.request(method, url, headers={"Host": host or self.at}) as answer:
            return answer.status, await answer.text()

    def open(self, size: str = "width=90&height=30") -> "aiohttp.client._WSRequestContextManager":
        """A tab as the page opens it."""
        return self.session.ws_connect(f"ws://{self.at}/ws?{size}", origin=f"http://{self.at}")


@contextlib.asynccontextmanager
async def serving(console: str, viewers: int = 3, public: str | None = None) -> AsyncIterator[Served]:
    """A server whose consoles run this Python text."""
    at = socket.create_server(("127.0.0.1", 0))
    port = at.getsockname()[1]
    said: list[str] = []
    argv = [sys.executable, "-I", "-S", "-c", _PRELUDE + console]
    server = TabServer(argv, doors("127.0.0.1", port, public), viewers, said.append)
    runner = await server.listen(at)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
            yield Served(port, server, session, said)
    finally:
        await runner.cleanup()


class Screen:
    """All that a tab was sent."""

    def __init__(self, websocket: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self.websocket = websocket
        self.text = ""
        self.others: list[object] = []

    async def until(self, words: str) -> str:
        """Read until these words were drawn."""
        async with asyncio.timeout(60):
            while words not in self.text:
                message = await self.websocket.receive()
                match message.type:
                    case aiohttp.WSMsgType.BINARY:
                        self.text += message.data.decode()
                    case aiohttp.WSMsgType.TEXT:
                        self.others.append(json.loads(message.data))
                    case ended:
                        raise AssertionError(f"{ended} before {words!r}: {self.text[-2000:]}")
        return self.text

    async def process(self) -> int:
        """The number of the process that draws."""
        text = await self.until(" ")
        return int(text.split()[1])


def alive(process: int) -> bool:
    """Whether a process of ours is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(process: int) -> None:
    """Wait until it is not."""
    await eventually(lambda: not alive(process), 60, f"process {process} ends")
