"""The answers and what was read of the machines, settled as one `Work`, or one line why it cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from console.model.disks import Disk, FileSystem, HostDisks, Scheme
from console.model.snapshot import PairSnapshot
from playbooks.job import CannotPlan
from playbooks.migrating import layout
from playbooks.migrating.adopting import adopt
from playbooks.migrating.answers import MigrateAnswers
from playbooks.migrating.cautions import cautions
from playbooks.migrating.devices import DEV, all_parts, disk_of, is_below, lines_of, part_of
from playbooks.migrating.fstab import Renaming, fstab_of_copy, loader_of_copy
from playbooks.migrating.layout import SWAP
from playbooks.migrating.mapping import Evidence
from playbooks.migrating.room import Fit, fit
from playbooks.migrating.selecting import Selection, select
from playbooks.migrating.targets import machines, require_tools, target_disk
from playbooks.migrating.work import Move, Place, Way, Work, slug_of

_SNAPSHOTS_WITH_JOURNAL = 13
"""From this release on a journaled soft-updates file system can have a snapshot (10.4 and 12.1 refuse)."""


@dataclass(frozen=True, slots=True)
class Division:
    """How the target disk is, or will be, divided."""

    scheme: Scheme
    places: tuple[tuple[str, Place], ...]
    """(mount point, `swap` or `boot`, place) in order on the disk."""
    slice: int = 1
    slice_start: int = 0
    slice_size: int = 0
    label_before: str | None = None
    label_after: str | None = None
    evidence: tuple[Evidence, ...] = ()
    """Of a disk that is used as it is."""

    def place(self, what: str) -> Place:
        """Where a file system goes."""
        return next(place for name, place in self.places if name == what)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the answers amount to, before it is known whether it fits: for a form that shows it live."""

    source: HostDisks
    target: HostDisks
    disk: Disk
    """The target."""
    selection: Selection
    division: Division
    boots_as: str
    fits: tuple[Fit, ...]


def draft(snapshot: PairSnapshot, answers: MigrateAnswers) -> Draft:
    """What goes where and how full it will be; raises CannotPlan where not even that can be said."""
    source, target = machines(snapshot, answers)
    selection = select(source, answers.moves)
    disk = target_disk(snapshot, source, target, answers.target_disk, selection)
    one_machine = source.name == target.name
    boots_as = answers.becomes or (selection.disk.name if one_machine else disk.name)
    if answers.prepare:
        division = _divided(source, target, disk, selection, answers, boots_as)
    else:
        system = {one.mount: one.file_system for one in selection.systems}
        found = adopt(
            disk,
            system,
            answers.places_wanted,
            host=target.name,
            boots_as=boots_as,
            labels_taken=_labels(source, target, disk),
        )
        division = Division(
            found.scheme,
            found.places,
            found.slice,
            found.slice_start,
            found.slice_size,
            found.label_before,
            found.label_after,
            found.evidence,
        )
    fits = _fits(source, target, selection, division, answers)
    return Draft(source, target, disk, selection, division, boots_as, fits)


def settle(snapshot: PairSnapshot, answers: MigrateAnswers) -> Work:
    """The whole migration.

    Args:
        snapshot: with the disks of the machines (`PairSnapshot.disks`).
        answers: as the form gave them.

    Raises:
        CannotPlan: one line: what is so, on which machine, what to do.
    """
    made = draft(snapshot, answers)
    source, target, division = made.source, made.target, made.division
    for one in made.fits:
        if one.problem is not None:
            raise CannotPlan(f"{target.name}:{made.disk.name}: {' with '.join(one.mounts)} {one.problem}")
    way = _way(source, target, answers)
    snapshots = _snapshots(source, made.selection, answers)
    moves = _moves(made, answers)
    compress = answers.compress and way is not Way.HERE
    require_tools(
        source,
        target,
        scheme=division.scheme,
        prepare=answers.prepare,
        relabels=division.label_after is not None,
        way=way,
        compress=compress,
    )
    work = Work(
        source=source,
        target=target,
        source_disk=made.selection.disk.name,
        target_disk=made.disk.name,
        boots_as=made.boots_as,
        scheme=division.scheme,
        prepare=answers.prepare,
        places=tuple(place for _, place in division.places),
        moves=moves,
        way=way,
        snapshots=snapshots,
        second_level=answers.second_level,
        compress=compress,
        rate_limit=answers.rate,
        slice=division.slice,
        label_before=division.label_before,
        label_after=division.label_after,
        slice_start=division.slice_start,
        slice_size=division.slice_size,
        ufs=_ufs(source, target),
        density=answers.density,
        work_directory=answers.work_directory if way is Way.FILE else None,
        target_ssh=ssh_name(snapshot, target),
        target_become=target.become,
        source_address=_address(snapshot, source, target),
        full_check=answers.check == "full",
    )
    renaming = _renaming(made)
    return replace(
        work,
        fstab_after=fstab_of_copy(source.fstab or "", renaming),
        loader_after=loader_of_copy(source.loader_conf, renaming),
        cautions=cautions(snapshot, work, made.disk, renaming),
    )


