"""The steps that bring the slave's half back, for every job that ends with a whole mirror on the master."""

from dataclasses import dataclass

from console.health import stack
from console.health.lineage import Relation, between, lineage_of
from console.model.lineage import LINEAGE_FILE, Promotion
from console.model.plan import Risk, Step, WriteFile
from playbooks.parts.attaching import _gate_lines as gate_lines
from playbooks.parts.building import command_step, no_undo, q, shown, take_back, wait_step
from playbooks.parts.letting_go import slave_lets_go
from playbooks.parts.serving_image import serve_image
from playbooks.parts.site import Site
from playbooks.recovering.joining import Trust, join

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Way:
    """What has to be done before the half can be copied."""

    destroy: bool = True
    """A gate that is there goes first."""
    remake: bool = True
    """The slave serves its image, and a gate to it is made."""
    force_blind: bool = False
    """GEOM does not answer: nothing about the mirror can be checked before the gate goes."""
    rescue: bool = False
    """The gate's process died: a new one takes the waiting requests over, and nothing has to be copied."""
    detach: bool = False
    """The slave has its image attached."""
    trust: Trust = Trust.COUNTERS
    written: bool = True
    """The lineage of the slave lacks what the master's holds."""
    stated: bool = False
    """Which data is newest rests on the operator's word: no record can guard the steps before the copy."""


def release_gate(site: Site, *, leaves: str, blind: bool = False, why: str = "") -> Step:
    """Destroy the gate by force: what waits for the slave's half ends in seconds (R5, R9)."""
    unit, device = site.gate_unit, f"/dev/{site.gate}"
    return command_step(
        "release-gate",
        f"Destroy {site.gate} on {site.master.name} by force",
        why or "Whatever waits for the slave's half goes on at once; without this it can take minutes.",
        site.master.name,
        f"[ ! -e {q(device)} ] || {q('ggatec', 'destroy', '-f', '-u', str(unit))} || exit 1",
        f"n=0; while [ -e {q(device)} ]; do",
        f"    [ $n -lt 15 ] || {{ echo {q(f'{device} is still there')} >&2; exit 1; }}",
        "    sleep 1; n=$((n + 1))",
        "done",
        # Without the master's half being whole, the gate is the only copy, and the mount would die with it.
        guards=("master-answers",) if blind else ("master-half-active",),
        expects=("not master-gate-present",),
        undo=no_undo("the mirror goes on with the master's half; this job makes the gate anew"),
        timeout=60.0,
        phase="release",
        leaves=leaves,
    )


