"""The server of tabs against odd clients and odd consoles; a real browser is in test_chromium."""

import asyncio

import aiohttp
import pytest

from tests.browser.serving import DEAF, ECHO, FLOOD, Screen, gone, serving
from tests.waiting import eventually


async def test_a_tab_is_drawn_and_takes_keys_and_its_process_ends_with_it() -> None:
    async with serving(ECHO) as served:
        async with served.open() as websocket:
            screen = Screen(websocket)
            process = await screen.process()
            await websocket.send_json(["stdin", "qé"])
            await screen.until("Dqé")
        await gone(process)
        await eventually(lambda: not served.server.tabs)
        assert served.said == []


async def test_what_a_browser_should_not_send_is_passed_over() -> None:
    odd: list[object] = [
        {},
        [],
        None,
        7,
        ["stdin"],
        ["stdin", 5],
        ["stdin", "a", "b"],
        ["resize", {"width": "80", "height": 24}],
        ["resize", {"width": 80}],
        ["ping", {}],
        ["deliver_chunk_request", "x"],
        ["quit"],
        ["exec", "id"],
    ]
    async with serving(ECHO) as served, served.open() as websocket:
        screen = Screen(websocket)
        await screen.process()
        for one in odd:
            await websocket.send_json(one)
        for text in ("", "no json", "[" * 50_000, '["stdin", "\\ud800"]'):
            await websocket.send_str(text)
        await websocket.send_bytes(b'["stdin", "bytes"]')
        await websocket.send_json(["ping", "1" * 100])
        await websocket.send_json(["stdin", "last"])
        text = await screen.until("Dlast")
        assert text.split(" ", 2)[2] == "D?\nDlast\n"
        assert screen.others == [["pong", "1" * 32]]


async def test_a_size_is_within_reason() -> None:
    async with serving(ECHO) as served, served.open("width=9&height=9") as websocket:
        screen = Screen(websocket)
        for width, height in ((10**9, 10**9), (-5, 0), (81, 25)):
            await websocket.send_json(["resize", {"width": width, "height": height}])
        text = await screen.until('"width": 81, "height": 25')
        assert '"width": 500, "height": 200' in text
        assert '"width": 1, "height": 1' in text


@pytest.mark.parametrize(("asked", "given"), [("width=1e9&height=x", "80 80"), ("width=99999999", "500 80")])
async def test_the_first_size_is_too(asked: str, given: str) -> None:
    tell = 'draw("size " + os.environ["COLUMNS"] + " " + os.environ["ROWS"] + ".")'
    async with serving(tell) as served, served.open(asked) as websocket:
        assert f"size {given}." in await Screen(websocket).until("size ")


