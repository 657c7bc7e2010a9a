"""fsck(8) and fsck_ffs(8): checking UFS."""

from dataclasses import replace

from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.geom.base import Provider
from console.lab.ufs import FRAGMENTS, Inode
from console.lab.ufs_volume import ROOT, Counts, Volume

PHASES = (
    "Phase 1 - Check Blocks and Sizes",
    "Phase 2 - Check Pathnames",
    "Phase 3 - Check Connectivity",
    "Phase 4 - Check Reference Counts",
    "Phase 5 - Check Cyl groups",
)
_FAILED = 8


async def fsck(call: Call) -> int:
    """Check devices or mount points; -p preen, -y repair, -n look only."""
    read = read_options(
        call, "b:BCdEfFl:m:np:rRSst:T:vyzZ".replace("p:", "p"), "usage: fsck [-BCdfFnprvy] filesystem ..."
    )
    if read is None:
        return 1
    options, names = read
    if not names:
        names = [known.device for known in call.node.mounts.mounts if known.kind == "ufs"]
    status = 0
    for name in names:
        known = call.node.mounts.at(name)
        device = known.device if known is not None else name
        try:
            status = max(status, await _check(call, device, options))
        except OSError:
            call.say(f"{device}: CANNOT READ BLK: 128")
            call.say(f"{device}: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.")
            status = _FAILED
    await call.node.geom.idle()
    return status


async def _check(call: Call, device: str, options: Options) -> int:
    await call.node.geom.idle()
    provider = call.node.geom.find(device)
    if provider is None:
        call.say(f"Can't stat {device}: No such file or directory\nCan't stat {device}")
        return _FAILED
    writable = "n" not in options and call.uid == 0 and _can_write(call, provider)
    volume = await Volume.read(provider)
    if volume is None:
        call.say(
            f"** {device}\nCannot find file system superblock"
            if "p" not in options
            else f"{device}: Cannot find file system superblock"
        )
        return _FAILED
    if "p" in options:
        return await _preen(call, device, provider, volume, writable=writable, force="f" in options)
    return await _full(call, device, provider, volume, writable=writable)


def _can_write(call: Call, provider: Provider) -> bool:
    return provider.exclusive_count == 0


async def _preen(
    call: Call, device: str, provider: Provider, volume: Volume, *, writable: bool, force: bool
) -> int:
    if volume.superblock.clean and not force:
        call.say(f"{device}: FILE SYSTEM CLEAN; SKIPPING CHECKS")
        call.say(f"{device}: clean, {_free(volume.counts(), volume)}")
        return 0
    if not writable:
        call.say(f"{device}: NO WRITE ACCESS")
        call.say(f"{device}: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.")
        return _FAILED
    if volume.damaged:
        call.say(f"{device}: ROOT INODE UNALLOCATED")
        call.say(f"{device}: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.")
        return _FAILED
    counts = volume.counts()
    if _miscounted(volume, counts):
        for text in (
            "FREE BLK COUNT(S) WRONG IN SUPERBLK",
            "SUMMARY INFORMATION BAD",
            "BLK(S) MISSING IN BIT MAPS",
        ):
            call.say(f"{device}: {text} (SALVAGED)")
    call.say(f"{device}: {_summary(counts, volume)}")
    await _repair(call, provider, volume)
    return 0


async def _full(call: Call, device: str, provider: Provider, volume: Volume, *, writable: bool) -> int:
    call.say(f"** {device}" if writable else f"** {device} (NO WRITE)")
    call.say(f"** Last Mounted on {volume.superblock.fsmnt}")
    answer = "yes" if writable else "no"
    modified = False
    for number, phase in enumerate(PHASES, start=1):
        call.say(f"** {phase}")
        if number == 2 and volume.damaged:
            call.say(f"ROOT INODE UNALLOCATED\nALLOCATE? {answer}\n")
            modified = True
    counts = volume.counts()
    # What a mounted file system's superblock says is always behind.
    if writable and _miscounted(volume, counts):
        for text in (
            "FREE BLK COUNT(S) WRONG IN SUPERBLK",
            "SUMMARY INFORMATION BAD",
            "BLK(S) MISSING IN BIT MAPS",
        ):
            call.say(f"{text}\nSALVAGE? {answer}\n")
        modified = True
    was_clean = volume.superblock.clean
    if writable and (modified or not was_clean):
        recorded = volume.superblock.free_blocks
        await _repair(call, provider, volume)
        if modified and not volume.damaged:
            # What was salvaged is counted in fragments, even where it makes up a block again.
            blocks = min(recorded, counts.free_blocks)
            counts = replace(counts, free_blocks=blocks, free_fragments=counts.free - blocks * FRAGMENTS)
    call.say(_summary(counts, volume))
    if writable:
        call.say(f"\n***** FILE SYSTEM {'IS' if was_clean and not modified else 'MARKED'} CLEAN *****")
        if modified:
            call.say("\n***** FILE SYSTEM WAS MODIFIED *****")
    return 0


def _miscounted(volume: Volume, counts: Counts) -> bool:
    superblock = volume.superblock
    recorded = (superblock.free_fragments, superblock.free_blocks)
    return not superblock.clean and recorded != (counts.free_fragments, counts.free_blocks)


async def _repair(call: Call, provider: Provider, volume: Volume) -> None:
    now = call.node.clock.now()
    if volume.damaged:
        first = volume.layout.data_at // 8 * 8 + 8
        volume = Volume(volume.superblock, {ROOT: Inode("d", 0o755, now, 2, 512, ((first, 1),))})
    volume.superblock = replace(volume.superblock, clean=1)
    with call.node.geom.dev.opened(provider, write=True):
        for offset, data in volume.commit_writes(volume.table, now):
            await provider.write(offset, data)


def _summary(counts: Counts, volume: Volume) -> str:
    return f"{counts.files} files, {counts.used} used, {_free(counts, volume)}"


def _free(counts: Counts, volume: Volume) -> str:
    share = counts.free_fragments * 100 / volume.layout.data
    pieces = f"{counts.free_fragments} frags, {counts.free_blocks} blocks"
    return f"{counts.free} free ({pieces}, {share:.1f}% fragmentation)"


COMMANDS: dict[str, Command] = {"fsck": fsck, "fsck_ffs": fsck, "fsck_ufs": fsck}
