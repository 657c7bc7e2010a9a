"""One disk put together from what its tables, labels and super blocks say."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.model.disks import Disk, FileSystem, Mounted, Part, Scheme, Slice
from console.parse.df import Row
from console.parse.disklabel import DiskLabel
from console.parse.disks import DiskInfo
from console.parse.fdisk import MbrTable
from console.parse.gpart import PartTable, TablePart
from console.parse.ufs import SuperBlock

FREEBSD = 165
"""The sysid of a FreeBSD slice."""
_GPT_GUARD = 238
"""The sysid of a GPT disk's protective slice."""
_SECTOR = 512
_CODE = 440
"""Bytes at the beginning of a boot sector that are code; what follows is a table."""
_SYSIDS = {
    "freebsd": FREEBSD,
    "linux-data": 131,
    "linux-swap": 130,
    "ntfs": 7,
    "fat16": 6,
    "fat32": 11,
    "ebr": 5,
}

Cannot = Callable[[str, str], None]
"""Told what could not be read, and why."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the commands said, each by the disk, slice or partition it is about (without /dev/)."""

    infos: Mapping[str, DiskInfo]
    mbrs: Mapping[str, MbrTable]
    labels: Mapping[str, tuple[str, DiskLabel]]
    """The text too, as -R takes it."""
    tables: Mapping[str, PartTable]
    """`gpart show -p`."""
    named: Mapping[str, PartTable]
    """`gpart show -l`."""
    blocks: Mapping[str, SuperBlock]
    boots: Mapping[str, str]
    """First sectors in hexadecimal digits."""
    uses: Mapping[str, Row]
    """df by device."""
    mounts: tuple[Mounted, ...]


def read_disk(name: str, said: Tables, cannot: Cannot) -> Disk:
    """The disk called `name`."""
    info = said.infos.get(name)
    sector = (info.sectorsize if info else None) or _SECTOR
    table = said.tables.get(name)
    scheme = _scheme(name, said, cannot)
    slices: tuple[Slice, ...] = ()
    parts: tuple[Part, ...] = ()
    if scheme is Scheme.MBR:
        slices = tuple(_slice(one, sector, said) for one in _rows(name, said))
    elif scheme is Scheme.BSD:
        slices = (_dedicated(name, sector, said),)
    elif scheme is Scheme.GPT and table is not None:
        labels = said.named.get(name)
        parts = tuple(_gpt_part(one, labels, sector, said) for one in table.parts)
    return Disk(
        name=name,
        size=_size(name, sector, said, cannot),
        sector=sector,
        scheme=scheme,
        description=info.descr if info else None,
        boot_code=_has_code(said.boots.get(name)),
        slices=slices,
        parts=parts,
    )


def _size(name: str, sector: int, said: Tables, cannot: Cannot) -> int | None:
    info, mbr, table = said.infos.get(name), said.mbrs.get(name), said.tables.get(name)
    if info is not None and info.mediasize is not None:
        return info.mediasize
    if mbr is not None and mbr.cylinders and mbr.heads and mbr.spt:
        return mbr.cylinders * mbr.heads * mbr.spt * sector
    if table is not None:
        return (table.first + table.count) * sector
    if name in said.labels and isinstance(units := said.labels[name][1].header.get("sectors/unit"), int):
        return units * sector
    cannot(f"size of {name}", "neither diskinfo, fdisk nor gpart tells it")
    return None


def _scheme(name: str, said: Tables, cannot: Cannot) -> Scheme | None:
    table, mbr = said.tables.get(name), said.mbrs.get(name)
    if table is not None:
        if table.scheme in set(Scheme):
            return Scheme(table.scheme)
        cannot(f"table of {name}", f"it is divided as {table.scheme}, which is not known here")
        return None
    if mbr is not None and any(one.sysid == _GPT_GUARD for one in mbr.parts):
        cannot(f"table of {name}", "it is a GPT disk, and there is no gpart to read it with")
        return Scheme.GPT
    if mbr is not None and mbr.parts:
        whole = all(one.start == 0 and one.sysid == FREEBSD for one in mbr.parts)
        return Scheme.BSD if whole else Scheme.MBR
    return Scheme.BSD if name in said.labels else None


@dataclass(frozen=True, slots=True)
class _Row:
    """A slice as fdisk or gpart tells it; start and size in sectors."""

    name: str
    index: int | None
    start: int
    size: int
    sysid: int | None
    active: bool


def _rows(name: str, said: Tables) -> tuple[_Row, ...]:
    mbr, table = said.mbrs.get(name), said.tables.get(name)
    if mbr is not None and mbr.parts:
        return tuple(_Row(f"{name}s{s.n}", s.n, s.start, s.size, s.sysid, s.active) for s in mbr.parts)
    return tuple(
        _Row(
            p.name or f"{name}s{p.index}", p.index, p.start, p.size, _sysid(p.type), "active" in p.attributes
        )
        for p in (table.parts if table else ())
    )


def _sysid(kind: str) -> int | None:
    if kind in _SYSIDS:
        return _SYSIDS[kind]
    number = kind.removeprefix("!")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else None