def _divided(
    source: HostDisks,
    target: HostDisks,
    disk: Disk,
    selection: Selection,
    answers: MigrateAnswers,
    boots_as: str,
) -> Division:
    scheme = _scheme(target, disk, selection, answers)
    if scheme is Scheme.GPT and (source.major or 0) < 7:
        raise CannotPlan(f"{source.name} runs FreeBSD {source.major}.x, which boots from no GPT: answer mbr")
    kinds = {part.type for part in selection.disk.parts}
    if "efi" in kinds and "freebsd-boot" not in kinds:
        raise CannotPlan(
            f"{source.name} boots by EFI, for which nothing is divided here: do it by hand, answer prepare no"
        )
    major = target.major or 0
    space = layout.space_of(disk, scheme, major, target.name)
    wanted = layout.wanted(answers.layout, selection.in_order(), answers.sizes_wanted, space)
    places = layout.places_of(
        wanted,
        space,
        disk=disk.name,
        boots_as=boots_as,
        slice=1,
        labels_taken=_labels(source, target, disk),
    )
    if scheme is Scheme.GPT:
        return Division(scheme, places)
    label = layout.label_of([place for _, place in places], space, disk=disk.name, slice=1, header=major <= 5)
    return Division(scheme, places, 1, space.slice_start, space.slice_size, label)


def _scheme(target: HostDisks, disk: Disk, selection: Selection, answers: MigrateAnswers) -> Scheme:
    if answers.scheme != "auto":
        return Scheme.GPT if answers.scheme == "gpt" else Scheme.MBR
    if selection.disk.scheme is Scheme.GPT and (target.major or 0) >= 7:
        return Scheme.GPT
    return Scheme.MBR


def _labels(source: HostDisks, target: HostDisks, disk: Disk) -> frozenset[str]:
    """GPT labels of all other disks: a second one of a name and it is chance which is mounted."""
    parts = (part for host in (source, target) for part in all_parts(host) if part not in disk.places)
    return frozenset(part.label for part in parts if part.label)


def _ufs(source: HostDisks, target: HostDisks) -> int:
    """UFS2 came with 5.0; what runs newfs may be newer than what has to mount it."""
    return 1 if min(source.major or 0, target.major or 0) < 5 else 2


def _fits(
    source: HostDisks,
    target: HostDisks,
    selection: Selection,
    division: Division,
    answers: MigrateAnswers,
) -> tuple[Fit, ...]:
    found: list[Fit] = []
    for place, holds in _contents(selection, division).items():
        one = fit(
            place.size,
            holds,
            ufs=_ufs(source, target),
            major=target.major or 0,
            density=answers.density,
        )
        if one is None:
            unread = next(mount for mount, system in holds.items() if system.used is None)
            raise CannotPlan(f"{source.name}: how much {unread} holds was not read: read its disks again")
        found.append(one)
    return tuple(found)


def _contents(selection: Selection, division: Division) -> dict[Place, dict[str, FileSystem]]:
    """What goes into each place; of the layout `one` everything into the root's."""
    known = {what for what, _ in division.places}
    held: dict[Place, dict[str, FileSystem]] = {}
    for one in selection.systems:
        place = division.place(one.mount if one.mount in known else "/")
        held.setdefault(place, {})[one.mount] = one.file_system
    return held


def _way(source: HostDisks, target: HostDisks, answers: MigrateAnswers) -> Way:
    one_machine = source.name == target.name
    if answers.way == "auto":
        if one_machine:
            return Way.HERE
        return Way.DIRECT if source.answers_ssh else Way.CONSOLE
    way = Way(answers.way)
    if way is Way.HERE and not one_machine:
        raise CannotPlan(
            f"the way `here` is for two disks of one machine, not for {source.name} and {target.name}"
        )
    if way in (Way.DIRECT, Way.CONSOLE) and one_machine:
        raise CannotPlan(f"both disks are in {source.name}: answer the way `here` or `file`")
    if way is Way.DIRECT and source.answers_ssh is False:
        raise CannotPlan(f"{source.name} does not reach {target.name} by ssh: answer the way `console`")
    if way is Way.FILE and answers.work_directory is not None:
        _refuse_folder(source, answers, answers.work_directory)
    return way


