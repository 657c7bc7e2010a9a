"""A simulated node's SSH service on loopback, behind a management link that can be unplugged."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import asyncssh

from console.lab.call import Command
from console.lab.session import Process, Session, runner
from console.lab.sftp import NodeFiles
from console.lab.users import user_named
from console.lab.world import Node


class _Login(asyncssh.SSHServer):
    """Lets the accounts of the node in with the lab's one key."""

    def __init__(self, node: Node, key: asyncssh.SSHKey) -> None:
        self._node = node
        self._key = key.public_data

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = username == "root" or user_named(self._node, username) is not None
        return known and key.public_data == self._key


class _Half(asyncio.Protocol):
    """One end of a relayed connection."""

    def __init__(self, wire: "Wire") -> None:
        self.wire = wire
        self.other: _Half | None = None
        self.transport: asyncio.Transport | None = None
        self._kept = bytearray()
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self.transport = transport
        self.wire.halves.add(self)
        if not self.wire.plugged:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self._kept += data

    def eof_received(self) -> bool:
        if (
            self.other is not None
            and self.other.transport is not None
            and self.other.transport.can_write_eof()
        ):
            self.other.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.wire.halves.discard(self)
        self._ended = True
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def join(self, other: "_Half") -> None:
        """Connect the two ends; what came meanwhile follows."""
        self.other, other.other = other, self
        if other.transport is not None and self._kept:
            other.transport.write(bytes(self._kept))
            self._kept.clear()
        if self._ended and other.transport is not None:
            other.transport.close()


class Wire:
    """The management cable: relays TCP connections, holds them while unplugged, breaks them without power."""

    def __init__(self, inner_port: int) -> None:
        self.halves: set[_Half] = set()
        self.plugged = True
        self.port = 0
        self._inner = inner_port
        self._listener: asyncio.Server | None = None
        self._joining: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0) -> None:
        """Listen on a port of 127.0.0.1; 0 takes a free one, and afterwards the same again."""
        if self._listener is not None:
            return
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._accept, "127.0.0.1", port or self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse new connections and break the present ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for task in self._joining:
            task.cancel()
        self.hang_up()

    def hang_up(self) -> None:
        """Break the present connections."""
        for half in list(self.halves):
            if half.transport is not None:
                half.transport.abort()

    def plug(self, plugged: bool) -> None:
        """Pull the cable (False) or plug it in: nothing is lost, but nothing gets through."""
        self.plugged = plugged
        for half in list(self.halves):
            if half.transport is not None and not half.transport.is_closing():
                if plugged:
                    half.transport.resume_reading()
                else:
                    half.transport.pause_reading()

    def _accept(self) -> _Half:
        outer = _Half(self)
        task = asyncio.get_running_loop().create_task(self._join(outer))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)
        return outer

    async def _join(self, outer: _Half) -> None:
        try:
            _, inner = await asyncio.get_running_loop().create_connection(
                lambda: _Half(self), "127.0.0.1", self._inner
            )
        except OSError:
            if outer.transport is not None:
                outer.transport.abort()
            return
        outer.join(inner)


class NodeServer:
    """sshd of one node: up while the node is ready, on the same port each time."""

    def __init__(
        self,
        node: Node,
        commands: Mapping[str, Command],
        host_key: asyncssh.SSHKey,
        client_key: asyncssh.SSHKey,
    ) -> None:
        self.node = node
        self._commands = commands
        self._host_key = host_key
        self._client_key = client_key
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._wire: Wire | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 it answers on."""
        return self._wire.port if self._wire is not None else 0

    async def start(self, port: int = 0) -> None:
        """Begin to serve, and follow the node's power from now on."""
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Login(self.node, self._client_key),
            server_host_keys=[self._host_key],
            process_factory=self._session,
            sftp_factory=self._files,
            allow_scp=True,
            encoding="utf-8",
            errors="surrogateescape",
            login_timeout=20,
            line_history=200,
        )
        self._wire = Wire(self._acceptor.get_port())
        await self._wire.open(port)
        self.node.world.power_watchers.append(self._power_gone)
        self.node.after_boot.append(self._ready)

    async def close(self) -> None:
        """End every session and stop serving."""
        if self._power_gone in self.node.world.power_watchers:
            self.node.world.power_watchers.remove(self._power_gone)
        self._end_sessions()
        if self._wire is not None:
            self._wire.close()
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def hang_up(self) -> None:
        """Break every connection that is open; new ones are welcome."""
        if self._wire is not None:
            self._wire.hang_up()

    def plug(self, plugged: bool) -> None:
        """Pull or plug in the management cable."""
        if self._wire is not None:
            self._wire.plug(plugged)

    async def _ready(self, node: Node) -> None:
        if self._wire is not None:
            await self._wire.open()

    def _power_gone(self, node: Node) -> None:
        if node is self.node and self._wire is not None:
            self._end_sessions()
            self._wire.close()

    def _end_sessions(self) -> None:
        for task in list(self._sessions):
            task.cancel()

    def _session(self, process: Process) -> None:
        name = process.get_extra_info("username") or "root"
        session = Session(process, self.node, self._commands, runner(self.node, name))
        task = asyncio.get_running_loop().create_task(_until_closed(session, process))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    def _files(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return NodeFiles(channel, self.node)


async def _until_closed(session: Session, process: Process) -> None:
    """Serve until the work is done or the client has gone."""
    loop = asyncio.get_running_loop()
    work = loop.create_task(session.serve())
    gone = loop.create_task(process.channel.wait_closed())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not work.done():
            session.abandon()
        work.cancel()
        gone.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)


def write_access(
    directory: Path, key: asyncssh.SSHKey, nodes: Mapping[str, tuple[int, asyncssh.SSHKey]]
) -> Path:
    """Write the client key, known_hosts and an ssh_config naming each node; returns the ssh_config."""
    identity = directory / "id_ed25519"
    identity.touch(mode=0o600)
    identity.write_bytes(key.export_private_key("openssh"))
    known = directory / "known_hosts"
    known.write_text(
        "".join(
            f"[127.0.0.1]:{port} {host_key.export_public_key('openssh').decode().strip()}\n"
            for port, host_key in nodes.values()
        )
    )
    blocks = [
        f"Host {name}\n"
        f"    HostName 127.0.0.1\n"
        f"    Port {port}\n"
        f"    User root\n"
        f"    IdentityFile {identity}\n"
        f"    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {known}\n"
        f"    StrictHostKeyChecking yes\n"
        f"    Ciphers aes128-gcm@openssh.com\n"
        for name, (port, _) in nodes.items()
    ]
    file = directory / "ssh_config"
    file.write_text("\n".join(blocks))
    return file
