"""The disks in a node's machine: what is on them survives every power cut, and they can be taken out."""

from dataclasses import dataclass

from console.lab.bootcode import FILES
from console.lab.geom import gpt
from console.lab.geom.tables import SECTOR, Entry, Table, clip
from console.lab.images import Image

BOOT_DISK = "vtbd0"
_BOOT_SIZE = 3758161920
_GUID_TAIL = "e6da-11f1-29e3-477cc254f81b"

_BOOT_TABLE = (
    (1, 3, 45, "boot", "freebsd-boot", "c6"),
    (2, 48, 6291456, "rootfs", "freebsd-ufs", "da"),
    (3, 6291504, 1048576, "swap", "freebsd-swap", "e4"),
)


@dataclass(eq=False)
class Drive:
    """One disk and what the firmware says of it; sizes are bytes."""

    image: Image
    ident: str = ""
    descr: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.image.size


Drives = dict[str, Drive]
"""By name, in the order in which the kernel finds them: the first is the one that the firmware boots."""


def usual_drives() -> Drives:
    """What every node has: a bootable vtbd0, and empty vtbd1, vtbd2 and ada0."""
    drives = {BOOT_DISK: Drive(boot_image())}
    drives |= {name: Drive(Image(1 << 30)) for name in ("vtbd1", "vtbd2")}
    drives["ada0"] = ata_drive(1 << 30, 5)
    return drives


def ata_drive(size: int, number: int) -> Drive:
    """An empty disk on an ATA channel."""
    return Drive(Image(size), f"QM{number:05d}", "QEMU HARDDISK")


def boot_image() -> Image:
    """vtbd0 with its GPT, as the installer's image tool writes it: four places, no gap."""
    image = Image(_BOOT_SIZE)
    table = boot_table()
    for offset, data in gpt.GPT.writes(table):
        image.write(offset, data)
    image.write(table.parts[0].start * SECTOR, FILES["/boot/gptboot"])
    return image


def boot_table() -> Table:
    """The table of vtbd0."""
    empty = gpt.create(_BOOT_SIZE // SECTOR, 4)
    parts = tuple(
        Entry(index, start, size, gpt.ALIASES[kind], label, f"92f7ea{mark}-{_GUID_TAIL}")
        for index, start, size, label, kind, mark in _BOOT_TABLE
    )
    return Table(
        "GPT",
        empty.total,
        empty.slots,
        empty.first,
        empty.last,
        parts,
        clip(empty.area, FILES["/boot/pmbr"][:440]),
        f"92f7ea00-{_GUID_TAIL}",
    )
