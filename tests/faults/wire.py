"""SSH without sockets and ciphers: what the console and a lab node see of each other's end of a connection.

What the matrix proves does not depend on the encryption, which costs much. A cable that is pulled loses
nothing and lets nothing through; the connection is given up after as long as a real one's keepalives take.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import asyncssh

from console.lab.catalogue import commands
from console.lab.session import Process, Session, runner
from console.lab.world import Node
from console.model.config import NodeConfig
from console.ssh.connecting import CONNECT_LIMIT
from console.ssh.refusals import explain
from console.ssh.sampler import SCRIPT
from tests.faults.quick_sampler import QuickSampler

_KEEPALIVE = 20.0
"""Seconds without an answer after which a console gives a connection up."""


class Cable:
    """The management cable of one node, and every connection through it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.plugged = asyncio.Event()
        self.plugged.set()
        self.lines: set[Line] = set()
        self._giving_up: asyncio.TimerHandle | None = None
        node.world.power_watchers.append(self._power_gone)

    async def connect(self, node: NodeConfig, limit: float = CONNECT_LIMIT) -> "Line":
        """A connection; raises Trouble where the node is off or says nothing."""
        try:
            if not self.node.ready:
                raise ConnectionRefusedError
            async with asyncio.timeout(limit):
                await self.plugged.wait()
            if not self.node.ready:
                raise ConnectionRefusedError
        except (OSError, TimeoutError) as odd:
            raise explain(node.name, node.host, limit, odd) from odd
        return Line(self)

    def plug(self, plugged: bool) -> None:
        """Pull the cable (False) or plug it in."""
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        if plugged:
            self.plugged.set()
            for line in list(self.lines):
                line.flush()
            return
        self.plugged.clear()
        self._giving_up = asyncio.get_running_loop().call_later(_KEEPALIVE, self._break, "no keepalive")

    def _break(self, why: str) -> None:
        for line in list(self.lines):
            line.lose(asyncssh.ConnectionLost(why))

    def _power_gone(self, node: Node) -> None:
        if node is self.node:
            self._break("the node has no power")


class Line:
    """A connection as the console has it: `asyncssh.SSHClientConnection`, as far as it is used here."""

    def __init__(self, cable: Cable) -> None:
        self.cable = cable
        self._waiting: list[Callable[[], None]] = []
        self._channels: set[Channel] = set()
        self._closed = asyncio.Event()
        cable.lines.add(self)

    async def create_session(
        self, factory: Callable[[], asyncssh.SSHClientSession[bytes]], command: str, **_: object
    ) -> tuple["Channel", asyncssh.SSHClientSession[bytes]]:
        """Start a command on the node."""
        session = factory()
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        channel = Channel(self, session, command, opened)
        self._channels.add(channel)
        self.carry(channel.open)
        await opened
        session.connection_made(cast(asyncssh.SSHClientChannel[bytes], channel))
        return channel, session

    def carry(self, what: Callable[[], None]) -> None:
        """Let something happen at the other end, after all that was carried before."""
        if self._closed.is_set():
            return
        self._waiting.append(what)
        if self.cable.plugged.is_set():
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Let it happen, if the cable is plugged in."""
        while self._waiting and self.cable.plugged.is_set():
            self._waiting.pop(0)()

    def lose(self, why: Exception | None) -> None:
        """The connection is gone, at both ends."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._waiting.clear()
        self.cable.lines.discard(self)
        for channel in list(self._channels):
            channel.lost(why)

    def ended(self, channel: "Channel") -> None:
        """A channel was closed by both ends."""
        self._channels.discard(channel)

    def is_closed(self) -> bool:
        """Whether it is gone."""
        return self._closed.is_set()

    async def wait_closed(self) -> None:
        """Wait until it is."""
        await self._closed.wait()

    def close(self) -> None:
        """End it."""
        asyncio.get_running_loop().call_soon(self.lose, None)

    abort = close


