"""The output of a command on one host as the input of a command on another, through the console.

Blocks go from channel to channel as they come, no task is woken for them; where the one who takes is slower,
the window of the one who sends stays shut. Each end runs in a process group that can be ended.
"""

import asyncio
import codecs
import re
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from console.model.asking import Asker
from console.model.config import NodeConfig
from console.model.job import HandsLost, Streamed
from console.ssh.commanding import ask
from console.ssh.connecting import connect
from console.ssh.keys import Keyring
from console.ssh.quoting import quote
from console.ssh.shell import SHELLS, no_shell
from console.ssh.text import inert
from console.ssh.trouble import Trouble

Moved = Callable[[int], None]
"""Bytes handed on so far."""
Said = Callable[[str, str, bool], None]
"""Who said it, inert text, and whether it came on standard error."""

_READY = 15.0
"""Seconds from opening a channel to the first word of its shell."""
_ENDING = 15.0
"""Seconds to end what runs on a host."""
_CLOSING = 2.0
_AHEAD = 1 << 20
"""Bytes that may wait for the one who takes: a moment's absence does not stop the other at once."""
_PREAMBLE = 64 << 10

_SCRIPT = """{{
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
unset BLOCKSIZE ENV CDPATH
umask 022
cd / || exit 1
group=$(ps -o pgid= -p $$ 2>/dev/null)
printf '%s %s\\n' {nonce} "${{group##* }}"
{command}{redirect}
exit $?
}}
"""
_END = """kill -TERM -{group} 2>/dev/null
for second in 1 2 3 4 5; do
kill -0 -{group} 2>/dev/null || exit 0
sleep 1
done
kill -KILL -{group} 2>/dev/null
sleep 1
kill -0 -{group} 2>/dev/null || exit 0
exit 1
"""


