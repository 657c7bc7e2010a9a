"""What every way of copying has in common: what stands before a dump, and what is looked at after it."""

from console.model.plan import Command, Step, Stream
from playbooks.migrating.steps.dumping import between_judged, dump_line, judge_line, takes, with_snapshot
from playbooks.migrating.steps.naming import seconds_for, step
from playbooks.migrating.work import Move, Work
from playbooks.parts.building import no_undo, q

LEVEL, LEVELS = '"$level"', '"$@"'


def _levels(work: Work, move: Move, level: int) -> tuple[str, ...]:
    begun = f'"$s/{move.slug}.again"'
    since = f'set -- -1 -T "$(cat "$s/{move.slug}.date")"'
    if level == 0:
        return ("level=0", "set -- -0")
    if any(other.below for other in work.moves):
        # One file system of several cannot be made anew without the others.
        refused = q(f"the copy of {move.mount} was changed in part: begin the whole migration anew")
        return (f"[ ! -e {begun} ] || fail {refused}", f": >{begun}", "level=1", since)
    # Cut off in the middle, a level 1 leaves a copy that no second one fits: then the whole is copied again.
    return (
        f"if [ -e {begun} ]; then",
        "    level=0",
        "    set -- -0",
        "else",
        "    level=1",
        f"    {since}",
        "fi",
        f": >{begun}",
    )


def before(work: Work, move: Move, level: int) -> tuple[str, ...]:
    """On the source, before anything moves."""
    gone = " ".join(
        f'"$s/{move.slug}.{end}"' for end in ("ended", "dump-exit", "pack-exit", "pace-exit", "exit")
    )
    return (
        *_levels(work, move, level),
        f"rm -f {gone}",
        *((q("snap", move.mount),) if with_snapshot(work, move) else ("sync",)),
        f': >"$s/{move.slug}.dump"',
    )


def after(work: Work, move: Move, level: int, taker: str | None) -> tuple[str, ...]:
    """On the source, when it has moved: every exit, and what dump said."""
    done = (f'rm -f "$s/{move.slug}.again"',) if level else ()
    taken = (q("ended", f"{move.slug}.exit", taker),) if taker else ()
    room = (q("roomy", move.slug, takes(work, move)),) if taker else ()
    return (*room, judge_line(work, move), *between_judged(work, move), *taken, *done)


def pipe(*parts: str) -> str:
    """Commands one behind the other, a line each."""
    return " |\n    ".join(parts)


def sent(work: Work, move: Move) -> str:
    """The first command of a pipe: the dump."""
    return f"{{ {dump_line(work, move, LEVELS)}; }}"


def words(move: Move, level: int) -> tuple[str, str, str]:
    """Id, title and reason of the step that moves."""
    if level:
        return (
            f"again-{move.slug}",
            f"Bring over what has changed in {move.mount} since",
            "Nothing writes any more, so this level 1 is short and nothing comes after it.",
        )
    return (
        f"move-{move.slug}",
        f"Copy {move.mount} to {move.target.name}",
        "dump reads the old file system as it is, restore writes a new one; the old one is only read.",
    )


def copy_step(work: Work, move: Move, level: int, node: str, action: str | Stream) -> Step:
    """The step that moves, on a machine."""
    id, title, why = words(move, level)
    expected = move.source.used if level == 0 else None
    return step(
        id,
        title,
        why,
        node,
        Command(text=action, total=expected) if isinstance(action, str) else action,
        undo=no_undo("it is a copy on the new disk; a repeat begins it anew, and the old disk is as it was"),
        timeout=seconds_for(work, move.source.used),
        phase="copy" if level else None,
    )
