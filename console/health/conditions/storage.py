"""What must be so of the storage: the mirror that counts, its components, gates, images, who has let go."""

from collections.abc import Mapping

from console.health import stack
from console.health.conditions.node_storage import complete_on, gate_alive, image_free
from console.health.conditions.vocabulary import Verdict, condition, no, unknown, worst, yes
from console.health.truths import truths
from console.model.facts import Mirror
from console.model.snapshot import NodeView, PairSnapshot, Truths
from console.model.words import ComponentState, Home


def truths_of(snapshot: PairSnapshot) -> Mapping[str, Truths]:
    """The truths by node name."""
    return {n.name: truths(n, snapshot.config, snapshot.peer(n)) for n in snapshot.nodes}


def running_node(snapshot: PairSnapshot) -> NodeView | None:
    """The node to ask about the mirror: the one that serves, else the only one that has the mirror."""
    server = stack.serving(snapshot)
    if server is not None:
        return server
    having = [n for n in snapshot.nodes if stack.mirror_on(n, snapshot.config) is not None]
    return having[0] if len(having) == 1 else None


def _mirror(snapshot: PairSnapshot) -> tuple[NodeView, Mirror] | Verdict:
    """The mirror that counts, or the verdict that there is none (or none to be seen)."""
    node = running_node(snapshot)
    if node is None:
        dark = [n for n in snapshot.nodes if n.facts.geom.value is None]
        if dark:
            return unknown(f"GEOM on {dark[0].name}: {dark[0].facts.geom.unknown}")
        both = all(stack.mirror_on(n, snapshot.config) for n in snapshot.nodes)
        return no("the mirror runs on both nodes" if both else "no node has the mirror")
    if node.facts.geom.value is None:
        return unknown(f"GEOM on {node.name}: {node.facts.geom.unknown}")
    mirror = stack.mirror_on(node, snapshot.config)
    return (node, mirror) if mirror else no(f"no mirror {snapshot.config.mirror} on {node.name}")


@condition("mirror-complete-2-of-2", "the mirror has two ACTIVE components: one local, one remote")
def _complete(s: PairSnapshot) -> Verdict:
    found = _mirror(s)
    if isinstance(found, Verdict):
        return found
    return complete_on(*found)


@condition("no-rebuild-running", "no component is being rebuilt")
def _no_rebuild(s: PairSnapshot) -> Verdict:
    for node in s.nodes:
        mirror = stack.mirror_on(node, s.config)
        for part in mirror.components if mirror else ():
            if part.state is ComponentState.SYNCHRONIZING:
                return no(
                    f"{part.name} on {node.name} is at {part.percent if part.percent is not None else '?'} %"
                )
    dark = [n for n in s.nodes if n.facts.geom.value is None]
    if dark:
        return unknown(f"GEOM on {dark[0].name}: {dark[0].facts.geom.unknown}")
    return yes("nothing is copied")


@condition("geom-answers", "GEOM answers on both nodes")
def _geom_answers(s: PairSnapshot) -> Verdict:
    for node in s.nodes:
        if node.facts.geom.value is None:
            return unknown(f"GEOM on {node.name}: {node.facts.geom.unknown}")
    return yes("GEOM answers on both nodes")


@condition("gate-alive", "the gate has a living ggatec and a ggated that listens at the other end")
def _gate_alive(s: PairSnapshot) -> Verdict:
    node = running_node(s)
    if node is None:
        return unknown("which node holds the mirror is not certain")
    return gate_alive(s, node)


def has_let_go(s: PairSnapshot, node: NodeView) -> Verdict:
    """Whether `node` provably holds nothing: not mounted, no mirror, no gate to the other image."""
    if node.facts.mounts.value is None:
        return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    if stack.mounts_at(node, s.config.mount):
        return no(f"{s.config.mount} is mounted on {node.name}")
    if node.facts.geom.value is None:
        return unknown(f"GEOM on {node.name}: {node.facts.geom.unknown}")
    if stack.mirror_on(node, s.config):
        return no(f"mirror {s.config.mirror} runs on {node.name}")
    if stack.gates_to_peer(node, s.config, s.peer(node)):
        return no(f"{node.name} still has a gate to {s.peer(node).name}")
    return yes(f"{node.name} holds neither mount, mirror nor gate")


@condition("master-has-let-go", "the home master holds neither mount, mirror nor gate")
def _master_let_go(s: PairSnapshot) -> Verdict:
    return has_let_go(s, s.node(Home.MASTER))


@condition("slave-has-let-go", "the home slave holds neither mount, mirror nor gate")
def _slave_let_go(s: PairSnapshot) -> Verdict:
    return has_let_go(s, s.node(Home.SLAVE))


@condition("peer-has-let-go", "the node that does not serve holds neither mount, mirror nor gate")
def _peer_let_go(s: PairSnapshot) -> Verdict:
    node = stack.serving(s)
    if node is None:
        both = all(stack.mounts_at(n, s.config.mount) for n in s.nodes)
        return no("both nodes are mounted") if both else unknown("which node serves is not certain")
    return has_let_go(s, s.peer(node))


@condition("image-not-attached-and-exported", "no image is exported and attached at the same time")
def _images_free(s: PairSnapshot) -> Verdict:
    return worst([image_free(s, n) for n in s.nodes])
