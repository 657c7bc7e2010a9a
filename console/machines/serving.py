"""Metrics over HTTP on the watch's own loop: GET, one answer a connection, and nothing else.

A scrape costs the loop next to nothing: the text is written in a thread, and scrapes that come while it is
being written share it.
"""

import asyncio
import contextlib
from collections.abc import Callable

Writer = Callable[[str], tuple[bytes, str]]
"""Accept header to text and its content type; called in a thread."""

_HEAD = 16384
"""Bytes of a request's head; a scraper sends a few hundred."""
_PATIENCE = 5.0
"""Seconds a client may take for its request, and again to take the answer."""
_MOST = 2000
"""Connections at once; one more is closed unread."""
_THEIR_OWN_FAULT = (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError)
"""A client that is gone, too slow, incomplete or too long."""
_OPENMETRICS, _PLAIN = "application/openmetrics-text; version=1.0.0", "text/plain"
_TEXT = "text/plain; charset=utf-8"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


class MetricsServer:
    """Answers /metrics until it is closed."""

    def __init__(self, write: Writer) -> None:
        self._write = write
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._writing: dict[str, asyncio.Task[tuple[bytes, str]]] = {}

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (the one that was free for port 0). Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD, backlog=1024)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and drop who is still connected."""
        if self._server:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, *self._writing.values(), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._clients.add(task)
        try:
            # What a client does wrong, or not at all, concerns that client alone.
            with contextlib.suppress(*_THEIR_OWN_FAULT, asyncio.CancelledError):
                if len(self._clients) <= _MOST:
                    await self._answer(reader, writer)
        finally:
            self._clients.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        reply = await self._reply_to(head.decode("latin-1"))
        writer.write(reply)
        async with asyncio.timeout(_PATIENCE):
            await writer.drain()

    async def _reply_to(self, head: str) -> bytes:
        first, *lines = head.split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _reply(400, b"not HTTP/1\n", _TEXT, "GET")
        method, target, _ = words
        if method not in ("GET", "HEAD"):
            return _reply(405, b"only GET and HEAD\n", _TEXT, "GET")
        match target.partition("?")[0]:
            case "/metrics":
                text, content_type = await self._metrics(_accept(lines))
                return _reply(200, text, content_type, method)
            case "/":
                return _reply(200, b"mirrorgate: see /metrics\n", _TEXT, method)
            case _:
                return _reply(404, b"see /metrics\n", _TEXT, method)

    async def _metrics(self, accept: str) -> tuple[bytes, str]:
        form = _OPENMETRICS if "application/openmetrics-text" in accept else _PLAIN
        if form not in self._writing:
            task = asyncio.create_task(asyncio.to_thread(self._write, form))
            self._writing[form] = task
            task.add_done_callback(lambda _: self._writing.pop(form, None))
        # One client that leaves must not take the text from the others.
        return await asyncio.shield(self._writing[form])


def _accept(lines: list[str]) -> str:
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "accept":
            return value
    return ""


def _reply(status: int, body: bytes, content_type: str, method: str) -> bytes:
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if method == "HEAD" else body)
