"""What a key may do besides watching: tried on a connection of its own, with what changes nothing."""

import asyncio
from pathlib import Path

import asyncssh

from console.model.asking import Asker
from console.model.config import NodeConfig
from console.ssh.collecting import Collector
from console.ssh.connecting import connect
from console.ssh.programs import REFUSAL

_COMMAND = "true"
"""Does nothing anywhere, and is no word of the gate."""
_LIMIT = 10.0
_NOBODY = 1
"""A port on which nothing listens (tcpmux): allowed to forward, sshd says so by failing to connect."""


async def excess(node: NodeConfig, ssh_config: Path | None, asker: Asker | None) -> tuple[str, ...]:
    """What the key in use may do beyond watching, in words; empty for a key behind the gate.

    Raises:
        Trouble: the node was not reached.
        TimeoutError, OSError, asyncssh.Error: it did not answer; nothing is known then.
    """
    connection = await connect(node, ssh_config=ssh_config, asker=asker)
    try:
        async with asyncio.timeout(_LIMIT):
            found = []
            if await _runs(connection):
                found.append("runs any command")
            if await _has_terminal(connection):
                found.append("opens a terminal")
            if await _forwards(connection):
                found.append("forwards ports")
            return tuple(found)
    finally:
        connection.abort()


async def _runs(connection: asyncssh.SSHClientConnection) -> bool:
    collector = Collector(4096)
    await connection.create_session(lambda: collector, _COMMAND, encoding=None, request_pty=False)
    await collector.closed.wait()
    refused = any(line.startswith(REFUSAL) for line in bytes(collector.out).splitlines())
    return not (refused and collector.exit_status)


async def _has_terminal(connection: asyncssh.SSHClientConnection) -> bool:
    collector = Collector(4096)
    try:
        channel, _ = await connection.create_session(
            lambda: collector, _COMMAND, encoding=None, request_pty="force", term_type="dumb"
        )
    except asyncssh.ChannelOpenError:
        return False
    channel.close()
    return True


async def _forwards(connection: asyncssh.SSHClientConnection) -> bool:
    try:
        _, writer = await connection.open_connection("127.0.0.1", _NOBODY)
    except asyncssh.ChannelOpenError as odd:
        return odd.code != asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
    writer.close()
    return True
