"""fdisk(8): the slices of an MBR, shown, initialised (-I), set from a script (-f), and its boot code (-B)."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.commands.fdisk_script import Slice, TableText, read_script
from console.lab.files import read_content
from console.lab.geom import mbr
from console.lab.geom.base import Provider, failure
from console.lab.geom.tables import HEADS, SECTOR, SECTORS

_USAGE = """usage: fdisk [-BIaipqstu] [-b bootcode] [-1234] [disk]
       fdisk -f configfile [-itv] [disk]"""

_TYPES = {
    0x01: "Primary DOS with 12 bit FAT", 0x05: "Extended DOS", 0x06: "Primary DOS, 16 bit FAT (>= 32MB)",
    0x07: "NTFS, OS/2 HPFS, QNX-2 (16 bit) or Advanced UNIX", 0x0B: "DOS or Windows 95 with 32 bit FAT",
    0x0C: "DOS or Windows 95 with 32 bit FAT (LBA)", 0x82: "Linux swap or Solaris x86", 0x83: "Linux native",
    0x85: "Linux extended", 0xA5: "FreeBSD/NetBSD/386BSD", 0xA6: "OpenBSD", 0xA9: "NetBSD", 0xEE: "EFI GPT",
    0xEF: "EFI System Partition",
}  # fmt: skip


class _End(Exception):
    """The program ends here: an answer was not given, or something cannot be read."""

    def __init__(self, text: str = "", status: int = 1) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class _Work:
    """The disk, its first sector as it is now, and the slices as they are to be."""

    call: Call
    name: str
    provider: Provider
    options: Options
    writable: bool
    code: bytes = b""
    slices: list[Slice] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Sectors of the disk."""
        return self.provider.mediasize // SECTOR

    @property
    def cylinders(self) -> int:
        """Whole cylinders of the disk."""
        return self.total // (HEADS * SECTORS)

    def ask(self, question: str) -> bool:
        """Ask on standard output; without an answer to read the program ends, as fdisk(8) does."""
        self.call.say(f"{question} [n] ", end="")
        if not self.answers:
            raise _End
        return self.answers.pop(0).strip() in ("y", "Y", "yes", "YES")


async def fdisk(call: Call) -> int:
    """Show a table unless told to change it; questions are answered from standard input."""
    read = read_options(call, "BIab:f:ipqstuv1234", _USAGE)
    if read is None:
        return 1
    options, rest = read
    await call.node.geom.idle()
    name = rest[0] if rest else _root_disk(call)
    device = name if name.startswith("/dev/") else f"/dev/{name}"
    provider = call.node.geom.find(device)
    if provider is None or (call.uid != 0 and "operator" not in call.groups):
        why = "No such file or directory" if provider is None else "Permission denied"
        call.complain(f"{call.name}: unable to get correct path for {name}: {why}")
        return 1
    wants = bool({"a", "I", "B", "u", "f", "i"} & set(options))
    work = _Work(call, device, provider, options, writable=False)
    try:
        if not wants:
            return await _run(work)
        return await _writing(work)
    except _End as end:
        if str(end):
            call.complain(f"{call.name}: {end}")
        return end.status
    finally:
        if wants:
            await call.node.geom.idle()


async def _writing(work: _Work) -> int:
    dev = work.call.node.geom.dev
    try:
        if work.call.uid != 0:
            raise failure(errno.EPERM)
        with dev.opened(work.provider, write=True):
            work.writable = True
            return await _run(work)
    except PermissionError:
        # A disk in use is opened for reading only; writing fails when it comes to that.
        return await _run(work)


def _root_disk(call: Call) -> str:
    device = call.node.mounts.mounts[0].device
    return device if call.node.geom.find(device) is None else _bottom(call.node.geom.find(device))


def _bottom(provider: Provider | None) -> str:
    while provider is not None and provider.geom.consumers:
        provider = provider.geom.consumers[0].below
    return provider.name if provider is not None else ""