def recovery(
    site: Site, way: Way, *, before: str, after: str, copied_then: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    """Everything from a lost half to a whole mirror; `before` and `after` are the states it leaves.

    `copied_then`: steps that are true only once the slave's half is copied.
    """
    steps: list[Step] = []
    if way.destroy:
        steps.append(release_gate(site, leaves=before, blind=way.force_blind))
    steps.append(_fits(site, before))
    if way.detach:
        steps += slave_lets_go(site, leaves=before)
    if way.rescue:
        steps.append(_rescue(site, before, stated=way.stated))
    elif way.remake:
        steps += serve_image(site, leaves=before)
        steps.append(make_gate(site, before, stated=way.stated))
    steps += [
        join_step(site, way.trust, taken_in(site), stated=way.stated),
        copied(site, after),
        *copied_then,
    ]
    if way.written:
        steps += equalised(site, after)
    steps.append(whole(site, after))
    return tuple(steps)


def _fits(site: Site, leaves: str) -> Step:
    mirror = stack.mirror_on(site.snapshot.master, site.pair)
    need = mirror.mediasize + SECTOR if mirror and mirror.mediasize else 0
    image = site.slave.image
    return command_step(
        "image-fits",
        f"Look at {shown(image)} on {site.slave.name}",
        "A half must hold the mirror and one sector more; a smaller one would be refused at the very end.",
        site.slave.name,
        f"size=$(stat -f %z {q(image)}) || exit 1",
        f'echo "{need} bytes are needed, the image has $size"',
        f'[ "$size" -ge {need} ]',
        guards=("slave-answers",),
        expects=("slave-image-exists",),
        always=True,
        risk=Risk.READ,
        phase="check",
        leaves=leaves,
    )


def _newest(stated: bool) -> tuple[str, ...]:
    return () if stated else ("master-lineage-newest",)


def make_gate(site: Site, leaves: str, *, stated: bool = False) -> Step:
    """The gate to the slave's image, beside a mirror that runs on the master."""
    return command_step(
        "make-gate",
        f"Attach the image of {site.slave.name} on {site.master.name} as {site.gate}, "
        f"timeout {site.gate_timeout} s",
        "The mirror looks at what comes with it by its own counters; nothing is copied yet.",
        site.master.name,
        *gate_lines(site),
        guards=(
            "slave-image-served",
            "not slave-image-attached",
            "not slave-mounted",
            "master-mirror-running",
            *_newest(stated),
        ),
        expects=("master-gate-alive",),
        undo=take_back(
            q("ggatec", "destroy", "-f", "-u", str(site.gate_unit)), expects=("not master-gate-present",)
        ),
        timeout=120.0,
        phase="gate",
        leaves=leaves,
    )


def _rescue(site: Site, leaves: str, *, stated: bool = False) -> Step:
    rescue = q("ggatec", "rescue", "-u", str(site.gate_unit), site.slave_address, site.slave.image)
    return command_step(
        "rescue-gate",
        f"Start a new ggatec for {site.gate} on {site.master.name}",
        "The process died, the device and what waits in it are still there: a new process serves them.",
        site.master.name,
        rescue,
        # What waited is written now: were the slave promoted meanwhile, it would fall on newer data (P06).
        guards=(
            "slave-image-served",
            "not slave-image-attached",
            "not slave-mounted",
            *_newest(stated),
        ),
        expects=("master-gate-alive",),
        undo=no_undo("it only serves a gate that was there"),
        timeout=120.0,
        phase="gate",
        leaves=leaves,
    )


def taken_in(site: Site) -> str:
    """What taking the slave's half in leaves, whichever way its metadata decided."""
    return f"{site.master.name} serves; the half of {site.slave.name} is whole only once it is ACTIVE"


def join_step(site: Site, trust: Trust, leaves: str, *, stated: bool = False) -> Step:
    """Decide by both halves' metadata how the half comes back, and start its copy."""
    return command_step(
        "join",
        f"Read both halves' metadata, then rebuild {site.gate} or forget and insert it",
        "How the half was lost decides how it comes back; only its own metadata tells, never the story.",
        site.master.name,
        join(site.mirror, site.gate, trust),
        guards=(
            "master-half-active",
            "master-gate-alive",
            "not slave-mounted",
            "not slave-image-attached",
            *_newest(stated),
        ),
        expects=("slave-half-in-mirror", "not slave-half-stale"),
        always=trust is not Trust.COUNTERS,
        undo=no_undo("the slave's half is not used until it is ACTIVE"),
        risk=Risk.DESTROYS,
        confirm=f"{site.slave.name}:{site.gate}",
        shows_direction=True,
        timeout=120.0,
        phase="copy",
        leaves=leaves,
    )


def copied(site: Site, leaves: str) -> Step:
    """Wait for the copy."""
    return wait_step(
        "copied",
        f"Wait until the half of {site.slave.name} is copied",
        "Until then only the master's half is whole: no failover, no reboot of either node.",
        ("slave-half-active", "master-mirror-complete"),
        failed_when=("not slave-half-in-mirror", "slave-half-stale", "not master-gate-present"),
        timeout=site.copy_limit,
        phase="copy",
        leaves=leaves,
    )


def equalised(site: Site, leaves: str) -> tuple[Step, ...]:
    """Give the slave the master's lineage, whose data its half holds now; nothing where it has it."""
    read = lineage_of(site.snapshot.master)
    relation, _ = between(site.snapshot)
    if isinstance(read, str) or relation is not Relation.NEWER:
        return ()
    return (lineage_file(site, site.slave.name, read.promotions, "lineage-slave", leaves),)


def lineage_file(site: Site, node: str, chain: tuple[Promotion, ...], id: str, leaves: str) -> Step:
    """Write a whole lineage to a node."""
    content = "".join(f"{p.id} {p.parent} {p.at} {p.node}\n" for p in chain)
    return Step(
        id=id,
        title=f"Give {node} the lineage of the data it now holds",
        why="Without the newest promotion in its lineage it may not be promoted, though its half is current.",
        node=node,
        action=WriteFile(path=LINEAGE_FILE, content=content, mode="0600"),
        undo=no_undo("it names the data that this node's half holds"),
        phase="lineage",
        leaves=leaves,
    )


def whole(site: Site, leaves: str) -> Step:
    """The verified end: two ACTIVE halves over a living gate, one lineage."""
    return wait_step(
        "verify",
        "Look at both nodes: two ACTIVE halves, a living gate, nothing copied, one lineage",
        "COMPLETE alone is not redundant, and ACTIVE is not reachable: all of it together is.",
        ("master-mirror-complete", "master-gate-alive", "no-rebuild-running", "same-lineage"),
        timeout=60.0,
        phase="verify",
        leaves=leaves,
    )
