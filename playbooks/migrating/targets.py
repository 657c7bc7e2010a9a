"""What has to be so before anything is planned: machines, tools, and that the target disk is free."""

from console.model.disks import Disk, HostDisks, Scheme
from console.model.snapshot import NodeView, PairSnapshot
from playbooks.job import CannotPlan
from playbooks.migrating.answers import MigrateAnswers
from playbooks.migrating.devices import disk_in_use, disk_of, is_of
from playbooks.migrating.selecting import Selection
from playbooks.migrating.work import Way

_GPART = 9
_LABELLERS = ("bsdlabel", "disklabel")


def machines(snapshot: PairSnapshot, answers: MigrateAnswers) -> tuple[HostDisks, HostDisks]:
    """Source and target as they were read; raises CannotPlan."""
    source, target = (_read(snapshot, name) for name in (answers.source, answers.target_machine))
    for host in (source, target):
        if (why := dict(host.unknown).get("ssh")) is not None:
            raise CannotPlan(f"{host.name}: {' '.join(why.split())[:250]}: it has to answer first")
        if host.major is None:
            raise CannotPlan(f"{host.name}: its release was not read, so what its tools can is not known")
        if not host.tools:
            raise CannotPlan(f"{host.name}: which tools it has was not read: read its disks again")
    if source.name != target.name and _same(source, target):
        raise CannotPlan(f"{target.name} is the same machine as {source.name}: answer the target `same`")
    own = {word: node.name for node in snapshot.config.nodes for word in (node.host, node.replication)}
    for host in (source, target):
        # With a port it may be another machine behind the same address.
        address = host.name.rpartition("@")[2]
        if host.name not in {node.name for node in snapshot.config.nodes} and (
            node := own.get(address) or (address == snapshot.config.floating and "one of the nodes")
        ):
            raise CannotPlan(f"{host.name} is {node} of this pair: call it by that name")
    return source, target


def _read(snapshot: PairSnapshot, name: str) -> HostDisks:
    found = next((host for host in snapshot.disks if host.name == name), None)
    if found is None:
        raise CannotPlan(f"{name}: its disks have not been read: read them first, and see that it answers")
    return found


def _same(one: HostDisks, other: HostDisks) -> bool:
    """Whether two names mean one machine: they show the same mounted file systems."""

    def idents(host: HostDisks) -> set[str]:
        parts = (part for disk in host.disks for part in disk.places)
        return {part.file_system.ident for part in parts if part.file_system and part.file_system.ident}

    return one.hostname == other.hostname and bool(idents(one) & idents(other))


def target_disk(
    snapshot: PairSnapshot, source: HostDisks, target: HostDisks, name: str, selection: Selection
) -> Disk:
    """The disk that is written over; raises CannotPlan if it is used for anything, as far as is known."""
    disk = target.disk(name)
    if disk is None:
        there = ", ".join(one.name for one in target.disks)[:100] or "none"
        raise CannotPlan(f"{target.name} has no disk {name}: it has {there}")
    if source.name == target.name:
        used = {disk_of(source, one.part).name for one in selection.systems} | {selection.disk.name}
        if name in used:
            raise CannotPlan(f"{target.name}: {name} is the source itself: answer another disk")
    if said := disk_in_use(target, disk):
        raise CannotPlan(f"{target.name}: {said}: unmount it or swap it off first")
    for node in snapshot.nodes:
        if node.name == target.name and (mirror := _mirror_on(node, disk)):
            raise CannotPlan(f"{target.name}: {name} is a part of the mirror {mirror}: take it out first")
    return disk


def _mirror_on(node: NodeView, disk: Disk) -> str | None:
    geom = node.facts.geom.value
    for mirror in geom.mirrors if geom else ():
        if any(is_of(disk, one.device or one.name) for one in mirror.components):
            return mirror.name
    return None


def require_tools(
    source: HostDisks,
    target: HostDisks,
    *,
    scheme: Scheme,
    prepare: bool,
    relabels: bool,
    way: Way,
    compress: bool,
) -> None:
    """Refuse where a tool that the plan needs is missing; raises CannotPlan."""
    here = {"dump", "dumpfs", "mtree"}
    there = {"restore", "newfs", "dumpfs", "mtree"}
    if prepare and (scheme is Scheme.GPT or (target.major or 0) >= _GPART):
        there.add("gpart")
    elif prepare:
        there.add("fdisk")
    if way is Way.DIRECT:
        here |= {"ssh", "ssh-keygen"}
    if compress:
        here.add("gzip")
        there.add("gzip")
    for host, wanted in ((source, here), (target, there)):
        if missing := sorted(wanted - host.tools):
            raise CannotPlan(f"{host.name}: {missing[0]} is missing, without it nothing is moved: install it")
    if (relabels or (prepare and scheme is not Scheme.GPT)) and not target.tools & {*_LABELLERS}:
        raise CannotPlan(f"{target.name}: neither bsdlabel nor disklabel is there to write the label")
