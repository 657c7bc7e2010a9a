"""newfs(8), growfs(8), tunefs(8), dumpfs(8), fstyp(8), diskinfo(8): making and describing file systems."""

from dataclasses import replace
from datetime import UTC, datetime

from console.lab.arguments import read_options, read_size
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.geom.base import Provider
from console.lab.images import Image
from console.lab.sizes import rounded
from console.lab.ufs import BLOCK, FRAGMENT, FRAGMENTS, SUPERBLOCK, Geometry, Storage
from console.lab.ufs_volume import Volume, Writes

_WIDTH = 80
_READERS = ("operator",)


def _provider(call: Call, name: str) -> Provider | None:
    """The device an argument means: a path below /dev, a bare name, or a mount point."""
    known = call.node.mounts.at(name)
    return call.node.geom.find(known.device if known is not None else name)


class _File:
    """A disk image as libufs(3) reads it, like a device."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.mediasize = image.size

    async def read(self, offset: int, length: int) -> bytes:
        return self._image.read(offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        self._image.write(offset, data)


def _file(call: Call, name: str) -> Storage | None:
    image = call.node.images.at(name) if name.startswith("/") else None
    return _File(image) if image else None


def _may_read(call: Call) -> bool:
    return call.uid == 0 or any(group in call.groups for group in _READERS)


async def _write(provider: Provider, writes: Writes) -> None:
    for offset, data in writes:
        await provider.write(offset, data)


async def newfs(call: Call) -> int:
    """Make a UFS2 file system."""
    read = read_options(
        call, "EJL:NO:S:T:UXa:b:c:d:e:f:g:h:i:jk:lm:no:p:r:s:t", "usage: newfs [ -fsoptions ] special-device"
    )
    if read is None:
        return 1
    options, rest = read
    if len(rest) != 1:
        call.complain("usage: newfs [ -fsoptions ] special-device [device-type]")
        return 1
    device = rest[0] if rest[0].startswith("/dev/") else f"/dev/{rest[0]}"
    await call.node.geom.idle()
    provider = call.node.geom.find(device)
    if provider is None:
        call.complain(f"newfs: {rest[0]}: could not find special device")
        return 1
    sectors = int(options["s"]) if options.get("s", "").isdigit() else 0
    volume = Volume.make(
        provider,
        call.node.clock.now(),
        call.node.world.random,
        soft_updates="U" in options or "j" in options,
        label=options.get("L", ""),
        sectors=sectors,
    )
    if "j" in options:
        volume.superblock = replace(volume.superblock, journaled=True)
    if "N" not in options:
        try:
            if call.uid != 0:
                raise PermissionError
            with call.node.geom.dev.opened(provider, write=True):
                await _write(provider, volume.directory_writes())
                await _write(provider, volume.commit_writes(volume.table, call.node.clock.now()))
        except OSError:
            call.complain(f"newfs: {device}: failed to open disk for writing")
            return 1
    text = _describe(device, volume)
    if "j" in options:
        text = f"{text.rstrip()}Using inode 4 in cg 0 for {_journal(volume.layout)} byte journal\n"
        call.complain("newfs: soft updates journaling set")
    call.say(text, end="")
    await call.node.geom.idle()
    return 0


def _describe(device: str, volume: Volume) -> str:
    layout = volume.layout
    sectors = layout.size * FRAGMENTS
    text = (
        f"{device}: {sectors / 2048:.1f}MB ({sectors} sectors) "
        f"block size {BLOCK}, fragment size {FRAGMENT}\n"
        f"\tusing {layout.groups} cylinder groups of {layout.group * FRAGMENT / (1 << 20):.2f}MB, "
        f"{layout.group // FRAGMENTS} blks, {layout.inodes} inodes.\n"
    )
    if volume.superblock.soft_updates:
        text += "\twith soft updates\n"
    return text + _backups(layout, 0)


def _journal(layout: Geometry) -> int:
    """Bytes of a soft-updates journal: a thousandth of the file system in blocks, at least 4 MB."""
    return max(4 << 20, -(-layout.size * BLOCK // 1024 // BLOCK) * BLOCK)


def _backups(layout: Geometry, first: int) -> str:
    text, column = "super-block backups (for fsck_ffs -b #) at:\n", 0
    for number in range(first, layout.groups):
        comma = "," if number < layout.groups - 1 else ""
        word = f" {(number * layout.group + 24) * FRAGMENTS}{comma}"
        if column + len(word) >= _WIDTH:
            text, column = text + "\n", 0
        text, column = text + word, column + len(word)
    return text + "\n"


async def growfs(call: Call) -> int:
    """Grow a file system to the size of its device."""
    read = read_options(call, "Ns:vy", "usage: growfs [-Ny] [-s size] special | filesystem")
    if read is None:
        return 1
    options, rest = read
    provider = _provider(call, rest[0]) if len(rest) == 1 else None
    if provider is None:
        call.complain(f"growfs: {rest[0] if rest else ''}: No such file or directory")
        return 1
    await call.node.geom.idle()
    volume = await Volume.read(provider)
    if volume is None:
        call.complain("growfs: superblock not recognized")
        return 1
    wanted = read_size(options["s"]) if "s" in options else None
    size = (wanted or provider.mediasize) // FRAGMENT
    old = volume.layout
    if size <= old.size:
        now, then = rounded(size * FRAGMENT), rounded(old.size * FRAGMENT)
        call.complain(f"growfs: requested size {now}B is not larger than the current filesystem size {then}B")
        return 1
    if "y" not in options:
        call.say(
            "It's strongly recommended to make a backup before growing the file system.\n"
            f"OK to grow filesystem on /dev/{provider.name} from {rounded(old.size * FRAGMENT)}B "
            f"to {rounded(size * FRAGMENT)}B? [yes/no] ",
            end="",
        )
        answer = (await call.stdin.read()).decode("utf-8", "replace").split()
        if answer[:1] not in (["Yes"], ["yes"]):
            call.say('Response other than "yes"; aborting')
            return 0
    superblock = replace(volume.superblock, size=size, provider_size=provider.mediasize // FRAGMENT)
    grown = Volume(superblock, volume.table)
    if "N" not in options:
        try:
            with call.node.geom.dev.opened(provider, write=True):
                await _write(provider, grown.commit_writes(grown.table, call.node.clock.now()))
        except OSError:
            call.complain(f"growfs: {rest[0]}: Operation not permitted")
            return 1
    call.say(_backups(grown.layout, old.groups), end="")
    return 0


async def tunefs(call: Call) -> int:
    """Show (-p) the tunable values of a file system, or set its label and soft updates."""
    read = read_options(
        call, "Aa:e:f:j:J:k:L:l:m:N:n:o:ps:S:t:", "usage: tunefs [-A] [-p] special | filesystem"
    )
    if read is None:
        return 1
    options, rest = read
    provider = _provider(call, rest[0]) if len(rest) == 1 else None
    volume = await Volume.read(provider) if provider is not None else None
    if provider is None or volume is None:
        call.complain(f"tunefs: {rest[0] if rest else ''}: could not read superblock to fill out disk")
        return 1
    if "L" in options or "n" in options:
        enabled = options.get("n", "enable" if volume.superblock.soft_updates else "disable") == "enable"
        label = options.get("L", volume.superblock.volname)
        volume.superblock = replace(volume.superblock, volname=label, soft_updates=enabled)
        try:
            with call.node.geom.dev.opened(provider, write=True):
                await _write(provider, volume.superblock_writes())
        except OSError:
            call.complain(f"tunefs: {rest[0]}: failed to write superblock")
            return 1
        if "n" in options:
            call.complain(f"tunefs: soft updates {'set' if enabled else 'cleared'}")
    if "p" in options:
        _show_tunables(call, volume)
    return 0


def _show_tunables(call: Call, volume: Volume) -> None:
    superblock = volume.superblock

    def switch(on: bool) -> str:
        return "enabled" if on else "disabled"

    rows = (
        ("POSIX.1e ACLs: (-a)", "disabled"),
        ("NFSv4 ACLs: (-N)", "disabled"),
        ("MAC multilabel: (-l)", "disabled"),
        ("soft updates: (-n)", switch(superblock.soft_updates)),
        ("soft update journaling: (-j)", switch(superblock.journaled)),
        ("gjournal: (-J)", "disabled"),
        ("trim: (-t)", "disabled"),
        ("maximum blocks per file in a cylinder group: (-e)", "4096"),
        ("average file size: (-f)", "16384"),
        ("average number of files in a directory: (-s)", "64"),
        ("minimum percentage of free space: (-m)", "8%"),
        ("space to hold for metadata blocks: (-k)", str(_metaspace(volume.layout))),
        ("optimization preference: (-o)", "time"),
        ("volume label: (-L)", superblock.volname),
    )
    for label, value in rows:
        call.complain(f"tunefs: {label:<50} {value}")


def _metaspace(layout: Geometry) -> int:
    """Fragments per group set aside for metadata: half of the minimum free space, in whole blocks."""
    return layout.group * 8 // 200 // FRAGMENTS * FRAGMENTS


async def dumpfs(call: Call) -> int:
    """Print a superblock."""
    status = 0
    for name in call.arguments:
        provider = _provider(call, name) or _file(call, name)
        if provider is None:
            call.complain(f"dumpfs: {name}: could not find special device")
            status = 1
            continue
        if not _may_read(call):
            call.complain(f"dumpfs: {name}: could not open special device")
            status = 1
            continue
        volume = await Volume.read(provider)
        if volume is None:
            call.complain(f"dumpfs: {name}: could not read superblock to fill out disk")
            status = 1
            continue
        call.say(_superblock_text(volume))
    return status


def _superblock_text(volume: Volume) -> str:
    superblock, layout = volume.superblock, volume.layout
    flags = "soft-updates" if superblock.soft_updates else "none"
    if superblock.journaled:
        flags = "soft-updates+journal"
    cgsize = -(-(268 + layout.group * 9 // 64 + layout.inodes // 8) // FRAGMENT) * FRAGMENT
    summary = " ".join("({},{},{},{})".format(*group) for group in superblock.groups_summary)
    return f"""magic\t19540119 (UFS2)
