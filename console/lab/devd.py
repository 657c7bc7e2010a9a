"""What devd(8) announces on /var/run/devd.pipe: devices that come and go, links, CARP groups."""

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from console.lab.world import Node

PIPE = "/var/run/devd.pipe"

_READERS: WeakKeyDictionary["Node", list[asyncio.Queue[str]]] = WeakKeyDictionary()


def subscribe(node: "Node") -> asyncio.Queue[str]:
    """Open the pipe: every announcement from now on is put into the queue."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    _READERS.setdefault(node, []).append(queue)
    return queue


def unsubscribe(node: "Node", queue: asyncio.Queue[str]) -> None:
    """Close the pipe."""
    _READERS.get(node, []).remove(queue)


def announce(node: "Node", system: str, subsystem: str, kind: str, device: str = "") -> None:
    """Tell every reader, in devctl(4)'s words."""
    tail = f" cdev={device}" if device else ""
    for queue in _READERS.get(node, []):
        queue.put_nowait(f"!system={system} subsystem={subsystem} type={kind}{tail}\n")


def announce_device(node: "Node", kind: str, device: str) -> None:
    """A device was created, destroyed or has new contents: devfs and GEOM tell it both."""
    announce(node, "DEVFS", "CDEV", kind, device)
    announce(node, "GEOM", "DEV", kind, device)
