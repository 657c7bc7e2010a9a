"""Every file that provisioning puts on a node, as text; the VRRP password stays a placeholder."""

import ipaddress
from dataclasses import dataclass
from functools import cache

from console.model.facts import Inet
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Home
from playbooks.job import CannotPlan
from playbooks.node import INSTALLED, LIBEXEC, SETTINGS, text
from playbooks.parts.building import q
from playbooks.parts.services import HOOKS
from playbooks.parts.site import Site
from playbooks.provisioning.answers import ProvisionAnswers

SECRET = "@SECRET:vrrp-password@"  # noqa: S105  # the placeholder, not a password
"""Replaced when the step runs: asked, found or generated, never kept."""

VRRP_CONF = "/usr/local/etc/freevrrpd.conf"
EXPORTS = "/etc/gg.exports"
MASTER_SCRIPT = "/usr/local/bin/master_script.sh"
BACKUP_SCRIPT = "/usr/local/bin/backup_script.sh"


@dataclass(frozen=True, slots=True)
class NodeFile:
    """One file on a node."""

    path: str
    content: str
    why: str
    mode: str = "0644"


def files_of(site: Site, node: NodeView, answers: ProvisionAnswers) -> tuple[NodeFile, ...]:
    """Every file of ours on a node, in the order in which they are written."""
    return (settings(site, node, answers), *scripts(), vrrp_conf(site.snapshot, node, answers))


def master_address(site: Site) -> str:
    """From where the master reaches the slave's ggated: the address its export names."""
    master = site.snapshot.master
    for address in (master.config.replication, master.config.host):
        if address and _is_ipv4(address):
            return address
    for face in master.facts.interfaces.value or ():
        same = [inet.addr for inet in face.inet if _near(inet, site.slave_address)]
        if same and same[0] != site.pair.floating:
            return same[0]
    raise CannotPlan(
        f"the address of {master.name} on the replication link is not known: "
        "set `replication` of this node in the configuration"
    )


def _is_ipv4(word: str) -> bool:
    try:
        ipaddress.IPv4Address(word)
    except ValueError:
        return False
    return True


def _near(inet: Inet, other: str) -> bool:
    """Whether an address of an interface is in the network of another one."""
    try:
        own = ipaddress.IPv4Interface(f"{inet.addr}/{inet.mask}")
        return ipaddress.IPv4Address(other) in own.network
    except ValueError:
        return False


def settings(site: Site, node: NodeView, answers: ProvisionAnswers) -> NodeFile:
    """`mirrorgate.conf`: what the node scripts need to know, as sh assignments."""
    pair, peer = site.pair, site.snapshot.peer(node)
    is_master = node.config.home is Home.MASTER
    values = {
        "home": node.config.home.value,
        "mirror": pair.mirror,
        "mount": pair.mount,
        "image": node.config.image,
        "md_unit": str(site.md(node.config.home)),
        "peer": site.slave_address if is_master else master_address(site),
        "peer_image": peer.config.image,
        "gate_unit": str(site.gate_unit),
        "gate_timeout": str(site.gate_timeout),
        "floating": pair.floating,
        "fsck": answers.fsck,
        "promotion": answers.promotion,
        "hooks": HOOKS,
    }
    lines = [f"{name}={q(value)}" for name, value in values.items()]
    head = f"# {node.name} of the pair {pair.name}: read by the scripts in {LIBEXEC}."
    return NodeFile(
        SETTINGS, "\n".join([head, *lines]) + "\n", "The scripts on the node read everything from it."
    )


def vrrp_conf(snapshot: PairSnapshot, node: NodeView, answers: ProvisionAnswers) -> NodeFile:
    """`freevrrpd.conf`: one group, the same id and password on both, priorities below 255 (P28, P31)."""
    master = node.config.home is Home.MASTER
    lines = (
        "[VRID]",
        f"serverid = {snapshot.config.vrid}",
        f"interface = {answers.interface_master if master else answers.interface_slave}",
        f"priority = {answers.priority_master if master else answers.priority_slave}",
        f"addr = {snapshot.config.floating}/32",
        f"password = {SECRET}",
        f"masterscript = {MASTER_SCRIPT}",
        f"backupscript = {BACKUP_SCRIPT}",
    )
    why = "The same serverid and password on both nodes: with different ones both become master, silently."
    return NodeFile(VRRP_CONF, "\n".join(lines) + "\n", why, "0600")


@cache
def scripts() -> tuple[NodeFile, ...]:
    """The scripts that live on a node, as they are shipped: static files, never templates."""
    why = "It lets the node take the service and give it back, and refuses what would lose data."
    return tuple(NodeFile(path, text(path), why, mode) for path, mode in INSTALLED.items())
