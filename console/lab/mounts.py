"""What is mounted where on a node."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.lab.world import Node


class MountTable:
    """A node's mounted file systems, in the order they were mounted."""

    def __init__(self, node: "Node") -> None:
        self.node = node

    def start(self) -> None:
        """Mount the root file system, as booting does."""

    def lose(self) -> None:
        """Forget every mount without writing anything back, as a power cut does."""

    async def unmount_all(self) -> None:
        """Write everything back and unmount, as a shutdown does."""
