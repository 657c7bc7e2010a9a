"""How the target disk will be divided: sizes by the answer, then aligned places, none in another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from console.model.disks import Disk, Scheme
from console.parse.disklabel import DiskLabel, Partition
from playbooks.job import CannotPlan
from playbooks.migrating import labels
from playbooks.migrating.room import megabytes
from playbooks.migrating.work import Content, Place, slug_of

SWAP = "swap"
_BOOT = 512 << 10
"""Bytes of freebsd-boot; gptboot(8) needs less, gpart(8) refuses more than 545 kB to load."""
_MEGABYTE = 1 << 20
_TRACK, _CYLINDER = labels.TRACK, labels.HEADS * labels.TRACK
_GPART = 9
"""From this release on slices are made by gpart(8), before by fdisk(8), which wants whole cylinders."""
_FREE_SLICES = 11
"""From this release on the kernel leaves an MBR slice where it was said, before it rounds to tracks."""
_BSD_ALIGNED = 8192
"""Bytes; a block of the oldest UFS, two pages, two sectors of 4 KiB."""
_LABELLED = 8192
"""Bytes at the beginning of a slice for boot1, the label and boot2; 4.x keeps them inside the first one."""
_MOST = 7
"""Letters of a label besides c."""
_LARGEST_MBR = (1 << 32) - 1
"""Sectors that an MBR, and a BSD label, can count."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that gets a partition."""

    what: str
    """A mount point, or `swap`."""
    size: int | None
    """Bytes; None = the rest."""
    letter: str | None = None
    """The one it has now, kept where it can be."""


@dataclass(frozen=True, slots=True)
class Space:
    """What of a disk can be divided; bytes."""

    scheme: Scheme
    sector: int
    begin: int
    """First usable byte, from the beginning of the slice (BSD) or of the disk (GPT)."""
    end: int
    align: int
    slice_start: int = 0
    slice_size: int = 0


def space_of(disk: Disk, scheme: Scheme, major: int, host: str) -> Space:
    """What a newly divided disk offers; raises CannotPlan.

    Args:
        disk: the target.
        scheme: GPT or MBR.
        major: release of the machine that divides it.
        host: its name.
    """
    if disk.size is None:
        raise CannotPlan(f"{host}: the size of {disk.name} was not read: look at it with diskinfo(8)")
    sectors = disk.size // disk.sector
    if scheme is Scheme.GPT:
        if major < 7:
            raise CannotPlan(f"{host} runs FreeBSD {major}.x, which has no GPT: answer scheme mbr")
        table = 16384 // disk.sector
        begin = max(_MEGABYTE, _up((2 + table) * disk.sector + _BOOT, _MEGABYTE))
        return Space(scheme, disk.sector, begin, (sectors - 1 - table) * disk.sector, _MEGABYTE)
    if sectors > _LARGEST_MBR:
        raise CannotPlan(f"{host}: {disk.name} is larger than an MBR can count: answer scheme gpt")
    start, size = _slice(sectors, major)
    if size <= 0:
        raise CannotPlan(f"{host}: {disk.name} is too small for a slice")
    begin = 0 if major < 5 else _LABELLED
    bytes_ = size * disk.sector
    return Space(scheme, disk.sector, begin, bytes_, _BSD_ALIGNED, start * disk.sector, bytes_)


def _slice(sectors: int, major: int) -> tuple[int, int]:
    """Start and size in sectors of the one slice, such that no tool of the release moves it."""
    if major < _GPART:
        return _TRACK, sectors // _CYLINDER * _CYLINDER - _TRACK
    if major < _FREE_SLICES:
        start = 64 * _TRACK
        return start, (sectors - start) // _TRACK * _TRACK
    start = 2048
    return start, sectors - start


def wanted(
    layout: Literal["keep", "scale", "one", "custom"],
    now: Sequence[Wanted],
    custom: Sequence[tuple[str, int | None]],
    space: Space,
) -> tuple[Wanted, ...]:
    """Who gets how much, in the order on the disk; raises CannotPlan.

    Args:
        layout: the answer.
        now: what is moved, in its order on the source, with its sizes there.
        custom: of the layout custom: (mount point or `swap`, bytes or None for the rest).
        space: of the target.
    """
    swaps = tuple(one for one in now if one.what == SWAP)
    systems = tuple(one for one in now if one.what != SWAP)
    if layout == "keep":
        return tuple(now)
    if layout == "one":
        return (*swaps, Wanted("/", None, "a"))
    if layout == "scale":
        return _scaled(now, space)
    letters = {one.what: one.letter for one in systems}
    named = [what for what, _ in custom if what != SWAP]
    if missing := [one.what for one in systems if one.what not in named]:
        raise CannotPlan(f"the sizes name none for {missing[0]}: add {missing[0]}=SIZE, or do not move it")
    if odd := [what for what in named if what not in letters]:
        raise CannotPlan(f"the sizes name {odd[0]}, which is not moved: leave it out")
    given = iter(swaps)
    return tuple(
        Wanted(what, size, getattr(next(given, None), "letter", None) if what == SWAP else letters[what])
        for what, size in custom
    )


