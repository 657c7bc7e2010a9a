"""What an operator has to know before a migration begins, and what nobody could check: a line each."""

from console.health.conditions import check
from console.model.disks import Disk, Scheme
from console.model.snapshot import PairSnapshot
from playbooks.migrating.devices import DEV, part_of, swap_lines, ufs_lines
from playbooks.migrating.fstab import Renaming
from playbooks.migrating.mapping import Proof, evidence
from playbooks.migrating.work import Work

_LINE = 380
"""Characters of a line in a plan."""
_FOREIGN = ("freebsd-zfs", "freebsd-vinum", "vinum", "linux-lvm", "linux-raid")


def cautions(snapshot: PairSnapshot, work: Work, disk: Disk, renaming: Renaming) -> tuple[str, ...]:
    """The lines, most weighty first.

    Args:
        snapshot: of the pair.
        work: as it is settled.
        disk: the target.
        renaming: of the devices in fstab.
    """
    said = [
        *_quiet(work),
        *_queue(work),
        *_pair(snapshot, work),
        *_target(snapshot, work, disk),
        *_fstab(work, renaming),
        *_proofs(work),
        *(
            f"{move.mount}: how many inodes it uses was not read"
            for move in work.moves
            if move.source.inodes_used is None
        ),
    ]
    for host in dict.fromkeys((work.source.name, work.target.name)):
        one = work.source if host == work.source.name else work.target
        said += [f"{host}: {what} ({why})" for what, why in one.unknown]
    return tuple(_one_line(line) for line in said)


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LINE]


def _quiet(work: Work) -> list[str]:
    live = [move.mount for move in work.moves if move.live]
    if work.snapshots or not live:
        return []
    name, major = work.source.name, work.source.major or 0
    why = f"FreeBSD {major}.x has no snapshots" if major < 5 else "no snapshots are taken"
    where = ", ".join(live)[:120]
    return [f"{name}: {why}: nothing may write to {where} meanwhile: single user, or services stopped"]


def _queue(work: Work) -> list[str]:
    queue = work.source.qmail_queue
    if queue is None:
        return []
    holder = max(
        (move for move in work.moves if queue.startswith(f"{move.mount.rstrip('/')}/")),
        key=lambda move: len(move.mount),
        default=None,
    )
    if holder is None:
        return []
    if any(f"{queue}/".startswith(f"{path}/") for path in holder.excludes):
        return [
            f"{queue} is left out (P49): let the queue run empty first, and make an empty one on the copy"
        ]
    return [
        f"{queue} is moved too, and its files are named by inode (P49): mend it on the copy before qmail runs"
    ]


def _pair(snapshot: PairSnapshot, work: Work) -> list[str]:
    for node, home in ((snapshot.master, "master"), (snapshot.slave, "slave")):
        if node.name == work.source.name and check(f"{home}-mounted", snapshot).holds:
            return [f"{node.name} serves: hand the service over (failover-drill) before it is switched off"]
    return []


def _target(snapshot: PairSnapshot, work: Work, disk: Disk) -> list[str]:
    said = []
    name = f"{work.target.name}:{disk.name}"
    foreign = sorted({part.type for part in disk.places if part.type in _FOREIGN})
    if foreign:
        said.append(f"{name} holds {', '.join(foreign)}: whether that is in use was not read")
    if work.target.name not in {node.name for node in snapshot.nodes}:
        said.append(f"{name}: whether a mirror or another GEOM class has it was not read")
    if (
        not work.prepare
        and work.scheme is Scheme.GPT
        and not any(p.type == "freebsd-boot" for p in disk.parts)
    ):
        said.append(f"{name} has no freebsd-boot partition: it boots only if it does so by EFI")
    if (
        work.source.major is not None
        and work.target.major is not None
        and work.target.major > work.source.major
    ):
        newer, older = work.target.major, work.source.major
        said.append(f"newfs and boot code of {newer}.x for a system of {older}.x: watch its first boot")
    if work.boots_as != work.target_disk:
        said.append(
            f"{work.target_disk} has to be called {work.boots_as} when it boots: "
            + ("take the old disk out" if work.same_host else "put it there")
        )
    return said


def _fstab(work: Work, renaming: Renaming) -> list[str]:
    source = work.source
    moved = {move.mount for move in work.moves}
    said = []
    for line in ufs_lines(source):
        if line.file in moved:
            continue
        known = part_of(source, line.spec, line.file)
        where = f"{line.file} ({line.spec})"
        if renaming.is_gone(line.spec, line.file):
            said.append(f"{where} is not moved: its line is commented out in fstab of the copy")
        elif known is not None and f"{DEV}{known.name}" == line.spec and work.boots_as != work.target_disk:
            said.append(f"{where} stays in fstab of the copy: its disk may be called otherwise at that boot")
        elif known is None and "noauto" not in line.opts.split(","):
            said.append(f"{where} stays in fstab of the copy: see that it is there when it boots")
    said += [
        f"swap on {line.spec} stays in fstab of the copy: see that it is there when it boots"
        for line in swap_lines(source)
        if line.spec.startswith(DEV) and renaming.new(line.spec) is None and not renaming.is_gone(line.spec)
    ]
    return said


def _proofs(work: Work) -> list[str]:
    """Where the mount table and a superblock of the source disagree."""
    system = {move.mount: move.source for move in work.moves}
    said = []
    for move in work.moves:
        part = part_of(work.source, move.device)
        if part is not None:
            found = evidence(part, move.mount, system)
            if found.proof is Proof.CONTRADICTED:
                said.append(f"{work.source.name}: fstab says {move.device} is {move.mount}, but {found.said}")
    return said