async def test_nothing_of_a_console_but_its_drawing_reaches_the_browser() -> None:
    told = """
tell(type="open_url", url="https://evil.example", new_tab=False)
tell(type="deliver_file_start", key="k", path="/etc/passwd", open_method="browser", mime_type="", encoding="")
packet(b"P", b"l13:deliver_chunk")
draw("drawn")
tell(type="exit")
"""
    async with serving(told) as served, served.open() as websocket:
        screen = Screen(websocket)
        await screen.until("drawn")
        assert (await websocket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert screen.others == []
        assert (await served.get("/download/k"))[0] == 404


async def test_a_console_that_leaves_closes_its_tab_and_its_last_words_are_one_harmless_line() -> None:
    fails = "sys.stderr.write('x' * 99999 + '\\nbad \\x1b[31mconfiguration\\nmore'); sys.exit(2)"
    async with serving(fails) as served:
        async with served.open() as websocket:
            screen = Screen(websocket)
            process = await screen.process()
            assert (await websocket.receive()).type is aiohttp.WSMsgType.CLOSE
        await gone(process)
        await eventually(lambda: served.said)
        assert len(served.said) == 1
        assert "\x1b" not in served.said[0]
        assert "\n" not in served.said[0]


@pytest.mark.parametrize("console", [DEAF, FLOOD])
async def test_a_process_that_does_not_listen_is_ended_too(
    console: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLOOD: the browser goes in the middle of a frame, and nobody reads what is still drawn."""
    monkeypatch.setattr("console.browser.tab._GRACE", 0.2)
    async with serving(console) as served:
        async with served.open() as websocket:
            process = await Screen(websocket).process()
            transport = websocket._response.connection.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.abort()
        await gone(process)
        await eventually(lambda: not served.server.tabs)


async def test_the_end_of_the_server_ends_every_console() -> None:
    async with serving(ECHO) as served:
        first, second = await served.open(), await served.open()
        processes = [await Screen(one).process() for one in (first, second)]
    for process in processes:
        await gone(process)


async def test_no_more_viewers_than_there_may_be() -> None:
    async with serving(ECHO, viewers=2) as served:
        assert (await served.get("/"))[0] == 200
        first, second = await served.open(), await served.open()
        process = await Screen(first).process()
        status, said = await served.get("/")
        assert status == 503
        assert "as many viewers as there may be" in said
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await served.open()
        await first.close()
        await gone(process)
        await eventually(lambda: len(served.server.tabs) == 1)
        third = await served.open()
        assert await Screen(third).process() != process
        await asyncio.gather(second.close(), third.close())


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/page.js"])
async def test_a_name_that_was_made_to_lead_here_gets_nothing(path: str) -> None:
    async with serving(ECHO) as served:
        for host in (f"evil.example:{served.port}", "127.0.0.1", f"127.0.0.1.evil.example:{served.port}"):
            status, body = await served.get(path, host)
            assert status == 421
            assert len(body) < 100


async def test_only_our_own_page_opens_a_console() -> None:
    async with serving(ECHO) as served:
        for origin in (None, "null", "http://evil.example", f"https://{served.at}"):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await served.session.ws_connect(f"ws://{served.at}/ws", origin=origin)
        assert served.server.tabs == ()


@pytest.mark.parametrize(
    "path",
    [
        "/download/x",
        "/static/",
        "/static/js",
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/page/index.html",
        "/index.html",
    ],
)
async def test_there_is_no_file_to_fetch(path: str) -> None:
    async with serving(ECHO) as served:
        assert (await served.get(path))[0] in (403, 404)


async def test_only_reading_is_answered() -> None:
    async with serving(ECHO) as served:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            for path in ("/", "/ws", "/page.js"):
                assert (await served.get(path, method=method))[0] == 405
        status, _ = await served.get("/ws")
        assert status in (400, 403)


async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_of_its_own() -> None:
    async with serving(ECHO) as served:
        async with served.session.get(f"http://{served.at}/?fontsize=99999") as answer:
            text, headers = await answer.text(), answer.headers
        assert "onclick" not in text.lower()
        assert text.count("http://") == text.count(f"http://{served.at}/")
        assert "https://" not in text
        assert 'data-font-size="40"' in text
        assert f'"ws://{served.at}/ws"' in text
        allowed = headers["Content-Security-Policy"]
        assert "script-src 'self';" in allowed
        assert allowed.endswith("sandbox allow-scripts allow-same-origin")
        assert "frame-ancestors 'none'" in allowed
        assert headers["X-Content-Type-Options"] == "nosniff"
        async with served.session.get(f"http://{served.at}/none") as answer:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_behind_a_proxy_the_page_and_the_console_are_the_proxys() -> None:
    public = "https://jump.example/pairs"
    async with serving(ECHO, public=public) as served:
        for host in ("jump.example", served.at):
            status, text = await served.get("/", host)
            assert status == 200
            assert '"wss://jump.example/pairs/ws"' in text
            assert f'src="{public}/static/js/textual.js"' in text
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await served.open()
        address = f"ws://{served.at}/ws"
        async with served.session.ws_connect(address, origin="https://jump.example") as websocket:
            await Screen(websocket).process()
