"""The named statements about a pair that rules, readiness and guards share, each defined once.

A condition holds (`yes`), fails (`no`, with the reason) or cannot be told (`unknown`, with the reason).
Whoever needs it to hold asks `holds`: unknown is never enough.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.health import stack
from console.health.truths import truths, vrrp_section
from console.model.facts import Mirror
from console.model.snapshot import NodeView, PairSnapshot, Truths
from console.model.words import Answer, ComponentState, Home, MirrorState, Role


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a condition, and why."""

    answer: Answer
    why: str

    @property
    def holds(self) -> bool:
        """Whether it is certain: unknown never counts as yes."""
        return self.answer is Answer.YES


@dataclass(frozen=True, slots=True)
class Condition:
    """A named, testable statement about a snapshot."""

    name: str
    sentence: str
    """What is so when it holds."""
    test: Callable[[PairSnapshot], Verdict]


CONDITIONS: dict[str, Condition] = {}
"""Every condition by name."""


def yes(why: str) -> Verdict:
    """The statement holds."""
    return Verdict(Answer.YES, why)


def no(why: str) -> Verdict:
    """The statement fails."""
    return Verdict(Answer.NO, why)


def unknown(why: str) -> Verdict:
    """The statement cannot be told."""
    return Verdict(Answer.UNKNOWN, why)


Test = Callable[[PairSnapshot], Verdict]


def condition(name: str, sentence: str) -> Callable[[Test], Test]:
    """Enter a test into the vocabulary."""

    def enter(test: Test) -> Test:
        if name in CONDITIONS:
            raise ValueError(f"condition {name} is defined twice")
        CONDITIONS[name] = Condition(name, sentence, test)
        return test

    return enter


def check(name: str, snapshot: PairSnapshot) -> Verdict:
    """The verdict of the condition called `name`."""
    return CONDITIONS[name].test(snapshot)


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


@condition("both-nodes-answer", "both nodes answer over SSH")
def _both_answer(s: PairSnapshot) -> Verdict:
    dark = [n for n in s.nodes if not stack.answers(n)]
    if dark:
        return unknown(dark[0].link.why or f"{dark[0].name}: {dark[0].link.state.value}")
    return yes("both answer")


@condition("mounted-on-both-nodes", "both nodes have the pair's mount point mounted")
def _mounted_on_both(s: PairSnapshot) -> Verdict:
    said = [(n, truths(n, s.config, s.peer(n)).mounted) for n in s.nodes]
    for node, mounted in said:
        if mounted is Answer.NO:
            return no(f"not mounted on {node.name}")
    for node, mounted in said:
        if mounted is Answer.UNKNOWN:
            return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    return yes(f"{s.config.mount} is mounted on {s.master.name} and on {s.slave.name}")


@condition("mounted-on-one-node", "exactly one node has the mount point mounted")
def _mounted_on_one(s: PairSnapshot) -> Verdict:
    said = {n.name: truths(n, s.config, s.peer(n)).mounted for n in s.nodes}
    if all(a is Answer.YES for a in said.values()):
        return no("mounted on both nodes")
    for node in s.nodes:
        if said[node.name] is Answer.UNKNOWN:
            return unknown(f"mounts of {node.name}: {node.facts.mounts.unknown}")
    on = [name for name, a in said.items() if a is Answer.YES]
    return yes(f"mounted on {on[0]} only") if on else no("mounted on neither node")


@condition("mounted-through-mirror", "what is mounted is the mirror device, not a bare half")
def _through_mirror(s: PairSnapshot) -> Verdict:
    node = stack.serving(s)
    if node is None:
        return unknown("which node serves is not certain")
    special = stack.mounts_at(node, s.config.mount)[-1].special
    wanted = f"/dev/mirror/{s.config.mirror}"
    return yes(f"{special} on {node.name}") if special == wanted else no(f"{special} on {node.name}")


@condition("mirror-complete-2-of-2", "the mirror has two ACTIVE components: one local, one remote")
def _complete(s: PairSnapshot) -> Verdict:
    found = _mirror(s)
    if isinstance(found, Verdict):
        return found
    node, mirror = found
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


