"""What must be so of one node, named by its home: link, mount, VRRP, address, kernel modules."""

from console.health import stack
from console.health.conditions.vocabulary import Verdict, home_condition, no, unknown, unread, yes
from console.health.truths import truths
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Answer, Role


@home_condition("answers", "HOME answers over SSH")
def _answers(_: PairSnapshot, node: NodeView) -> Verdict:
    # No answer is not down: what does not answer is unknown, never a plain no.
    if stack.answers(node):
        return yes(f"{node.name} answers")
    return unknown(node.link.why or f"{node.name}: {node.link.state.value}")


@home_condition("geom-answers", "GEOM answers on HOME")
def _geom_answers(_: PairSnapshot, node: NodeView) -> Verdict:
    return unread(node, "geom") or yes(f"GEOM answers on {node.name}")


@home_condition("mounted", "HOME has the pair's mount point mounted")
def _mounted(s: PairSnapshot, node: NodeView) -> Verdict:
    if dark := unread(node, "mounts"):
        return dark
    mounts = stack.mounts_of(node, s.config)
    if not mounts:
        return no(f"{s.config.mount} is not mounted on {node.name}")
    return yes(f"{mounts[-1].special} is mounted on {node.name}")


@home_condition("mounted-through-mirror", "HOME has the mirror device mounted, not a bare half")
def _through_mirror(s: PairSnapshot, node: NodeView) -> Verdict:
    mounted = _mounted(s, node)
    if not mounted.holds:
        return mounted
    last = stack.mounts_of(node, s.config)[-1]
    said = f"{last.special} is mounted on {node.name}"
    if not stack.is_at(last, s.config):
        return no(f"{said} at {last.node}, not at {s.config.mount}")
    return yes(said) if last.special == f"/dev/mirror/{s.config.mirror}" else no(said)


@home_condition("vrrp-runs", "a VRRP daemon (or CARP) runs on HOME")
def _vrrp_runs(s: PairSnapshot, node: NodeView) -> Verdict:
    daemons = stack.processes_of(node, "freevrrpd")
    if daemons:
        return yes(f"freevrrpd runs on {node.name} (pid {daemons[0].pid})")
    truth = truths(node, s.config, s.peer(node))
    if truth.role is Role.UNKNOWN:
        return unknown(f"role of {node.name}: {truth.role_why}")
    if truth.role is Role.STOPPED:
        return no(f"no VRRP daemon runs on {node.name}")
    return yes(f"{node.name}: {truth.role_why}")


def _role(s: PairSnapshot, node: NodeView, wanted: Role) -> Verdict:
    truth = truths(node, s.config, s.peer(node))
    if truth.role is Role.UNKNOWN:
        return unknown(f"role of {node.name}: {truth.role_why}")
    said = f"{node.name} is {truth.role.value}"
    return yes(said) if truth.role is wanted else no(said)


@home_condition("vrrp-master", "HOME is MASTER by VRRP")
def _master(s: PairSnapshot, node: NodeView) -> Verdict:
    return _role(s, node, Role.MASTER)


@home_condition("vrrp-backup", "HOME is BACKUP by VRRP")
def _backup(s: PairSnapshot, node: NodeView) -> Verdict:
    return _role(s, node, Role.BACKUP)


@home_condition("holds-address", "HOME holds the floating address")
def _holds_address(s: PairSnapshot, node: NodeView) -> Verdict:
    truth = truths(node, s.config, s.peer(node))
    if truth.address is Answer.UNKNOWN:
        return unread(node, "interfaces") or unknown(f"addresses of {node.name} are unknown")
    if truth.address is Answer.YES:
        return yes(f"{node.name} holds {s.config.floating} on {truth.address_on}")
    return no(f"{node.name} does not hold {s.config.floating}")


def _loaded(node: NodeView, module: str, loaded: bool | None) -> Verdict:
    """`loaded` is what GEOM says, None where it cannot tell; the list of modules may still say yes."""
    if loaded or f"{module}.ko" in (node.facts.modules.value or ()):
        return yes(f"{module} is loaded on {node.name}")
    if loaded is None:
        return unread(node, "geom", "modules") or unknown(f"whether {module} is loaded on {node.name}")
    return no(f"{module} is not loaded on {node.name}")


@home_condition("mirror-loaded", "the kernel of HOME has geom_mirror")
def _mirror_loaded(_: PairSnapshot, node: NodeView) -> Verdict:
    geom = node.facts.geom.value
    return _loaded(node, "geom_mirror", geom.mirror_loaded if geom else None)


@home_condition("gate-loaded", "the kernel of HOME has geom_gate")
def _gate_loaded(_: PairSnapshot, node: NodeView) -> Verdict:
    geom = node.facts.geom.value
    if geom is None:
        return _loaded(node, "geom_gate", None)
    # The text commands say nothing of a class that has no device.
    said = geom.gate_loaded if geom.source == "confxml" else bool(geom.gates) or None
    return _loaded(node, "geom_gate", said)
