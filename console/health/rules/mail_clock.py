"""How long ago something of qmail's log was, on whichever clock."""

from console.health.rules.scene import Scene
from console.model.snapshot import NodeView
from console.model.tai64n import tai_seconds

STANDSTILL = 600.0
"""Seconds without a log line, with mail waiting, after which qmail-send is taken for stuck."""


def since(scene: Scene, node: NodeView, stamp: str | None) -> float | None:
    """Seconds from a log stamp to the reading of the log; None without a stamp.

    A stamp may be from before or after the node's clock was set: the shorter time counts.
    """
    at = tai_seconds(stamp)
    if at is None:
        return None
    offset = node.facts.clock_offset.value or 0.0
    return (node.facts.mail.taken or scene.snapshot.now) + min(offset, 0.0) - at
