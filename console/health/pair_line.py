"""One pair in one line: what a list of many pairs needs of a state."""

from console.health import stack
from console.model.facts import Mirror, NodeFacts
from console.model.pair_line import PairLine
from console.model.snapshot import LinkState, PairState, Truths
from console.model.words import Answer, ComponentState, MirrorState

_NOT_READ = NodeFacts().host.unknown
_NEEDED = ("host", "mounts", "geom", "interfaces", "processes")
"""Without these a truth is not known because nobody has looked yet."""


def looked_at(state: PairState) -> bool:
    """Whether each node has said what the truths are made of, or cannot be reached."""
    away = (LinkState.LOST, LinkState.REFUSED)
    return all(
        node.link.state in away or all(getattr(node.facts, name).unknown != _NOT_READ for name in _NEEDED)
        for node in state.snapshot.nodes
    )


def line_of(state: PairState, *, settled: bool) -> PairLine:
    """The line of a state; `settled` says whether each node has said everything once, or cannot."""
    nodes, truths = state.snapshot.nodes, state.truths
    ready, sync = state.readiness, state.sync
    worst = min(state.findings, key=lambda one: one.severity.rank, default=None)
    mirror, known = _mirror(truths)
    return PairLine(
        pair=state.snapshot.config.name,
        nodes=(nodes[0].name, nodes[1].name),
        settled=settled,
        worst=worst.severity if worst else None,
        worst_id=worst.id if worst else "",
        worst_what=worst.what if worst else "",
        findings=len(state.findings),
        links=(nodes[0].link.state, nodes[1].link.state),
        roles=(truths[0].role, truths[1].role),
        address=(truths[0].address, truths[1].address),
        mounted=(truths[0].mounted, truths[1].mounted),
        mirror=mirror,
        mirror_known=known,
        components=_components(truths),
        serving=ready.serving if ready else None,
        ready=ready.answer if ready else Answer.UNKNOWN,
        sync_percent=sync.percent if sync else None,
        sync_rate=sync.rate if sync else None,
        sync_left=sync.eta if sync else None,
        queue=_queue(state),
        last_seen=(nodes[0].link.last_seen, nodes[1].link.last_seen),
    )


def _mirror(truths: tuple[Truths, Truths]) -> tuple[MirrorState | None, bool]:
    """The mirror's state, the less sound one of two; that none is there is known only of both nodes."""
    states = [truth.mirror.state for truth in truths if truth.mirror is not None]
    if not states:
        return None, all(truth.mirror_known for truth in truths)
    return next((state for state in states if state is not MirrorState.COMPLETE), states[0]), True


def _components(truths: tuple[Truths, Truths]) -> tuple[ComponentState | None, ComponentState | None]:
    """Each node's half as its own mirror sees it, else as the other node's mirror does, through the gate."""
    first, second = (truth.mirror for truth in truths)
    return _half(first, second), _half(second, first)


def _half(own: Mirror | None, other: Mirror | None) -> ComponentState | None:
    half = (
        stack.local_half(own) if own is not None else stack.remote_half(other) if other is not None else None
    )
    return half.state if half is not None else None


def _queue(state: PairState) -> int | None:
    serving = state.readiness.serving if state.readiness else None
    node = next((node for node in state.snapshot.nodes if node.name == serving), None)
    mail = node.facts.mail.value if node is not None else None
    return mail.queue if mail is not None else None
