"""What an error while connecting means, as one line with a remedy. Pure but for one look at what answers."""

import asyncio
import socket

import asyncssh

from console.ssh.text import inert_bytes, one_line
from console.ssh.trouble import Trouble

_LOOK = 2.0
"""Seconds that a look at a port which is no SSH server may take."""


def explain(node: str, where: str, limit: float, odd: BaseException) -> Trouble:
    """Turn what asyncssh or the operating system raised into a Trouble. `where` is host and port."""
    match odd:
        case asyncssh.PermissionDenied():
            return Trouble(
                node,
                f"{where} refused the login ({_said(odd)})",
                "put this user's public key into its authorized_keys, or name the right user and key",
                retry=False,
            )
        case asyncssh.KeyExchangeFailed() | asyncssh.ProtocolNotSupported():
            return Trouble(
                node,
                f"no common SSH algorithm with {where} ({_said(odd)})",
                "its sshd is too old or too strict: update it, or allow an algorithm in ssh_config",
                retry=False,
            )
        case asyncssh.ChannelOpenError():
            return Trouble(
                node,
                f"the jump host cannot reach {where} ({_said(odd)})",
                "check that the node is up and that the jump host may forward to it (AllowTcpForwarding)",
                retry=odd.code != asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED,
            )
        case asyncssh.DisconnectError():
            return Trouble(
                node,
                f"{where} broke off the SSH handshake ({_said(odd)})",
                "look at its auth log; MaxStartups or a firewall may be in the way",
                retry=True,
            )
        case socket.gaierror():
            return Trouble(
                node,
                f"the name {where.partition(' ')[0]} does not resolve",
                "correct `host` in the configuration or HostName in ssh_config, or mend DNS",
                retry=odd.errno == socket.EAI_AGAIN,
            )
        case ConnectionRefusedError():
            return Trouble(
                node,
                f"{where} refuses connections",
                "start sshd there (service sshd start), or correct the port",
                retry=True,
            )
        case TimeoutError():
            return Trouble(
                node,
                f"{where} did not answer within {limit:.0f} s",
                "the node is off, its network is down, or a firewall drops the packets",
                retry=True,
            )
        case OSError():
            return Trouble(
                node,
                f"{where} cannot be reached ({one_line(odd.strerror or str(odd))})",
                "check the node's power, its network and the route to it",
                retry=True,
            )
    return Trouble(
        node,
        f"connecting to {where} failed ({_said(odd)})",
        "check the SSH settings of this node",
        retry=False,
    )


def _said(odd: BaseException) -> str:
    return one_line(str(odd)) or type(odd).__name__


async def not_ssh(node: str, host: str, port: int) -> Trouble | None:
    """Look at what a port says that gave no SSH greeting; None when it says nothing that tells."""
    try:
        async with asyncio.timeout(_LOOK):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"\r\n\r\n")
                said = one_line(inert_bytes(await reader.read(400)), 60)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return None
    if not said or said.startswith("SSH-"):
        return None
    return Trouble(
        node,
        f"{host} port {port} is not an SSH server: it says “{said}”",
        "correct the host or port of this node",
        retry=False,
    )
