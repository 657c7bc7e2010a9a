"""The storage of one node, named by its home: its mirror, its image, its gate, its ggated."""

from console.health import stack
from console.health.conditions.vocabulary import Verdict, home_condition, no, unknown, unread, worst, yes
from console.model.facts import MemoryDisk, Mirror
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import ComponentState, MirrorState

GGATED_PORT = "3080"


def complete_on(node: NodeView, mirror: Mirror) -> Verdict:
    """Whether a node's mirror is whole: COMPLETE, two ACTIVE, one here and one behind a gate (P13)."""
    if (
        any(c.state is ComponentState.UNKNOWN for c in mirror.components)
        or mirror.state is MirrorState.UNKNOWN
    ):
        return unknown(f"a state word of {mirror.name} on {node.name} is not known")
    active = [c for c in mirror.components if c.state is ComponentState.ACTIVE]
    if mirror.state is not MirrorState.COMPLETE or len(active) < 2:
        return no(f"{mirror.state.value} with {len(active)} ACTIVE on {node.name}")
    kinds = {stack.is_remote(c) for c in active}
    if kinds != {True, False}:
        return no(f"the components on {node.name} are not one local and one remote half")
    return yes(f"COMPLETE 2/2 on {node.name}")


def gate_alive(s: PairSnapshot, node: NodeView) -> Verdict:
    """The same for the gate of one node."""
    peer = s.peer(node)
    if node.facts.geom.value is None:
        return unknown(f"GEOM on {node.name}: {node.facts.geom.unknown}")
    gates = stack.gates_to_peer(node, s.config, peer)
    if not gates:
        return no(f"{node.name} has no gate to {peer.name}")
    here, there = stack.processes_of(node, "ggatec"), stack.processes_of(peer, "ggated")
    if here is not None and stack.ggatec_of(gates[0], here) is None:
        return no(f"no ggatec serves {gates[0].name} on {node.name}")
    if there is not None and not there:
        return no(f"no ggated runs on {peer.name}")
    if here is None:
        return unknown(f"processes of {node.name}: {node.facts.processes.unknown}")
    if there is None:
        return unknown(f"processes of {peer.name}: {peer.facts.processes.unknown}")
    return yes(f"{gates[0].name} on {node.name} reaches ggated on {peer.name}")


def image_free(s: PairSnapshot, node: NodeView) -> Verdict:
    """Whether a node's image is not exported and attached at the same time."""
    exported = stack.exports_image(node, node.config.image)
    geom, daemons = node.facts.geom.value, stack.processes_of(node, "ggated")
    if daemons is not None and not daemons:
        return yes(f"no ggated runs on {node.name}")
    if exported is False:
        return yes(f"{node.config.image} is not exported by {node.name}")
    if geom is not None and not stack.md_of(geom, node.config.image):
        if like := stack.like_md_of(geom, node.config.image):
            return _perhaps(node, like[0])
        return yes(f"{node.config.image} is not attached on {node.name}")
    if exported is None or geom is None or daemons is None:
        missing = [f for f in ("exports", "geom", "processes") if getattr(node.facts, f).value is None]
        return unknown(f"{missing[0]} of {node.name}: {getattr(node.facts, missing[0]).unknown}")
    return no(f"{node.config.image} on {node.name} is exported and attached as md")


def _perhaps(node: NodeView, md: MemoryDisk) -> Verdict:
    return unknown(
        f"{md.name} on {node.name} has {md.file}, which may be {node.config.image} by its real path: "
        "configure that one"
    )


@home_condition("mirror-running", "the mirror is launched on HOME: /dev/mirror/… is there")
def _running(s: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "geom"):
        return dark
    mirror = stack.mirror_on(node, s.config)
    if mirror is None:
        return no(f"no mirror {s.config.mirror} on {node.name}")
    if mirror.state is MirrorState.STARTING or mirror.mediasize is None:
        return no(
            f"mirror {mirror.name} on {node.name} is {mirror.state_raw or mirror.state.value}: no device yet"
        )
    return yes(f"mirror {mirror.name} runs on {node.name}, {mirror.state_raw or mirror.state.value}")


