"""What is suggested of a system that moves to another disk: from where, to which disk, without what."""

from collections.abc import Mapping

from console.health.conditions import check
from console.model.disks import Disk, HostDisks
from console.model.snapshot import LinkState, PairSnapshot
from playbooks.job import CannotPlan
from playbooks.migrating.answers import SAME
from playbooks.migrating.devices import disk_in_use, part_of, ufs_lines
from playbooks.migrating.selecting import select

_LISTED = 8
"""Disks that are named where one has to be chosen."""


def surveyed(snapshot: PairSnapshot, answers: Mapping[str, object]) -> tuple[str, ...]:
    """The machines whose disks are read: the source, then the target if it is another.

    Without a source both nodes, if they answer; once `snapshot.disks` holds both, the one that is suggested.
    """
    source = answers.get("source")
    if not source:
        nodes = _candidates(snapshot)
        if not set(nodes) <= {host.name for host in snapshot.disks}:
            return nodes
        source = _suggested(snapshot, nodes)
    target = answers.get("target") or SAME
    return (str(source),) if target in (SAME, source) else (str(source), str(target))


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """What the pair says, and what was read of the machines once it was: the empty disk, the qmail queue."""
    if not snapshot.disks:
        return {"source": _quiet_node(snapshot), "target": SAME}
    source, target = snapshot.disks[0], snapshot.disks[-1]
    found: dict[str, object] = {
        "source": source.name,
        "target": SAME if target.name == source.name else target.name,
        "leave_out": (source.qmail_queue,) if source.qmail_queue else (),
    }
    empty, used = _choice(source, target)
    roomy = [disk for disk in empty or used if (disk.size or 0) >= _held(source)]
    if len(roomy) == 1:
        found["target_disk"] = roomy[0].name
        found["prepare"] = roomy[0] in empty
    return found


def hints(snapshot: PairSnapshot) -> dict[str, str]:
    """Why that source, and which disks there are to choose from."""
    if not snapshot.disks:
        return {}
    source, target = snapshot.disks[0], snapshot.disks[-1]
    return {**_why(source), "target_disk": _free(source, target)}


def _why(source: HostDisks) -> dict[str, str]:
    try:
        disk = select(source, ()).disk
    except CannotPlan as why:
        return {"source": str(why)}
    empty, _ = _choice(source, source)
    beside = f", beside it {_named(empty)} {_are(empty)} empty" if empty else ""
    return {"source": f"{source.name} starts from {_sized(disk)}{beside}"}


def _free(source: HostDisks, target: HostDisks) -> str:
    empty, used = _choice(source, target)
    if not empty and not used:
        return f"{target.name} has no disk that is free"
    return (
        f"{_named(empty or used)} of {target.name} {_are(empty or used)} {'empty' if empty else 'not in use'}"
    )


def _named(disks: list[Disk]) -> str:
    return ", ".join(_sized(disk) for disk in disks[:_LISTED])


def _are(disks: list[Disk]) -> str:
    return "is" if len(disks) == 1 else "are"


def _candidates(snapshot: PairSnapshot) -> tuple[str, ...]:
    """The node that does not serve, then the other one, as far as they answer."""
    quiet = _quiet_node(snapshot)
    nodes = sorted(snapshot.nodes, key=lambda node: node.name != quiet)
    return tuple(node.name for node in nodes if node.link.state is LinkState.LIVE) or (quiet,)


def _suggested(snapshot: PairSnapshot, nodes: tuple[str, ...]) -> str:
    """The first that can be moved to an empty disk of its own, else the first."""
    ready = [host.name for host in snapshot.disks if host.name in nodes and _can_move(host)]
    return next((name for name in nodes if name in ready), nodes[0])


def _can_move(host: HostDisks) -> bool:
    try:
        select(host, ())
    except CannotPlan:
        return False
    empty, _ = _choice(host, host)
    return any((disk.size or 0) >= _held(host) for disk in empty)


def _choice(source: HostDisks, target: HostDisks) -> tuple[list[Disk], list[Disk]]:
    """The disks that may be written over: those without a table, and the others that nobody uses."""
    free = [disk for disk in target.disks if not disk_in_use(target, disk)]
    free = [disk for disk in free if not _holds_source(source, target, disk)]
    return [disk for disk in free if disk.scheme is None], [disk for disk in free if disk.scheme is not None]


def _held(source: HostDisks) -> int:
    """Bytes that the file systems of fstab hold, as far as they were read."""
    parts = (part_of(source, line.spec, line.file) for line in ufs_lines(source))
    systems = {part.name: part.file_system for part in parts if part is not None}
    return sum(system.used or 0 for system in systems.values() if system is not None)


def _sized(disk: Disk) -> str:
    if disk.size is None:
        return disk.name
    unit, letter = (1 << 30, "GB") if disk.size >= 1 << 30 else (1 << 20, "MB")
    return f"{disk.name} {disk.size / unit:.3g} {letter}"


def _holds_source(source: HostDisks, target: HostDisks, disk: Disk) -> bool:
    if source.name != target.name:
        return False
    found = (part_of(source, line.spec, line.file) for line in ufs_lines(source))
    return any(part in disk.places for part in found if part is not None)


def _quiet_node(snapshot: PairSnapshot) -> str:
    """The node that does not serve: moving a disk costs it nothing."""
    slave_serves = check("slave-mounted", snapshot).holds and not check("master-mounted", snapshot).holds
    return (snapshot.master if slave_serves else snapshot.slave).name
