"""The MD class: memory disks over image files, memory and swap (md(4))."""

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.lab.geom.base import GeomClass, GeomObject, Provider, failure
from console.lab.images import Image

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom
    from console.lab.processes import Process

_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Backing:
    """What a memory disk stands on."""

    kind: str
    image: Image
    file: str = ""
    read_only: bool = False
    label: str = ""


class MemoryDisk(Provider):
    """One md unit."""

    def __init__(self, geom: GeomObject, unit: int, backing: Backing, size: int) -> None:
        super().__init__(geom, f"md{unit}", size)
        self.unit = unit
        self.backing = backing
        self.candelete = backing.kind in ("vnode", "malloc", "swap")
        self.thread: Process | None = None

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """A read-only unit refuses writers."""
        if self.backing.read_only and writes > 0:
            raise failure(errno.EROFS)

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the image; past its end there are zeros."""
        image = await self._image()
        return image.read(offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write to the image, which grows as a file does."""
        image = await self._image()
        if offset + len(data) > image.size:
            image.resize(offset + len(data))
        image.write(offset, data)

    async def _image(self) -> Image:
        image = self.backing.image
        while image.frozen:
            await self.geom.owner.node.clock.sleep(_POLL)
        if image.failing:
            raise failure(errno.EIO)
        if self.withered:
            raise failure(errno.ENXIO)
        return image


class MemoryDisks(GeomClass):
    """All md units of a node."""

    name = "MD"
    xml_id = "0xffffffff80859d90"

    def __init__(self, kernel: "Geom") -> None:
        super().__init__(kernel)
        self.units: dict[int, MemoryDisk] = {}

    def attach(self, backing: Backing, size: int, unit: int | None = None) -> MemoryDisk:
        """Make a unit; raises OSError(EBUSY) when the number is taken."""
        if unit is None:
            unit = next(number for number in range(len(self.units) + 1) if number not in self.units)
        if unit in self.units:
            raise failure(errno.EBUSY)
        geom = self.kernel.new_geom(self, f"md{unit}", 1)
        geom.config = tuple
        disk = MemoryDisk(geom, unit, backing, size)
        disk.config = lambda: self._config(disk)
        disk.thread = self.node.processes.spawn(f"[md{unit}]", ppid=0, stat="DL")
        self.units[unit] = disk
        self.kernel.offer(disk)
        return disk

    def detach(self, unit: int, *, force: bool = False) -> None:
        """Take a unit away; raises OSError(ENOENT) or, while it is open, OSError(EBUSY)."""
        disk = self.units.get(unit)
        if disk is None:
            raise failure(errno.ENOENT)
        if not force and (disk.read_count or disk.write_count or disk.exclusive_count):
            raise failure(errno.EBUSY)
        del self.units[unit]
        if disk.thread is not None:
            self.node.processes.exit(disk.thread)
        self.kernel.remove_geom(disk.geom)

    def resize(self, unit: int, size: int) -> None:
        """Change the size of a unit that may be in use; raises OSError(ENOENT)."""
        disk = self.units.get(unit)
        if disk is None:
            raise failure(errno.ENOENT)
        if disk.backing.kind != "vnode":
            disk.backing.image.resize(size)
        disk.mediasize = size
        for consumer in list(disk.consumers):
            resized = getattr(consumer.geom.owner, "resized", None)
            if resized is not None:
                resized(consumer)

    def _config(self, disk: MemoryDisk) -> list[tuple[str, str]]:
        backing = disk.backing
        config = [
            ("unit", str(disk.unit)),
            ("sectorsize", str(disk.sectorsize)),
            ("fwheads", "0"),
            ("fwsectors", "0"),
        ]
        if backing.kind == "vnode":
            config.append(("ident", f"MD-DEV58-INO{5185 + disk.unit}"))
        config += [
            ("length", str(disk.mediasize)),
            ("compression", "off"),
            ("access", "read-only" if backing.read_only else "read-write"),
            ("type", backing.kind),
        ]
        if backing.kind == "vnode":
            config.append(("file", backing.file))
            config.append(("cache", "off"))
        config.append(("label", backing.label))
        return config
