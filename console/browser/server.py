"""The web server: one page, its scripts, and a console for each tab that opens it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from console.browser.doors import Doors
from console.browser.tab import Tab
from console.browser.terminal import within

_PAGE = Path(__file__).with_name("page")
_HEARTBEAT = 15.0
"""Seconds after which a browser is asked whether it is there; it has half as long to answer."""
_MESSAGE = 1 << 16
"""Bytes of one message of a browser: a pasted page."""
_ENDING = 15.0
_FULL = "mirrorgate: as many viewers as there may be are here already; try again later\n"
_HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def policy(socket_url: str) -> str:
    """What the page may do: run its own script and talk to this server.

    The sandbox has no pop-ups: an address in a node's text becomes a link in the terminal; it leads nowhere.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        f"img-src 'self' data:; connect-src 'self' {socket_url}; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'; sandbox allow-scripts allow-same-origin"
    )


class TabServer(Server):
    """textual-serve's server for the console: no files to fetch, no shell, so many viewers, known doors."""

    def __init__(self, argv: Sequence[str], doors: Doors, viewers: int, say: Callable[[str], None]) -> None:
        super().__init__("", title="mirrorgate", public_url="", templates_path=_PAGE)
        self._argv = tuple(argv)
        self._doors = doors
        self._viewers = viewers
        self._say = say
        self._open: dict[web.WebSocketResponse, Tab] = {}

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """The tabs that are open, or whose process has not ended yet."""
        return tuple(self._open.values())

    async def listen(self, at: socket.socket) -> web.AppRunner:
        """Serve at a bound socket until the runner is cleaned up, which ends every console."""
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=_ENDING)
        await runner.setup()
        await web.SockSite(runner, at).start()
        return runner

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._at_the_door])
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/page.js", _page_script),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path))
        app.on_response_prepare.append(_prepared)
        app.on_shutdown.append(self.on_shutdown)
        return app

    @web.middleware
    async def _at_the_door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._doors.misdirected(request.headers.get("Host")):
            raise web.HTTPMisdirectedRequest(text="mirrorgate: this server is not asked for by that name\n")
        return await handler(request)

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page with the terminal."""
        if len(self._open) >= self._viewers:
            raise web.HTTPServiceUnavailable(text=_FULL)
        base = self._doors.base(request.host)
        socket_url = "ws" + base.removeprefix("http") + "/ws"
        size = min(max(to_int(request.query.get("fontsize", "16"), 16), 6), 40)
        page = {"base": base, "socket": socket_url, "size": size, "viewers": self._viewers}
        response = aiohttp_jinja2.render_template("index.html", request, page)
        response.headers["Content-Security-Policy"] = policy(socket_url)
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A tab: a console is started for it, and ends with it."""
        if self._doors.foreign(request.headers.get("Origin")):
            raise web.HTTPForbidden(text="mirrorgate: a console is opened by its own page only\n")
        if len(self._open) >= self._viewers:
            raise web.HTTPServiceUnavailable(text=_FULL)
        width, height = (to_int(request.query.get(name, ""), 80) for name in ("width", "height"))
        websocket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_MESSAGE)

        async def close() -> None:
            await websocket.close()

        tab = self._open[websocket] = Tab(self._argv, write=websocket.send_bytes, close=close)
        try:
            await websocket.prepare(request)
            await tab.start(*within(width, height))
            await self._process_messages(websocket, tab)
        except OSError as odd:
            self._say(f"a console for the browser could not be started: {odd.strerror}")
        finally:
            # Not even the end of this server leaves one behind.
            stopping = asyncio.ensure_future(self._stop(websocket, tab))
            await asyncio.shield(stopping)
        return websocket

    async def _stop(self, websocket: web.WebSocketResponse, tab: Tab) -> None:
        try:
            await tab.stop()
            if tab.last_words:
                self._say(f"a console in the browser ended: {tab.last_words}")
        finally:
            del self._open[websocket]
            with contextlib.suppress(ConnectionError):
                await websocket.close()

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Keys, sizes and the like; whatever else a browser sends is passed over."""
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                said = json.loads(message.data)
            except (ValueError, RecursionError):
                continue
            match said:
                case ["stdin", str(keys)]:
                    await app_service.send_bytes(keys.encode("utf-8", errors="replace"))
                case ["resize", {"width": int(width), "height": int(height)}]:
                    await app_service.set_terminal_size(*within(width, height))
                case ["ping", str(when)]:
                    await websocket.send_json(["pong", when[:32]])
                case ["blur"]:
                    await app_service.blur()
                case ["focus"]:
                    await app_service.focus()

    async def on_shutdown(self, app: web.Application) -> None:
        """Every tab is closed; its console ends with it."""
        await asyncio.gather(*(one.close(code=1001) for one in tuple(self._open)), return_exceptions=True)


async def _page_script(_: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE / "page.js")


async def _prepared(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
