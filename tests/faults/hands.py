"""Hands whose calls end soon: in the lab no node is slow without a fault."""

from pathlib import Path

from console.model.config import NodeConfig
from console.model.job import HandsLost
from console.ssh.connecting import connect
from console.ssh.hands import NodeHands
from console.ssh.trouble import Trouble

CALL = 2.5
"""Real seconds an order to a node may take here."""


async def open_hands(node: NodeConfig, ssh_config: Path) -> NodeHands:
    """Connect; raises HandsLost."""
    try:
        connection = await connect(node, ssh_config=ssh_config)
    except Trouble as trouble:
        raise HandsLost(trouble.line) from trouble
    return await NodeHands.on(connection, node, limit=CALL)
