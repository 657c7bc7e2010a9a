"""Shell text of one dump into one restore: the two ends, and what lies between them."""

from playbooks.migrating.steps import naming
from playbooks.migrating.work import Move, Way, Work
from playbooks.parts.building import q


def mounted_at(work: Work, move: Move) -> str:
    """Where the target of a move is mounted: of several that become one, where the root's is."""
    owner = next((m for m in work.moves if m.target.name == move.target.name and not m.below), move)
    return naming.copy_of(owner)


def files_at(work: Work, move: Move) -> str:
    """Where the copy of the move's root directory is."""
    return f"{mounted_at(work, move)}/{move.below}".rstrip("/")


def mount_points(work: Work) -> tuple[str, ...]:
    """Where copies are mounted, each once."""
    return tuple(dict.fromkeys(mounted_at(work, move) for move in work.moves))


def reopen_lines(work: Work) -> tuple[str, ...]:
    """Shell text: all of the copies are mounted, also where the machine has started anew meanwhile."""
    return tuple(
        q("reopen", naming.new_device(move), mounted_at(work, move)) for move in work.moves if not move.below
    )


def unmount_lines(work: Work) -> tuple[str, ...]:
    """Shell text: none of the copies is mounted any more; a label cannot be written while one is (R14)."""
    pairs = [("/dev/" + move.target.name, mounted_at(work, move)) for move in work.moves if not move.below]
    return tuple(f"if mounted {q(device, at)}; then umount {q(at)} || exit 1; fi" for device, at in pairs)


def make_line(work: Work, move: Move) -> str:
    """On the target: an empty place for the copy."""
    at, device = mounted_at(work, move), naming.new_device(move)
    if move.below:
        return q("clear", at, device, move.below)
    density = ("-i", str(work.density)) if work.density else ()
    old = ("-O", "1") if work.ufs == 1 and (work.target.major or 5) >= 5 else ()
    return q("make", at, device, "-U", *old, *density)


def take_line(work: Work, move: Move, level: str) -> str:
    """On the target: standard input is restored. `level` is a word of the shell's, `0` or `"$level"`."""
    words = q("take", mounted_at(work, move), naming.new_device(move), files_at(work, move))
    return f"{words} {level}"


def takes(work: Work, move: Move) -> str:
    """What takes a move, in words."""
    return f"{move.target.name} on {work.target.name}, which takes {move.mount},"


def with_snapshot(work: Work, move: Move) -> bool:
    """Whether dump is asked for a snapshot: not of what nobody can write to."""
    return work.snapshots and move.live


def dump_line(work: Work, move: Move, level: str) -> str:
    """On the source: the dump on standard output. -a: no tape, so none is full; -h: what honours nodump."""
    words = [
        "-a",
        *(["-L"] if with_snapshot(work, move) else ()),
        "-h",
        "0" if move.excludes else "2",
        "-f",
        "-",
    ]
    return f"{q('send', move.slug)} {level} {q(*words)} {q(move.device)}"


def judge_line(work: Work, move: Move) -> str:
    """On the source, afterwards: whether that dump is whole."""
    return q("judge", move.slug, "snapshot" if with_snapshot(work, move) else "live")


def packer(work: Work) -> tuple[str, str] | None:
    """Commands that pack and unpack, if that was asked for; both machines have them."""
    if not work.compress:
        return None
    both = work.source.tools & work.target.tools
    return ("zstd -q -1", "zstd -q -d") if "zstd" in both else ("gzip -1", "gzip -d")


def between(work: Work, move: Move) -> tuple[str, ...]:
    """On the source, between dump and what takes it: packing and pacing, each with its exit kept."""
    parts: list[str] = []
    if pack := packer(work):
        parts.append(f'{{ {pack[0]}; echo $? >"$s/{move.slug}.pack-exit"; }}')
    if work.rate_limit is not None and work.way is not Way.FILE:
        parts.append(f'{{ pace {max(1, work.rate_limit // 1024)}; echo $? >"$s/{move.slug}.pace-exit"; }}')
    return tuple(parts)


def between_judged(work: Work, move: Move) -> tuple[str, ...]:
    """On the source, afterwards: whether those ended well."""
    slug = move.slug
    lines: list[str] = []
    if packer(work):
        lines.append(q("ended", f"{slug}.pack-exit", f"the packing of {slug}"))
    if work.rate_limit is not None and work.way is not Way.FILE:
        lines.append(q("ended", f"{slug}.pace-exit", f"the limit on {slug}"))
    return tuple(lines)


def taken(work: Work, move: Move, level: str, file: str | None = None) -> tuple[str, ...]:
    """On the target: restore what comes on standard input, or stands in a file; fails where a part fails."""
    take, failed = (
        f"({take_line(work, move, level)})",
        f'|| untaken "$?" {q(takes(work, move))}',
    )
    source = f" <{q(file)}" if file else ""
    pack = packer(work)
    if pack is None:
        return (f"{take}{source} {failed}",)
    kept = f"{move.slug}.unpack-exit"
    return (
        f'{{ {pack[1]}{source}; echo $? >"$s/{kept}"; }} | {take} {failed}',
        q("ended", kept, f"the unpacking of {move.slug}"),
    )