def _scaled(now: Sequence[Wanted], space: Space) -> tuple[Wanted, ...]:
    old = sum(one.size or 0 for one in now if one.what != SWAP)
    kept = sum(_up(one.size or 0, space.align) for one in now if one.what == SWAP)
    free = space.end - _up(space.begin, space.align) - kept
    last = [one.what for one in now if one.what != SWAP][-1]
    return tuple(
        one
        if one.what == SWAP
        else Wanted(
            one.what,
            None if one.what == last else max(0, free) * (one.size or 0) // old // space.align * space.align,
            one.letter,
        )
        for one in now
    )


def places_of(
    names: Sequence[Wanted],
    space: Space,
    *,
    disk: str,
    boots_as: str,
    slice: int,
    labels_taken: frozenset[str],
) -> tuple[tuple[str, Place], ...]:
    """(mount point, `swap` or `boot`, its place) in order on the disk; raises CannotPlan without room.

    Args:
        names: who gets how much.
        space: of the target.
        disk: its name now.
        boots_as: its name then.
        slice: number of the slice, for a BSD label.
        labels_taken: GPT labels of both machines, which may not be used again.
    """
    at = _up(space.begin, space.align)
    open_ones = [one for one in names if one.size is None]
    if len(open_ones) > 1:
        raise CannotPlan("only one can have the rest")
    fixed = sum(_up(one.size, space.align) for one in names if one.size is not None)
    rest = (space.end - at - fixed) // space.align * space.align
    if rest < (space.align if open_ones else 0):
        room = megabytes(max(0, space.end - at))
        raise CannotPlan(
            f"{disk} has room for {room}, the partitions need {megabytes(fixed)}: answer smaller ones"
        )
    gpt = space.scheme is Scheme.GPT
    given = (None,) * len(names) if gpt else _letters(names)
    taken = set(labels_taken)
    placed: list[tuple[str, Place]] = []
    if gpt:
        begin = 40 * 512 if space.sector == 512 else 8 * space.sector
        placed.append((Content.BOOT, _gpt_place(disk, boots_as, 1, begin, _BOOT, Content.BOOT, None)))
    for index, (one, letter) in enumerate(zip(names, given, strict=True), start=2):
        size = rest if one.size is None else _up(one.size, space.align)
        content = Content.SWAP if one.what == SWAP else Content.UFS
        if letter is None:
            label = _free(SWAP if content is Content.SWAP else slug_of(one.what), taken)
            place = _gpt_place(disk, boots_as, index, at, size, content, label)
        else:
            place = Place(
                f"{disk}s{slice}{letter}", f"{boots_as}s{slice}{letter}", at, size, content, letter, letter
            )
        placed.append((one.what, place))
        at += size
    return tuple(placed)


def _gpt_place(
    disk: str, boots_as: str, index: int, start: int, size: int, content: Content, label: str | None
) -> Place:
    names = f"{disk}p{index}", f"{boots_as}p{index}"
    return Place(*names, start, size, content, index=index, label=label)


def _free(name: str, taken: set[str]) -> str:
    """A GPT label that neither machine has: two of the same name and it is chance which one is mounted."""
    label = name
    number = 1
    while label in taken:
        number += 1
        label = f"{name}{number}"
    taken.add(label)
    return label


def _letters(names: Sequence[Wanted]) -> tuple[str, ...]:
    """Letter a for the root, b for the first swap, the old letters for the others where they are free."""
    if len(names) > _MOST:
        raise CannotPlan(
            f"a BSD label has {_MOST} letters besides c, {len(names)} are wanted: move fewer, or answer gpt"
        )
    given: dict[int, str] = {}
    for number, one in enumerate(names):
        if one.what == "/":
            given[number] = "a"
        elif one.what == SWAP and "b" not in given.values():
            given[number] = "b"
    for number, one in enumerate(names):
        kept = one.letter if one.letter in set("defgh") else None
        if number not in given and kept is not None and kept not in given.values():
            given[number] = kept
    # The letters of file systems first; b and a only when nothing else is left.
    free = iter([letter for letter in "defghba" if letter not in given.values()])
    return tuple(given[number] if number in given else next(free) for number in range(len(names)))


def label_of(places: Sequence[Place], space: Space, *, disk: str, slice: int, header: bool) -> str:
    """The text of a new BSD label for -R; c covers the slice.

    Args:
        places: in order.
        space: the slice.
        disk: name of the disk now.
        slice: number of the slice.
        header: with the `key: value` block, as 4.x wants it.
    """
    sectors = space.slice_size // space.sector
    rows = [Partition(labels.WHOLE, sectors, 0, labels.UNUSED, 0, 0)]
    for place in places:
        start, size = place.start // space.sector, place.size // space.sector
        swap = place.content is Content.SWAP
        letter = place.letter or ""
        rows.append(
            Partition(letter, size, start, labels.SWAP)
            if swap
            else Partition(letter, size, start, labels.FILE_SYSTEM, 0, 0, 0)
        )
    rows.sort(key=lambda row: row.letter)
    label = DiskLabel(
        dev=f"/dev/{disk}s{slice}",
        header=labels.header_of(sectors, space.sector) if header else {},
        slots=len(labels.LETTERS),
        partitions=tuple(rows),
    )
    return labels.label_text(label)


def _up(size: int, align: int) -> int:
    return -(-size // align) * align
