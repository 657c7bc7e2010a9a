"""The direction card of a copy onto the slave's half: what is the source, what is lost."""

from console.health import stack
from console.health.conditions.halves import device_of
from console.model.facts import Component
from console.model.plan import Direction, Probe, Side
from console.model.snapshot import NodeView
from playbooks.parts import evidence
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
            (
                evidence.counters_label(device),
                missing if None in (genid, syncid) else f"genid {genid}, syncid {syncid}",
            ),
            *evidence.lineage(site.snapshot, node),
        ),
        probes=(
            Probe(label="image written", node=node.name, text=_written(node)),
            evidence.counters_probe(site.master.name, device),
        ),
    )


def _part(site: Site, device: str) -> Component | None:
    mirror = stack.mirror_on(site.snapshot.master, site.pair)
    parts = mirror.components if mirror else ()
    return next((part for part in parts if device_of(part) == device), None)


def _written(node: NodeView) -> str:
    return text(q("stat", "-t", "%Y-%m-%dT%H:%M:%S%z", "-f", "%Sm", node.config.image))
