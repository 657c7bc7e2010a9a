"""gg.exports, and whether everybody means the same image and the same peer (G-1x)."""

import re
from collections.abc import Iterator

from console.health.lint.table import spot
from console.model.snapshot import Finding, NodeView, PairSnapshot
from console.model.words import Home


def check_exports(snapshot: PairSnapshot, node: NodeView) -> Iterator[Finding]:
    """Every check of /etc/gg.exports on one node."""
    exports = node.facts.exports.value
    if exports is None:
        return
    where = f"/etc/gg.exports on {node.name}"
    for number, text, why in exports.bad:
        yield spot("G-14", node, f"{where}, line {number} ({why})", text)
    for export in exports.exports:
        raw = f"{export.host}/{export.prefix} {export.access} {export.path}"
        place = f"{where}, line {export.line}" if export.line else where
        if export.host == snapshot.config.floating:
            yield spot("G-12", node, place, raw)
        elif not re.fullmatch(r"[0-9.]+", export.host):
            yield spot("G-11", node, place, raw)
        if export.prefix < 32:
            yield spot("G-13", node, place, raw)
    paths = [e.path for e in exports.exports]
    if node.config.home is Home.SLAVE and paths and node.config.image not in paths:
        yield spot("G-10", node, f"{where}: {', '.join(paths)}", f"configured: {node.config.image}")
