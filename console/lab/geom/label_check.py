"""The checks of bsdlabel(8) before it writes: open sizes and offsets are settled, all lies inside."""

from dataclasses import dataclass, field, replace

from console.lab.geom.bsdlabel import AREA, UNUSED, Label
from console.lab.geom.label_text import Wanted
from console.lab.geom.tables import RAW, SECTOR

_VINUM = 14
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_BOOT_SECTORS = AREA // SECTOR

_Part = tuple[int, int, int, int, int, int]


@dataclass
class Checked:
    """The label as it would be written, and what there is to say of it."""

    label: Label
    errors: int = 0
    complaints: list[str] = field(default_factory=list)
    """Lines for standard error; those of warn(3) begin with `@`, in place of the program's name."""

    def fail(self, text: str) -> None:
        """Note an error."""
        self.errors += 1
        self.complaints.append(text)

    def warn(self, text: str) -> None:
        """Note a warning."""
        self.complaints.append(f"@{text}")


def check(label: Label, total: int) -> Checked:
    """Check a label as it is."""
    return _examine(Checked(label), total, set())


def settle(wanted: Wanted, total: int) -> Checked:
    """Fill in the sizes and offsets that a text leaves open, then check."""
    done = Checked(wanted.label, wanted.errors, list(wanted.complaints))
    if not wanted.everything:
        done.label = replace(done.label, secperunit=total)
    unit = done.label.secperunit
    parts = list(done.label.parts)
    _sizes(done, wanted, parts, unit)
    _offsets(done, wanted, parts)
    done.label = replace(done.label, parts=tuple(parts))
    return _examine(done, unit, set(wanted.sizes))


def _resized(part: _Part, size: int) -> _Part:
    return (size, *part[1:])


def _sizes(done: Checked, wanted: Wanted, parts: list[_Part], unit: int) -> None:
    used = percent = 0
    hog: int | None = None
    for index, mark in sorted(wanted.sizes.items()):
        size = parts[index - 1][0]
        if mark == "*" and index == RAW:
            parts[index - 1] = _resized(parts[index - 1], unit)
        elif mark == "*":
            if hog is not None:
                done.warn(f"Too many '*' partitions ({chr(96 + hog)} and {chr(96 + index)})")
            hog = hog or index
        elif mark == "%":
            percent += size
        else:
            size = _in_sectors(done, index, size, mark)
            parts[index - 1] = _resized(parts[index - 1], size)
            used += size if index != RAW else 0
    if percent:
        free = unit - used
        if percent > 100:
            done.fail(f"total percentage {percent} is greater than 100")
        if free <= 0:
            done.fail(f"{free} sectors available to give to '*' and '%' partitions")
        for index, mark in wanted.sizes.items():
            if mark == "%" and free > 0:
                parts[index - 1] = _resized(parts[index - 1], parts[index - 1][0] * free // 100)
    if hog is not None:
        parts[hog - 1] = _resized(parts[hog - 1], _room(done, wanted, parts, hog, unit))


def _in_sectors(done: Checked, index: int, size: int, mark: str) -> int:
    if mark == "":
        return size
    if mark.lower() not in _UNITS:
        done.warn(f"unknown size specifier '{mark}' (K/M/G are valid)")
    size *= _UNITS.get(mark.lower(), 1)
    if size % SECTOR:
        done.warn(f"partition {chr(96 + index)} not an integer number of sectors")
    return size // SECTOR


def _room(done: Checked, wanted: Wanted, parts: list[_Part], hog: int, unit: int) -> int:
    """Sectors for the partition of size `*`: what its neighbours of known offset leave."""
    needed, low, high = 0, _BOOT_SECTORS, unit
    for index in (i for i in range(hog - 1, 0, -1) if i in wanted.sizes and i != RAW):
        if wanted.offsets[index] != "*":
            low = parts[index - 1][1] + parts[index - 1][0]
            break
        needed += parts[index - 1][0]
    for index in (i for i in range(len(parts), hog, -1) if i in wanted.sizes and i != RAW):
        if wanted.offsets[index] == "*":
            needed += parts[index - 1][0]
        else:
            high = parts[index - 1][1]
    if wanted.offsets[hog] != "*":
        low = parts[hog - 1][1]
    if high - low <= needed:
        done.fail(f"Cannot find space for partition {chr(96 + hog)}")
        done.complaints.append(f"Need more than {needed} sectors between {low} and {high}")
        return 0
    return high - low - needed


def _offsets(done: Checked, wanted: Wanted, parts: list[_Part]) -> None:
    at, open_seen = _BOOT_SECTORS, False
    for index, mark in sorted(wanted.offsets.items()):
        size, offset, *rest = parts[index - 1]
        letter = chr(96 + index)
        if mark == "*":
            offset = 0 if index == RAW else at
            open_seen = open_seen or index != RAW
        elif index != RAW and open_seen:
            if mark.lower() in _UNITS:
                offset = _in_sectors(done, index, offset, mark)
            if offset < at and rest[1] != _VINUM:
                done.fail(
                    f"Offset {offset} for partition {letter} overlaps previous partition which ends at {at}"
                )
                done.complaints.append("Labels with any *'s for offset must be in ascending order by sector")
            elif offset != at:
                done.warn(f"Offset {offset} for partition {letter} doesn't match expected value {at}")
        elif mark.lower() in _UNITS:
            offset = _in_sectors(done, index, offset, mark)
        parts[index - 1] = (size, offset, rest[0], rest[1], rest[2], rest[3])
        if index != RAW:
            at = offset + size


def _examine(done: Checked, unit: int, given: set[int]) -> Checked:
    parts = done.label.parts
    for index, (size, offset, _, kind, _, _) in enumerate(parts, 1):
        letter = chr(96 + index)
        if size == 0 and offset != 0:
            done.warn(f"partition {letter}: size 0, but offset {offset}")
        if offset > unit:
            done.fail(f"partition {letter}: offset past end of unit")
        if offset + size > unit:
            done.fail(f"partition {letter}: partition extends past end of unit")
        if index == RAW:
            _examine_raw(done, letter, (size, offset, kind), unit)
        for other in range(1, index):
            if {index, other} <= given and RAW not in (index, other):
                _examine_two(done, other, index)
    return done


def _examine_raw(done: Checked, letter: str, part: tuple[int, int, int], unit: int) -> None:
    size, offset, kind = part
    wrong = []
    if kind != UNUSED:
        wrong.append(f"partition {letter} is not marked as unused!")
    if offset != 0:
        wrong.append(f"partition {letter} doesn't start at 0!")
    if size != unit:
        wrong.append(f"partition {letter} doesn't cover the whole unit!")
    for text in wrong:
        done.warn(text)
    if wrong:
        done.warn(f"An incorrect partition {letter} may cause problems for standard system utilities")


def _examine_two(done: Checked, first: int, second: int) -> None:
    size, offset, _, kind, _, _ = done.label.parts[second - 1]
    other_size, other_offset, _, other_kind, _, _ = done.label.parts[first - 1]
    if _VINUM in (kind, other_kind):
        return
    if other_offset < offset + size and (other_offset + other_size > offset or other_offset >= offset):
        done.fail(f"partitions {chr(96 + first)} and {chr(96 + second)} overlap!")
