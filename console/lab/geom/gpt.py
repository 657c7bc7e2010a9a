"""The GUID partition table: a header and its entries at both ends of the disk, each with its CRC."""

import binascii
import struct
import uuid
from collections.abc import Mapping
from dataclasses import replace

from console.lab.geom import mbr
from console.lab.geom.tables import SECTOR, Entry, Read, Scheme, Table, TableError, Writes

SIGNATURE = b"EFI PART"
ENTRY = 128
HEADER = 92
USUAL = 152
"""Places that gpart(8) makes: with them the first partition can start at a multiple of 4 kB."""
FEWEST = 1
_NAME = 72

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct(f"<16s16sQQQ{_NAME}s")

ATTRIBUTES: Mapping[str, int] = {"bootme": 1 << 59, "bootonce": 1 << 58, "bootfailed": 1 << 57}

ALIASES = {
    "freebsd": "516e7cb4-6ecf-11d6-8ff8-00022d09712b",
    "freebsd-boot": "83bd6b9d-7f41-11dc-be0b-001560b84f0f",
    "freebsd-nandfs": "74ba7dd9-a689-11e1-bd04-00e081286acf",
    "freebsd-swap": "516e7cb5-6ecf-11d6-8ff8-00022d09712b",
    "freebsd-ufs": "516e7cb6-6ecf-11d6-8ff8-00022d09712b",
    "freebsd-vinum": "516e7cb8-6ecf-11d6-8ff8-00022d09712b",
    "freebsd-zfs": "516e7cba-6ecf-11d6-8ff8-00022d09712b",
    "bios-boot": "21686148-6449-6e6f-744e-656564454649",
    "efi": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "linux-data": "0fc63daf-8483-4772-8e79-3d69d8477de4",
    "linux-swap": "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f",
    "mbr": "024dee41-33e7-11d3-9d69-0008c781f39f",
    "ms-basic-data": "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
}


def sectors_of(slots: int) -> int:
    """Sectors that the entries of a table take."""
    return -(-slots * ENTRY // SECTOR)


def read(reader: Read, total: int) -> Table | None:
    """The table of a provider, from either of its copies; None when both are damaged or missing."""
    protective = reader(0, SECTOR)
    if protective[mbr.MAGIC_AT :] != mbr.MAGIC or not any(
        kind == mbr.PROTECTIVE for _, _, kind, *_ in mbr.entries(protective)
    ):
        return None
    copies = [_copy(reader, total, at) for at in (1, total - 1)]
    good = next((copy for copy in copies if copy is not None), None)
    if good is None:
        return None
    return replace(good, area=protective, corrupt=None in copies)


def _copy(reader: Read, total: int, at: int) -> Table | None:
    sector = reader(at * SECTOR, SECTOR)
    if not sector.startswith(SIGNATURE):
        return None
    _, _, size, crc, _, me, _, first, last, disk, table_at, slots, entry_size, table_crc = (
        _HEADER.unpack_from(sector)
    )
    if not HEADER <= size <= SECTOR or entry_size != ENTRY or me != at or not 0 < slots <= 4096:
        return None
    if (
        binascii.crc32(sector[:16] + bytes(4) + sector[20:size]) != crc
        or table_at + sectors_of(slots) > total
    ):
        return None
    raw = reader(table_at * SECTOR, sectors_of(slots) * SECTOR)[: slots * ENTRY]
    if binascii.crc32(raw) != table_crc:
        return None
    parts = []
    for index in range(slots):
        kind, unique, start, end, flags, name = _ENTRY.unpack_from(raw, index * ENTRY)
        if kind != bytes(16):
            parts.append(
                Entry(
                    index + 1,
                    start,
                    end - start + 1,
                    str(uuid.UUID(bytes_le=kind)),
                    name.decode("utf-16-le", "replace").split("\0", 1)[0],
                    str(uuid.UUID(bytes_le=unique)),
                    tuple(word for word, bit in ATTRIBUTES.items() if flags & bit),
                )
            )
    return Table("GPT", total, slots, first, last, tuple(parts), uuid=str(uuid.UUID(bytes_le=disk)))


def create(total: int, slots: int) -> Table:
    """An empty table; raises TableError when the disk is too small."""
    entries = sectors_of(slots or USUAL)
    first, last = 2 + entries, total - 2 - entries
    if not slots:
        last = (last + 1) // 8 * 8 - 1
    if first > last:
        raise TableError("provider: No space left on device")
    protective = bytes(mbr.PARTS_AT) + mbr.pack(0, mbr.PROTECTIVE, 1, min(total - 1, 0xFFFFFFFF))
    area = protective.ljust(mbr.MAGIC_AT, b"\0") + mbr.MAGIC
    return Table("GPT", total, slots or USUAL, first, last, (), area)


def writes(table: Table) -> Writes:
    """Both copies and the protective MBR, whose boot code is kept."""
    raw = b"".join(_entry(table.at(index)) for index in range(1, table.slots + 1))
    text = raw.ljust(sectors_of(table.slots) * SECTOR, b"\0")
    end = table.total - 1
    back_at = end - sectors_of(table.slots)
    return [
        (0, table.area[:SECTOR]),
        (SECTOR, _header(table, raw, 1, end, 2)),
        (2 * SECTOR, text),
        (back_at * SECTOR, text),
        (end * SECTOR, _header(table, raw, end, 1, back_at)),
    ]


def wipes(table: Table) -> Writes:
    """Zeros over the protective MBR and both headers."""
    return [(0, bytes(2 * SECTOR)), ((table.total - 1) * SECTOR, bytes(SECTOR))]


def _entry(part: Entry | None) -> bytes:
    if part is None:
        return bytes(ENTRY)
    flags = sum(ATTRIBUTES[word] for word in part.attributes)
    name = part.label.encode("utf-16-le")[: _NAME - 2]
    kind, unique = uuid.UUID(part.kind).bytes_le, uuid.UUID(part.uuid).bytes_le
    return _ENTRY.pack(kind, unique, part.start, part.end, flags, name)


def _header(table: Table, raw: bytes, me: int, other: int, entries_at: int) -> bytes:
    disk = uuid.UUID(table.uuid).bytes_le

    def packed(crc: int) -> bytes:
        return _HEADER.pack(
            SIGNATURE, 0x10000, HEADER, crc, 0, me, other, table.first, table.last, disk, entries_at,
            table.slots, ENTRY, binascii.crc32(raw),
        )  # fmt: skip

    return packed(binascii.crc32(packed(0))).ljust(SECTOR, b"\0")


GPT = Scheme(
    "GPT", read, create, writes, wipes, lambda index: f"p{index}", ALIASES, tuple(ATTRIBUTES), labels=True
)
