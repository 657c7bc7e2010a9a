"""kldstat: loaded kernel modules (kldstat(8))."""

import re
from dataclasses import dataclass

from console.parse.lines import filled
from console.parse.reading import Reading

_HEADER = ("Id", "Refs", "Address")
_ROW = re.compile(
    r"\s*(\d{1,6})\s+(\d{1,6})\s+(0x[0-9a-f]{1,16})\s+([0-9a-f]{1,16})\s+(\S+)(?:\s+\(.*\))?\s*"
)


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the kernel: `kernel` itself, or a module such as `geom_mirror.ko`."""

    name: str
    id: int
    refs: int
    address: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Modules:
    """All of them; the kernel is always there."""

    modules: tuple[Module, ...] = ()


def read_kldstat(text: str) -> Reading[Modules]:
    """`kldstat`: id, references, address and size in hexadecimal, name (kldstat(8))."""
    unread: list[str] = []
    found: list[Module] = []
    for line in filled(text, unread):
        if row := _ROW.fullmatch(line):
            found.append(Module(row[5], int(row[1]), int(row[2]), row[3], int(row[4], 16)))
        elif tuple(line.split()[:3]) != _HEADER:
            unread.append(line)
    return Reading(Modules(tuple(found)), tuple(unread))
