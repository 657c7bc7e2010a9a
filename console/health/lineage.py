"""Two lineages compared: whose data is newer, or whether each node has a history of its own (P18).

gmirror's counters cannot tell (two halves that ran alone may carry the same ones); the ids that a promotion
writes can.
"""

from enum import StrEnum

from console.model.lineage import Lineage
from console.model.snapshot import NodeView, PairSnapshot


class Relation(StrEnum):
    """How the lineage of one node stands to the other's."""

    SAME = "same"
    """Both heads are the same promotion."""
    OLDER = "older"
    """The first is an ancestor of the second: its head is in the second's lineage."""
    NEWER = "newer"
    """The second is an ancestor of the first."""
    SPLIT = "split"
    """Neither head is in the other's lineage: each node was promoted without the other."""
    UNKNOWN = "unknown"


def relation(first: Lineage, second: Lineage) -> tuple[Relation, str]:
    """How `first` stands to `second`, and why; a lineage that is empty or partly unread tells nothing."""
    for name, lineage in (("first", first), ("second", second)):
        if lineage.bad:
            return Relation.UNKNOWN, f"{len(lineage.bad)} lines of the {name} lineage cannot be read"
        if lineage.head is None:
            return Relation.UNKNOWN, f"the {name} lineage is empty"
    return _of_heads(first, second)


def between(snapshot: PairSnapshot) -> tuple[Relation, str]:
    """How the home master's lineage stands to the home slave's, and why, in words with the nodes' names."""
    read: list[Lineage] = []
    for node in snapshot.nodes:
        lineage = lineage_of(node)
        if isinstance(lineage, str):
            return Relation.UNKNOWN, lineage
        if lineage.head is None:
            return (
                Relation.UNKNOWN,
                f"the lineage of {node.name} is empty: no promotion was ever recorded there",
            )
        read.append(lineage)
    relation, _ = _of_heads(*read)
    first, second = snapshot.nodes
    heads = f"{first.name} {read[0].head}, {second.name} {read[1].head}"
    return relation, {
        Relation.SAME: f"both nodes are at {read[0].head}",
        Relation.OLDER: f"{second.name} is newer: {heads}",
        Relation.NEWER: f"{first.name} is newer: {heads}",
    }.get(relation, f"neither is part of the other's lineage: {heads}")


def lineage_of(node: NodeView) -> Lineage | str:
    """A node's lineage, which may be empty, or why it is not known."""
    fact = node.facts.lineage
    if fact.value is None:
        return f"lineage of {node.name}: {fact.unknown}"
    if fact.value.bad:
        return f"lineage of {node.name}: {len(fact.value.bad)} lines cannot be read"
    return fact.value


def _of_heads(first: Lineage, second: Lineage) -> tuple[Relation, str]:
    a, b = first.head or "", second.head or ""
    if a == b:
        return Relation.SAME, f"both heads are {a}"
    ahead, behind = second.holds(a), first.holds(b)
    if ahead and behind:
        # Each holds the other's head, yet the heads differ: a file was edited or copied together.
        return Relation.UNKNOWN, f"{a} and {b} each come before the other"
    if ahead:
        return Relation.OLDER, f"{a} is an ancestor of {b}"
    if behind:
        return Relation.NEWER, f"{b} is an ancestor of {a}"
    return Relation.SPLIT, f"neither {a} nor {b} is in the other's lineage"
