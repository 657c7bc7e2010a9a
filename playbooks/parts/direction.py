"""The direction card of a copy from the home slave to the home master: evidence on both halves."""

from console.health import stack
from console.model.facts import Metadata
from console.model.plan import Direction, Probe, Risk, Side, Step
from console.model.snapshot import NodeView
from console.model.words import Home
from playbooks.parts import evidence
from playbooks.parts.building import command_step, no_undo, q, shown, text
from playbooks.parts.site import Site

NEWEST = "/var/db/mirrorgate/newest"
"""On the node that served last: the newest file it had, noted before the unmount."""


def note_newest(site: Site, home: Home, *, leaves: str) -> Step:
    """Note the newest file while the file system is still mounted, for the direction card."""
    node = site.node(home).name
    return command_step(
        f"newest-file-{home.value}",
        f"Note the newest file on {node}",
        "Once unmounted, the half can no longer say what its newest file was.",
        node,
        "umask 022; mkdir -p /var/db/mirrorgate || exit 1",
        # A large tree is not worth an outage: what was found within the time is enough.
        f"timeout 30 find {q(site.mount)} -xdev -type f"
        " -exec stat -t %Y-%m-%dT%H:%M:%S%z -f '%m %Sm %N' {} + 2>/dev/null |"
        f" sort -rn | head -n 1 | cut -d ' ' -f 2- > {NEWEST}",
        f"cat {NEWEST}",
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only looks"),
        timeout=60.0,
        leaves=leaves,
    )


def slave_to_master(site: Site) -> Direction:
    """Evidence for copying the slave's half over the master's."""
    master, slave = site.snapshot.master, site.snapshot.slave
    size = stack.image_size(master)
    said = f" ({size >> 20} MB)" if size else ""
    gate, md = site.gate, f"md{site.master_md}"
    return Direction(
        source=Side(
            node=slave.name,
            component=gate,
            image=slave.config.image,
            size=stack.image_size(slave),
            facts=(
                *evidence.lineage(site.snapshot, slave),
                evidence.counters(_metadata(slave, f"md{site.slave_md}"), gate),
            ),
            probes=(
                *evidence.lineage_probes(slave.name),
                Probe(label="newest file", node=slave.name, text=text(f"cat {NEWEST}")),
                evidence.counters_probe(master.name, gate),
                evidence.superblock_probe(master.name, gate),
            ),
        ),
        target=Side(
            node=master.name,
            component=md,
            image=master.config.image,
            size=size,
            facts=(
                *evidence.lineage(site.snapshot, master),
                evidence.counters(_metadata(master, md), md),
            ),
            probes=(
                *evidence.lineage_probes(master.name),
                evidence.counters_probe(master.name, md),
                evidence.superblock_probe(master.name, md),
            ),
        ),
        overwritten=f"{master.name}:{shown(master.config.image)}{said} will be OVERWRITTEN",
    )


def _metadata(node: NodeView, provider: str) -> Metadata | None:
    return next((m for m in node.facts.metadata.value or () if m.provider == provider), None)
