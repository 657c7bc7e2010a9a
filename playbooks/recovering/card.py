"""The direction card of a copy onto the slave's half: what is the source, what is lost."""

from console.health import stack
from console.health.conditions.halves import device_of
from console.model.facts import Component
from console.model.plan import Direction, Probe, Side
from console.model.snapshot import NodeView
from playbooks.parts.building import q, shown, text
from playbooks.parts.site import Site


def onto_the_slave(site: Site) -> Direction:
    """From the home master's half to the home slave's."""
    master, slave = site.snapshot.master, site.snapshot.slave
    size = stack.image_size(slave)
    named = f"{shown(slave.config.image)} ({size >> 20} MB)" if size else shown(slave.config.image)
    return Direction(
        source=_side(site, master, f"md{site.master_md}"),
        target=_side(site, slave, site.gate),
        overwritten=f"{slave.name}:{named} will be OVERWRITTEN",
    )


def _side(site: Site, node: NodeView, device: str) -> Side:
    part = _part(site, device)
    known = next((m for m in site.snapshot.master.facts.metadata.value or () if m.provider == device), None)
    lineage = node.facts.lineage
    head = lineage.value.head if lineage.value else None
    genid = part.genid if part else known.genid if known else None
    syncid = part.syncid if part else known.syncid if known else None
    missing = "unknown: the mirror does not show this half now"
    return Side(
        node=node.name,
        component=device,
        image=node.config.image,
        size=stack.image_size(node),
        facts=(
            ("state", part.state.value if part else missing),
            ("genid", missing if genid is None else str(genid)),
            ("syncid", missing if syncid is None else str(syncid)),
            ("lineage", head or f"unknown: {lineage.unknown or 'no promotion was recorded'}"[:300]),
        ),
        probes=(
            Probe(label="image last written", node=node.name, text=_written(node)),
            Probe(label="metadata", node=site.master.name, text=_dump(device)),
        ),
    )


def _part(site: Site, device: str) -> Component | None:
    mirror = stack.mirror_on(site.snapshot.master, site.pair)
    parts = mirror.components if mirror else ()
    return next((part for part in parts if device_of(part) == device), None)


def _written(node: NodeView) -> str:
    return text(q("stat", "-f", "%Sm", node.config.image))


def _dump(device: str) -> str:
    keys = "genid|syncid|dflags"
    return text(f"gmirror dump {q(device)} | awk '$1 ~ /^({keys}):$/ {{ printf \"%s %s  \", $1, $2 }}'")
