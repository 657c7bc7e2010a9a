"""Disks as camcontrol(8) devlist, the boot messages of dmesg(8), and diskinfo(8) show them."""

import re
from dataclasses import dataclass, replace
from typing import Any

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class CamDevice:
    """A device on a CAM bus with all its names, in the order printed."""

    inquiry: str
    bus: int
    target: int
    lun: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CamDevices:
    """All devices; `disks` are the names that are disks (ada, da, nda, sdda)."""

    devices: tuple[CamDevice, ...] = ()
    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BootDisk:
    """A disk as the kernel announced it; mb in 2^20 bytes as printed."""

    name: str
    mb: int | None = None
    model: str | None = None
    sectors: int | None = None
    sector_size: int | None = None
    serial: str | None = None
    attached: str | None = None


@dataclass(frozen=True, slots=True)
class BootDisks:
    """The disks in order of appearance."""

    disks: tuple[BootDisk, ...] = ()


@dataclass(frozen=True, slots=True)
class DiskInfo:
    """A provider of diskinfo(8); sizes in bytes."""

    name: str
    sectorsize: int | None = None
    mediasize: int | None = None
    sectors: int | None = None
    stripesize: int | None = None
    stripeoffset: int | None = None
    cylinders: int | None = None
    heads: int | None = None
    spt: int | None = None
    descr: str | None = None
    ident: str | None = None
    trim: bool | None = None
    rotation: str | None = None


@dataclass(frozen=True, slots=True)
class DiskInfos:
    """All providers asked for."""

    providers: tuple[DiskInfo, ...] = ()


_CAM = re.compile(
    r"<(.*)> +at scbus([0-9]{1,9}) target (-?[0-9]{1,9}) lun ([0-9a-f]{1,16}) \(([a-z0-9,]*)\)\s*"
)
_CAM_BUS = re.compile(r"scbus-?[0-9]{1,9} on \S+ bus -?[0-9]{1,9}:?\s*")
_CAM_DISK = re.compile(r"(?:ada|da|nda|sdda)[0-9]+")


def read_camcontrol_devlist(text: str) -> Reading[CamDevices]:
    """Read `camcontrol devlist`, also with -v; a long name overflows its column."""
    unread: list[str] = []
    devices: list[CamDevice] = []
    for line in filled(text, unread):
        if found := _CAM.fullmatch(line.strip()):
            inquiry, bus, target, lun, names = found.groups()
            if names:
                # Newer releases print the lun in hexadecimal without a prefix.
                unit = int(lun) if lun.isdigit() else int(lun, 16)
                devices.append(CamDevice(inquiry, int(bus), int(target), unit, tuple(names.split(","))))
        elif not _CAM_BUS.fullmatch(line.strip()):
            unread.append(line)
    disks = tuple(name for device in devices for name in device.names if _CAM_DISK.fullmatch(name))
    return Reading(CamDevices(tuple(devices), disks), tuple(unread))


_SYSLOG = re.compile(r"(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} \S+ kernel: )?(?:\[[0-9.]{1,20}\] )?")
_DISK = (
    r"((?:ada|ad|da|nda|nvd|vtbd|aacd|mfid|mfisyspd|mlxd|mlyd|twed|amrd|ar|xbd|mmcsd|sdda|wd|sd)[0-9]{1,4})"
)
_OF_DISK = re.compile(rf"{_DISK}(:| at| on) (.*)")
_OTHER = re.compile(r"(?:cd|acd|ses|enc|pass|sa|ch|pmp|ast|afd)[0-9]{1,4}(?::| at) .*")
_ATA = re.compile(r"([0-9]{1,9})([MG])B (?:<(.*)> )?(?:\[[0-9/]*\] )?(?:at (\S+ ?.*)|status: .*)")
_SIZE = re.compile(
    r"([0-9]{1,9})MB \(([0-9]{1,20})(?: ([0-9]{1,9}) byte)? sectors(?::[^()]*)?\)(?: RAID .*)?"
)
_MODEL = re.compile(r"<(.*)>(?: .*)?")
_OF_DISK_TOO = re.compile(
    r"[0-9.]{1,12}[MKG]B/s transfers.*|quirks=.*|nvme version .*|Command Queueing enabled|Delete methods: .*"
    r"|Previously was known as .*|DMA limited to .*|Attempt to query device size failed: .*|Serial Number ?"
    r"|(?:Fixed|Removable) Direct Access .*|detached|FAILURE - .*|WARNING - .*|TIMEOUT - .*|Write Protected"
    r"|.* \[[0-9]+x? ?[A-Za-z0-9 .]*\]|Native Command Queueing .*|[0-9]+ bytes/sector.*"
)


