"""Boot programs of the lab: bytes that do nothing but can be told from zeros and from one another.

Lengths are those of 13.2's files (gptboot's is shorter); the words are those that the real ones can print.
"""

from collections.abc import Mapping

_SECTOR = 512
_MAGIC = b"\x55\xaa"


def _program(name: str, words: bytes, size: int) -> bytes:
    """Bytes that look like code: never zero, the name and the words among them."""
    text = b"\xeb\x3c\x90 lab " + name.encode() + b" " + words + b" "
    filler = bytes((index * 37 + len(name)) % 255 + 1 for index in range(255))
    return (text + filler * (size // 255 + 1))[:size]


def _sector(name: str, words: bytes) -> bytes:
    """A boot sector whose table is empty."""
    return _program(name, words, 446) + bytes(64) + _MAGIC


_BOOT1 = _sector("boot1", b"Boot error")
_BOOT2 = _program("boot2", b"FreeBSD/x86 boot Default: /boot/loader No /boot/loader", 8192 - 1024)

FILES: Mapping[str, bytes] = {
    "/boot/mbr": _sector(
        "mbr", b"Invalid partition table Error loading operating system Missing operating system"
    ),
    "/boot/boot0": _sector("boot0", b"F1 F2 F3 F4 F6 PXE Boot: Drive"),
    "/boot/pmbr": _sector("pmbr", b"Boot loader too large Missing boot loader I/O error"),
    "/boot/boot1": _BOOT1,
    "/boot/boot2": bytes(_SECTOR) + _BOOT2,
    "/boot/boot": _BOOT1 + bytes(_SECTOR) + _BOOT2,
    "/boot/gptboot": _program(
        "gptboot", b"FreeBSD/x86 boot Default: /boot/loader gptboot: No /boot/loader", 15893
    ),
}
"""What stands below /boot on every node, by path."""

LOADER = "/boot/loader"
KERNEL = "/boot/kernel/kernel"
SYSTEM_FILES: Mapping[str, bytes] = {
    LOADER: b"BTX lab loader\n" + _program("loader", b"can't load 'kernel'", 32 << 10),
    KERNEL: b"\x7fELF lab kernel\n" + _program("kernel", b"FreeBSD 13.2-RELEASE FBLAB", 96 << 10),
}
"""Loader and kernel; a disk without them does not boot."""


def mbr_code(sector: bytes) -> bool:
    """Whether a first sector holds a program (mbr, boot0, pmbr or boot1)."""
    return any(sector[:440])


def boot_program(area: bytes) -> bool:
    """Whether the first 8 kB of a slice hold boot1 and boot2."""
    return any(area[:440]) and any(area[1024:8192])


def partition_program(data: bytes) -> bool:
    """Whether a freebsd-boot partition holds a program."""
    return any(data[:_SECTOR])
