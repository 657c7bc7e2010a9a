"""The disks a node boots from: DISK, PART and SWAP, with the sizes of a small virtual machine."""

from typing import TYPE_CHECKING

from console.lab.geom.base import Config, Consumer, GeomClass, GeomObject, Provider
from console.lab.images import Image

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom

_BOOT_DISK = 3758161920

_PARTITIONS = (
    (1, 3, 47, "boot", "freebsd-boot", "83bd6b9d-7f41-11dc-be0b-001560b84f0f", "c6"),
    (2, 48, 6291503, "rootfs", "freebsd-ufs", "516e7cb6-6ecf-11d6-8ff8-00022d09712b", "da"),
    (3, 6291504, 7340079, "swap", "freebsd-swap", "516e7cb5-6ecf-11d6-8ff8-00022d09712b", "e4"),
)


class Disk(GeomClass):
    """Whole disks."""

    name = "DISK"
    xml_id = "0xffffffff80863ec8"


class Part(GeomClass):
    """Partition tables."""

    name = "PART"
    xml_id = "0xffffffff80865b38"


class Swap(GeomClass):
    """The paging device."""

    name = "SWAP"
    xml_id = "0xffffffff808a2b78"


class DiskProvider(Provider):
    """A disk with contents of its own."""

    candelete = True

    def __init__(self, geom: GeomObject, name: str, size: int) -> None:
        super().__init__(geom, name, size)
        self.image = Image(size)

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the disk."""
        return self.image.read(offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write to the disk."""
        self.image.write(offset, data)


class Partition(Provider):
    """A range of a disk."""

    candelete = True

    def __init__(self, geom: GeomObject, name: str, size: int, start: int, table: Consumer) -> None:
        super().__init__(geom, name, size)
        self.stripeoffset = start
        self._table = table

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """Writing to a partition needs its table for oneself."""
        self.geom.owner.kernel.access(self._table, reads, writes, writes + exclusives)

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the disk below."""
        return await self._table.below.read(self.stripeoffset + offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write to the disk below."""
        await self._table.below.write(self.stripeoffset + offset, data)


def make_disks(kernel: "Geom") -> None:
    """Enter vtbd0 (with its partitions), vtbd1, vtbd2 and ada0."""
    kinds = {kind.name: kind for kind in kernel.classes}
    boot = _disk(kernel, kinds["DISK"], "vtbd0", _BOOT_DISK, ("", ""))
    for name in ("vtbd1", "vtbd2"):
        _disk(kernel, kinds["DISK"], name, 1 << 30, ("", ""))
    _disk(kernel, kinds["DISK"], "ada0", 1 << 30, ("QM00005", "QEMU HARDDISK"))
    table = kernel.new_geom(kinds["PART"], "vtbd0", 2)
    table.config = lambda: (
        ("scheme", "GPT"),
        ("entries", "4"),
        ("first", "3"),
        ("last", "7340157"),
        ("fwsectors", "63"),
        ("fwheads", "16"),
        ("state", "OK"),
        ("modified", "false"),
    )
    consumer = kernel.attach(table, boot)
    consumer.config = tuple
    for partition in _PARTITIONS:
        _partition(kernel, consumer, partition)
    swap = kernel.find("gpt/swap")
    if swap is not None:
        paging = kernel.attach(kernel.new_geom(kinds["SWAP"], "swap", 4), swap)
        kernel.access(paging, 1, 1, 0)


def _disk(kernel: "Geom", kind: GeomClass, name: str, size: int, words: tuple[str, str]) -> Provider:
    geom = kernel.new_geom(kind, name, 1)
    geom.config = tuple
    provider = DiskProvider(geom, name, size)
    provider.config = lambda: (
        ("fwheads", "16"),
        ("fwsectors", "63"),
        ("rotationrate", "unknown"),
        ("ident", words[0]),
        ("descr", words[1]),
    )
    kernel.offer(provider)
    return provider


def _partition(kernel: "Geom", table: Consumer, facts: tuple[int, int, int, str, str, str, str]) -> None:
    index, first, last, label, kind, raw, uuid = facts
    start, size = first * 512, (last - first + 1) * 512
    unique = f"92f7ea{uuid}-e6da-11f1-29e3-477cc254f81b"
    provider = Partition(table.geom, f"vtbd0p{index}", size, start, table)
    config: Config = (
        ("start", str(first)),
        ("end", str(last)),
        ("index", str(index)),
        ("type", kind),
        ("offset", str(start)),
        ("length", str(size)),
        ("label", label),
        ("rawtype", raw),
        ("rawuuid", unique),
        ("efimedia", f"HD({index},GPT,{unique},0x{first:x},0x{last - first + 1:x})"),
    )
    provider.config = lambda: config
    kernel.offer(provider)
    kernel.label.put(provider, f"gpt/{label}", size)
