"""The PART class: partition tables in the blocks of a disk, and the partitions that they offer."""

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from console.lab.geom.base import Config, Consumer, GeomClass, GeomObject, Provider
from console.lab.geom.bsdlabel import AREA, BSD
from console.lab.geom.gpt import GPT
from console.lab.geom.mbr import MBR
from console.lab.geom.tables import HEADS, SECTOR, SECTORS, Entry, Read, Scheme, Table, Writes

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom

SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in (BSD, GPT, MBR)}
"""In the order in which they are tried: a label or a GPT also looks like an MBR."""

_TASTED = ("DISK", "PART", "MD")
"""Classes on whose providers tables are looked for. What stands on a network (gates, mirrors) is left alone:
LABEL reads there for everybody."""

_HEAD_SECTORS = 66
"""Sectors at the beginning in which any table begins."""
_TAIL_SECTORS = 64


class Partition(Provider):
    """A range of what lies below."""

    candelete = True

    def __init__(self, geom: GeomObject, name: str, entry: Entry, below: Consumer) -> None:
        super().__init__(geom, name, entry.size * SECTOR)
        self.entry = entry
        self.rows: Config = ()
        self.config = self._config
        self.start = entry.start * SECTOR
        self.stripeoffset = below.below.stripeoffset + self.start
        self._below = below

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """Writing to a partition needs its table for oneself."""
        if self._below.provider is not None:
            self.geom.owner.kernel.access(self._below, reads, writes, writes + exclusives)

    def _config(self) -> Config:
        return self.rows

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the disk below."""
        return await self._below.below.read(self.start + offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write to the disk below; what would lie past the end is dropped."""
        data = data[: max(0, self.mediasize - offset)]
        await self._below.below.write(self.start + offset, data)


class TableGeom(GeomObject):
    """A table that was found or made, with the consumer through which it is written."""

    def __init__(self, owner: "Part", provider: Provider, table: Table) -> None:
        super().__init__(owner, provider.name, 2)
        self.table = table
        owner.geoms.insert(0, self)
        self.consumer = owner.kernel.attach(self, provider)
        self.consumer.config = tuple
        self.config = self._config

    @property
    def scheme(self) -> Scheme:
        """How the table is written."""
        return SCHEMES[self.table.scheme]

    def name_of(self, index: int) -> str:
        """What a partition is called."""
        return self.name + self.scheme.suffix(index)

    def partition(self, index: int) -> Partition | None:
        """The provider of an index."""
        return next((p for p in self.partitions() if p.entry.index == index), None)

    def partitions(self) -> list[Partition]:
        """All of them, in the order of their index."""
        found = [provider for provider in self.providers if isinstance(provider, Partition)]
        return sorted(found, key=lambda provider: provider.entry.index)

    def _config(self) -> Config:
        table = self.table
        return (
            ("scheme", table.scheme),
            ("entries", str(table.slots)),
            ("first", str(table.first)),
            ("last", str(table.last)),
            ("fwsectors", str(SECTORS)),
            ("fwheads", str(HEADS)),
            ("state", "CORRUPT" if table.corrupt else "OK"),
            ("modified", "false"),
        )


