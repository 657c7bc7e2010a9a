"""The metrics server on a socket: scrapes, odd clients, many at once, and its end."""

import asyncio
from collections.abc import AsyncIterator
from threading import Event

import pytest

from console.machines import serving
from console.machines.serving import MetricsServer

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n"


class Writes:
    """Writes a text, and counts; holds while it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.go = Event()
        self.go.set()

    def __call__(self, accept: str) -> tuple[bytes, str]:
        self.times += 1
        assert self.go.wait(30)
        return accept.encode() + b"\n", "text/plain"


@pytest.fixture
def writes() -> Writes:
    return Writes()


@pytest.fixture
async def port(writes: Writes) -> AsyncIterator[int]:
    server = MetricsServer(writes)
    try:
        yield await server.start("127.0.0.1", 0)
    finally:
        writes.go.set()
        await server.close()


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(30):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body
    finally:
        writer.close()


async def test_a_scraper_gets_the_form_it_asks_for(port: int) -> None:
    assert await ask(port, GET) == (200, b"text/plain\n")
    wanted = GET.replace(b"text/plain", b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1")
    status, body = await ask(port, wanted)
    assert (status, body) == (200, b"application/openmetrics-text; version=1.0.0\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET /metrics?x=1 HTTP/1.1\r\n\r\n", 200),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", 200),
        (b"GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"GET /metrics\r\n\r\n", 400),
    ],
)
async def test_requests_and_their_answers(port: int, request_bytes: bytes, status: int) -> None:
    assert (await ask(port, request_bytes))[0] == status


async def test_head_has_no_body(port: int) -> None:
    assert await ask(port, b"HEAD /metrics HTTP/1.1\r\n\r\n") == (200, b"")


async def test_a_thousand_scrapes_at_once_are_all_answered_and_share_the_writing(
    port: int, writes: Writes
) -> None:
    answers = await asyncio.gather(*(ask(port, GET) for _ in range(1000)))
    assert answers == [(200, b"text/plain\n")] * 1000
    assert writes.times < 1000


async def test_the_loop_goes_on_while_a_text_is_written_and_one_who_leaves_takes_nothing_along(
    port: int, writes: Writes
) -> None:
    writes.go.clear()
    leaving = asyncio.create_task(ask(port, GET))
    staying = asyncio.create_task(ask(port, GET))
    assert await ask(port, b"GET / HTTP/1.1\r\n\r\n") == (200, b"mirrorgate: see /metrics\n")
    leaving.cancel()
    writes.go.set()
    assert await staying == (200, b"text/plain\n")


async def unanswered(port: int, request: bytes) -> bool:
    """Whether the connection ends without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(30):
            writer.write(request)
            return await reader.read() == b""
    except ConnectionError:
        return True
    finally:
        writer.close()


async def test_a_client_that_says_nothing_is_dropped(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_PATIENCE", 0.05)
    assert await unanswered(port, b"")


async def test_a_request_without_end_is_dropped(port: int) -> None:
    assert await unanswered(port, b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 400_000)


async def test_one_connection_too_many_is_dropped(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_MOST", 0)
    assert await unanswered(port, GET)


async def test_closing_drops_who_is_still_connected(writes: Writes) -> None:
    server = MetricsServer(writes)
    port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await ask(port, GET)
    await server.close()
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection("127.0.0.1", port)
