"""What the recorded promotions say: one history or two (P18)."""

from console.health.conditions.vocabulary import Verdict, condition, home_condition, no, unknown, yes
from console.health.lineage import Relation, between, lineage_of
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Home


@condition("no-split-brain", "one node's lineage leads to the other's: there is one history")
def _no_split(s: PairSnapshot) -> Verdict:
    relation, why = between(s)
    if relation is Relation.UNKNOWN:
        return unknown(why)
    return no(why) if relation is Relation.SPLIT else yes(why)


@condition("same-lineage", "both nodes know the same newest promotion")
def _same(s: PairSnapshot) -> Verdict:
    relation, why = between(s)
    if relation is Relation.UNKNOWN:
        return unknown(why)
    return yes(why) if relation is Relation.SAME else no(why)


@condition("lineage-kept", "both nodes have a recorded promotion")
def _kept(s: PairSnapshot) -> Verdict:
    read = [(n, lineage_of(n)) for n in s.nodes]
    for node, lineage in read:
        if not isinstance(lineage, str) and lineage.head is None:
            return no(f"no promotion is recorded on {node.name}")
    for _, lineage in read:
        if isinstance(lineage, str):
            return unknown(lineage)
    return yes("both nodes have a lineage")


@home_condition("lineage-newest", "the lineage of HOME holds the newest promotion that OTHER knows")
def _newest(s: PairSnapshot, node: NodeView) -> Verdict:
    relation, why = between(s)
    if relation is Relation.UNKNOWN:
        return unknown(why)
    newest = Relation.NEWER if node.config.home is Home.MASTER else Relation.OLDER
    return yes(why) if relation in (Relation.SAME, newest) else no(why)
