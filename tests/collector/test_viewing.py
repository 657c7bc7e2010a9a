"""Many viewers, one reading: what each sees, and what none of them can do to the others."""

import asyncio
import contextlib
import socket
import time
from functools import partial
from pathlib import Path

import pytest

from console.collector.client import Client
from console.collector.protocol import Begin, Hello, Line, Look, Retry, line_of, told
from console.collector.server import Server
from console.collector.socket_file import SocketFile
from console.model.pair_line import PairLine
from console.model.snapshot import LinkState
from console.model.tape import Taped
from console.ssh.trouble import Trouble
from tests.collector.stage import MOUNTED, Nodes, collecting, pair, viewing
from tests.waiting import eventually

WWW, MAIL = pair("www"), pair("mail")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


async def test_viewers_see_what_is_read_once(path: Path) -> None:
    nodes, nobody = Nodes({("www-a", "mounts"): MOUNTED}), Nodes()
    async with (
        collecting([WWW, MAIL], nodes, path) as collector,
        viewing([WWW, MAIL], path, nobody) as one,
        viewing([WWW, MAIL], path, nobody, look="mail") as two,
    ):
        state = await one.whole("www")
        assert state.truths[0].mounted.value == "yes"
        await two.whole("mail")
        await eventually(lambda: two.lines["www"].mounted[0].value == "yes" if "www" in two.lines else False)
        assert set(one.states) == {"www"}
        assert set(two.states) == {"mail"}
        await eventually(lambda: collector.server.viewers == 2)
        del nodes.texts[("www-a", "mounts")]
        await eventually(lambda: one.states["www"].truths[0].mounted.value == "no")
        await eventually(lambda: two.lines["www"].mounted[0].value == "no")
        assert nodes.opened == dict.fromkeys(("www-a", "www-b", "mail-a", "mail-b"), 1)
        assert nobody.opened == {}


async def test_whoever_looks_at_another_pair_gets_that_one_whole(path: Path) -> None:
    nodes = Nodes()
    async with collecting([WWW, MAIL], nodes, path), viewing([WWW, MAIL], path, nodes) as viewer:
        await viewer.whole("www")
        viewer.watching.look("mail")
        await viewer.whole("mail")
        # The one left behind is a line at once: nothing that gets old is shown as a whole state.
        await eventually(lambda: "www" in viewer.lines)
        viewer.watching.look("www")
        viewer.watching.look("mail")
        viewer.watching.look("www")
        await viewer.whole("www")
        before = viewer.states["www"].snapshot.master.facts.mounts.taken
        assert before is not None
        await eventually(lambda: (viewer.states["www"].snapshot.master.facts.mounts.taken or 0) > before)


async def test_what_happened_before_he_came_is_told_and_nothing_is_made_up(path: Path) -> None:
    nodes = Nodes()
    async with collecting([WWW], nodes, path), viewing([WWW], path, nodes) as first:
        await first.whole("www")
        nodes.texts[("www-a", "mounts")] = MOUNTED
        await eventually(lambda: "mount" in {event.kind for event in first.states["www"].events})
        async with viewing([WWW], path, nodes) as late:
            await late.whole("www")
            assert [e.text for e in late.states["www"].events] == [e.text for e in first.states["www"].events]


async def test_a_pair_that_the_collector_has_not_or_has_otherwise_is_read_by_the_viewer(path: Path) -> None:
    nodes, own = Nodes(), Nodes()
    other = pair("www", mount="/data")
    async with collecting([WWW, MAIL], nodes, path), viewing([other, MAIL, pair("new")], path, own) as viewer:
        assert (await viewer.whole("www")).snapshot.config.mount == "/data"
        await viewer.whole("new")
        await viewer.says("collector, 1 viewer; 2 pairs read here")
        await eventually(lambda: "mail" in viewer.lines)
        assert set(own.opened) == {"www-a", "www-b", "new-a", "new-b"}


async def test_a_node_that_was_replaced_is_told_as_refused(path: Path) -> None:
    changed = Trouble("www-b", "its host key is another one", "compare the fingerprints", retry=False)
    nodes = Nodes()
    async with (
        collecting([WWW], nodes, path),
        viewing([WWW], path, nodes) as viewer,
        viewing([WWW, MAIL], path, Nodes(), look="mail") as other,
    ):
        await viewer.whole("www")
        nodes.troubles["www-b"] = changed
        nodes.drop("www-b")
        await eventually(lambda: viewer.states["www"].snapshot.slave.link.state is LinkState.LOST)
        viewer.watching.retry_now()
        await eventually(lambda: viewer.states["www"].snapshot.slave.link.state is LinkState.REFUSED)
        slave = viewer.states["www"].snapshot.slave
        assert slave.link.why == "www-b: its host key is another one; compare the fingerprints"
        assert slave.facts.mounts.value is None
        assert slave.facts.mounts.last is not None
        await eventually(lambda: other.lines["www"].links == (LinkState.LIVE, LinkState.REFUSED))
        assert viewer.states["www"].snapshot.master.link.state is LinkState.LIVE