async def _run(work: _Work) -> int:
    call, options = work.call, work.options
    work.answers = (await call.stdin.read()).decode("utf-8", "replace").splitlines() if _asks(options) else []
    sector = await work.provider.read(0, SECTOR)
    valid = sector[mbr.MAGIC_AT :] == mbr.MAGIC
    if "p" in options or "s" in options:
        if not valid:
            call.complain(f"{call.name}: invalid fdisk partition table found")
            raise _End("read_s0: Unknown error: 0")
        _load(work, sector)
        _short(work) if "s" in options else _as_script(work)
        return 0
    call.say(f"******* Working on device {work.name} *******")
    if "I" in options:
        if not valid:
            call.complain(f"{call.name}: invalid fdisk partition table found")
        _initialise(work, whole=True)
        await _store(work)
        return 0
    if "f" in options:
        return await _script(work, sector, valid=valid)
    return await _interactive(work, sector, valid=valid)


def _asks(options: Options) -> bool:
    return bool({"a", "B", "u", "i"} & set(options)) and "f" not in options and "I" not in options


async def _script(work: _Work, sector: bytes, *, valid: bool) -> int:
    call, options = work.call, work.options
    if valid and "i" not in options:
        _load(work, sector)
    else:
        if not valid:
            call.complain(f"{call.name}: invalid fdisk partition table found")
        work.slices = [Slice()] * mbr.SLOTS
        work.code = _boot_code(work)
    if options["f"] == "-":
        text: bytes | str = await call.stdin.read()
    else:
        text = read_content(call, options["f"])
    if isinstance(text, str):
        return 1
    table = TableText(work.total, work.cylinders, list(work.slices))
    good = read_script(text.decode("utf-8", "replace"), table)
    for line in table.complaints:
        call.complain(f"{call.name}: {line}")
    if not good:
        return 1
    work.slices = table.slices
    if "v" in options or "t" in options:
        _summary(work)
    if "t" not in options:
        await _store(work)
    return 0


async def _interactive(work: _Work, sector: bytes, *, valid: bool) -> int:
    call, options = work.call, work.options
    _parameters(work)
    if "u" in options or "i" in options:
        work.ask("Do you want to change our idea of what BIOS thinks ?")
    if valid:
        _load(work, sector)
    else:
        call.complain(f"{call.name}: invalid fdisk partition table found")
        _initialise(work, whole=False)
    call.say("Media sector size is 512\nWarning: BIOS sector numbering starts with sector 1")
    call.say("Information from DOS bootblock is:")
    chosen = next((int(number) for number in "1234" if number in options), None)
    for number in range(1, mbr.SLOTS + 1):
        if chosen in (None, number):
            call.say(f"The data for partition {number} is:")
            _show(work, work.slices[number - 1])
            if "u" in options or "i" in options:
                work.ask("Do you want to change it?")
    if "u" in options or "a" in options:
        _change_active(work, chosen)
    if "B" in options and work.ask("Do you want to change the boot code?"):
        work.code = _boot_code(work)
    if {"u", "i", "a", "B"} & set(options):
        if "t" not in options:
            call.say("\nWe haven't changed the partition table yet.  This is your last chance.")
        _summary(work)
        if "t" in options:
            call.say("\n-t flag specified -- partition table not written.")
        elif work.ask("Should we write new partition table?"):
            await _store(work)
    return 0


def _change_active(work: _Work, chosen: int | None) -> None:
    call = work.call
    active = [number for number, known in enumerate(work.slices, 1) if known.flag & mbr.ACTIVE]
    for number in active:
        call.say(f"Partition {number} is marked active")
    new = chosen or (active[0] if active else 1)
    if not work.ask("Do you want to change the active partition?"):
        return
    while True:
        call.say(f'Supply a decimal value for "active partition" [{new}] ', end="")
        if not work.answers:
            raise _End
        answer = work.answers.pop(0).strip()
        new = int(answer) if answer.isdigit() else new
        if not 1 <= new <= mbr.SLOTS:
            call.say("Active partition number must be in range 1-4.  Try again.")
        elif work.ask("Are you happy with this choice"):
            break
    work.slices = [known.with_flag(number == new) for number, known in enumerate(work.slices, 1)]


