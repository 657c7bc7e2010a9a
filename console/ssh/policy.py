"""Watching as a wall: a connection that can start samplers and do nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from console.model.asking import Asker
from console.model.config import NodeConfig, PairConfig, QmailConfig
from console.ssh.connecting import connect
from console.ssh.keys import Keyring
from console.ssh.sampler import Lane
from console.ssh.shell import Become
from console.ssh.wall import ReadOnlyConnection

_CLOSING = 2.0
"""Seconds that a polite close may take before the socket is simply dropped."""


class SamplerOnly:
    """An open connection to one node whose only use is the fixed sampler script.

    What only watches is handed this and never a connection: no code path from here changes a node.
    """

    __slots__ = ("__become", "__connection", "__lanes", "__node", "__settings")

    def __init__(
        self,
        connection: ReadOnlyConnection,
        node: str,
        become: Become,
        settings: Mapping[str, str],
    ) -> None:
        self.__connection = connection
        self.__node = node
        self.__become = become
        self.__settings = dict(settings)
        self.__lanes: list[Lane] = []

    async def lane(self) -> Lane:
        """Open a lane; raises Trouble."""
        lane = await Lane.open(self.__connection, self.__node, become=self.__become, settings=self.__settings)
        self.__lanes.append(lane)
        return lane

    async def close(self) -> None:
        """Close the connection, every lane on it and its jump hosts."""
        try:
            async with asyncio.timeout(_CLOSING):
                await asyncio.gather(*(lane.close() for lane in self.__lanes))
                self.__connection.close()
                await self.__connection.wait_closed()
        except TimeoutError:
            self.__connection.abort()


def read_only_opener(
    ssh_config: Path | None, asker: Asker | None, pairs: Sequence[PairConfig] = ()
) -> Callable[[NodeConfig], Awaitable[SamplerOnly]]:
    """How nodes are opened for watching; what it returns raises Trouble. `pairs` tell where qmail is."""
    keyring = Keyring()

    async def open_node(node: NodeConfig) -> SamplerOnly:
        connection = await connect(node, ssh_config=ssh_config, asker=asker, keyring=keyring)
        return SamplerOnly(ReadOnlyConnection(connection), node.name, node.become, _settings(node, pairs))

    return open_node


def _settings(node: NodeConfig, pairs: Sequence[PairConfig]) -> dict[str, str]:
    qmail = next((pair.qmail for pair in pairs if node in pair.nodes), QmailConfig())
    return {"qmail": qmail.home, "qmaillog": qmail.log, "image": node.image}
