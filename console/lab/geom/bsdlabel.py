"""The BSD label: struct disklabel (sys/disklabel.h) in the second sector, boot code in the 8 kB around it."""

import struct
from dataclasses import dataclass, replace

from console.lab.geom.tables import (
    HEADS,
    RAW,
    SECTOR,
    SECTORS,
    Entry,
    Read,
    Scheme,
    Table,
    TableError,
    Writes,
    clip,
)

MAGIC = 0x82564557
AREA = 8192
"""Bytes that boot1, the label and boot2 take (BBSIZE)."""
LABEL_AT = SECTOR
BOOT2_AT = 1024
SLOTS = 8
MOST_SLOTS = 20
UNUSED, SWAP, FFS = 0, 1, 7

_PARTS_AT = 148
_PART = struct.Struct("<IIIBBH")

ALIASES = {
    "freebsd-swap": "1", "freebsd-ufs": "7", "freebsd-vinum": "14", "freebsd-zfs": "27",
    "freebsd-nandfs": "30",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """The fields of struct disklabel; `parts` are (size, offset, fsize, type, frag, cpg), all of them."""

    parts: tuple[tuple[int, int, int, int, int, int], ...]
    type: int = 0
    typename: str = ""
    packname: str = ""
    secsize: int = SECTOR
    nsectors: int = SECTORS
    ntracks: int = HEADS
    ncylinders: int = 0
    secpercyl: int = HEADS * SECTORS
    secperunit: int = 0
    rpm: int = 3600
    interleave: int = 0
    trackskew: int = 0
    cylskew: int = 0
    headswitch: int = 0
    trkseek: int = 0
    flags: int = 0
    drivedata: tuple[int, ...] = (0, 0, 0, 0, 0)


def decode(sector: bytes) -> Label | None:
    """The label in its sector; None when magic numbers or checksum are wrong."""
    first, second = struct.unpack_from("<I", sector, 0)[0], struct.unpack_from("<I", sector, 132)[0]
    if first != MAGIC or second != MAGIC:
        return None
    number = struct.unpack_from("<H", sector, 138)[0]
    if number > MOST_SLOTS or checksum(sector[: _PARTS_AT + number * _PART.size]) != 0:
        return None
    numbers = struct.unpack_from("<10I", sector, 40)
    shorts = struct.unpack_from("<4H", sector, 72)
    tail = struct.unpack_from("<8I", sector, 80)
    parts = []
    for index in range(number):
        size, offset, fsize, kind, frag, cpg = _PART.unpack_from(sector, _PARTS_AT + index * _PART.size)
        parts.append((size, offset, fsize, kind, frag, cpg))
    return Label(
        parts=tuple(parts),
        type=struct.unpack_from("<H", sector, 4)[0],
        typename=_text(sector[8:24]),
        packname=_text(sector[24:40]),
        secsize=numbers[0],
        nsectors=numbers[1],
        ntracks=numbers[2],
        ncylinders=numbers[3],
        secpercyl=numbers[4],
        secperunit=numbers[5],
        rpm=shorts[0],
        interleave=shorts[1],
        trackskew=shorts[2],
        cylskew=shorts[3],
        headswitch=tail[0],
        trkseek=tail[1],
        flags=tail[2],
        drivedata=tuple(tail[3:8]),
    )


def encode(label: Label) -> bytes:
    """One sector that holds the label, with its checksum."""
    sector = bytearray(SECTOR)
    struct.pack_into(
        "<IHH16s16s", sector, 0, MAGIC, label.type, 0, label.typename.encode(), label.packname.encode()
    )
    struct.pack_into(
        "<6I", sector, 40, label.secsize, label.nsectors, label.ntracks, label.ncylinders, label.secpercyl,
        label.secperunit,
    )  # fmt: skip
    struct.pack_into("<4H", sector, 72, label.rpm, label.interleave, label.trackskew, label.cylskew)
    struct.pack_into("<8I", sector, 80, label.headswitch, label.trkseek, label.flags, *label.drivedata)
    struct.pack_into("<IHHII", sector, 132, MAGIC, 0, len(label.parts), AREA, 0)
    for index, part in enumerate(label.parts):
        _PART.pack_into(sector, _PARTS_AT + index * _PART.size, *part)
    struct.pack_into("<H", sector, 136, checksum(bytes(sector[: _PARTS_AT + len(label.parts) * _PART.size])))
    return bytes(sector)


def checksum(data: bytes) -> int:
    """All 16-bit words joined by exclusive or: 0 over a label that has its sum in it."""
    total = 0
    for (word,) in struct.iter_unpack("<H", data):
        total ^= word
    return total


def virgin(total: int) -> Label:
    """What bsdlabel(8) starts from on a provider of so many sectors without a label: c alone."""
    parts = [(0, 0, 0, 0, 0, 0)] * SLOTS
    parts[RAW - 1] = (total, 0, 0, UNUSED, 0, 0)
    return Label(
        parts=tuple(parts),
        typename="amnesiac",
        ncylinders=total // (HEADS * SECTORS),
        secperunit=total,
        interleave=1,
    )


def relative(label: Label) -> Label:
    """Offsets counted from the beginning of c, as every program prints them."""
    shift = label.parts[RAW - 1][1] if len(label.parts) >= RAW else 0
    return replace(
        label,
        parts=tuple((size, offset - shift if size else offset, *rest) for size, offset, *rest in label.parts),  # type: ignore[misc]
    )


def read(reader: Read, total: int) -> Table | None:
    """The table of a provider, or None."""
    if total * SECTOR < AREA:
        return None
    area = reader(0, AREA)
    label = decode(area[LABEL_AT : LABEL_AT + SECTOR])
    if label is None or label.secperunit < 1 or len(label.parts) < SLOTS:
        return None
    shift = label.parts[RAW - 1][1]
    parts = []
    for index, (size, offset, fsize, kind, frag, cpg) in enumerate(label.parts, 1):
        if index == RAW or size == 0 or offset < shift:
            continue
        if offset - shift >= total:
            return None
        parts.append(Entry(index, offset - shift, size, str(kind), extra=(fsize, frag, cpg)))
    return Table("BSD", total, len(label.parts), 0, total - 1, tuple(parts), area, shift=shift)


def create(total: int, slots: int) -> Table:
    """An empty label, as gpart(8) makes it: without names; raises TableError."""
    slots = slots or SLOTS
    if not SLOTS <= slots <= MOST_SLOTS:
        raise TableError(f"entries '{slots}': Invalid argument")
    parts = [(0, 0, 0, 0, 0, 0)] * slots
    parts[RAW - 1] = (total, 0, 0, UNUSED, 0, 0)
    label = Label(parts=tuple(parts), ncylinders=total // (HEADS * SECTORS), secperunit=total)
    return Table("BSD", total, slots, 0, total - 1, (), clip(bytes(AREA), encode(label), at=LABEL_AT))


def writes(table: Table) -> Writes:
    """The 8 kB of boot code, with the label in them."""
    label = decode(table.area[LABEL_AT : LABEL_AT + SECTOR])
    if label is None:
        raise TableError("Invalid argument")
    parts = [(0, 0, 0, 0, 0, 0)] * table.slots
    parts[RAW - 1] = label.parts[RAW - 1]
    for part in table.parts:
        fsize, frag, cpg = part.extra
        parts[part.index - 1] = (part.size, part.start + table.shift, fsize, int(part.kind), frag, cpg)
    return [(0, clip(table.area, encode(replace(label, parts=tuple(parts))), at=LABEL_AT))]


def wipes(table: Table) -> Writes:
    """Zeros over the sector of the label."""
    return [(LABEL_AT, bytes(SECTOR))]


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("latin-1")


BSD = Scheme(
    "BSD", read, create, writes, wipes, lambda index: chr(ord("a") + index - 1), ALIASES, nests=False,
    boot_sizes=(SECTOR, AREA),
)  # fmt: skip
