"""The direction card of a copy from the home slave to the home master: evidence on both halves."""

from console.health import stack
from console.model.facts import Metadata
from console.model.lineage import LINEAGE_FILE
from console.model.plan import Direction, Probe, Risk, Side, Step
from console.model.snapshot import NodeView
from console.model.words import Home
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
        f"timeout 30 find {q(site.mount)} -xdev -type f -exec stat -f '%m %Sm %N' {{}} + 2>/dev/null |"
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
    said = f" ({size // 1_000_000} MB)" if size else ""
    gate, md = site.gate, f"md{site.master_md}"
    return Direction(
        source=Side(
            node=slave.name,
            component=gate,
            image=slave.config.image,
            size=stack.image_size(slave),
            facts=_facts(slave, f"md{site.slave_md}"),
            probes=(
                _head_probe(slave.name),
                Probe(label="newest file", node=slave.name, text=text(f"cat {NEWEST}")),
                _metadata_probe(master.name, gate),
                _mounted_probe(master.name, gate),
            ),
        ),
        target=Side(
            node=master.name,
            component=md,
            image=master.config.image,
            size=size,
            facts=_facts(master, md),
            probes=(
                _head_probe(master.name),
                _metadata_probe(master.name, md),
                _mounted_probe(master.name, md),
            ),
        ),
        overwritten=f"{master.name}:{shown(master.config.image)}{said} will be OVERWRITTEN",
    )


def _facts(node: NodeView, provider: str) -> tuple[tuple[str, str], ...]:
    found = _metadata(node, provider)
    counters = f"{found.genid} / {found.syncid}" if found else f"unknown: {provider} was not read"
    lineage = node.facts.lineage.value
    if lineage is None:
        head, promoted = f"unknown: {node.facts.lineage.unknown}", "unknown"
    elif lineage.head is None:
        head, promoted = "none recorded", "none recorded"
    else:
        last = lineage.promotions[-1]
        head, promoted = last.id, f"{last.node}, {last.at} (Unix seconds)"
    return (("genid / syncid", counters), ("lineage", head), ("last promotion", " ".join(promoted.split())))


def _metadata(node: NodeView, provider: str) -> Metadata | None:
    return next((m for m in node.facts.metadata.value or () if m.provider == provider), None)


def _head_probe(node: str) -> Probe:
    return Probe(label="lineage, newest entry", node=node, text=text(f"tail -n 1 {LINEAGE_FILE}"))


def _metadata_probe(node: str, provider: str) -> Probe:
    pick = ' | awk \'$1 == "genid:" || $1 == "syncid:" { printf "%s %s  ", $1, $2 } END { print "" }\''
    look = q("gmirror", "dump", provider) + pick
    return Probe(label=f"{provider} genid, syncid", node=node, text=text(look))


def _mounted_probe(node: str, provider: str) -> Probe:
    look = (
        f"{q('dumpfs', f'/dev/{provider}')} 2>/dev/null |"
        " awk '/^magic/ { sub(/.*time[ \\t]*/, \"\"); print; exit } /^last mounted time/ { print; exit }'"
    )
    return Probe(label=f"{provider} last mount or change", node=node, text=text(look))
