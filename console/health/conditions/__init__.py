"""The named statements about a pair that rules, readiness, guards and reports share, each defined once.

A condition holds (`yes`), fails (`no`, with the reason) or cannot be told (`unknown`, with the reason, which
names the node). Whoever needs it to hold asks `holds`: unknown is never enough. `master-…` and `slave-…`
speak of the nodes by home, not by the role VRRP gives them now.
"""

from console.health.conditions import halves, lineage, node, node_storage, pair, storage
from console.health.conditions.node_storage import gate_alive, image_free
from console.health.conditions.storage import has_let_go
from console.health.conditions.vocabulary import (
    CONDITIONS,
    Condition,
    Test,
    Verdict,
    check,
    condition,
    known,
    no,
    sentence,
    unknown,
    worst,
    yes,
)

__all__ = [
    "CONDITIONS",
    "Condition",
    "Test",
    "Verdict",
    "check",
    "condition",
    "gate_alive",
    "halves",
    "has_let_go",
    "image_free",
    "known",
    "lineage",
    "no",
    "node",
    "node_storage",
    "pair",
    "sentence",
    "storage",
    "unknown",
    "worst",
    "yes",
]