def ssh_name(snapshot: PairSnapshot, host: HostDisks) -> str:
    """`[user@]host[:port]` by which another machine reaches a host."""
    node = next((node.config for node in snapshot.nodes if node.name == host.name), None)
    if node is None:
        return host.name
    user, port = f"{node.user}@" if node.user else "", f":{node.port}" if node.port else ""
    return f"{user}{node.replication or node.host}{port}"


def _address(snapshot: PairSnapshot, source: HostDisks, target: HostDisks) -> str | None:
    """From where the target sees the source; certain only on the link between both nodes of the pair."""
    links = {node.name: node.config.replication for node in snapshot.nodes}
    return links.get(source.name) if links.get(target.name) else None


def _refuse_folder(source: HostDisks, answers: MigrateAnswers, folder: str) -> None:
    """A dump that is written into what is dumped grows for ever (P46)."""
    above = [one.file for one in source.mounts if is_below(folder, one.file)]
    mount = max(above, key=len, default=None)
    if mount is None:
        raise CannotPlan(f"{source.name}: on which file system {folder} is was not read")
    moved = {one.mount for one in select(source, answers.moves).systems}
    if mount in moved:
        raise CannotPlan(
            f"{source.name}: {folder} is on {mount}, which is moved: answer a folder elsewhere (P46)"
        )


def _snapshots(source: HostDisks, selection: Selection, answers: MigrateAnswers) -> bool:
    if answers.snapshots == "never":
        return False
    major = source.major or 0
    if major < 5:
        if answers.snapshots == "always":
            raise CannotPlan(f"{source.name} runs FreeBSD {major}.x, which has no snapshots: answer never")
        return False
    journaled = [one.mount for one in selection.systems if one.live and one.file_system.journal]
    if journaled and major < _SNAPSHOTS_WITH_JOURNAL:
        raise CannotPlan(
            f"{source.name}: {journaled[0]} is journaled, of which {major}.x takes no snapshot (P44): "
            "tunefs -j disable it, or answer snapshots never and stop what writes"
        )
    return True


def _moves(made: Draft, answers: MigrateAnswers) -> tuple[Move, ...]:
    selection, division = made.selection, made.division
    mounts = [one.mount for one in selection.systems]
    if len({slug_of(mount) for mount in mounts}) < len(mounts):
        double = next(m for m in mounts if [slug_of(n) for n in mounts].count(slug_of(m)) > 1)
        raise CannotPlan(f"{double} is called like another file system once it is a step: move it by hand")
    left_out = _left_out(made.source, mounts, answers)
    known = {what for what, _ in division.places}
    return tuple(
        Move(
            mount=one.mount,
            device=f"{DEV}{one.part.name}",
            source=one.file_system,
            target=division.place(one.mount if one.mount in known else "/"),
            excludes=left_out.get(one.mount, ()),
            below="" if one.mount in known else one.mount.lstrip("/"),
            live=one.live,
        )
        for one in selection.systems
    )


def _left_out(source: HostDisks, mounts: list[str], answers: MigrateAnswers) -> Mapping[str, tuple[str, ...]]:
    """The paths that are left out, by their file system; those of one that is not moved do not count."""
    everywhere = {*mounts, *(one.file for one in source.mounts)}
    found: dict[str, tuple[str, ...]] = {}
    for path in answers.leave_out:
        if path in mounts:
            raise CannotPlan(f"{path} is a whole file system: name those to move without it")
        on = max((mount for mount in everywhere if is_below(path, mount)), key=len)
        if on in mounts:
            found[on] = (*found.get(on, ()), path)
    return found


def _renaming(made: Draft) -> Renaming:
    source, selection, division = made.source, made.selection, made.division
    known = {what for what, _ in division.places}
    devices: dict[str, str] = {}
    words: dict[str, str] = {}
    gone: set[str] = set()
    for one in selection.systems:
        if one.mount in known:
            devices[one.part.name] = device_then(division.place(one.mount))
        else:
            gone.add(one.part.name)
    swaps = [place for what, place in division.places if what == SWAP]
    for number, swap in enumerate(selection.swaps):
        if number < len(swaps):
            devices[swap.part.name] = device_then(swaps[number])
            words |= dict.fromkeys(swap.specs, device_then(swaps[number]))
        else:
            gone.add(swap.part.name)
    one_machine = source.name == made.target.name
    stays = one_machine and made.boots_as == made.disk.name
    for line in lines_of(source):
        part = part_of(source, line.spec, line.file if line.file.startswith("/") else None)
        if part is None or part.name in devices or stays:
            continue
        if not one_machine or disk_of(source, part) == selection.disk:
            gone.add(part.name)
    return Renaming(source, devices, frozenset(gone), words)


def device_then(place: Place) -> str:
    """The device as fstab of the copy names it: by its GPT label, which no renamed disk changes."""
    return f"{DEV}gpt/{place.label}" if place.label else f"{DEV}{place.becomes}"
