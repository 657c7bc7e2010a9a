"""What must be so of the storage: the mirror that counts, its components, gates, images, who has let go."""

from console.health import stack
from console.health.conditions.counting import counting_mirror, counting_node
from console.health.conditions.node_storage import complete_on, gate_alive, image_free
from console.health.conditions.vocabulary import Verdict, condition, no, unknown, worst, yes
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import ComponentState, Home


@condition("mirror-complete-2-of-2", "the mirror has two ACTIVE components: one local, one remote")
def _complete(s: PairSnapshot) -> Verdict:
    found = counting_mirror(s)
    return found if isinstance(found, Verdict) else complete_on(*found)


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
    node = counting_node(s)
    return node if isinstance(node, Verdict) else gate_alive(s, node)


def has_let_go(s: PairSnapshot, node: NodeView) -> Verdict:
    """Whether `node` provably holds nothing: not mounted, no mirror, no gate to the other image."""
    if node.facts.mounts.value is None:
        return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    if stack.mounts_of(node, s.config):
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
        both = all(stack.mounts_of(n, s.config) for n in s.nodes)
        return no("both nodes are mounted") if both else unknown("which node serves is not certain")
    return has_let_go(s, s.peer(node))


@condition("image-not-attached-and-exported", "no image is exported and attached at the same time")
def _images_free(s: PairSnapshot) -> Verdict:
    return worst([image_free(s, n) for n in s.nodes])
