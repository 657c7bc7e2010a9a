"""How the matrix gets hands on a node: through a cable of the lab, or over SSH."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

import asyncssh

from console.model.config import NodeConfig
from console.model.job import HandsLost
from console.ssh.hands import NodeHands
from console.ssh.hands import open_hands as open_by_ssh
from console.ssh.trouble import Trouble
from tests.faults.wire import Cable

Opener = Callable[[NodeConfig], Awaitable[NodeHands]]
Connect = Callable[..., Awaitable[asyncssh.SSHClientConnection]]


def connecting(cables: Mapping[str, Cable]) -> Connect:
    """What stands for `console.ssh.connecting.connect`; `cables` by the name of a node's host."""

    async def connect(node: NodeConfig, **_: object) -> asyncssh.SSHClientConnection:
        return cast(asyncssh.SSHClientConnection, await cables[node.host].connect(node))

    return connect


def on_cables(cables: Mapping[str, Cable]) -> Opener:
    """Hands at the end of a cable; raises HandsLost."""
    connect = connecting(cables)

    async def opened(node: NodeConfig) -> NodeHands:
        try:
            connection = await connect(node)
        except Trouble as trouble:
            raise HandsLost(trouble.line) from trouble
        return await NodeHands.on(connection, node)

    return opened


def over_ssh(ssh_config: Path) -> Opener:
    """Hands over SSH; raises HandsLost."""
    return lambda node: open_by_ssh(node, ssh_config)
