"""What dates a half on a direction card: what the plan knew, and probes that read it again before the copy.

A fact and the probe that replaces it have the same label. Labels are short, and no two probes on one node
share one: a reading is told apart by node and label.
"""

from console.model.facts import Metadata
from console.model.lasting import lasting
from console.model.lineage import LINEAGE_FILE
from console.model.moment import local_iso
from console.model.plan import Probe
from console.model.snapshot import NodeView, PairSnapshot
from playbooks.parts.building import q, text

HEAD, PROMOTED = "lineage", "last promotion"
_NONE = "none recorded"
_COUNTERS = (
    '\'$1 == "genid:" { genid = $2 } $1 == "syncid:" { syncid = $2 }'
    ' END { if (genid == "" || syncid == "") print "unknown: no metadata was read";'
    ' else print "genid " genid ", syncid " syncid }\''
)
# dumpfs(8) prints times as ctime(3) does, in the node's zone; some releases have one on the line of the magic
# number, others have lines of their own for the last mount and the last change.
_SUPERBLOCK = (
    "'$1 ~ /^(magic|last)$/ && $NF ~ /^[0-9]+$/ && $(NF - 1) ~ /:/ {"
    ' month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $(NF - 3)) + 2) / 3;'
    ' moment = sprintf("%04d-%02d-%02dT%s%s", $NF, month, $(NF - 2), $(NF - 1), zone);'
    ' if ($2 == "mounted") mounted = moment; else changed = moment }'
    ' $1 == "fsmnt" { on = " on " $2; exit }'
    ' END { if (mounted == "" && changed == "") print "unknown: no UFS super block was read";'
    ' else if (mounted == "" || mounted == changed) print "changed " changed on;'
    ' else if (changed == "") print "mounted " mounted on;'
    ' else print "mounted " mounted ", changed " changed on }\''
)


def counters_label(device: str) -> str:
    """What gmirror's counters on a device are called."""
    return f"{device} counters"


def counters(known: Metadata | None, device: str) -> tuple[str, str]:
    """Gmirror's counters on a half as a fact of the plan."""
    said = f"genid {known.genid}, syncid {known.syncid}" if known else "unknown: the metadata was not read"
    return counters_label(device), said


def counters_probe(node: str, device: str) -> Probe:
    """Gmirror's counters, which move with what was written through the mirror."""
    return Probe(
        label=counters_label(device),
        node=node,
        text=text(f"{q('gmirror', 'dump', device)} | awk {_COUNTERS}"),
    )


def superblock_probe(node: str, device: str) -> Probe:
    """When the file system on a half was last mounted and changed, and where it was mounted."""
    look = f'{q("dumpfs", f"/dev/{device}")} 2>/dev/null | awk -v zone="$zone" {_SUPERBLOCK}'
    return Probe(label=f"{device} file system", node=node, text=text("zone=$(date +%z)", look))


def lineage(snapshot: PairSnapshot, node: NodeView) -> tuple[tuple[str, str], ...]:
    """The newest promotion a node knows of as facts of the plan: its id, who and when."""
    known = node.facts.lineage.value
    if known is None:
        said = f"unknown: {node.facts.lineage.unknown or 'it was not read'}"[:300]
        return (HEAD, said), (PROMOTED, said)
    if not known.promotions:
        return (HEAD, _NONE), (PROMOTED, _NONE)
    last = known.promotions[-1]
    return (HEAD, last.id), (PROMOTED, f"{last.node}, {_moment(snapshot, last.node, last.at)}")


def lineage_probes(node: str) -> tuple[Probe, ...]:
    """The same, read again: a promotion of the run itself is newer than its plan."""
    last = f"[ -s {LINEAGE_FILE} ] || {{ echo {q(_NONE)}; exit 0; }}"
    newest = f"tail -n 1 {LINEAGE_FILE} | {{ read -r _ _ at node"
    odd = "case $at in '' | *[!0-9]*) echo 'unknown: the record cannot be read'; exit 0 ;; esac"
    when = '"$node, $(date -r "$at" +%Y-%m-%dT%H:%M:%S%z), $(( ($(date +%s) - at) / 60 )) min ago"'
    return (
        Probe(label=HEAD, node=node, text=text(last, f"tail -n 1 {LINEAGE_FILE} | cut -d ' ' -f 1")),
        Probe(label=PROMOTED, node=node, text=text(last, f"{newest}", odd, f"echo {when}; }}")),
    )


def _moment(snapshot: PairSnapshot, writer: str, at: int) -> str:
    """When something was written by the clock of a node, which may be unlike ours."""
    offset = next((n.facts.clock_offset.value for n in snapshot.nodes if n.name == writer), None)
    if offset is None:
        return f"{local_iso(at)} by a clock that was not read"
    when = at - offset
    age = snapshot.now - when
    return local_iso(when) + (f", {lasting(age)} ago" if age > 0 else "")