last mounted time\t{_ctime(superblock.mounted)}
last modified time\t{_ctime(superblock.modified)}
superblock location\t{SUPERBLOCK}\tid\t[ {superblock.ident[:8]} {superblock.ident[8:]} ]
ncg\t{layout.groups}\tsize\t{layout.size}\tblocks\t{layout.data}
bsize\t{BLOCK}\tshift\t15\tmask\t0xffff8000
fsize\t{FRAGMENT}\tshift\t12\tmask\t0xfffff000
frag\t{FRAGMENTS}\tshift\t3\tfsbtodb\t3
minfree\t8%\toptim\ttime\tsymlinklen 120
maxbsize {BLOCK}\tmaxbpg\t4096\tmaxcontig 32\tcontigsumsize 16
nbfree\t{superblock.free_blocks}\tndir\t{superblock.directories}\tnifree\t{superblock.free_inodes}\tnffree\t{superblock.free_fragments}
bpg\t{layout.group // FRAGMENTS}\tfpg\t{layout.group}\tipg\t{layout.inodes}\tunrefs\t0
nindir\t4096\tinopb\t128\tmaxfilesize\t2252349704110079
sbsize\t4096\tcgsize\t{cgsize}\tcsaddr\t{layout.data_at}\tcssize\t4096
sblkno\t24\tcblkno\t32\tiblkno\t40\tdblkno\t{layout.data_at}
cgrotor\t0\tfmod\t0\tronly\t0\tclean\t{superblock.clean}
metaspace {_metaspace(layout)}\tavgfpdir 64\tavgfilesize 16384
flags\t{flags} 
check hashes\tsuperblock cylinder-groups inodes 
fsmnt\t{superblock.fsmnt}
volname\t{superblock.volname}\tswuid\t0\tprovidersize\t{superblock.provider_size}

cs[].cs_(nbfree,ndir,nifree,nffree):
\t{summary} 
"""  # noqa: W291 - dumpfs(8) ends these lines with a blank


def _ctime(moment: float) -> str:
    when = datetime.fromtimestamp(moment, UTC)
    return f"{when:%a %b} {when.day:2d} {when:%H:%M:%S %Y}"


async def fstyp(call: Call) -> int:
    """Say what file system a device holds."""
    names = [word for word in call.arguments if not word.startswith("-")]
    if len(names) != 1:
        call.complain("usage: fstyp [-l] [-s] [-u] special")
        return 1
    provider = call.node.geom.find(names[0])
    if provider is None:
        call.complain(f"fstyp: {names[0]}: No such file or directory")
        return 1
    if await Volume.read(provider) is None:
        call.complain(f"fstyp: {names[0]}: filesystem not recognized")
        return 1
    call.say("ufs")
    return 0


async def diskinfo(call: Call) -> int:
    """Size and sector size of devices; -v one line each with a remark."""
    read = read_options(call, "cipsStvwl", "usage: diskinfo [-cipsStvwl] disk ...")
    if read is None:
        return 1
    options, names = read
    status = 0
    for name in names:
        provider = call.node.geom.find(name)
        if provider is None:
            call.complain(f"diskinfo: {name}: No such file or directory")
            status = 1
        elif not _may_read(call):
            call.complain(f"diskinfo: {name}: Permission denied")
            status = 1
        elif "v" in options:
            _disk_details(call, name, provider)
        else:
            _disk_line(call, name, provider)
    return status


def _geometry_of(provider: Provider) -> tuple[int, ...]:
    disk = provider.geom.owner.name in ("DISK", "PART", "LABEL") and not provider.name.startswith("ufs")
    return (provider.mediasize // 512 // (16 * 63), 16, 63) if disk else ()


def _disk_line(call: Call, name: str, provider: Provider) -> None:
    numbers = (provider.sectorsize, provider.mediasize, provider.mediasize // provider.sectorsize, 0)
    words = (name, *numbers, provider.stripeoffset, *_geometry_of(provider))
    call.say("\t".join(str(word) for word in words))


def _disk_details(call: Call, name: str, provider: Provider) -> None:
    config = dict(provider.config()) if provider.config is not None else {}
    rows: list[tuple[object, str]] = [
        (provider.sectorsize, "sectorsize"),
        (provider.mediasize, f"mediasize in bytes ({rounded(provider.mediasize)})"),
        (provider.mediasize // provider.sectorsize, "mediasize in sectors"),
        (0, "stripesize"),
        (provider.stripeoffset, "stripeoffset"),
    ]
    numbers = _geometry_of(provider)
    if numbers:
        rows += [
            (numbers[0], "Cylinders according to firmware."),
            (numbers[1], "Heads according to firmware."),
            (numbers[2], "Sectors according to firmware."),
        ]
        rows += [(config.get("descr", ""), "Disk descr."), (config.get("ident", ""), "Disk ident.")]
        rows.append(("", "Attachment"))
    rows += [
        ("Yes" if provider.candelete else "No", "TRIM/UNMAP support"),
        ("Unknown", "Rotation rate in RPM"),
    ]
    call.say(name)
    for value, remark in rows:
        call.say(f"\t{value!s:<12}\t# {remark}")
    call.say("")


def _telling(command: Command) -> Command:
    """Let a command end in words when its device cannot be read or written."""

    async def run(call: Call) -> int:
        try:
            return await command(call)
        except OSError as error:
            call.complain(f"{call.name}: {call.arguments[-1]}: {reason(error)}")
            return 1

    return run


COMMANDS: dict[str, Command] = {
    "diskinfo": diskinfo,
    "dumpfs": _telling(dumpfs),
    "fstyp": _telling(fstyp),
    "growfs": _telling(growfs),
    "newfs": _telling(newfs),
    "tunefs": _telling(tunefs),
}
