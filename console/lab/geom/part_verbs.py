"""What gpart(8) asks of the PART class; refusals are `TableError`s in the words that follow `gpart: `."""

import errno
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from console.lab.errors import reason
from console.lab.geom import mbr
from console.lab.geom.base import Provider, failure
from console.lab.geom.bsdlabel import BOOT2_AT
from console.lab.geom.part import SCHEMES, TableGeom
from console.lab.geom.tables import SECTOR, Entry, Table, TableError, Writes, clip

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom

Change = Callable[[Table], Table]
_PMBR_FLAG_AT = mbr.PARTS_AT


def words(number: int, what: str = "") -> TableError:
    """An error number as gpart(8) prints it, with what it is about."""
    text = reason(failure(number))
    return TableError(f"{what}: {text}" if what else text)


def table_named(kernel: "Geom", name: str) -> TableGeom:
    """The table on a provider; raises TableError."""
    geom = kernel.part.find(name)
    if geom is None:
        raise words(errno.EINVAL, f"arg0 '{name}'")
    return geom


async def create(kernel: "Geom", name: str, scheme: str, slots: int) -> TableGeom:
    """Put an empty table on a provider; raises TableError."""
    provider = kernel.find(name)
    if provider is None:
        raise words(errno.EINVAL, f"arg0 '{name}'")
    kind = SCHEMES.get(scheme.upper())
    if kind is None:
        raise words(errno.EINVAL, f"scheme '{scheme}'")
    bare = name.removeprefix("/dev/")
    if kernel.part.find(name) is not None:
        raise words(errno.EEXIST, f"geom '{bare}'")
    parent = provider.geom
    if isinstance(parent, TableGeom) and not parent.scheme.nests:
        raise words(errno.ENODEV, "provider")
    table = kind.create(provider.mediasize // SECTOR, slots)
    if kind.name == "GPT":
        table = replace(table, uuid=_guid(kernel))
    geom = kernel.part.adopt(provider, table)
    try:
        kernel.access(geom.consumer, 1, 1, 1)
    except OSError as error:
        kernel.remove_geom(geom)
        raise TableError(f"geom '{bare}': {reason(error)}") from error
    await _finish(kernel, geom, kind.writes(table))
    return geom


async def edit(kernel: "Geom", name: str, change: Change) -> TableGeom:
    """Change a table and write it; raises TableError."""
    geom = table_named(kernel, name)
    with_table(kernel, geom)
    try:
        writes = kernel.part.change(geom, change(geom.table))
    except TableError:
        kernel.access(geom.consumer, -1, -1, -1)
        raise
    await _finish(kernel, geom, writes)
    return geom


def with_table(kernel: "Geom", geom: TableGeom) -> None:
    """Open a table's provider for writing; raises TableError."""
    if geom.table.corrupt:
        raise TableError(f"table '{geom.name}' is corrupt: Operation not permitted")
    try:
        kernel.access(geom.consumer, 1, 1, 1)
    except OSError as error:
        raise TableError(f"geom '{geom.name}': {reason(error)}") from error


async def _finish(kernel: "Geom", geom: TableGeom, writes: Writes) -> None:
    try:
        await _write(geom.consumer.below, writes)
    except OSError as error:
        raise TableError(reason(error)) from error
    finally:
        if geom.consumer.provider is not None:
            kernel.access(geom.consumer, -1, -1, -1)


async def _write(provider: Provider, writes: Writes) -> None:
    for offset, data in writes:
        await provider.write(offset, data)


def add(geom: TableGeom, entry: Entry, *, indexed: bool) -> Change:
    """Add a partition; its index is chosen unless `indexed`."""

    def change(table: Table) -> Table:
        if entry.label and not geom.scheme.labels:
            raise words(errno.EINVAL)
        if not table.first <= entry.start <= table.last:
            raise words(errno.EINVAL, f"start '{entry.start}'")
        if entry.size < 1 or entry.end > table.last:
            raise words(errno.EINVAL, f"size '{entry.size}'")
        for part in table.parts:
            if part.start <= entry.start <= part.end:
                raise words(errno.ENOSPC, f"start '{entry.start}'")
            if part.start <= entry.end <= part.end or entry.start < part.start <= entry.end:
                raise words(errno.ENOSPC, f"end '{entry.end}'")
        index = entry.index if indexed else table.free_index()
        if not 1 <= index <= table.slots:
            raise words(errno.EINVAL, f"index '{index}'")
        if table.at(index) is not None or (table.scheme == "BSD" and index == 3):
            raise words(errno.EEXIST, f"index '{index}'")
        return with_part(table, replace(entry, index=index))

    return change


def delete(geom: TableGeom, index: int) -> Change:
    """Take a partition away that nobody uses."""

    def change(table: Table) -> Table:
        _existing(table, index)
        _unused(geom, [index])
        return replace(table, parts=tuple(part for part in table.parts if part.index != index))

    return change


def modify(geom: TableGeom, index: int, *, kind: str | None, label: str | None) -> Change:
    """Give a partition another type or label."""

    def change(table: Table) -> Table:
        part = _existing(table, index)
        if label is not None and not geom.scheme.labels:
            raise words(errno.EINVAL)
        part = replace(part, kind=part.kind if kind is None else kind)
        return with_part(table, replace(part, label=part.label if label is None else label))

    return change


def resize(index: int, size: int) -> Change:
    """Give a partition another size."""

    def change(table: Table) -> Table:
        part = replace(_existing(table, index), size=size)
        if size < 1 or part.end > table.last:
            raise words(errno.EINVAL, f"size '{size}'")
        for other in table.parts:
            if other.index != index and part.start <= other.start <= part.end:
                raise words(errno.ENOSPC, f"end '{part.end}'")
        return with_part(table, part)

    return change


def mark(geom: TableGeom, attribute: str, index: int | None, *, on: bool) -> Change:
    """Set or clear an attribute; `active` of a GPT is that of its protective MBR."""

    def change(table: Table) -> Table:
        if table.scheme == "GPT" and attribute == "active" and index is None:
            flag = bytes([mbr.ACTIVE if on else 0])
            return replace(table, area=clip(table.area, flag, at=_PMBR_FLAG_AT))
        part = _existing(table, index or 0)
        if attribute not in geom.scheme.attributes:
            number = errno.EINVAL if geom.scheme.attributes else errno.ENOSYS
            raise words(number, f"attrib '{attribute}'")
        if attribute == "active" and on:
            table = replace(table, parts=tuple(replace(other, attributes=()) for other in table.parts))
        kept = tuple(word for word in part.attributes if word != attribute)
        return with_part(table, replace(part, attributes=(*kept, attribute) if on else kept))

    return change


def boot_code(geom: TableGeom, code: bytes) -> Change:
    """Lay boot code into the area of the table; raises TableError for a length that does not fit."""

    def change(table: Table) -> Table:
        if len(code) not in (geom.scheme.boot_sizes or (SECTOR,)):
            raise words(errno.ENODEV)
        if table.scheme == "BSD":
            area = clip(table.area, code[:SECTOR])
            return replace(
                table, area=clip(area, code[BOOT2_AT:], at=BOOT2_AT) if len(code) > SECTOR else area
            )
        return replace(table, area=clip(table.area, code[: mbr.PARTS_AT]))

    return change


async def destroy(kernel: "Geom", name: str, *, force: bool) -> None:
    """Wipe a table; with partitions only by force, and never while one is used. Raises TableError."""
    geom = table_named(kernel, name)
    if geom.table.parts and not force:
        raise words(errno.EBUSY)
    _unused(geom, [part.index for part in geom.table.parts])
    try:
        kernel.access(geom.consumer, 1, 1, 1)
    except OSError as error:
        raise TableError(f"geom '{geom.name}': {reason(error)}") from error
    provider = geom.consumer.below
    await _write(provider, geom.scheme.wipes(geom.table))
    for partition in geom.partitions():
        kernel.wither(partition)
    kernel.remove_geom(geom)


async def recover(kernel: "Geom", name: str) -> bool:
    """Write both copies of a damaged GPT anew; False when nothing is damaged. Raises TableError."""
    geom = table_named(kernel, name)
    if not geom.table.corrupt:
        return False
    geom.table = replace(geom.table, corrupt=False)
    await edit(kernel, name, lambda table: table)
    return True


def with_part(table: Table, part: Entry) -> Table:
    """The table with a partition added or replaced."""
    others = [known for known in table.parts if known.index != part.index]
    return replace(table, parts=tuple(sorted([*others, part], key=lambda known: known.index)))


def _existing(table: Table, index: int) -> Entry:
    part = table.at(index)
    if part is None:
        raise words(errno.ENOENT, f"index '{index}'")
    return part


def _unused(geom: TableGeom, indices: Iterable[int]) -> None:
    for index in indices:
        partition = geom.partition(index)
        if partition is not None and (partition.read_count or partition.in_use):
            raise words(errno.EBUSY)


def _guid(kernel: "Geom") -> str:
    digits = f"{kernel.node.world.random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
