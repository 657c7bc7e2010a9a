"""What is moved: the UFS file systems of the source's fstab, and its swap."""

from dataclasses import dataclass

from console.model.disks import Disk, FileSystem, HostDisks, Part
from playbooks.job import CannotPlan
from playbooks.migrating.devices import disk_of, part_of, swap_lines, ufs_lines
from playbooks.migrating.layout import SWAP, Wanted

_SWAP_TYPES = ("swap", "freebsd-swap")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file system that is moved."""

    mount: str
    part: Part
    file_system: FileSystem
    live: bool
    """Mounted read-write."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap partition of the old disk, and the words of fstab that mean it."""

    part: Part
    specs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything that is moved; the root first, then by depth."""

    disk: Disk
    """The one with the root."""
    systems: tuple[Chosen, ...]
    swaps: tuple[Swap, ...]

    def in_order(self) -> tuple[Wanted, ...]:
        """File systems and swap as they lie on the old disk, with their sizes and letters there."""
        parts = {one.mount: one.part for one in self.systems}
        here = [(part.start, Wanted(mount, part.size, part.letter)) for mount, part in parts.items()]
        here += [(one.part.start, Wanted(SWAP, one.part.size, one.part.letter)) for one in self.swaps]
        others = {mount for mount, part in parts.items() if part not in self.disk.places}
        return tuple(wanted for _, wanted in sorted(here, key=lambda one: (one[1].what in others, one[0])))


def select(host: HostDisks, wanted: tuple[str, ...]) -> Selection:
    """What is moved from a machine.

    Args:
        host: the source.
        wanted: mount points; empty = every UFS of fstab on the disk with the root, `noauto` ones left out.

    Raises:
        CannotPlan: one line.
    """
    if host.fstab is None:
        raise CannotPlan(f"{host.name}: /etc/fstab was not read: it says what belongs to the system")
    lines = {line.file: line for line in ufs_lines(host)}
    if not lines:
        raise CannotPlan(f"{host.name}: fstab has no UFS; dump moves nothing else")
    if "/" not in lines:
        raise CannotPlan(f"{host.name}: fstab has no UFS as /: without a root nothing boots")
    root = part_of(host, lines["/"].spec, "/")
    if root is None:
        raise CannotPlan(f"{host.name}: {lines['/'].spec}, the root, is on no disk that was read")
    disk = disk_of(host, root)
    if wanted and "/" not in wanted:
        raise CannotPlan("the root is not among the file systems to move, but the new disk shall boot: add /")
    if unknown := [mount for mount in wanted if mount not in lines]:
        raise CannotPlan(f"{host.name}: {unknown[0]} is no UFS of fstab: leave it out, or add it there (R13)")
    chosen: list[Chosen] = []
    for mount in sorted(wanted or lines, key=lambda path: (path.rstrip("/").count("/"), path)):
        line = lines[mount]
        part = part_of(host, line.spec, mount)
        if not wanted and (part not in disk.places or "noauto" in line.opts.split(",")):
            continue
        if part is None:
            raise CannotPlan(f"{host.name}: {line.spec} ({mount}) is on no disk that was read")
        chosen.append(_checked(host, mount, part))
    return Selection(disk, tuple(chosen), _swaps(host, disk))


def _checked(host: HostDisks, mount: str, part: Part) -> Chosen:
    found = part.file_system
    if found is None:
        raise CannotPlan(f"{host.name}: no UFS was found on {part.name} ({mount}): nothing to dump")
    mounted = next((one for one in host.mounts if part_of(host, one.special, one.file) == part), None)
    if mounted is None and found.clean is not True:
        raise CannotPlan(f"{host.name}: {part.name} ({mount}) is not mounted and not clean: fsck it first")
    if mounted is not None and mounted.file != mount:
        raise CannotPlan(
            f"{host.name}: {part.name} is mounted on {mounted.file}, fstab says {mount}: put that right first"
        )
    return Chosen(mount, part, found, mounted is not None and not {"ro", "read-only"} & {*mounted.options})


def _swaps(host: HostDisks, disk: Disk) -> tuple[Swap, ...]:
    """Swap on the disk with the root: what fstab names, then what the table alone shows."""
    found: dict[str, Swap] = {}
    unproved: list[str] = []
    for line in swap_lines(host):
        part = part_of(host, line.spec)
        if part is not None and part in disk.places:
            found[part.name] = Swap(part, (line.spec,))
        elif part is None and line.spec.startswith(("/dev/gptid/", "/dev/diskid/")):
            unproved.append(line.spec)
    others = [part for part in disk.places if part.type in _SWAP_TYPES and part.name not in found]
    # One word and one partition are left: it can mean nothing else.
    words = tuple(unproved) if len(others) == len(unproved) == 1 else ()
    return (*found.values(), *(Swap(part, words) for part in others))
