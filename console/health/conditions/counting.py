"""The mirror that counts, where there may be two: the serving node's, else the only one that runs."""

from console.health import stack
from console.health.conditions.vocabulary import Verdict, no, unknown, unread
from console.model.facts import Mirror
from console.model.snapshot import NodeView, PairSnapshot


def counting_node(snapshot: PairSnapshot) -> NodeView | Verdict:
    """The node whose mirror counts, or the verdict that there is none or that it is not certain which.

    A node known to serve counts even where the other one is dark: it has to be judged in an emergency. Where
    nobody serves, a mirror on one node proves nothing about a second one on a node that says nothing.
    """
    server = stack.serving(snapshot)
    if server is not None:
        peer = snapshot.peer(server)
        dark = unread(peer, "mounts")
        return dark if dark and stack.mirror_on(peer, snapshot.config) else server
    for node in snapshot.nodes:
        if dark := unread(node, "geom"):
            return dark
    having = [n for n in snapshot.nodes if stack.mirror_on(n, snapshot.config) is not None]
    if len(having) == 2:
        return unknown(
            f"the mirror runs on both nodes, {having[0].name} and {having[1].name}: which one counts?"
        )
    return having[0] if having else no(f"no mirror {snapshot.config.mirror} runs on either node")


def counting_mirror(snapshot: PairSnapshot) -> tuple[NodeView, Mirror] | Verdict:
    """That node and its mirror, or why there is none to judge."""
    node = counting_node(snapshot)
    if isinstance(node, Verdict):
        return node
    if dark := unread(node, "geom"):
        return dark
    mirror = stack.mirror_on(node, snapshot.config)
    return (node, mirror) if mirror else no(f"no mirror {snapshot.config.mirror} on {node.name}")
