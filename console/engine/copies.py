"""Whom a transfer is handed to."""

from collections.abc import Callable
from typing import Protocol

from console.model.config import NodeConfig

Progress = Callable[[int, int], None]
"""Bytes copied so far, and in all."""


class Copier(Protocol):
    """Copies a file from a node to another host; goes on where an earlier attempt ended."""

    async def copy(self, node: NodeConfig, source: str, host: str, target: str, show: Progress) -> None:
        """Return when the target has the source's size and sha256.

        Raises:
            HandsLost: a connection went; the same call goes on where it was.
            CopyRefused: no such file, no room, a host that will not be spoken to.
        """
        ...
