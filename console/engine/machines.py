"""The machines of a plan: the nodes of the pair, and those beside it on which steps run."""

from console.model.config import NodeConfig, PairConfig
from console.model.plan import Plan, PlanHost
from console.model.words import Home
from console.ssh.destination import Target


def machines(plan: Plan, pair: PairConfig) -> dict[str, NodeConfig]:
    """How each is reached, by name; the pair's nodes first. Raises ValueError for a host that is no host."""
    nodes = {node.name: node for node in (pair.master, pair.slave)}
    return nodes | {host.name: _as_node(host) for host in plan.hosts}


def _as_node(host: PlanHost) -> NodeConfig:
    """A host as whoever connects takes it; what only a node of a pair has, home and image, is not asked."""
    target = Target.parse(host.host)
    return NodeConfig(
        name=host.name,
        home=Home.SLAVE,
        host=target.host,
        user=target.user,
        port=target.port,
        become=host.become,
        image="/nonexistent",
    )
