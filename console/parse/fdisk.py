"""fdisk(8): the MBR table, long form and -s."""

import re
from dataclasses import dataclass

from console.parse.lines import filled
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class Slice:
    """A used slice; start and size in sectors."""

    n: int
    sysid: int
    start: int
    size: int
    active: bool
    description: str | None = None


@dataclass(frozen=True, slots=True)
class MbrTable:
    """The table and the geometry the kernel uses (cylinder numbers saturate at 1023)."""

    dev: str | None = None
    cylinders: int | None = None
    heads: int | None = None
    spt: int | None = None
    sector_size: int | None = None
    parts: tuple[Slice, ...] = ()
    unused: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    """Questions with the answer typed after them."""


_N = "([0-9]{1,20})"
_DEV = re.compile(r"\*+ Working on device (\S+) \*+")
_GEOMETRY = re.compile(rf"cylinders={_N} heads={_N} sectors/track={_N} \({_N} blks/cyl\)")
_SHORT = re.compile(rf"(/\S+): {_N} cyl {_N} hd {_N} sec")
_SHORT_ROW = re.compile(rf"{_N}: +{_N} +{_N} +(0x[0-9a-f]{{1,4}}) +(0x[0-9a-f]{{1,4}})")
_PART = re.compile(rf"The data for partition {_N} is:")
_SYSID = re.compile(rf"sysid {_N} ?(?:\(0x[0-9a-f]{{1,4}}\))?,\((.*)\)")
_EXTENT = re.compile(rf"start {_N}, size {_N} \({_N} Meg\), flag ([0-9a-f]{{1,4}})(?: \(active\))?")
_SECTOR = re.compile(rf"Media sector size is {_N}(?: bytes)?")
_WARNING = re.compile(r"(?:fdisk: .+|Warning: .+|WARNING: .+)")
_QUESTION = re.compile(r".+ \[[^][]*\].*")
_BOILERPLATE = (
    "parameters extracted from in-core disklabel are:",
    "Figures below won't work with BIOS for partitions not in cyl 1",
    "parameters to be used for BIOS calculations are:",
    "Warning: BIOS sector numbering starts with sector 1",
    "Information from DOS bootblock is:",
)


def read_fdisk(text: str) -> Reading[MbrTable]:
    """Read the slice table of a disk (fdisk(8))."""
    unread: list[str] = []
    parts: list[Slice] = []
    unused: list[int] = []
    warnings: list[str] = []
    questions: list[str] = []
    dev: str | None = None
    geometry: tuple[int, int, int] | None = None
    sector_size: int | None = None
    number: int | None = None
    system: tuple[int, str] | None = None
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if bare in _BOILERPLATE or bare.startswith(("beg: cyl ", "end: cyl ", "Part Start Size Type Flags")):
            continue
        if found := _DEV.fullmatch(bare):
            dev = found[1]
        elif found := _GEOMETRY.fullmatch(bare):
            geometry = geometry or (int(found[1]), int(found[2]), int(found[3]))
        elif found := _SHORT.fullmatch(bare):
            dev, geometry = found[1], (int(found[2]), int(found[3]), int(found[4]))
        elif found := _SHORT_ROW.fullmatch(bare):
            active = bool(int(found[5], 16) & 0x80)
            parts.append(Slice(int(found[1]), int(found[4], 16), int(found[2]), int(found[3]), active))
        elif found := _SECTOR.fullmatch(bare):
            sector_size = int(found[1])
        elif found := _PART.fullmatch(bare):
            number, system = int(found[1]), None
        elif bare == "<UNUSED>" and number is not None:
            unused.append(number)
        elif (found := _SYSID.fullmatch(bare)) and number is not None:
            system = int(found[1]), found[2]
        elif (found := _EXTENT.fullmatch(bare)) and number is not None and system is not None:
            active = bool(int(found[4], 16) & 0x80)
            parts.append(Slice(number, system[0], int(found[1]), int(found[2]), active, system[1]))
        elif _WARNING.fullmatch(bare):
            warnings.append(bare)
        elif _QUESTION.fullmatch(bare):
            questions.append(bare)
        else:
            unread.append(line)
    cylinders, heads, spt = geometry or (None, None, None)
    table = MbrTable(
        dev,
        cylinders,
        heads,
        spt,
        sector_size,
        tuple(parts),
        tuple(unused),
        tuple(warnings),
        tuple(questions),
    )
    return Reading(table, tuple(unread))
