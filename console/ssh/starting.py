"""Starting a program on a node: by a shell that is fed its script, or by its word behind a monitor's gate."""

from collections.abc import Callable

import asyncssh

from console.ssh.channel import ChannelClosed, SamplerChannel
from console.ssh.programs import REFUSAL, Program
from console.ssh.shell import SHELLS, Become
from console.ssh.wall import ReadOnlyConnection


class NotStarted(Exception):
    """The channel closed before the program's first word."""

    def __init__(self, said: bytes, exit_status: int | None) -> None:
        """`said` is what came out of the channel instead."""
        super().__init__()
        self.said = said
        self.exit_status = exit_status


async def start(
    connection: asyncssh.SSHClientConnection | ReadOnlyConnection,
    make: Callable[[], SamplerChannel],
    program: Program,
    become: Become,
    script: str,
) -> SamplerChannel:
    """Bring a program to where it takes requests; bounded by the caller.

    A monitor's key gives no shell: its gate says so at once, and is then asked for the program by its word.
    What the program runs as and which files it reads is there the node's affair, so `become` does not count.

    Raises:
        NotStarted: the channel closed before its first word.
        OSError, asyncssh.Error: what asyncssh raises where a channel cannot be opened.
    """
    channel = await _open(connection, make(), SHELLS[become], script)
    if not channel.started and _is_refusal(channel.said):
        channel = await _open(connection, make(), program.word, "")
    if not channel.started or channel.closed:
        raise NotStarted(channel.said, channel.exit_status)
    return channel


def _is_refusal(said: bytes) -> bool:
    return any(line.startswith(REFUSAL) for line in said.splitlines())


async def _open(
    connection: asyncssh.SSHClientConnection | ReadOnlyConnection,
    channel: SamplerChannel,
    command: str,
    script: str,
) -> SamplerChannel:
    """Open a channel and wait for its first word or its end."""
    try:
        await connection.create_session(
            lambda: channel,
            command,
            encoding=None,
            request_pty=False,
            env=None,
            send_env=None,
            x11_forwarding=False,
        )
        if script:
            channel.write(script)
        await channel.greeted
    except ChannelClosed:
        return channel
    finally:
        if not channel.started or channel.closed:
            channel.close()
    return channel
