"""The MBR: four slices in the last bytes of the first sector."""

import struct

from console.lab.geom.tables import HEADS, SECTOR, SECTORS, Entry, Read, Scheme, Table, TableError, Writes

SLOTS = 4
PARTS_AT, PART_SIZE = 446, 16
MAGIC = b"\x55\xaa"
MAGIC_AT = 510
ACTIVE = 0x80
PROTECTIVE = 0xEE
_LAST_CYLINDER = 1023

_PART = struct.Struct("<B3sB3sII")

ALIASES = {
    "freebsd": "165", "fat16": "6", "ntfs": "7", "fat32": "11", "fat32lba": "12", "ebr": "15",
    "linux-swap": "130", "linux-data": "131", "linux-lvm": "142", "efi": "239",
}  # fmt: skip


def chs(sector: int, *, saturate: bool = True) -> bytes:
    """Head, sector and cylinder of a sector, the way the table packs them."""
    cylinder, rest = divmod(sector, HEADS * SECTORS)
    head, number = divmod(rest, SECTORS)
    if cylinder > _LAST_CYLINDER and saturate:
        return b"\xff\xff\xff"
    return bytes((head, (number + 1) | (cylinder >> 2) & 0xC0, cylinder & 0xFF))


def entries(sector: bytes) -> list[tuple[int, bytes, int, bytes, int, int]]:
    """The four entries: flag, beginning, type, end, start, size."""
    return [_PART.unpack_from(sector, PARTS_AT + number * PART_SIZE) for number in range(SLOTS)]


def pack(flag: int, kind: int, start: int, size: int, *, saturate: bool = True) -> bytes:
    """One entry."""
    ends = chs(start, saturate=saturate), chs(start + size - 1, saturate=saturate)
    return _PART.pack(flag, ends[0], kind, ends[1], start, size)


def read(reader: Read, total: int) -> Table | None:
    """The table of a provider, or None."""
    sector = reader(0, SECTOR)
    if sector[MAGIC_AT:] != MAGIC:
        return None
    found = entries(sector)
    if any(flag not in (0, ACTIVE) for flag, *_ in found):
        return None
    parts = tuple(
        Entry(number, start, size, str(kind), attributes=("active",) if flag & ACTIVE else ())
        for number, (flag, _, kind, _, start, size) in enumerate(found, 1)
        if kind not in (0, PROTECTIVE) and start > 0 and size > 0
    )
    return Table("MBR", total, SLOTS, SECTORS, total - 1, parts, sector)


def create(total: int, slots: int) -> Table:
    """An empty table; raises TableError."""
    if slots not in (0, SLOTS):
        raise TableError(f"entries '{slots}': Invalid argument")
    return Table("MBR", total, SLOTS, SECTORS, total - 1, (), bytes(MAGIC_AT) + MAGIC)


def writes(table: Table) -> Writes:
    """The first sector: the table laid over the boot code."""
    text = b""
    for number in range(1, SLOTS + 1):
        part = table.at(number)
        flag = ACTIVE if part is not None and "active" in part.attributes else 0
        text += bytes(PART_SIZE) if part is None else pack(flag, int(part.kind), part.start, part.size)
    return [(0, table.area[:PARTS_AT] + text + MAGIC)]


def wipes(table: Table) -> Writes:
    """Zeros over the first sector."""
    return [(0, bytes(SECTOR))]


MBR = Scheme(
    "MBR", read, create, writes, wipes, lambda index: f"s{index}", ALIASES, ("active",), boot_sizes=(SECTOR,)
)
