"""mdconfig: the unit that attaching prints, `-l`, `-l -n` and `-lv` (mdconfig(8), sbin/mdconfig).

`-l` prints all units on one line with a blank after each; `-lv` a line per unit, fields separated by tabs.
"""

import re
from dataclasses import dataclass

from console.model.facts import MemoryDisk
from console.parse.geom_fields import unit_of
from console.parse.lines import filled, whole
from console.parse.reading import Reading

_UNIT = re.compile(r"md\d{1,9}")
_ROW = re.compile(
    r"(md\d{1,9})\s+(malloc|vnode|swap|null|preload|unknown)\s+([0-9.]{1,20}[BKMGTPE]?)(?:\s+(\S.*))?"
)
_STEPS = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50, "E": 2**60}


@dataclass(frozen=True, slots=True)
class Unit:
    """A line of `mdconfig -lv`; the size as printed."""

    unit: str
    type: str
    size: str
    file: str | None = None
    label: str | None = None
    options: str | None = None


@dataclass(frozen=True, slots=True)
class Mdconfig:
    """Names (`-l`) or rows (`-lv`); `unit` when exactly one name was printed, as attaching does."""

    units: tuple[str | Unit, ...] = ()
    unit: str | None = None


def read_mdconfig(text: str) -> Reading[Mdconfig]:
    """`mdconfig -a`, `-l`, `-l -n` and `-lv`; nothing attached prints nothing (mdconfig(8))."""
    unread: list[str] = []
    units: list[str | Unit] = []
    for line in filled(text, unread):
        if row := _row(line.strip()):
            units.append(row)
            continue
        names = [f"md{word}" if whole(word) is not None else word for word in line.split()]
        if all(_UNIT.fullmatch(name) for name in names):
            units.extend(names)
        else:
            unread.append(line)
    one = units[0] if len(units) == 1 else None
    return Reading(Mdconfig(tuple(units), one if isinstance(one, str) else None), tuple(unread))


def read_memory_disks(text: str) -> Reading[tuple[MemoryDisk, ...]]:
    """`mdconfig -lv` as memory disks; sizes are as exact as the three printed digits."""
    reading = read_mdconfig(text)
    mds = (_memory_disk(unit) for unit in reading.facts.units)
    return Reading(tuple(md for md in mds if md is not None), reading.unread)


def _row(line: str) -> Unit | None:
    if "\t" in line:
        name, *fields = [field.strip() for field in line.split("\t")]
        if not _UNIT.fullmatch(name) or len(fields) < 2:
            return None
        kind, size, file, label, options = (*fields, "", "", "")[:5]
    elif found := _ROW.fullmatch(line):
        name, kind, size, file, label, options = *found.groups(default=""), "", ""
    else:
        return None
    return Unit(name, kind, size, file if file not in ("", "-") else None, label or None, options or None)


def _memory_disk(row: str | Unit) -> MemoryDisk | None:
    name = row if isinstance(row, str) else row.unit
    unit = unit_of(name, "md")
    if unit is None:
        return None
    if isinstance(row, str):
        return MemoryDisk(name=name, unit=unit)
    return MemoryDisk(name=name, unit=unit, type=row.type, file=row.file, size=_bytes(row.size))


def _bytes(size: str) -> int | None:
    step = size[-1:] if size[-1:].isalpha() else ""
    number = size.removesuffix(step)
    if step not in _STEPS or not re.fullmatch(r"\d{1,12}(?:\.\d{1,3})?", number):
        return None
    return int(float(number) * _STEPS[step])