class Channel:
    """One channel, as the console has it."""

    def __init__(
        self,
        line: Line,
        session: asyncssh.SSHClientSession[bytes],
        command: str,
        opened: "asyncio.Future[None]",
    ) -> None:
        self._line = line
        self._session = session
        self._opened = opened
        self._closing = False
        self._closed = asyncio.Event()
        self._far = _Far(self, command)

    def open(self) -> None:
        """The node starts the command."""
        self._far.start(self._line.cable)
        self.tell(self._confirm)

    def _confirm(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def tell(self, what: Callable[[], Any]) -> None:
        """Let the console's end see something."""
        self._line.carry(lambda: None if self._closed.is_set() else what())

    def said(self, data: bytes, datatype: int | None) -> None:
        """The node printed something."""
        self.tell(lambda: None if self._closing else self._session.data_received(data, datatype))

    def finished(self, status: int | None) -> None:
        """The node's end is closed."""
        if status is not None:
            self.tell(lambda: self._session.exit_status_received(status))
        self.tell(lambda: self._over(None))

    def lost(self, why: Exception | None) -> None:
        """The whole connection went."""
        self._far.gone()
        if not self._opened.done():
            self._opened.set_exception(asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "closed"))
            self._opened.exception()
        self._over(why)

    def _over(self, why: Exception | None) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._line.ended(self)
            self._session.connection_lost(why)

    def write(self, data: bytes) -> None:
        """Send something."""
        self._line.carry(lambda: self._far.feed(data))

    def write_eof(self) -> None:
        """Say that nothing follows."""
        self._line.carry(lambda: self._far.feed(b""))

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closing or self._closed.is_set()

    def close(self) -> None:
        """Say that nothing that comes is of interest any more."""
        if not self.is_closing():
            self._closing = True
            self._line.carry(self._far.gone)

    async def wait_closed(self) -> None:
        """Wait until both ends are closed."""
        await self._closed.wait()


class _Far:
    """The node's end of a channel: `asyncssh.SSHServerProcess`, as far as a lab session uses it."""

    term_type = None

    def __init__(self, channel: Channel, command: str) -> None:
        self.command = command
        self.channel = self
        self.stdin = self
        self.stdout = _Out(channel, None)
        self.stderr = _Out(channel, asyncssh.EXTENDED_DATA_STDERR)
        self._channel = channel
        self._fed: asyncio.Queue[bytes] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._status: int | None = None
        self._first: bytes | None = None

    def start(self, cable: Cable) -> None:
        cable.node.start(self._serve(cable))

    async def _serve(self, cable: Cable) -> None:
        session = Session(cast(Process, self), cable.node, commands(), runner(cable.node, "root"))
        work = asyncio.create_task(self._work(cable.node, session))
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not work.done():
                session.abandon()
            work.cancel()
            gone.cancel()
            odd, _ = await asyncio.gather(work, gone, return_exceptions=True)
            self._channel.finished(self._status)
            if isinstance(odd, Exception):
                raise odd

    async def _work(self, node: Node, session: Session) -> None:
        self._first = await self._fed.get()
        if self._first != SCRIPT.encode():
            await session.serve()
            return
        process = node.processes.spawn("sshd: root@notty (sshd)", stat="Ss")
        try:
            await QuickSampler(node, self.stdout.write).serve(self._lines())
        finally:
            node.processes.exit(process)

    async def _lines(self) -> AsyncIterator[str]:
        text = b""
        while data := await self._fed.get():
            *lines, text = (text + data).split(b"\n")
            for line in lines:
                yield line.decode()

    def feed(self, data: bytes) -> None:
        self._fed.put_nowait(data)

    def gone(self) -> None:
        self._gone.set()

    async def read(self, size: int) -> str:
        first, self._first = self._first, None
        return (await self._fed.get() if first is None else first).decode("utf-8", "surrogateescape")

    def is_closing(self) -> bool:
        return self._gone.is_set()

    def exit(self, status: int) -> None:
        self._status = status

    async def wait_closed(self) -> None:
        await self._gone.wait()


class _Out:
    """What the node prints."""

    def __init__(self, channel: Channel, datatype: int | None) -> None:
        self._channel = channel
        self._datatype = datatype

    def write(self, text: str) -> None:
        self._channel.said(text.encode("utf-8", "surrogateescape"), self._datatype)

    async def drain(self) -> None:
        return
