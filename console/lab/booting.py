"""Booting from a disk: what firmware, boot programs, loader, kernel and rc(8) read, stage by stage.

Each stage reads the drives as they are: a copy boots when everything on it is right, and else the console
says what was missing, in the words of the stage that missed it.
"""

import posixpath
import re
from dataclasses import replace

from console.lab import volume_tree
from console.lab.bootcode import KERNEL, LOADER, SYSTEM_FILES, boot_program, mbr_code, partition_program
from console.lab.geom import gpt
from console.lab.geom.part import recognise
from console.lab.geom.tables import SECTOR, Entry, Table
from console.lab.images import Image
from console.lab.system_disk import SystemDisk, SystemVolume
from console.lab.ufs_volume import Volume
from console.lab.world import Node

_FSTAB, _LOADER_CONF = "/etc/fstab", "/boot/loader.conf"
_ROOT_FROM = re.compile(r'^\s*vfs\.root\.mountfrom\s*=\s*"?(?:ufs:)?([^"\s]+)"?', re.M)
_BOOT_AREA = 8192
ENODEV, EINVAL = 19, 22


class Stopped(Exception):
    """The machine stays at its console; the arguments are the stage and what stands on the screen."""

    def __init__(self, stage: str, *lines: str) -> None:
        super().__init__(stage, *lines)
        self.stage = stage
        self.lines = lines


async def load_system(system: SystemDisk) -> bool:
    """Boot from the drive that `system` names: False, and the reason on the console, when it does not."""
    node = system.node
    node.boot_failure = ""
    system.console = []
    try:
        await _boot(system)
    except Stopped as stopped:
        node.boot_failure = f"{stopped.stage}: {stopped.lines[0]}"
        node.dmesg += [*system.console, *stopped.lines]
        return False
    except OSError as error:
        node.boot_failure = f"disk: {error.strerror or error}"
        node.dmesg.append(node.boot_failure)
        return False
    return True


async def _boot(system: SystemDisk) -> None:
    node, disk = system.node, system.disk
    drive = node.drives.get(disk)
    if drive is None:
        raise Stopped("firmware", "No bootable device.")
    device = _boot_partition(drive.image, disk)
    root, volume = await _volume(node, "/", device)
    if volume is None or volume.damaged:
        raise Stopped("boot2", f"No {LOADER}", f"{device}: no file system that can be read", "boot:")
    loader = await volume_tree.file_of(volume, root, LOADER)
    if loader is None or not loader.startswith(SYSTEM_FILES[LOADER][:14]):
        raise Stopped("boot2", f"No {LOADER}", "boot:")
    kernel = await volume_tree.file_of(volume, root, KERNEL)
    if kernel is None or not kernel.startswith(SYSTEM_FILES[KERNEL][:15]):
        raise Stopped("loader", "can't load 'kernel'", "OK")
    fstab = _lines(await volume_tree.file_of(volume, root, _FSTAB))
    conf = (await volume_tree.file_of(volume, root, _LOADER_CONF) or b"").decode("utf-8", "replace")
    listed = next((words[0] for words in fstab if words[1] == "/"), device)
    given = _ROOT_FROM.findall(conf)
    await _mount_root(system, given[-1] if given else listed)


async def _mount_root(system: SystemDisk, device: str) -> None:
    node = system.node
    device = device if device.startswith("/") else f"/dev/{device}"
    root, volume = await _volume(node, "/", device)
    if volume is None or volume.damaged:
        number = ENODEV if node.geom.find(device) is None else EINVAL
        raise Stopped("kernel", f"Mounting from ufs:{device} failed with error {number}.", "mountroot>")
    lines = _lines(await volume_tree.file_of(volume, root, _FSTAB))
    if not lines:
        raise Stopped("rc", f"{_FSTAB}: No such file or directory", _HELP, _SHELL)
    mounted = [(root, volume)]
    await _check(system, root, volume)
    for words in lines:
        if words[2] != "ufs" or words[1] == "/" or "noauto" in words[3].split(","):
            continue
        where, found = await _volume(node, posixpath.normpath(words[1]), words[0])
        if found is None:
            if "failok" in words[3].split(","):
                continue
            if node.geom.find(words[0]) is None:
                raise Stopped("fsck", f"Can't stat {words[0]}: No such file or directory", _HELP, _SHELL)
            raise Stopped("fsck", _inconsistent(words[0]), _HELP, _SHELL)
        await _check(system, where, found)
        mounted.append((where, found))
    # As rc(8) does it: `mount -a` in the order of fstab needs each directory to be there already.
    volume_tree.forget_tree(node)
    for where, found in mounted:
        if where.point != "/" and not node.fs.exists(where.point):
            said = f"mount: {where.point}: No such file or directory"
            raise Stopped("mount", said, "Mounting /etc/fstab filesystems failed, startup aborted", _SHELL)
        await volume_tree.load(node, found, where)
        where.superblock = found.superblock
    # rc(8) makes an empty /var what programs expect it to be.
    for directory in ("/var/log", "/var/run", "/var/db"):
        node.fs.mkdir(directory, recursive=True)
    system.volumes = [where for where, _ in mounted]
    system.swap = []
    for words in lines:
        if words[2] == "swap":
            if node.geom.find(words[0]) is None:
                system.console.append(f"swapon: {words[0]}: No such file or directory")
            else:
                system.swap.append(words[0])