class Part(GeomClass):
    """Partition tables."""

    name = "PART"
    xml_id = "0xffffffff80865b38"

    def __init__(self, kernel: "Geom") -> None:
        super().__init__(kernel)

    def find(self, name: str) -> TableGeom | None:
        """The table on a provider of that name; a leading /dev/ is dropped."""
        name = name.removeprefix("/dev/")
        return next((geom for geom in self.tables() if geom.name == name), None)

    def tables(self) -> list[TableGeom]:
        """Every table, the oldest first."""
        return [geom for geom in reversed(self.geoms) if isinstance(geom, TableGeom)]

    async def taste(self, provider: Provider) -> None:
        """Look for a table."""
        owner = provider.geom
        if provider.write_count > 0 or owner.owner.name not in _TASTED:
            return
        if isinstance(owner, TableGeom) and not owner.scheme.nests:
            return
        try:
            table = await look(provider)
        except OSError:
            return
        if table is not None and not provider.withered and provider.write_count == 0:
            self.adopt(provider, table)

    def adopt(self, provider: Provider, table: Table) -> TableGeom:
        """Make a geom of a table and offer its partitions."""
        geom = TableGeom(self, provider, table)
        for entry in table.parts:
            self._offer(geom, entry)
        return geom

    def change(self, geom: TableGeom, table: Table) -> Writes:
        """Let the partitions be those of another table; returns what has to be written for it."""
        table = _named(table)
        old = {part.index: part for part in geom.table.parts}
        new = {part.index: part for part in table.parts}
        geom.table = table
        for index, entry in old.items():
            partition = geom.partition(index)
            after = new.get(index)
            if partition is None:
                continue
            if after is None or after.start != entry.start:
                self.kernel.wither(partition)
            elif after != entry:
                partition.mediasize = after.size * SECTOR
                partition.entry = after
                partition.rows = _describe(geom, partition)
                self._relabel(partition, entry.label)
        for index, entry in sorted(new.items()):
            if geom.partition(index) is None:
                self._offer(geom, entry)
        return geom.scheme.writes(table)

    def spoiled(self, consumer: Consumer) -> None:
        """The disk is written by someone else: the table is forgotten, and tasted again afterwards."""
        self.kernel.remove_geom(consumer.geom)

    def orphaned(self, consumer: Consumer) -> None:
        """The disk goes, its partitions too."""
        self.kernel.remove_geom(consumer.geom)

    def _offer(self, geom: TableGeom, entry: Entry) -> None:
        partition = Partition(geom, geom.name_of(entry.index), entry, geom.consumer)
        partition.rows = _describe(geom, partition)
        self.kernel.offer(partition)
        if entry.label:
            self.kernel.label.put(partition, f"gpt/{entry.label}", partition.mediasize)

    def _relabel(self, partition: Partition, before: str) -> None:
        label = partition.entry.label
        if label == before:
            return
        old = self.kernel.find(f"gpt/{before}") if before else None
        if old is not None and not old.in_use:
            self.kernel.remove_geom(old.geom)
        if label:
            self.kernel.label.put(partition, f"gpt/{label}", partition.mediasize)


async def look(provider: Provider) -> Table | None:
    """The table on a provider, or None; raises OSError."""
    total = provider.mediasize // SECTOR
    if provider.mediasize < AREA:
        return None
    head = await provider.read(0, min(_HEAD_SECTORS * SECTOR, total * SECTOR))
    if not _promising(head):
        return None
    start = max(0, total - _TAIL_SECTORS) * SECTOR
    tail = await provider.read(start, total * SECTOR - start)

    def reader(offset: int, length: int) -> bytes:
        data = head[offset : offset + length] if offset < len(head) else tail[offset - start :][:length]
        return data.ljust(length, b"\0")

    return recognise(reader, total)


def recognise(reader: Read, total: int) -> Table | None:
    """The table in a provider's blocks, or None."""
    for scheme in SCHEMES.values():
        table = scheme.read(reader, total)
        if table is not None:
            return table
    return None


def _promising(head: bytes) -> bool:
    """A signature of an MBR, or the magic number of a label."""
    return head[510:512] == b"\x55\xaa" or head[SECTOR : SECTOR + 4] == b"\x57\x45\x56\x82"


def _named(table: Table) -> Table:
    """GUIDs for a GPT and those of its partitions that have none yet."""
    if table.scheme != "GPT":
        return table
    parts = tuple(part if part.uuid else replace(part, uuid=_guid(table, part)) for part in table.parts)
    return replace(table, parts=parts)


def _guid(table: Table, part: Entry) -> str:
    return str(uuid.uuid5(uuid.UUID(table.uuid), f"{part.index} {part.start} {part.size}"))


def _describe(geom: TableGeom, partition: Partition) -> Config:
    entry, scheme = partition.entry, geom.scheme
    rows: list[tuple[str, str]] = [
        ("start", str(entry.start)),
        ("end", str(entry.end)),
        ("index", str(entry.index)),
        ("type", scheme.type_name(entry.kind)),
        ("offset", str(entry.start * SECTOR)),
        ("length", str(entry.size * SECTOR)),
    ]
    if scheme.labels:
        rows.append(("label", entry.label))
    rows += [("attrib", word) for word in entry.attributes if not scheme.labels]
    rows.append(("rawtype", entry.kind))
    place = f"0x{entry.start:x},0x{entry.size:x})"
    if scheme is GPT:
        rows.append(("rawuuid", entry.uuid))
        rows.append(("efimedia", f"HD({entry.index},GPT,{entry.uuid},{place}"))
        rows += [("attrib", word) for word in entry.attributes]
    elif scheme is MBR:
        rows.append(("efimedia", f"HD({entry.index},MBR,0x0,{place}"))
    return rows
