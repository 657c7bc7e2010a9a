"""Without a collector, or with one that goes wrong, a viewer reads the nodes itself and says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from console.collector.client import Client, NoCollector
from console.collector.protocol import Beat, Begin, Hello, Whole, digest, line_of
from console.collector.server import Server
from console.model.snapshot import LinkState
from console.ssh.trouble import Trouble
from tests.collector.stage import MOUNTED, Nodes, collecting, pair, viewing
from tests.waiting import eventually

WWW, MAIL = pair("www"), pair("mail")
HELLO = line_of(Hello({"www": digest(WWW)}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


@asynccontextmanager
async def saying(path: Path, *said: bytes, stay: bool = True) -> AsyncIterator[list[int]]:
    """Something that tells every viewer the same, then stays silent or leaves; yields how many came."""
    came: list[int] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        writer.write(b"".join(said))
        if stay:
            await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(accept, str(path))
    try:
        yield came
    finally:
        server.close()


async def test_without_a_collector_the_nodes_are_read(path: Path) -> None:
    own = Nodes()
    async with viewing([WWW, MAIL], path, own) as viewer:
        await viewer.whole("www")
        await viewer.whole("mail")
        assert viewer.words == ["polling itself: no collector"]


async def test_a_collector_that_ends_and_comes_back(path: Path) -> None:
    nodes, own, quick = Nodes(), Nodes(), partial(Server, beat=0.05)
    async with viewing([WWW, MAIL], path, own) as viewer:
        async with collecting([WWW, MAIL], nodes, path, quick):
            await viewer.says("collector, 1 viewer")
            await eventually(lambda: viewer.watching._steady)
            await eventually(lambda: "mail" in viewer.lines)
            await viewer.whole("www")
        await viewer.says("polling itself")
        assert any("the collector is gone: trying again" in words for words in viewer.words)
        # The whole states of both come from here now, and change as the nodes do.
        await viewer.whole("mail")
        own.texts[("www-a", "mounts")] = nodes.texts[("www-a", "mounts")] = MOUNTED
        await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "yes")
        assert set(own.opened) == {"www-a", "www-b", "mail-a", "mail-b"}
        async with collecting([WWW, MAIL], nodes, path, quick):
            await eventually(lambda: viewer.words[-1] == "collector, 1 viewer")
            await eventually(lambda: "mail" in viewer.lines)
            await eventually(lambda: all(s.closed for some in own.sessions.values() for s in some))
            del nodes.texts[("www-a", "mounts")]
            await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "no")
            assert own.opened["www-a"] <= 2


async def test_what_was_shown_stays_until_more_is_known(path: Path) -> None:
    """Neither a collector that has just begun nor a first reading of one's own empties the screen."""
    nodes, own = Nodes(), Nodes()
    async with viewing([WWW], path, own) as viewer:
        async with collecting([WWW], nodes, path, partial(Server, beat=0.02)):
            await viewer.whole("www")
        begun = len(viewer.seen)
        await viewer.says("polling itself")
        await viewer.whole("www")
        nodes.troubles["www-b"] = Trouble("www-b", "no route", "reconnecting", retry=True)
        async with collecting([WWW], nodes, path, partial(Server, beat=0.02)):
            await eventually(lambda: viewer.states["www"].snapshot.slave.link.state is LinkState.LOST)
            shown = [news for news in viewer.seen[begun:] if not hasattr(news, "pair")]
            links = [node.link.state for state in shown for node in state.snapshot.nodes]
            assert LinkState.CONNECTING not in links


async def test_a_quick_restart_makes_nobody_read_the_nodes(path: Path) -> None:
    nodes, own = Nodes(), Nodes()
    quick = partial(Server, beat=0.02)
    async with viewing([WWW], path, own, grace=60.0) as viewer:
        async with collecting([WWW], nodes, path, quick):
            await viewer.whole("www")
            await eventually(lambda: viewer.watching._steady)
        await viewer.says("trying again")
        async with collecting([WWW], nodes, path):
            await viewer.says("collector, 1 viewer")
            nodes.texts[("www-a", "mounts")] = MOUNTED
            await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "yes")
    assert own.opened == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((HELLO, line_of(Begin("www"))[:-9]), "the collector is gone"),
        ((HELLO[:-3],), "the collector is gone"),
        ((), "the collector is gone"),
        ((HELLO, b'{"kind": "read", "text": "\x1b[2J"}\n'), "what cannot be understood"),
        ((b"220 mail ESMTP\r\n",), "what cannot be understood"),
        ((b"\xff" * 50 + b"\n",), "what cannot be understood"),
        ((line_of(Hello({}, version=99)),), "of another version"),
        ((line_of(Whole("www")),), "no collector"),
    ],
)
async def test_one_that_breaks_off_or_is_none_is_left(said: tuple[bytes, ...], why: str, path: Path) -> None:
    own = Nodes()
    async with saying(path, *said, stay=False) as came, viewing([WWW], path, own) as viewer:
        await viewer.says("polling itself")
        assert why in viewer.words[-1]
        await viewer.whole("www")
        # It is looked for again, and not in a busy loop.
        before = len(came)
        await eventually(lambda: len(came) > before)
        assert "\x1b" not in "".join(viewer.words)


async def test_one_that_only_ever_begins_does_not_keep_a_viewer_from_reading(path: Path) -> None:
    own = Nodes()
    async with saying(path, HELLO, line_of(Beat(1)), stay=False), viewing([WWW], path, own) as viewer:
        await eventually(lambda: own.opened["www-a"] > 0)
        await viewer.whole("www")


@pytest.mark.parametrize("said", [(), (HELLO,), (HELLO, line_of(Beat(1)))])
async def test_one_that_stops_does_not_count_for_ever(said: tuple[bytes, ...], path: Path) -> None:
    async with saying(path, *said):
        with pytest.raises(NoCollector, match=r"does not answer|says nothing any more"):
            await _heard_out(path)


async def _heard_out(path: Path) -> None:
    client = await Client.open(path, limit=0.1, silence=0.1)
    async for _ in client.heard():
        continue


async def test_a_socket_one_may_not_use_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio, "open_unix_connection", refused)
    with pytest.raises(NoCollector, match="no right to use the collector's socket"):
        await Client.open(path)