_HELP = "Automatic file system check failed; help!"
_SHELL = "Enter full pathname of shell or RETURN for /bin/sh:"


def _inconsistent(device: str) -> str:
    return f"fsck of {device} failed: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY."


async def _check(system: SystemDisk, where: SystemVolume, volume: Volume) -> None:
    """`fsck -p`: a volume that was in use when the power went is made clean, a damaged one is not."""
    if volume.damaged:
        raise Stopped("fsck", _inconsistent(where.device), _HELP, _SHELL)
    if volume.superblock.clean:
        system.console.append(f"{where.device}: FILE SYSTEM CLEAN; SKIPPING CHECKS")
        return
    volume.superblock = replace(volume.superblock, clean=1)
    for offset, data in volume.superblock_writes():
        await where.provider.write(offset, data)
    system.console.append(f"{where.device}: was not unmounted, {len(volume.table)} files checked")


async def _volume(node: Node, point: str, device: str) -> tuple[SystemVolume, Volume | None]:
    """The volume on a device; None when the device or its file system is not there."""
    where = SystemVolume(node, point, device)
    provider = node.geom.find(device)
    volume = await Volume.read(provider) if provider is not None else None
    if volume is not None:
        where.soft_updates = volume.superblock.soft_updates
    return where, volume


def _lines(text: bytes | None) -> list[list[str]]:
    """The lines of an fstab that have enough words."""
    rows = [line.split("#", 1)[0].split() for line in (text or b"").decode("utf-8", "replace").splitlines()]
    return [words for words in rows if len(words) >= 4]


def _boot_partition(image: Image, disk: str) -> str:
    """What firmware and boot programs do up to the partition with the loader; its device."""
    table = recognise(image.read, image.size // SECTOR)
    if table is None:
        raise Stopped("firmware", "No bootable device.")
    if not mbr_code(image.read(0, SECTOR)):
        raise Stopped("firmware", "No bootable device: the first sector holds no program.")
    if table.scheme == "GPT":
        return _in_gpt(image, disk, table)
    if table.scheme == "BSD":
        return _in_label(image, 0, disk, table)
    active = [part for part in table.parts if "active" in part.attributes]
    if not active:
        raise Stopped("mbr", "Missing operating system", "No active slice")
    part = active[0]
    start = part.start * SECTOR

    def reader(offset: int, length: int) -> bytes:
        return image.read(start + offset, length)

    name = f"{disk}s{part.index}"
    label = recognise(reader, part.size)
    if label is None or label.scheme != "BSD":
        if not boot_program(reader(0, _BOOT_AREA)):
            raise Stopped("mbr", "Missing operating system", f"{name} holds no boot program")
        raise Stopped("boot2", "Invalid label", f"No {LOADER}", "boot:")
    return _in_label(image, start, name, label)


def _in_label(image: Image, start: int, name: str, label: Table) -> str:
    if not boot_program(image.read(start, _BOOT_AREA)):
        raise Stopped("boot1", "Boot error", f"{name} holds no boot1 and boot2")
    if label.at(1) is None:
        raise Stopped("boot2", "Invalid partition", f"{name} has no partition a", f"No {LOADER}", "boot:")
    return f"/dev/{name}a"


def _in_gpt(image: Image, disk: str, table: Table) -> str:
    boot = next((part for part in table.parts if _named(part) == "freebsd-boot"), None)
    if boot is None or not partition_program(image.read(boot.start * SECTOR, SECTOR)):
        raise Stopped("pmbr", "Missing boot loader", f"{disk} has no freebsd-boot partition with a program")
    wanted = [part for part in table.parts if _named(part) == "freebsd-ufs"]
    chosen = next((part for part in wanted if "bootme" in part.attributes), wanted[0] if wanted else None)
    if chosen is None:
        raise Stopped("gptboot", f"gptboot: No {LOADER} on 0:ad(0p?)", "boot:")
    return f"/dev/{disk}p{chosen.index}"


def _named(part: Entry) -> str:
    return gpt.GPT.type_name(part.kind)


SystemVolume.flusher = volume_tree.flush
SystemDisk.loader = load_system