@pytest.mark.parametrize("leap", [-7200.0, 7200.0])
async def test_a_clock_that_jumps_stops_nothing(
    leap: float, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, real, ahead = Nodes(), time.time, [0.0]
    async with (
        collecting([WWW, MAIL], nodes, path, partial(Server, beat=0.05)),
        viewing([WWW, MAIL], path, nodes) as viewer,
    ):
        await viewer.whole("www")
        await eventually(lambda: "mail" in viewer.lines)
        # The collector's clock and everybody's, as on one machine.
        monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
        ahead[0] = leap
        now = real() + leap

        def there(taken: float | None) -> bool:
            return taken is not None and abs(taken - now) < 600

        await eventually(lambda: there(viewer.states["www"].snapshot.master.facts.mounts.taken))
        await eventually(lambda: there(viewer.states["www"].snapshot.slave.link.last_seen))
        await eventually(lambda: there(viewer.lines["mail"].last_seen[0]))
        ahead[0], now = 0.0, real()
        await eventually(lambda: there(viewer.states["www"].snapshot.master.facts.mounts.taken))
        nodes.texts[("www-a", "mounts")] = MOUNTED
        await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "yes")


async def test_a_viewer_who_does_not_read_holds_up_nobody_and_is_let_go(path: Path) -> None:
    big = {(f"www-{n}", "geom"): "<!--" + "x" * 500_000 + "--><mesh>\n</mesh>\n" for n in "ab"}
    nodes = Nodes(big)
    server = partial(Server, patience=0.5)
    async with collecting([WWW], nodes, path, server) as collector, viewing([WWW], path, nodes) as viewer:
        await viewer.whole("www")
        stopped = socket.socket(socket.AF_UNIX)
        stopped.connect(str(path))
        stopped.sendall(line_of(Look(("www",))))
        await eventually(lambda: collector.server.viewers == 2)
        nodes.texts[("www-a", "mounts")] = MOUNTED
        await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "yes")
        await eventually(lambda: collector.server.viewers == 1)
        stopped.close()
        del nodes.texts[("www-a", "mounts")]
        await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "no")


async def test_viewers_that_are_killed_in_the_midst_of_anything_leave_no_trace(path: Path) -> None:
    nodes = Nodes()
    async with collecting([WWW], nodes, path) as collector, viewing([WWW], path, nodes) as viewer:
        await viewer.whole("www")
        for said in (b"", b'{"kind": "loo', line_of(Look(("www",))), line_of(Look(("www",)))[:-1]):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(said)
            await reader.readexactly(20)
            writer.transport.abort()
        await eventually(lambda: collector.server.viewers == 1)
        nodes.texts[("www-a", "mounts")] = MOUNTED
        await eventually(lambda: viewer.states["www"].truths[0].mounted.value == "yes")


async def _shut(reader: asyncio.StreamReader) -> None:
    """Read until the other end has closed."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(20):
            while await reader.read(65536):
                continue


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 200_000, b'{"kind": "run"}\n', b"\0\n"])
async def test_whoever_asks_for_anything_else_is_shown_the_door(said: bytes, path: Path) -> None:
    nodes = Nodes()
    async with collecting([WWW], nodes, path) as collector:
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert isinstance(told(await reader.readline()), Hello)
        writer.write(said)
        await _shut(reader)
        await eventually(lambda: collector.server.viewers == 0)
        writer.transport.abort()


async def test_a_viewer_may_look_at_what_there_is_not(path: Path) -> None:
    nodes = Nodes()
    async with collecting([WWW], nodes, path):
        client = await Client.open(path)
        client.look(["nothing", "www"])
        heard = client.heard()
        async with asyncio.timeout(20):
            while not isinstance(await anext(heard), Begin):
                continue
            assert isinstance(await anext(heard), Taped)
        client.close()


async def test_one_too_many_is_told_so_and_reads_the_nodes(path: Path) -> None:
    nodes, own = Nodes(), Nodes()
    async with collecting([WWW], nodes, path, partial(Server, most=1)), viewing([WWW], path, nodes) as first:
        await first.whole("www")
        async with viewing([WWW], path, own) as second:
            await second.says("polling itself: the collector has 1 viewers already")
            await second.whole("www")
            assert set(own.opened) == {"www-a", "www-b"}
        assert not first.words[-1].startswith("polling")


async def test_viewers_cannot_make_it_knock_on_nodes_without_end(path: Path) -> None:
    tried: list[float] = []
    server = Server({}, {}, lambda: tried.append(1.0))
    task = asyncio.create_task(server.serve(SocketFile.open(path)))
    reader, writer = await asyncio.open_unix_connection(str(path))
    await reader.readline()
    writer.write(line_of(Retry()) * 5 + b"no\n")
    await _shut(reader)
    assert len(tried) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_equal_line_is_not_told_again_but_its_age_is(path: Path) -> None:
    nodes = Nodes()
    async with collecting([WWW], nodes, path, partial(Server, beat=0.05)):
        client = await Client.open(path)
        lines: list[PairLine] = []
        ages: set[float | None] = set()
        async with asyncio.timeout(30):
            async for heard in client.heard():
                if isinstance(heard, Line):
                    lines.append(heard.line)
                elif not isinstance(heard, Taped | Begin) and lines and lines[-1].settled:
                    ages |= {both[0] for both in heard.seen.values()} if hasattr(heard, "seen") else set()
                if len(ages) > 5:
                    break
        assert len(set(map(repr, lines))) == len(lines)
        assert len(lines) < 15
        client.close()