def _load(work: _Work, sector: bytes) -> None:
    work.code = sector
    work.slices = [
        Slice(flag, kind, start, size, beg + end) for flag, beg, kind, end, start, size in mbr.entries(sector)
    ]


def _initialise(work: _Work, *, whole: bool) -> None:
    """One FreeBSD slice over all whole cylinders, active, with fresh boot code."""
    work.code = _boot_code(work)
    first = Slice(mbr.ACTIVE, 165, SECTORS, work.cylinders * HEADS * SECTORS - SECTORS).placed()
    work.slices = [first, Slice(), Slice(), Slice()]


def _boot_code(work: _Work) -> bytes:
    path = work.options.get("b", "/boot/mbr")
    content = read_content(work.call, path)
    if isinstance(content, str):
        raise _End(f"{path}: {content}")
    if len(content) % SECTOR or not content:
        raise _End(f"{path}: length must be a multiple of sector size")
    return content


async def _store(work: _Work) -> None:
    text = b"".join(known.packed() for known in work.slices)
    sector = work.code[: mbr.PARTS_AT] + text + mbr.MAGIC + work.code[SECTOR:]
    if not work.writable:
        work.call.complain(f"{work.call.name}: Failed to write MBR. Try to use gpart(8).")
        return
    await work.provider.write(0, sector)


def _short(work: _Work) -> None:
    say: Callable[[str], None] = work.call.say
    say(f"{work.name}: {work.cylinders} cyl {HEADS} hd {SECTORS} sec")
    say(f"Part  {'Start':>11} {'Size':>11} Type Flags")
    for number, known in enumerate(work.slices, 1):
        if known.start or known.size:
            say(f"{number:4}: {known.start:>11} {known.size:>11} 0x{known.kind:02x} 0x{known.flag:02x}")


def _as_script(work: _Work) -> None:
    call = work.call
    call.say(f"# {work.name}\ng c{work.cylinders} h{HEADS} s{SECTORS}")
    for number, known in enumerate(work.slices, 1):
        if known.start or known.size:
            call.say(f"p {number} 0x{known.kind:02x} {known.start} {known.size}")
            if known.flag & mbr.ACTIVE:
                call.say(f"a {number}")


def _parameters(work: _Work) -> None:
    line = f"cylinders={work.cylinders} heads={HEADS} sectors/track={SECTORS} ({HEADS * SECTORS} blks/cyl)\n"
    work.call.say(f"parameters extracted from in-core disklabel are:\n{line}")
    if work.cylinders > 1023:
        work.call.say("Figures below won't work with BIOS for partitions not in cyl 1")
    work.call.say(f"parameters to be used for BIOS calculations are:\n{line}")


def _summary(work: _Work) -> None:
    _parameters(work)
    work.call.say("Information from DOS bootblock is:")
    for number, known in enumerate(work.slices, 1):
        work.call.say(f"{number}: ", end="")
        _show(work, known)


def _show(work: _Work, known: Slice) -> None:
    if known == Slice():
        work.call.say("<UNUSED>")
        return
    active = " (active)" if known.flag == mbr.ACTIVE else ""
    beg, end = (_place(known.ends[at : at + 3]) for at in (0, 3))
    work.call.say(
        f"sysid {known.kind} ({known.kind:#04x}),({_TYPES.get(known.kind, 'unknown')})\n"
        f"    start {known.start}, size {known.size} ({known.size * SECTOR >> 20} Meg), "
        f"flag {known.flag:x}{active}\n\tbeg: {beg};\n\tend: {end}"
    )


def _place(packed: bytes) -> str:
    head, sector, cylinder = packed
    return f"cyl {cylinder | (sector & 0xC0) << 2}/ head {head}/ sector {sector & 0x3F}"


COMMANDS: dict[str, Command] = {"fdisk": fdisk}