def read_dmesg_disk(text: str) -> Reading[BootDisks]:
    """Read the lines of dmesg(8) that announce disks: ata(4), CAM, NVMe, virtio and RAID drivers."""
    unread: list[str] = []
    disks: dict[str, BootDisk] = {}
    for line in filled(text, unread):
        prefix = _SYSLOG.match(line)
        bare = line[prefix.end() if prefix else 0 :].strip()
        found = _OF_DISK.fullmatch(bare)
        if found is None:
            if not _OTHER.fullmatch(bare):
                unread.append(line)
            continue
        name, joint, rest = found.groups()
        disk = disks.get(name) or BootDisk(name)
        told = replace(disk, attached=rest) if joint != ":" else _said(disk, rest)
        if told is None:
            unread.append(line)
        else:
            disks[name] = told
    return Reading(BootDisks(tuple(disks.values())), tuple(unread))


def _said(disk: BootDisk, text: str) -> BootDisk | None:
    if found := _SIZE.fullmatch(text):
        mb, sectors, size = found.groups()
        return replace(disk, mb=int(mb), sectors=int(sectors), sector_size=whole(size or ""))
    if found := _ATA.fullmatch(text):
        amount, unit, model, attached = found.groups()
        mb = int(amount) * (1024 if unit == "G" else 1)
        return replace(disk, mb=mb, model=model or disk.model, attached=attached or disk.attached)
    if text.startswith("Serial Number ") and text[14:].strip():
        return replace(disk, serial=text[14:].strip())
    if found := _MODEL.fullmatch(text):
        return replace(disk, model=found[1])
    return disk if _OF_DISK_TOO.fullmatch(text) else None


_SHORT = re.compile(r"(\S+)\t([0-9]{1,20})\t([0-9]{1,20})\t([0-9]{1,20})((?:\t[0-9]{1,20})*)")
_NUMBERS = {
    "sectorsize": "sectorsize",
    "mediasize in sectors": "sectors",
    "stripesize": "stripesize",
    "stripeoffset": "stripeoffset",
    "Cylinders according to firmware.": "cylinders",
    "Heads according to firmware.": "heads",
    "Sectors according to firmware.": "spt",
}
_TEXTS = {"Disk descr.": "descr", "Disk ident.": "ident", "Rotation rate in RPM": "rotation"}
_SKIPPED = frozenset(("Attachment", "Physical path", "Zone Mode", "Not_Zoned"))


def read_diskinfo(text: str) -> Reading[DiskInfos]:
    """Read diskinfo(8): one line per provider, or with -v a block of remarked values."""
    unread: list[str] = []
    providers: list[DiskInfo] = []
    for line in filled(text, unread):
        if found := _SHORT.fullmatch(line):
            providers.append(_short(found))
        elif line == line.lstrip() and len(line.split()) == 1 and not line.endswith(":"):
            providers.append(DiskInfo(line.strip()))
        elif providers and line[0].isspace() and (told := _told(providers[-1], line)):
            providers[-1] = told
        else:
            unread.append(line)
    return Reading(DiskInfos(tuple(providers)), tuple(unread))


def _short(found: re.Match[str]) -> DiskInfo:
    more = [int(word) for word in found[5].split()]
    more += [0] * (5 - len(more)) if len(more) < 5 else []
    stripesize, stripeoffset, cylinders, heads, spt = more[:5]
    firmware = (cylinders, heads, spt) if cylinders else (None, None, None)
    return DiskInfo(
        found[1], int(found[2]), int(found[3]), int(found[4]), stripesize, stripeoffset, *firmware
    )


def _told(info: DiskInfo, line: str) -> DiskInfo | None:
    value, _, remark = (part.strip() for part in line.partition("# "))
    changes: dict[str, Any] = {}
    if remark.startswith("mediasize in bytes"):
        changes["mediasize"] = whole(value)
    elif name := _NUMBERS.get(remark):
        changes[name] = whole(value)
    elif name := _TEXTS.get(remark):
        changes[name] = value or None
    elif remark == "TRIM/UNMAP support":
        changes["trim"] = value == "Yes"
    elif remark not in _SKIPPED:
        return None
    return replace(info, **changes)
