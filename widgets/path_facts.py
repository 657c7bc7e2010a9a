"""Where the data flows: the stations between the two images, and where the line between them is broken."""

from dataclasses import dataclass
from enum import Enum

from console.model.config import PairConfig
from console.model.facts import Component, Gate, MemoryDisk, Mirror, Mount
from console.model.snapshot import LinkState, NodeView, PairState, Truths
from console.model.words import Answer, ComponentState, Role


class Wire(Enum):
    """How a piece of the line stands."""

    WHOLE = "whole"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Leg:
    """One node's half, from its image to the mirror."""

    node: NodeView
    remote: bool
    """True when it joins through a gate, because the mirror runs on the other node."""
    image: str
    image_size: int | None
    image_missing: bool
    md: MemoryDisk | None
    gate: Gate | None
    component: Component | None
    known: bool
    """Whether GEOM answered on the node where the mirror runs."""
    raw: bool
    """Mounted past any mirror, straight from the disk."""
    serving: Answer
    """Whether ggated runs on the far node; only for a remote leg."""
    network: Wire
    """The connection between gate and ggated; only for a remote leg."""

    @property
    def joined(self) -> Wire:
        """Whether this half is in the mirror."""
        if self.raw:
            return Wire.WHOLE
        if not self.known:
            return Wire.UNKNOWN
        if self.component is None or self.component.state in (
            ComponentState.DISCONNECTED,
            ComponentState.DESTROY,
            ComponentState.INVALID,
        ):
            return Wire.BROKEN
        return Wire.WHOLE


@dataclass(frozen=True, slots=True)
class Hub:
    """A mirror (or a raw disk in its place) on one node, and what is mounted from it."""

    node: NodeView
    mirror: Mirror | None
    known: bool
    mounted: Answer
    mount: Mount | None

    @property
    def raw(self) -> bool:
        """Whether it is mounted past any mirror, straight from a disk."""
        return (
            self.mounted is Answer.YES
            and self.mount is not None
            and not self.mount.special.startswith("/dev/mirror/")
        )


@dataclass(frozen=True, slots=True)
class DataPathFacts:
    """The whole picture, home master at the left."""

    pair: PairConfig
    left: Leg
    right: Leg
    hubs: tuple[Hub, ...]
    """One; or two when each node runs its own."""


def read_path(state: PairState) -> DataPathFacts:
    """Find the stations in a state; what is not known stays unknown."""
    snapshot = state.snapshot
    pairs = tuple(zip(snapshot.nodes, state.truths, strict=True))
    hubs = tuple(_hub(view, truths) for view, truths in pairs if _is_hub(truths))
    if not hubs:
        view, truths = _expected_hub(pairs)
        hubs = (_hub(view, truths),)
    left, right = (_leg(view, snapshot.peer(view), hubs, snapshot.config) for view in snapshot.nodes)
    return DataPathFacts(snapshot.config, left, right, hubs)


def _is_hub(truths: Truths) -> bool:
    return truths.mirror is not None or truths.mounted is Answer.YES


def _expected_hub(pairs: tuple[tuple[NodeView, Truths], ...]) -> tuple[NodeView, Truths]:
    """With no mirror in sight: where it was last seen, or where it should be."""
    for view, truths in pairs:
        if truths.role is Role.MASTER:
            return view, truths
    for view, truths in pairs:
        if view.facts.geom.last is not None and view.facts.geom.last.mirrors:
            return view, truths
    return pairs[0]


def _hub(view: NodeView, truths: Truths) -> Hub:
    return Hub(view, truths.mirror, truths.mirror_known, truths.mounted, truths.mount)


def _leg(view: NodeView, peer: NodeView, hubs: tuple[Hub, ...], pair: PairConfig) -> Leg:
    own = next((hub for hub in hubs if hub.node is view), None)
    hub = own or hubs[0]
    remote = own is None
    geom = hub.node.facts.geom.value
    here = view.facts.geom.value
    md = next((m for m in here.mds if m.file == view.config.image), None) if here else None
    gate = next((g for g in geom.gates if g.unit == pair.gate_unit), None) if geom else None
    if md is None and here and not remote:
        md = next((m for m in here.mds), None)
    files = view.facts.images.last
    file = next((f for f in files or () if f.path == view.config.image), None)
    size = file.size if file else None
    if size is None:
        size = (gate.mediasize if remote and gate else None) or (md.size if md else None)
    return Leg(
        node=view,
        remote=remote,
        image=view.config.image.rsplit("/", 1)[-1],
        image_size=size,
        image_missing=view.facts.images.value is not None and file is not None and file.size is None,
        md=md,
        gate=gate if remote else None,
        component=_component(hub.mirror, remote, md, gate),
        known=hub.known,
        raw=own is not None and own.mirror is None and own.raw,
        serving=_serving(view) if remote else Answer.UNKNOWN,
        network=_network(view, hub, gate, _component(hub.mirror, remote, md, gate)) if remote else Wire.WHOLE,
    )


def _is_gate(one: Component) -> bool:
    return one.device_class == "GATE" or (one.device or one.name).startswith("ggate")


def _component(
    mirror: Mirror | None, remote: bool, md: MemoryDisk | None, gate: Gate | None
) -> Component | None:
    """The half behind a leg: by its device, never by the place it has in the list."""
    if mirror is None:
        return None
    device = (gate.name if gate else None) if remote else (md.name if md else None)
    for one in mirror.components:
        if device is not None and device in (one.device, one.name):
            return one
    return next((one for one in mirror.components if _is_gate(one) is remote), None)


def _serving(view: NodeView) -> Answer:
    processes = view.facts.processes.value
    if processes is None or view.link.state is not LinkState.LIVE:
        return Answer.UNKNOWN
    return Answer.YES if any(p.program == "ggated" for p in processes) else Answer.NO


def _unplugged(view: NodeView) -> bool:
    """Whether the interface with the node's replication address has no carrier: gmirror notices that late."""
    return any(
        interface.status == "no carrier" and view.config.replication in {inet.addr for inet in interface.inet}
        for interface in view.facts.interfaces.value or ()
    )


def _network(view: NodeView, hub: Hub, gate: Gate | None, component: Component | None) -> Wire:
    """The connection, as far as either end shows it; a silent node breaks it unless the gate says not."""
    if hub.known and gate is None and component is None:
        return Wire.BROKEN
    if _serving(view) is Answer.NO or _unplugged(view) or _unplugged(hub.node):
        return Wire.BROKEN
    ends = [
        any(s.command.startswith(program) and not s.listening for s in sockets)
        for sockets, program in (
            (hub.node.facts.sockets.value, "ggatec"),
            (view.facts.sockets.value, "ggated"),
        )
        if sockets is not None
    ]
    works = component is not None and component.state in (ComponentState.ACTIVE, ComponentState.SYNCHRONIZING)
    if view.link.state in (LinkState.LOST, LinkState.SILENT):
        held = works and any(ends) and gate is not None and not gate.queue_count
        return Wire.UNKNOWN if held else Wire.BROKEN
    if ends:
        return Wire.WHOLE if any(ends) else Wire.BROKEN
    return Wire.WHOLE if works and hub.known else Wire.UNKNOWN
