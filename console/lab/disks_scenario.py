"""The lab for moving a system to another disk: web-a on an old-style ada0, an empty ada1 in every node."""

import random
from collections.abc import Mapping
from dataclasses import replace

from console.lab.bootcode import FILES
from console.lab.drives import Drive, ata_drive
from console.lab.files import set_mode, set_owner
from console.lab.geom import bsdlabel, mbr
from console.lab.geom.tables import SECTOR, SECTORS, Entry, Table, clip
from console.lab.images import Image
from console.lab.system_disk import SystemDisk, SystemVolume
from console.lab.ufs_volume import Volume
from console.lab.world import Node, World

DISK, SPARE_DISK = "ada0", "ada1"
_SIZE = 256 << 20
_SPARE_SIZE = 512 << 20
_MEGABYTE = (1 << 20) // SECTOR

VOLUMES: Mapping[str, tuple[str, int]] = {
    "a": ("/", 60),
    "e": ("/var", 40),
    "f": ("/usr", 60),
    "g": ("/home", 0),
}
"""Letter to mount point and megabytes; 0: what is left."""
SWAP = ("b", 16)

FSTAB = (
    "# Device\tMountpoint\tFStype\tOptions\tDump\tPass#\n"
    "/dev/ada0s1b\tnone\tswap\tsw\t0\t0\n"
    "/dev/ada0s1a\t/\tufs\trw\t1\t1\n"
    "/dev/ada0s1e\t/var\tufs\trw\t2\t2\n"
    "/dev/ada0s1f\t/usr\tufs\trw\t2\t2\n"
    "/dev/ada0s1g\t/home\tufs\trw\t2\t2\n"
)

_FILL = (
    ("/home/www/data", 40, 64 << 10),
    ("/usr/share/doc", 60, 20 << 10),
    ("/var/db/records", 30, 30 << 10),
)
"""Directories with so many files of so many bytes: enough for a copy to take its time."""


def install_disks(world: World) -> None:
    """Give the nodes their disks, before their first boot."""
    divided = world.nodes["a"]
    divided.drives = {DISK: _system_drive(divided), SPARE_DISK: ata_drive(_SPARE_SIZE, 7)}
    for node in (world.nodes["b"], world.spare):
        node.drives[SPARE_DISK] = ata_drive(_SPARE_SIZE, 7)
    volumes = [
        SystemVolume(divided, point, f"/dev/{DISK}s1{letter}") for letter, (point, _) in VOLUMES.items()
    ]
    divided.system = SystemDisk(divided, DISK, volumes, [f"/dev/{DISK}s1{SWAP[0]}"])
    divided.fs.write_file("/etc/fstab", FSTAB.encode())
    for point, _ in VOLUMES.values():
        directory = f"{point.rstrip('/')}/.snap"
        divided.fs.mkdir(directory, recursive=True)
        set_mode(divided, directory, 0o775)
        set_owner(divided, directory, "root", "operator")
    _fill(divided)


def _fill(node: Node) -> None:
    dice = random.Random(4)  # noqa: S311 - contents of a simulation, the same every time
    for directory, count, size in _FILL:
        node.fs.mkdir(directory, recursive=True)
        for number in range(count):
            node.fs.write_file(f"{directory}/{number:03}.dat", dice.randbytes(size))


def slice_table(total: int) -> Table:
    """An MBR with one active FreeBSD slice over the disk, and boot code."""
    empty = mbr.create(total, 0)
    entry = Entry(1, SECTORS, total - SECTORS, mbr.ALIASES["freebsd"], attributes=("active",))
    return replace(empty, parts=(entry,), area=clip(empty.area, FILES["/boot/mbr"][: mbr.PARTS_AT]))


def label_table(total: int) -> Table:
    """The label of the slice: a, b, e, f, g one behind the other, and boot code."""
    empty = bsdlabel.create(total, 0)
    code = FILES["/boot/boot"]
    area = clip(clip(empty.area, code[:SECTOR]), code[bsdlabel.BOOT2_AT :], at=bsdlabel.BOOT2_AT)
    sizes = {letter: megabytes for letter, (_, megabytes) in VOLUMES.items()} | {SWAP[0]: SWAP[1]}
    at, parts = 0, []
    for letter, megabytes in sorted(sizes.items()):
        size = megabytes * _MEGABYTE or total - at
        kind = bsdlabel.SWAP if letter == SWAP[0] else bsdlabel.FFS
        parts.append(Entry(ord(letter) - 96, at, size, str(kind)))
        at += size
    return replace(empty, parts=tuple(parts), area=area)


class _Range:
    """Part of an image, as newfs(8) sees it."""

    def __init__(self, image: Image, start: int, size: int) -> None:
        self.image = image
        self.start = start
        self.mediasize = size

    async def read(self, offset: int, length: int) -> bytes:
        """Read a range."""
        return self.image.read(self.start + offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write a range."""
        self.put(offset, data)

    def put(self, offset: int, data: bytes) -> None:
        """Write a range at once."""
        self.image.write(self.start + offset, data)


def _system_drive(node: Node) -> Drive:
    drive = ata_drive(_SIZE, 5)
    whole = slice_table(_SIZE // SECTOR)
    slice_entry = whole.parts[0]
    label = label_table(slice_entry.size)
    in_slice = _Range(drive.image, slice_entry.start * SECTOR, slice_entry.size * SECTOR)
    for offset, data in mbr.writes(whole):
        drive.image.write(offset, data)
    for offset, data in bsdlabel.writes(label):
        in_slice.put(offset, data)
    for part in label.parts:
        if part.kind == str(bsdlabel.FFS):
            _newfs(node, _Range(drive.image, in_slice.start + part.start * SECTOR, part.size * SECTOR))
    return drive


def _newfs(node: Node, storage: _Range) -> None:
    now = node.clock.now()
    volume = Volume.make(storage, now, node.world.random, soft_updates=True, label="", sectors=0)
    for offset, data in [*volume.directory_writes(), *volume.commit_writes(volume.table, now)]:
        storage.put(offset, data)