@home_condition("mirror-complete", "the mirror on HOME has two ACTIVE components: one local, one remote")
def _complete(s: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "geom"):
        return dark
    mirror = stack.mirror_on(node, s.config)
    return complete_on(node, mirror) if mirror else no(f"no mirror {s.config.mirror} on {node.name}")


@home_condition("image-exists", "the image file of HOME exists")
def _image_exists(_: PairSnapshot, node: NodeView) -> Verdict:
    path = node.config.image
    file = stack.image_file(node, path)
    if file is not None and file.size is not None:
        return yes(f"{path} on {node.name} has {file.size} bytes")
    if md := stack.md_of(node.facts.geom.value, path):
        return yes(f"{path} on {node.name} is attached as {md[0].name}")
    if file is not None:
        return no(f"{path} does not exist on {node.name}")
    return unread(node, "images") or unknown(f"{path} on {node.name} could not be read")


@home_condition("image-attached", "an md device on HOME is backed by its image")
def _image_attached(_: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "geom"):
        return dark
    md = stack.md_of(node.facts.geom.value, node.config.image)
    if not md:
        mds = node.facts.geom.value.mds if node.facts.geom.value else ()
        if odd := [m.name for m in mds if m.file is None and m.type in (None, "vnode")]:
            return unknown(f"the file behind {odd[0]} on {node.name} cannot be read")
        if like := stack.like_md_of(node.facts.geom.value, node.config.image):
            return _perhaps(node, like[0])
        return no(f"{node.config.image} is not attached on {node.name}")
    return yes(f"{node.config.image} on {node.name} is {' and '.join(m.name for m in md)}")


home_condition("image-free", "the image of HOME is not attached and served by ggated at the same time")(
    image_free
)


@home_condition("gate-present", "HOME has a gate to the image of OTHER")
def _gate_present(s: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "geom"):
        return dark
    peer = s.peer(node)
    gates = node.facts.geom.value.gates if node.facts.geom.value else ()
    for gate in gates:
        if stack.leads_to(gate, node, peer):
            return yes(f"{gate.name} on {node.name} leads to {peer.config.image} on {peer.name}")
    if odd := [g.name for g in gates if g.path is None]:
        return unknown(f"where {odd[0]} on {node.name} leads cannot be read")
    return no(f"{node.name} has no gate to {peer.config.image} on {peer.name}")


home_condition("gate-alive", "the gate of HOME has a living ggatec, and ggated runs on OTHER")(gate_alive)


@home_condition("ggated-runs", "ggated runs on HOME")
def _ggated_runs(_: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "processes"):
        return dark
    daemons = stack.processes_of(node, "ggated")
    return yes(f"ggated runs on {node.name}") if daemons else no(f"no ggated runs on {node.name}")


@home_condition("exports-image", "gg.exports of HOME names its image")
def _exports_image(_: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "exports"):
        return dark
    said = f"gg.exports of {node.name}"
    if stack.exports_image(node, node.config.image):
        return yes(f"{said} names {node.config.image}")
    return no(f"{said} does not name {node.config.image}")


@home_condition("image-served", "ggated on HOME listens on port 3080 and exports its image")
def _image_served(s: PairSnapshot, node: NodeView) -> Verdict:
    return worst([_ggated_runs(s, node), _exports_image(s, node), _listens(node)])


def _listens(node: NodeView) -> Verdict:
    if dark := unread(node, "sockets"):
        return dark
    heard = [
        k for k in node.facts.sockets.value or () if k.listening and k.local.rpartition(":")[2] == GGATED_PORT
    ]
    if heard:
        return yes(f"{node.name} listens on {heard[0].local}")
    return no(f"nothing listens on port {GGATED_PORT} of {node.name}")
