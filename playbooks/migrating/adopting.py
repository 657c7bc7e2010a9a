"""A target disk used as it is: which of its partitions gets what, and the label edit before it boots."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.model.disks import Disk, FileSystem, Part, Scheme, Slice
from console.parse.disklabel import DiskLabel, read_disklabel
from playbooks.job import CannotPlan
from playbooks.migrating import labels
from playbooks.migrating.layout import SWAP
from playbooks.migrating.mapping import Evidence, Proof, find
from playbooks.migrating.work import Content, Place

_FREEBSD = 165
_SWAP_TYPES = ("swap", "freebsd-swap")
_TYPES = ("4.2BSD", "freebsd-ufs", "unused", *_SWAP_TYPES)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A disk as it is, with its places given out."""

    scheme: Scheme
    places: tuple[tuple[str, Place], ...]
    """(mount point or `swap`, place) in order on the disk."""
    evidence: tuple[Evidence, ...]
    slice: int = 1
    slice_start: int = 0
    slice_size: int = 0
    label_before: str | None = None
    label_after: str | None = None


def adopt(
    disk: Disk,
    system: Mapping[str, FileSystem],
    said: tuple[tuple[str, str], ...],
    *,
    host: str,
    boots_as: str,
    labels_taken: frozenset[str] = frozenset(),
) -> Adopted:
    """The places on a disk that is not divided anew.

    Args:
        disk: the target.
        system: what is moved, by mount point.
        said: (mount point or `swap`, letter, index or name) by the operator.
        host: the target's machine.
        boots_as: name of the disk when the machine boots from it.
        labels_taken: GPT labels of other disks: such a one names nothing.

    Raises:
        CannotPlan: nothing proves where a file system goes, or a superblock contradicts it; one line.
    """
    if disk.scheme is Scheme.GPT:
        given, evidence = _given(disk.parts, system, said, host)
        places = tuple(
            (what, _gpt_place(what, part, disk, boots_as, labels_taken)) for what, part in _ordered(given)
        )
        return Adopted(Scheme.GPT, places, evidence)
    if disk.scheme is None:
        raise CannotPlan(f"{host}: {disk.name} has no table, so nothing to use as it is: answer prepare")
    slice = _slice(disk, host)
    label = _label(slice, disk, host)
    given, evidence = _given(slice.parts, system, said, host)
    letters = _letters(given, label)
    places = tuple(
        (what, _place(what, part, slice, disk, boots_as, letters)) for what, part in _ordered(given)
    )
    return Adopted(
        disk.scheme,
        places,
        evidence,
        slice.index or 1,
        slice.start,
        slice.size,
        slice.label,
        _label_after(slice, label, given, letters, disk.name, boots_as),
    )


def _slice(disk: Disk, host: str) -> Slice:
    found = [one for one in disk.slices if one.label is not None and one.sysid in (None, _FREEBSD)]
    if len(found) > 1:
        found = [one for one in found if one.active] or found
    if len(found) != 1:
        count = "several FreeBSD slices" if found else "no FreeBSD slice with a label"
        raise CannotPlan(f"{host}: {disk.name} has {count}: answer prepare to divide it anew")
    return found[0]


def _label(slice: Slice, disk: Disk, host: str) -> DiskLabel:
    label = read_disklabel(slice.label or "").facts
    if wrong := labels.problems(label, slice.size // disk.sector):
        raise CannotPlan(
            f"{host}: the label of {slice.name} is wrong, {wrong[0]}: mend it, or answer prepare"
        )
    return label


def _given(
    parts: tuple[Part, ...],
    system: Mapping[str, FileSystem],
    said: tuple[tuple[str, str], ...],
    host: str,
) -> tuple[tuple[tuple[str, Part], ...], tuple[Evidence, ...]]:
    named: dict[str, Part] = {}
    swaps: list[Part] = []
    for what, word in said:
        part = next((one for one in parts if word in (one.name, one.letter or str(one.index))), None)
        if part is None or part.letter == labels.WHOLE:
            raise CannotPlan(f"{host}: there is no partition {word} for {what} on the target disk")
        if what == SWAP:
            swaps.append(part)
        elif what in system:
            named[what] = part
        else:
            raise CannotPlan(f"{what} is not moved, but {word} is given to it: leave it out of the places")
    able = [one for one in parts if one.letter != labels.WHOLE and one not in swaps]
    evidence = find([one for one in able if one.type not in _SWAP_TYPES], system, named)
    given: list[tuple[str, Part]] = []
    for one in evidence:
        if one.proof is Proof.CONTRADICTED:
            raise CannotPlan(f"{host}: {one.part} is not the place of {one.mount}: {one.said}")
        if one.part is None:
            raise CannotPlan(
                f"{host}: which partition gets {one.mount} is not known ({one.said[:150]}): "
                f"answer places, such as {one.mount}=e"
            )
        given.append((one.mount, next(part for part in able if part.name == one.part)))
    used = [part for _, part in given]
    swaps = swaps or [one for one in able if one.type in _SWAP_TYPES and one not in used]
    given += [(SWAP, part) for part in swaps]
    for what, part in given:
        swap = part.type in _SWAP_TYPES
        if part.type not in _TYPES or (swap and what != SWAP):
            raise CannotPlan(f"{host}: {part.name} is {part.type}, not a place for {what}")
    return tuple(given), evidence


def _ordered(given: tuple[tuple[str, Part], ...]) -> list[tuple[str, Part]]:
    return sorted(given, key=lambda one: one[1].start)


def _letters(given: tuple[tuple[str, Part], ...], label: DiskLabel) -> dict[str, str]:
    """The letters that change: the root's to a, and whoever has a takes the root's."""
    root = next(part.letter for what, part in given if what == "/")
    if root is None or root == "a":
        return {}
    return {root: "a"} | ({"a": root} if "a" in label.letters else {})


def _place(
    what: str, part: Part, slice: Slice, disk: Disk, boots_as: str, letters: Mapping[str, str]
) -> Place:
    letter = part.letter or ""
    then = letters.get(letter, letter)
    stem = boots_as + slice.name.removeprefix(disk.name)
    content = Content.SWAP if what == SWAP else Content.UFS
    return Place(part.name, f"{stem}{then}", part.start - slice.start, part.size, content, letter, then)


def _gpt_place(what: str, part: Part, disk: Disk, boots_as: str, taken: frozenset[str]) -> Place:
    content = Content.SWAP if what == SWAP else Content.UFS
    becomes = boots_as + part.name.removeprefix(disk.name)
    return Place(
        part.name,
        becomes,
        part.start,
        part.size,
        content,
        index=part.index,
        label=None if part.label in taken else part.label or None,
    )


def _label_after(
    slice: Slice,
    label: DiskLabel,
    given: tuple[tuple[str, Part], ...],
    letters: Mapping[str, str],
    disk: str,
    boots_as: str,
) -> str | None:
    types = {
        part.letter: labels.SWAP if what == SWAP else labels.FILE_SYSTEM
        for what, part in given
        if part.letter is not None and part.type == labels.UNUSED
    }
    name = label.header.get("disk")
    renamed = isinstance(name, str) and boots_as != disk and name.startswith(disk)
    text = slice.label or ""
    after = labels.edited(
        text,
        letters=letters,
        types=types,
        disk=boots_as + str(name).removeprefix(disk) if renamed else None,
    )
    return None if after == text else after
