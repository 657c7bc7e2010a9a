"""Each file system into its new place: a new file system there, and a dump restored into it.

A step is repeated alone: it begins its file system anew. What a pipe hides is kept in files: the exit of each
part of it, and what dump said.
"""

from console.model.plan import Step, Stream, Transfer
from playbooks.migrating.steps import keying
from playbooks.migrating.steps.dumping import (
    between,
    between_judged,
    dump_line,
    judge_line,
    make_line,
    packer,
    take_line,
    taken,
    with_snapshot,
)
from playbooks.migrating.steps.naming import opened, seconds_for, step
from playbooks.migrating.work import Move, Way, Work
from playbooks.parts.building import no_undo, q, take_back

_LEVELS = {
    0: ("level=0", "set -- -0"),
    # Cut off in the middle, a level 1 leaves a copy that no second one fits: then the whole is copied again.
    1: (
        'if [ -e "$s/{slug}.again" ]; then level=0; set -- -0; '
        'else level=1; set -- -1 -T "$(cat "$s/{slug}.date")"; fi',
        ': >"$s/{slug}.again"',
    ),
}
LEVEL, LEVELS = '"$level"', '"$@"'


def moved(work: Work, move: Move, mark: str, level: int = 0) -> tuple[Step, ...]:
    """The steps that bring one file system over: one, or three where it goes through a file."""
    if work.way is Way.CONSOLE:
        return (_through_console(work, move, mark, level),)
    if work.way is Way.FILE:
        return _through_file(work, move, mark, level)
    return (_piped(work, move, mark, level),)


def _levels(move: Move, level: int) -> tuple[str, ...]:
    return tuple(line.replace("{slug}", move.slug) for line in _LEVELS[level])


def _before(work: Work, move: Move, level: int) -> tuple[str, ...]:
    """On the source, before anything moves."""
    gone = " ".join(
        f'"$s/{move.slug}.{end}"' for end in ("ended", "dump-exit", "pack-exit", "pace-exit", "exit")
    )
    return (
        *_levels(move, level),
        f"rm -f {gone}",
        *((q("snap", move.mount),) if with_snapshot(work, move) else ("sync",)),
        f': >"$s/{move.slug}.dump"',
    )


def _after(work: Work, move: Move, level: int, taker: str | None) -> tuple[str, ...]:
    """On the source, when it has moved: every exit, and what dump said."""
    done = (f'rm -f "$s/{move.slug}.again"',) if level else ()
    taken = (q("ended", f"{move.slug}.exit", taker),) if taker else ()
    return (judge_line(work, move), *between_judged(work, move), *taken, *done)


def _pipe(*parts: str) -> str:
    return " |\n    ".join(parts)


def _sent(work: Work, move: Move) -> str:
    return f"{{ {dump_line(work, move, LEVELS)}; }}"


def _words(move: Move, level: int) -> tuple[str, str, str]:
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


def _step(work: Work, move: Move, level: int, node: str, action: str | Stream) -> Step:
    id, title, why = _words(move, level)
    return step(
        id,
        title,
        why,
        node,
        action,
        undo=no_undo("it is a copy on the new disk; a repeat begins it anew, and the old disk is as it was"),
        timeout=seconds_for(work, move.source.used),
        phase="copy" if level else None,
    )


def _piped(work: Work, move: Move, mark: str, level: int) -> Step:
    host = work.source.name
    again = 'if [ "$level" = 0 ]; then {}; fi' if level else "{}"
    if work.way is Way.HERE:
        ready = (again.format(make_line(work, move)),)
        taker = f'{{ ({take_line(work, move, LEVEL)}); echo $? >"$s/{move.slug}.exit"; }}'
        helper: tuple[str, ...] = ()
        end = "the restore"
    else:
        problem = q(f"{work.target.name} could not make a file system on {move.target.name}")
        made = f"there make {move.slug} </dev/null || fail {problem}"
        ready = (again.format(made),)
        taker = f'{{ there restore {move.slug} "$level"; echo $? >"$s/{move.slug}.exit"; }}'
        helper = (keying.there(work),)
        end = f"the restore on {work.target.name}, or ssh to it,"
    return _step(
        work,
        move,
        level,
        host,
        opened(
            host,
            mark,
            *helper,
            *_before(work, move, level),
            *ready,
            f"{q('watch', move.slug, move.device)} &",
            _pipe(_sent(work, move), *between(work, move), taker),
            f': >"$s/{move.slug}.ended"',
            "wait",
            *_after(work, move, level, end),
        ),
    )


def into(work: Work, move: Move, mark: str) -> str:
    """On the target: standard input is a line with the level, then the dump."""
    return opened(
        work.target.name,
        mark,
        "read -r level || fail 'nothing came'",
        'if [ "$level" = 0 ]; then',
        f"    {make_line(work, move)}",
        "fi",
        *taken(work, move, LEVEL),
    )


def _through_console(work: Work, move: Move, mark: str, level: int) -> Step:
    host = work.source.name
    send = opened(
        host,
        mark,
        *_before(work, move, level),
        'echo "$level"',
        _pipe(_sent(work, move), *between(work, move)),
        "exec >&2",
        *_after(work, move, level, None),
    )
    total = move.source.used if level == 0 and not work.compress else None
    return _step(
        work,
        move,
        level,
        host,
        Stream(text=send, to=work.target.name, into=into(work, move, mark), total=total),
    )