@dataclass(slots=True)
class _End(asyncssh.SSHClientSession[bytes]):
    """One shell, from its first word to its exit; what it writes goes on at once."""

    nonce: bytes
    taken: Callable[[bytes], None]
    """Told of its standard output."""
    complained: Callable[[bytes], None]
    ended: Callable[[], None]
    """Told once its output has ended."""
    stalled: Callable[[bool], None] = lambda stopped: None
    """Told when what is written to it piles up, and when no longer."""
    channel: asyncssh.SSHClientChannel[bytes] | None = None
    group: str = ""
    """Its process group there; empty where ps did not tell."""
    exit_status: int | None = None
    lost: Exception | None = None
    said: bytes = b""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan
        chan.set_write_buffer_limits(high=_AHEAD, low=_AHEAD // 2)

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self.ready.is_set():
            (self.taken if datatype is None else self.complained)(data)
            return
        self.said += data[: _PREAMBLE - len(self.said)]
        before, found, after = self.said.partition(self.nonce + b" ")
        line, end, rest = after.partition(b"\n")
        if found and end and datatype is None and (not before or before.endswith(b"\n")):
            word = line.strip().decode("ascii", "replace")
            self.group = word if re.fullmatch(r"[1-9][0-9]{0,9}", word) and word != "1" else ""
            self.ready.set()
            if rest:
                self.taken(rest)

    def pause_writing(self) -> None:
        self.stalled(True)

    def resume_writing(self) -> None:
        self.stalled(False)

    def eof_received(self) -> bool:
        self.ended()
        return True

    def exit_status_received(self, status: int) -> None:
        self.exit_status = status

    def exit_signal_received(self, signal_name: str, core_dumped: bool, msg: str, lang: str) -> None:
        number = getattr(signal, f"SIG{signal_name}", None)
        self.exit_status = 128 + number if isinstance(number, signal.Signals) else 255

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = exc
        self.closed.set()
        self.ready.set()
        if exc is None:
            self.ended()


class _Words:
    """Bytes of one stream as inert text."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._tell = tell

    def take(self, data: bytes) -> None:
        self._tell(inert(self._decoder.decode(data)))


class _Stream:
    """One attempt: both connections, both ends."""

    def __init__(self, source: NodeConfig, target: NodeConfig, moved: Moved, said: Said) -> None:
        self._moved = moved
        self._count = 0
        self._target_gone = False
        errors = _Words(lambda text: said(source.name, text, True))
        self.source = _End(_nonce(), self._hand_on, errors.take, self._no_more)
        words = _Words(lambda text: said(target.name, text, False))
        errors = _Words(lambda text: said(target.name, text, True))
        self.target = _End(_nonce(), words.take, errors.take, lambda: None, self._stalled)

    @property
    def count(self) -> int:
        """Bytes handed on so far."""
        return self._count

    def _hand_on(self, data: bytes) -> None:
        channel = self.target.channel
        if channel is None or self._target_gone:
            return
        try:
            channel.write(data)
        except OSError:  # it takes no more: how it ended tells why
            self._target_gone = True
            return
        self._count += len(data)
        self._moved(self._count)

    def let_go(self) -> None:
        """What the source still sends is for nobody: it is taken from it all the same."""
        self._target_gone = True
        self._stalled(False)

    def _no_more(self) -> None:
        channel = self.target.channel
        if channel is not None and not channel.is_closing():
            channel.write_eof()

    def _stalled(self, stopped: bool) -> None:
        channel = self.source.channel
        # One that was closed over there is gone on with as well: what it sent before is still in it.
        if channel is not None:
            (channel.pause_reading if stopped else channel.resume_reading)()


class ConsoleStreamer:
    """Streams from a node to any other host, over connections of its own."""

    def __init__(self, ssh_config: Path | None, asker: Asker | None) -> None:
        self._ssh_config = ssh_config
        self._asker = asker
        self._keyring = Keyring()

    async def stream(
        self, source: NodeConfig, text: str, target: NodeConfig, into: str, moved: Moved, said: Said
    ) -> Streamed:
        """Run `text` on `source` into `into` on `target`; return when both have ended, however they did.

        Raises:
            HandsLost: a host is not reached, or a connection went; what ran was ended, or is said to live.
        """
        opened: list[asyncssh.SSHClientConnection] = []
        stream = _Stream(source, target, moved, said)
        try:
            for node in (source, target):
                opened.append(await self._connect(node))
            await _begin(opened[1], target, stream.target, into, "")
            await _begin(opened[0], source, stream.source, text, " </dev/null")
            return await self._until_both_ended(stream, (source, target), opened)
        except BaseException as why:
            left = await self._end_both(stream, (source, target), opened)
            if left and isinstance(why, HandsLost):
                raise HandsLost(f"{why}; {left}") from why
            if left:
                said(target.name, f"{left}\n", True)
            raise
        finally:
            for connection in opened:
                await _closed(connection)

    async def _connect(self, node: NodeConfig) -> asyncssh.SSHClientConnection:
        try:
            return await connect(node, ssh_config=self._ssh_config, asker=self._asker, keyring=self._keyring)
        except Trouble as trouble:
            raise HandsLost(trouble.line) from trouble

    async def _until_both_ended(
        self,
        stream: _Stream,
        nodes: tuple[NodeConfig, NodeConfig],
        opened: list[asyncssh.SSHClientConnection],
    ) -> Streamed:
        ends = (stream.source, stream.target)
        waits = [asyncio.ensure_future(end.closed.wait()) for end in ends]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            _check(ends, nodes)
            if stream.target.closed.is_set() and stream.target.exit_status == 0:
                # restore(8) is done at the end mark, while dump(8) still pads its last block and says so.
                stream.let_go()
                await asyncio.wait(waits, timeout=_ENDING)
            if stream.target.closed.is_set() and not stream.source.closed.is_set():
                # It is we who end the source, which may tell no status then: the target has told why.
                await _ended(stream.source, nodes[0], opened[0])
                await asyncio.wait(waits)
            else:
                await asyncio.wait(waits)
                _check(ends, nodes)
        finally:
            for wait in waits:
                wait.cancel()
        return Streamed(stream.count, _status(stream.source), _status(stream.target))

    async def _end_both(
        self,
        stream: _Stream,
        nodes: tuple[NodeConfig, NodeConfig],
        opened: list[asyncssh.SSHClientConnection],
    ) -> str:
        """End what still runs, also where the connection went; what is left in words, if anything is."""
        ends = zip((stream.source, stream.target), nodes, opened, strict=False)
        left = await asyncio.gather(*(self._end(end, node, there) for end, node, there in ends))
        names = [node.name for node, alive in zip(nodes, left, strict=False) if alive]
        return (
            f"it may still work on {' and '.join(names)}: look there before it is run again" if names else ""
        )

    async def _end(self, end: _End, node: NodeConfig, connection: asyncssh.SSHClientConnection) -> bool:
        """Whether it may be alive still."""
        if end.channel is None or (end.closed.is_set() and end.lost is None):
            return False
        if not connection.is_closed():
            return not await _ended(end, node, connection)
        try:
            async with asyncio.timeout(_ENDING):
                again = await self._connect(node)
        except (HandsLost, TimeoutError):
            return True
        try:
            return not await _ended(end, node, again)
        finally:
            await _closed(again)


async def _begin(
    connection: asyncssh.SSHClientConnection, node: NodeConfig, end: _End, text: str, redirect: str
) -> None:
    script = _SCRIPT.format(
        nonce=end.nonce.decode("ascii"), command=quote(["/bin/sh", "-c", text]), redirect=redirect
    )
    try:
        async with asyncio.timeout(_READY):
            channel, _ = await connection.create_session(
                lambda: end,
                SHELLS[node.become],
                encoding=None,
                request_pty=False,
                env=None,
                send_env=None,
                x11_forwarding=False,
            )
            channel.write(script.encode("utf-8", "surrogateescape"))
            await end.ready.wait()
    except (TimeoutError, OSError, asyncssh.Error) as odd:
        raise HandsLost(f"{node.name}: no shell could be had for the stream; try again") from odd
    if end.closed.is_set() and not end.group and end.said:
        raise HandsLost(no_shell(node.name, node.become, end.said, end.exit_status).line)


def _check(ends: tuple[_End, _End], nodes: tuple[NodeConfig, NodeConfig]) -> None:
    for end, node in zip(ends, nodes, strict=True):
        if end.closed.is_set() and end.exit_status is None:
            raise HandsLost(f"{node.name}: the connection went during the stream; run again, it begins anew")


def _status(end: _End) -> int:
    return 255 if end.exit_status is None else end.exit_status


async def _ended(end: _End, node: NodeConfig, connection: asyncssh.SSHClientConnection) -> bool:
    """End a process group; whether it is gone."""
    gone = False
    if end.group:
        reply = await ask(connection, _END.format(group=end.group), _ENDING, become=node.become)
        gone = reply.ok
    if end.channel is not None:
        end.channel.close()
    return gone


def _nonce() -> bytes:
    return b"stream-" + secrets.token_hex(16).encode("ascii")


async def _closed(connection: asyncssh.SSHClientConnection) -> None:
    try:
        async with asyncio.timeout(_CLOSING):
            connection.close()
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()