def image_free(s: PairSnapshot, node: NodeView) -> Verdict:
    """Whether a node's image is not exported and attached at the same time."""
    exported = stack.exports_image(node, node.config.image)
    geom, daemons = node.facts.geom.value, stack.processes_of(node, "ggated")
    if daemons is not None and not daemons:
        return yes(f"no ggated runs on {node.name}")
    if exported is False:
        return yes(f"{node.config.image} is not exported by {node.name}")
    if geom is not None and not stack.md_of(geom, node.config.image):
        return yes(f"{node.config.image} is not attached on {node.name}")
    if exported is None or geom is None or daemons is None:
        missing = [f for f in ("exports", "geom", "processes") if getattr(node.facts, f).value is None]
        return unknown(f"{missing[0]} of {node.name}: {getattr(node.facts, missing[0]).unknown}")
    return no(f"{node.config.image} on {node.name} is exported and attached as md")


@condition("image-not-attached-and-exported", "no image is exported and attached at the same time")
def _images_free(s: PairSnapshot) -> Verdict:
    return worst([image_free(s, n) for n in s.nodes])


@condition("one-master", "exactly one node is MASTER and the other is BACKUP")
def _one_master(s: PairSnapshot) -> Verdict:
    roles = {n.name: truths(n, s.config, s.peer(n)).role for n in s.nodes}
    if Role.UNKNOWN in roles.values():
        return unknown("; ".join(f"{n}: {r.value}" for n, r in roles.items()))
    said = ", ".join(f"{n} {r.value}" for n, r in roles.items())
    return yes(said) if sorted(roles.values()) == [Role.BACKUP, Role.MASTER] else no(said)


@condition("one-address-holder", "exactly one node holds the floating address")
def _one_holder(s: PairSnapshot) -> Verdict:
    held = {n.name: truths(n, s.config, s.peer(n)).address for n in s.nodes}
    holders = [n for n, a in held.items() if a is Answer.YES]
    if len(holders) == 2:
        return no(f"both nodes hold {s.config.floating}")
    if Answer.UNKNOWN in held.values():
        return unknown(f"addresses of {next(n for n, a in held.items() if a is Answer.UNKNOWN)} are unknown")
    return (
        yes(f"{holders[0]} holds {s.config.floating}") if holders else no(f"nobody holds {s.config.floating}")
    )


@condition("same-vrrp-group", "both nodes are configured for the same VRRP group")
def _same_group(s: PairSnapshot) -> Verdict:
    sections = [vrrp_section(n, s.config) for n in s.nodes]
    for node, section in zip(s.nodes, sections, strict=True):
        if section is None:
            conf = node.facts.vrrpconf
            return unknown(
                f"freevrrpd.conf of {node.name}: {conf.unknown or 'no section for the floating address'}"
            )
    first, second = sections
    if first is None or second is None:
        return unknown("freevrrpd.conf was not read")
    if first.serverid != second.serverid:
        return no(f"serverid {first.serverid} on {s.master.name}, {second.serverid} on {s.slave.name}")
    if (
        None not in (first.password_check, second.password_check)
        and first.password_check != second.password_check
    ):
        return no("the passwords differ")
    return yes(f"serverid {first.serverid} on both")


@condition("clocks-agree", "the nodes' clocks are less than 2 s apart")
def _clocks(s: PairSnapshot) -> Verdict:
    first, second = s.master.facts.clock_offset.value, s.slave.facts.clock_offset.value
    if first is None or second is None:
        return unknown("the clock of a node was not read")
    apart = abs(first - second)
    return yes(f"{apart:.1f} s apart") if apart < 2.0 else no(f"{apart:.1f} s apart")


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of all together: one `no` decides, then one `unknown`."""
    for answer in (Answer.NO, Answer.UNKNOWN):
        for verdict in verdicts:
            if verdict.answer is answer:
                return verdict
    return verdicts[0]
