"""Through whom the output of a command on one host becomes the input of a command on another."""

from collections.abc import Callable
from typing import Protocol

from console.model.config import NodeConfig
from console.model.job import Streamed

Moved = Callable[[int], None]
"""Bytes handed on so far."""
Said = Callable[[str, str, bool], None]
"""Who said it, inert text, and whether it came on standard error."""


class Streamer(Protocol):
    """Runs both commands, each over a connection of its own; neither outlives the call."""

    async def stream(
        self, source: NodeConfig, text: str, target: NodeConfig, into: str, moved: Moved, said: Said
    ) -> Streamed:
        """Return when both have ended, however they did. Cancelled, both are ended first.

        Raises:
            HandsLost: a host is not reached, or a connection went; what was begun has been ended, or is said
                to be alive still.
        """
        ...
