"""What a pair is, in numbers and words for Prometheus: a pure way from a `PairState` to samples.

Names and units follow https://prometheus.io/docs/practices/naming/ and OpenMetrics 1.0: base units, instants
instead of ages, words as state sets. Two rules hold everywhere, so that unknown never looks like fine:

- A word is a state set in which `unknown` is a word of its own, and exactly one of its series is 1.
- A number that is not known now has no series at all, never 0.

Labels are names from the configuration and words listed here. Nothing that a node printed becomes a label.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from console.health import stack
from console.model.facts import Fact, Mirror, NodeFacts
from console.model.snapshot import LinkState, NodeView, PairState, Truths
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity

Labels = tuple[tuple[str, str], ...]


class Kind(StrEnum):
    """The OpenMetrics type of a family."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"
    STATESET = "stateset"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name without a type's suffix, what it means, and the words of a state set."""

    name: str
    kind: Kind
    help: str
    unit: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One series: a number, or the one word of a state set that is so (an info has only labels)."""

    family: Family
    labels: Labels
    value: float | str = 1.0


ABSENT = "ABSENT"
"""A mirror or component that is known not to be there."""
LOCAL, REMOTE = "local", "remote"
"""The half on the node's own storage, and the half behind a gate."""

_CODE = re.compile(r"[A-Z0-9][A-Za-z0-9-]{0,19}\Z")
_ANSWERS = tuple(a.value for a in Answer)
_SECTIONS = tuple(f.name for f in fields(NodeFacts) if f.name != "clock_offset")


def _gauge(name: str, help: str, unit: str = "") -> Family:
    return Family(f"mirrorgate_{name}", Kind.GAUGE, help, unit)


def _words(name: str, help: str, *words: str) -> Family:
    return Family(f"mirrorgate_{name}", Kind.STATESET, help, words=words)


PAIR = Family("mirrorgate_pair", Kind.INFO, "What the configuration says of a pair.")
NODE = Family("mirrorgate_node", Kind.INFO, "What the configuration says of a node.")
SETTLED = _gauge("pair_settled", "1 once each node has said everything once, or cannot be reached.")
REFRESHED = _gauge("pair_last_refresh_timestamp_seconds", "When the state was last derived.", "seconds")
FINDINGS = _gauge("findings", "Things that are wrong or risky now; absent until the pair is settled.")
FINDING = _gauge("finding_active", "1 for each rule that finds something now; node is empty for the pair.")
READY = _words("pair_takeover_ready", "Could the other node take over if the serving one died?", *_ANSWERS)
SYNC_RATIO = _gauge("sync_ratio", "How much of a rebuild is copied; absent when none is seen.", "ratio")
SYNC_RATE = _gauge("sync_rate_bytes_per_second", "How fast a rebuild copies.", "bytes_per_second")
SYNC_LEFT = _gauge("sync_remaining_seconds", "How long a rebuild will still take.", "seconds")

LINK = _words("node_link", "How mirrorgate stands with a node.", *(s.value for s in LinkState))
SEEN = _gauge("node_last_seen_timestamp_seconds", "When a node last answered.", "seconds")
ROUND_TRIP = _gauge("node_round_trip_seconds", "How long the last refresh took; live nodes only.", "seconds")
CLOCK = _gauge("node_clock_offset_seconds", "How far a node's clock is ahead of ours.", "seconds")
BOOT = _gauge("node_boot_time_seconds", "When a node was started.", "seconds")
ROLE = _words("node_vrrp_role", "What VRRP says of a node.", *(r.value for r in Role))
ADDRESS = _words("node_address_held", "Does a node hold the floating address?", *_ANSWERS)
MOUNTED = _words("node_mounted", "Does a node have the pair's file system mounted?", *_ANSWERS)
LOCKED = _words("node_locked", "Does an operator's job hold a node's lock?", *_ANSWERS)
KNOWN = _gauge("section_known", "1 when a section's last reading counts now, else 0.")
READ = _gauge("section_last_read_timestamp_seconds", "When a section was last read.", "seconds")

MIRROR = _words("mirror_state", "The pair's mirror on a node.", *(s.value for s in MirrorState), ABSENT)
EXPECTED = _gauge("mirror_components_expected", "Components the mirror is configured to have.")
COMPONENTS = _gauge("mirror_components", "Components the mirror has, by state.")
MIRROR_SIZE = _gauge("mirror_size_bytes", "Size of the mirror.", "bytes")
COMPONENT = _words(
    "component_state",
    "A half of the mirror; UNKNOWN as well when several claim to be it.",
    *(s.value for s in ComponentState),
    ABSENT,
)
GATES = _gauge("gates", "Gates of a node that lead to the peer's image.")
GATE_QUEUE = _gauge("gate_queue_requests", "Requests waiting in the fullest gate to the peer.")
GATE_LIMIT = _gauge("gate_queue_limit_requests", "Requests that gate can hold.")
GATE_TIMEOUT = _gauge("gate_timeout_seconds", "Shortest timeout of a gate to the peer; 0 = never.", "seconds")

QUEUE = _gauge("qmail_queue_messages", "Messages in the queue, the not yet preprocessed included.")
TODO = _gauge("qmail_not_preprocessed_messages", "Messages in the queue but not yet preprocessed.")
SLOTS_USED = _gauge("qmail_slots_used", "Deliveries under way, by channel (local, remote).")
SLOTS_LIMIT = _gauge("qmail_slots_limit", "Deliveries qmail allows at once, by channel (local, remote).")

FAMILIES: tuple[Family, ...] = tuple(f for f in list(globals().values()) if isinstance(f, Family))
"""Every family of a pair, in the order in which they are written."""


