"""Source and target of a migration as drawings: while it is being answered for, and in its plan."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from pydantic import ValidationError

from console.model.disk_map import DiskMap, DrawnDisk, Filled, Foreseen, Kind, Piece
from console.model.disks import Disk, HostDisks, Part, Scheme
from console.model.snapshot import PairSnapshot
from console.ssh.text import one_line
from playbooks.job import CannotPlan
from playbooks.migrating.answers import MigrateAnswers
from playbooks.migrating.devices import disk_in_use, lines_of, part_of
from playbooks.migrating.selecting import select
from playbooks.migrating.settling import Draft, draft, settle
from playbooks.migrating.suggesting import defaults
from playbooks.migrating.work import Content, Place

_KINDS: dict[str, Kind] = {"swap": "swap", "freebsd-swap": "swap", "freebsd-boot": "boot", "efi": "boot"}
_CONTENTS: dict[Content, Kind] = {Content.UFS: "ufs", Content.SWAP: "swap", Content.BOOT: "boot"}
_WHOLE = "c"
"""The letter that covers its slice."""


def foreseen(snapshot: PairSnapshot, values: Mapping[str, object]) -> Foreseen | None:
    """What the answers so far amount to; None as long as nothing was read of the source."""
    if not snapshot.disks:
        return None
    source = snapshot.disks[0]
    try:
        answers = MigrateAnswers.model_validate({**defaults(snapshot), **values})
    except ValidationError as odd:
        first = odd.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "missing":
            return Foreseen(_as_read(source, snapshot.disks[-1], None))
        return Foreseen(
            _as_read(source, snapshot.disks[-1], values.get("target_disk")),
            one_line(first["msg"].removeprefix("Value error, ")),
        )
    target = next((one for one in snapshot.disks if one.name == answers.target_machine), None)
    if target is None or source.name != answers.source:
        return Foreseen()
    try:
        made = draft(snapshot, answers)
    except CannotPlan as why:
        return Foreseen(_as_read(source, target, answers.target_disk), str(why))
    try:
        settle(snapshot, answers)
    except CannotPlan as why:
        return Foreseen(drawn(made), str(why))
    return Foreseen(drawn(made))


def drawn(made: Draft) -> DiskMap:
    """What was settled, drawn."""
    return DiskMap(
        source=_disk(made.source, made.selection.disk),
        target=_disk(made.target, made.disk),
        after=_after(made),
        fills=tuple(
            Filled(
                mounts=fit.mounts,
                used=sum(
                    one.file_system.used or 0 for one in made.selection.systems if one.mount in fit.mounts
                ),
                needed=fit.needed,
                size=fit.size,
                inodes_needed=fit.inodes_needed,
                inodes=fit.inodes,
                problem=fit.problem,
            )
            for fit in made.fits
        ),
    )


def _as_read(source: HostDisks, target: HostDisks, named: object) -> DiskMap | None:
    """What is there, where nothing can be said of what will be."""
    with suppress(CannotPlan):
        disk = select(source, ()).disk
        there = target.disk(named) if isinstance(named, str) else None
        if target.name == source.name and there is not None and there.name == disk.name:
            there = None
        others = () if there else (one for one in target.disks if not disk_in_use(target, one))
        return DiskMap(
            source=_disk(source, disk),
            target=_disk(target, there) if there else None,
            choices=tuple(
                _disk(target, one) for one in others if target.name != source.name or one.name != disk.name
            )[:4],
        )
    return None


def _disk(host: HostDisks, disk: Disk) -> DrawnDisk:
    """A disk as it was read."""
    facts = [disk.scheme.value if disk.scheme else "no table"]
    facts += [f"slice {one.index} active" for one in disk.slices if one.active]
    codes = {True: "boot code", False: "no boot code", None: ""}
    facts += [codes[disk.boot_code]] if disk.scheme and disk.boot_code is not None else []
    mounts = _mounts(host)
    pieces = [_piece(disk, part, mounts) for part in disk.places if part.letter != _WHOLE and part.size > 0]
    pieces += [
        Piece(
            name=one_line(one.name.removeprefix(disk.name), 40),
            what=f"type {one.sysid}" if one.sysid is not None else "",
            kind="other",
            start=one.start,
            size=one.size,
        )
        for one in disk.slices
        if one.label is None and one.size > 0
    ]
    return DrawnDisk(
        host=one_line(host.name, 120),
        name=one_line(disk.name, 40),
        size=disk.size,
        facts=tuple(facts),
        pieces=_beside(pieces),
    )


def _mounts(host: HostDisks) -> dict[str, str]:
    """What fstab, then mount(8), say of each partition."""
    said = [(line.spec, line.file) for line in lines_of(host) if line.file.startswith("/")]
    said += [(one.special, one.file) for one in host.mounts]
    found = ((part_of(host, spec, mount), mount) for spec, mount in said)
    return {part.name: mount for part, mount in found if part is not None}


def _piece(disk: Disk, part: Part, mounts: Mapping[str, str]) -> Piece:
    kind = _KINDS.get(part.type, "ufs" if part.file_system else "other")
    system = part.file_system
    last = f"({system.last_mounted_on})" if system and system.last_mounted_on else ""
    return Piece(
        name=one_line(part.letter or part.name.removeprefix(disk.name), 40),
        what=one_line("swap" if kind == "swap" else mounts.get(part.name) or last or part.type, 200),
        kind=kind,
        start=part.start,
        size=part.size,
        used=system.used if system else None,
    )


def _beside(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """In order; of two that overlap, as in a broken label, the second one is left out."""
    kept: list[Piece] = []
    for one in sorted(pieces, key=lambda one: one.start):
        if not kept or one.start >= kept[-1].start + kept[-1].size:
            kept.append(one)
    return tuple(kept)


def _after(made: Draft) -> DrawnDisk:
    division, disk = made.division, made.disk
    gpt = division.scheme is Scheme.GPT
    facts = [f"boots as {made.boots_as}", division.scheme.value]
    facts += [f"slice {division.slice} active"] if division.scheme is Scheme.MBR else []
    facts.append("boot code")
    used = {one.mount: one.file_system.used for one in made.selection.systems}
    held = {fit.mounts[0]: sum(used[mount] or 0 for mount in fit.mounts) for fit in made.fits if fit.mounts}
    begin = 0 if gpt else division.slice_start
    pieces = (
        Piece(
            name=_short(place),
            what=one_line(what, 200),
            kind=_CONTENTS[place.content],
            start=begin + place.start,
            size=place.size,
            used=held.get(what),
        )
        for what, place in division.places
    )
    return DrawnDisk(
        host=made.target.name, name=disk.name, size=disk.size, facts=tuple(facts), pieces=_beside(pieces)
    )


def _short(place: Place) -> str:
    if place.letter and place.letter_then and place.letter != place.letter_then:
        return f"{place.letter}→{place.letter_then}"
    return (
        place.letter_then or place.letter or (f"p{place.index}" if place.index is not None else place.becomes)
    )
