"""Whole disks and the paging device: DISK and SWAP."""

from typing import TYPE_CHECKING

from console.lab.drives import BOOT_DISK, Drive
from console.lab.geom.base import Consumer, GeomClass, GeomObject, Provider
from console.lab.geom.part import recognise
from console.lab.geom.tables import SECTOR
from console.lab.images import Image

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom


class Disk(GeomClass):
    """Whole disks."""

    name = "DISK"
    xml_id = "0xffffffff80863ec8"


class Swap(GeomClass):
    """The paging device."""

    name = "SWAP"
    xml_id = "0xffffffff808a2b78"

    def devices(self) -> list[Provider]:
        """What is swapped on, the oldest first."""
        return [consumer.below for consumer in self._consumers()]

    def add(self, provider: Provider) -> None:
        """Begin to page to a provider; raises OSError."""
        geom = self.geoms[0] if self.geoms else self.kernel.new_geom(self, "swap", 4)
        consumer = self.kernel.attach(geom, provider)
        try:
            self.kernel.access(consumer, 1, 1, 0)
        except OSError:
            self._leave(consumer)
            raise

    def remove(self, provider: Provider) -> bool:
        """Stop paging to a provider; False when it was not used for it."""
        for consumer in self._consumers():
            if consumer.provider is provider:
                self._leave(consumer)
                return True
        return False

    def orphaned(self, consumer: Consumer) -> None:
        """The device is gone, and what was paged out with it."""
        self._leave(consumer)

    def _consumers(self) -> list[Consumer]:
        return [user for geom in self.geoms for user in reversed(geom.consumers) if user.provider is not None]

    def _leave(self, consumer: Consumer) -> None:
        geom = consumer.geom
        self.kernel.detach(consumer)
        if not geom.consumers:
            self.kernel.remove_geom(geom)


class DiskProvider(Provider):
    """A disk with contents of its own."""

    candelete = True

    def __init__(self, geom: GeomObject, name: str, image: Image) -> None:
        super().__init__(geom, name, image.size)
        self.image = image

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the disk."""
        return self.image.read(offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write to the disk."""
        self.image.write(offset, data)


def make_disks(kernel: "Geom") -> None:
    """Find the disks of the machine and the tables on them; the usual system also begins to page."""
    kinds = {kind.name: kind for kind in kernel.classes}
    disks = [_disk(kernel, kinds["DISK"], name, drive) for name, drive in kernel.node.drives.items()]
    for disk in disks:
        table = recognise(disk.image.read, disk.mediasize // SECTOR)
        if table is not None:
            kernel.part.adopt(disk, table)
    swap = kernel.find("gpt/swap")
    if swap is not None and kernel.node.system is None and BOOT_DISK in kernel.node.drives:
        kernel.swap.add(swap)


def _disk(kernel: "Geom", kind: GeomClass, name: str, drive: Drive) -> DiskProvider:
    geom = kernel.new_geom(kind, name, 1)
    geom.config = tuple
    provider = DiskProvider(geom, name, drive.image)
    provider.config = lambda: (
        ("fwheads", "16"),
        ("fwsectors", "63"),
        ("rotationrate", "unknown"),
        ("ident", drive.ident),
        ("descr", drive.descr),
    )
    kernel.offer(provider)
    return provider