def samples(state: PairState, *, settled: bool) -> Iterator[Sample]:
    """The series of a pair. `settled`: whether each node has said everything once, or cannot be reached."""
    config = state.snapshot.config
    pair = (("pair", config.name),)
    yield Sample(
        PAIR, (*pair, ("mirror", config.mirror), ("mount", config.mount), ("floating", config.floating))
    )
    yield Sample(SETTLED, pair, float(settled))
    yield Sample(REFRESHED, pair, state.snapshot.now)
    yield Sample(READY, pair, state.readiness.answer.value if state.readiness else Answer.UNKNOWN.value)
    if settled:
        yield from _findings(state, pair)
    if sync := state.sync:
        way = (*pair, ("source", sync.source), ("target", sync.target))
        yield Sample(SYNC_RATIO, way, sync.percent / 100)
        yield from _known(SYNC_RATE, way, sync.rate)
        yield from _known(SYNC_LEFT, way, sync.eta)
    for node, truths in zip(state.snapshot.nodes, state.truths, strict=True):
        labels = (*pair, ("node", node.name))
        yield Sample(NODE, (*labels, ("home", node.config.home.value)))
        yield from _node(node, truths, labels)
        yield from _mirror(truths, labels)
        yield from _gates(state, node, labels)
        if config.qmail.enabled:
            yield from _mail(node, labels)
        for name in _SECTIONS:
            if name != "mail" or config.qmail.enabled:
                yield from _section(getattr(node.facts, name), (*labels, ("section", name)))


def _findings(state: PairState, pair: Labels) -> Iterator[Sample]:
    for severity in Severity:
        number = sum(f.severity is severity for f in state.findings)
        yield Sample(FINDINGS, (*pair, ("severity", severity.value)), float(number))
    names = {node.name for node in state.snapshot.nodes}
    found = {(f.id, f.node or "", f.severity.value): None for f in state.findings}
    for id, node, word in found:
        # An id is a word of ours; should one ever be made of a node's text, it is no label.
        rule = id if _CODE.match(id) else "other"
        where = node if node in names else ""
        yield Sample(FINDING, (*pair, ("node", where), ("rule", rule), ("severity", word)))


def _node(node: NodeView, truths: Truths, labels: Labels) -> Iterator[Sample]:
    facts, link = node.facts, node.link
    yield Sample(LINK, labels, link.state.value)
    yield from _known(SEEN, labels, link.last_seen)
    if link.state is LinkState.LIVE:
        yield from _known(ROUND_TRIP, labels, link.round_trip)
    yield from _known(CLOCK, labels, facts.clock_offset.value)
    yield from _known(BOOT, labels, facts.host.value.boottime if facts.host.value else None)
    yield Sample(ROLE, labels, truths.role.value)
    yield Sample(ADDRESS, labels, truths.address.value)
    yield Sample(MOUNTED, labels, truths.mounted.value)
    locked = Answer.NO if facts.lock.value is None else Answer.YES
    yield Sample(LOCKED, labels, (Answer.UNKNOWN if facts.lock.unknown is not None else locked).value)


def _mirror(truths: Truths, labels: Labels) -> Iterator[Sample]:
    mirror = truths.mirror
    missing = ABSENT if truths.mirror_known else MirrorState.UNKNOWN.value
    yield Sample(MIRROR, labels, mirror.state.value if mirror else missing)
    for half in (LOCAL, REMOTE):
        word = _half(mirror, half) if mirror else missing
        yield Sample(COMPONENT, (*labels, ("half", half)), word)
    if mirror is None:
        return
    yield from _known(EXPECTED, labels, mirror.expected)
    yield from _known(MIRROR_SIZE, labels, mirror.mediasize)
    for state in ComponentState:
        number = sum(c.state is state for c in mirror.components)
        yield Sample(COMPONENTS, (*labels, ("state", state.value)), float(number))


def _half(mirror: Mirror, half: str) -> str:
    parts = [c for c in mirror.components if stack.is_remote(c) is (half == REMOTE)]
    if len(parts) > 1:
        return ComponentState.UNKNOWN.value
    return parts[0].state.value if parts else ABSENT


def _gates(state: PairState, node: NodeView, labels: Labels) -> Iterator[Sample]:
    if node.facts.geom.value is None:
        return
    gates = stack.gates_to_peer(node, state.snapshot.config, state.snapshot.peer(node))
    yield Sample(GATES, labels, float(len(gates)))
    fullest = max(
        (g for g in gates if g.queue_count is not None), key=lambda g: g.queue_count or 0, default=None
    )
    if fullest is not None:
        yield from _known(GATE_QUEUE, labels, fullest.queue_count)
        yield from _known(GATE_LIMIT, labels, fullest.queue_size)
    yield from _known(
        GATE_TIMEOUT, labels, min((g.timeout for g in gates if g.timeout is not None), default=None)
    )


def _mail(node: NodeView, labels: Labels) -> Iterator[Sample]:
    mail = node.facts.mail.value
    if mail is None:
        return
    yield from _known(QUEUE, labels, mail.queue)
    yield from _known(TODO, labels, mail.todo)
    for channel, slots in ((LOCAL, mail.local), (REMOTE, mail.remote)):
        if slots is not None:
            yield Sample(SLOTS_USED, (*labels, ("channel", channel)), float(slots[0]))
            yield Sample(SLOTS_LIMIT, (*labels, ("channel", channel)), float(slots[1]))


def _section(fact: Fact[object], labels: Labels) -> Iterator[Sample]:
    yield Sample(KNOWN, labels, float(fact.unknown is None))
    yield from _known(READ, labels, fact.taken)


def _known(family: Family, labels: Labels, value: float | None) -> Iterator[Sample]:
    if value is not None:
        yield Sample(family, labels, float(value))