def _slice(row: _Row, sector: int, said: Tables) -> Slice:
    start = row.start * sector
    text, parts = _labelled(row.name, start, sector, said)
    return Slice(
        name=row.name,
        start=start,
        size=row.size * sector,
        index=row.index,
        sysid=row.sysid,
        active=row.active,
        boot_code=_has_code(said.boots.get(row.name)),
        label=text,
        parts=parts,
    )


def _dedicated(name: str, sector: int, said: Tables) -> Slice:
    text, parts = _labelled(name, 0, sector, said)
    table, label = said.tables.get(name), said.labels.get(name)
    size = table.count if table else 0
    if not size and label is not None:
        size = max((one.offset + one.size for one in label[1].partitions), default=0)
    code = _has_code(said.boots.get(name))
    return Slice(name, 0, size * sector, None, None, boot_code=code, label=text, parts=parts)


def _labelled(holder: str, start: int, sector: int, said: Tables) -> tuple[str | None, tuple[Part, ...]]:
    """The label's text and partitions; `start` is where its slice begins, bytes."""
    if holder in said.labels:
        text, label = said.labels[holder]
        # Stored offsets may count from the disk's beginning; then the raw partition does not begin at 0.
        raw = next((one.offset for one in label.partitions if one.letter == "c"), 0)
        return text, tuple(
            Part(
                name=holder + one.letter,
                start=start + (one.offset - raw) * sector,
                size=one.size * sector,
                type=one.fstype,
                index=ord(one.letter) - ord("a") + 1,
                letter=one.letter,
                file_system=_file_system(holder + one.letter, None, said),
            )
            for one in label.partitions
            if not (one.letter == "c" and one.fstype == "unused")
        )
    table = said.tables.get(holder)
    if table is None or table.scheme != Scheme.BSD:
        return None, ()
    return None, tuple(_bsd_part(holder, one, start, sector, said) for one in table.parts)


def _bsd_part(holder: str, one: TablePart, start: int, sector: int, said: Tables) -> Part:
    letter = chr(ord("a") + one.index - 1) if one.index and 1 <= one.index <= 26 else None
    name = one.name or f"{holder}{letter or ''}"
    return Part(
        name=name,
        start=start + one.start * sector,
        size=one.size * sector,
        type=one.type,
        index=one.index,
        letter=letter,
        file_system=_file_system(name, None, said),
    )


def _gpt_part(one: TablePart, labels: PartTable | None, sector: int, said: Tables) -> Part:
    twins = (twin for twin in (labels.parts if labels else ()) if twin.start == one.start)
    label = next((twin.type for twin in twins if twin.type != "(null)"), None)
    name = one.name or str(one.index)
    return Part(
        name=name,
        start=one.start * sector,
        size=one.size * sector,
        type=one.type,
        index=one.index,
        label=label,
        file_system=_file_system(name, label, said),
    )


def _file_system(name: str, label: str | None, said: Tables) -> FileSystem | None:
    block = said.blocks.get(name)
    if block is None:
        return None
    devices = [f"/dev/{name}", f"/dev/gpt/{label}", f"/dev/ufsid/{block.id}", f"/dev/ufs/{block.volname}"]
    row = next((said.uses[device] for device in devices if device in said.uses), None)
    used, inodes_used, inodes = _by_df(row) if row is not None else _by_block(block)
    return FileSystem(
        ufs=block.ufs,
        ident=block.id,
        last_mounted_on=block.fsmnt or None,
        volume=block.volname,
        size=_product(block.size, block.fsize),
        used=used,
        inodes_used=inodes_used,
        inodes=inodes,
        soft_updates=block.soft_updates,
        journal=block.journal,
        clean=block.clean,
    )


def _by_df(row: Row) -> tuple[int | None, int | None, int | None]:
    """Used bytes, inodes used and in all, of a mounted file system; `df -k` counts KiB."""
    used = row.used * 1024 if isinstance(row.used, int) else None
    taken = row.iused if isinstance(row.iused, int) else None
    left = row.ifree if isinstance(row.ifree, int) else None
    return used, taken, taken + left if taken is not None and left is not None else None


def _by_block(block: SuperBlock) -> tuple[int | None, int | None, int | None]:
    """The same of one that is not mounted, from its super block."""
    data, whole, small = (
        _product(block.blocks, block.fsize),
        _product(block.nbfree, block.bsize),
        _product(block.nffree, block.fsize),
    )
    used = data - whole - small if data is not None and whole is not None and small is not None else None
    per_group = block.values.get("ipg")
    inodes = _product(block.ncg, per_group) if isinstance(per_group, int) else None
    taken = inodes - block.nifree if inodes is not None and block.nifree is not None else None
    return used, taken, inodes


def _product(one: int | None, other: int | None) -> int | None:
    return one * other if one is not None and other is not None else None


_HEX = re.compile(r"[0-9a-f]{2}")


def _has_code(text: str | None) -> bool | None:
    """Whether a first sector can be jumped into; None when it was not read whole."""
    if text is None:
        return None
    words = text.split()[:512]
    if len(words) < 512 or not all(_HEX.fullmatch(word) for word in words):
        return None
    return words[510:512] == ["55", "aa"] and any(word != "00" for word in words[:_CODE])
