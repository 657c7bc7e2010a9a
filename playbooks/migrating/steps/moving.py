"""Each file system into its new place: a new file system there, and a dump restored into it.

A step is repeated alone: it begins its file system anew. What a pipe hides is kept in files: the exit of each
part of it, and what dump said.
"""

from console.model.plan import Step, Stream
from playbooks.migrating.steps import reaching
from playbooks.migrating.steps.copying import LEVEL, after, before, copy_step, pipe, sent
from playbooks.migrating.steps.dumping import between, make_line, take_line, taken
from playbooks.migrating.steps.filing import through_file
from playbooks.migrating.steps.naming import opened
from playbooks.migrating.work import Move, Way, Work
from playbooks.parts.building import q


def moved(work: Work, move: Move, mark: str, level: int = 0) -> tuple[Step, ...]:
    """The steps that bring one file system over: one, or three where it goes through a file."""
    if work.way is Way.CONSOLE:
        return (_through_console(work, move, mark, level),)
    if work.way is Way.FILE:
        return through_file(work, move, mark, level)
    return (_piped(work, move, mark, level),)


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
        helper = (reaching.there(work),)
        end = f"the restore on {work.target.name}, or ssh to it,"
    return copy_step(
        work,
        move,
        level,
        host,
        opened(
            host,
            mark,
            *helper,
            *before(work, move, level),
            *ready,
            f"{q('watch', move.slug, move.device)} &",
            "watcher=$!",
            pipe(sent(work, move), *between(work, move), taker),
            f': >"$s/{move.slug}.ended"',
            'kill "$watcher" 2>/dev/null',
            *after(work, move, level, end),
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
        *before(work, move, level),
        'echo "$level"',
        pipe(sent(work, move), *between(work, move)),
        "{",
        *(f"    {line}" for line in after(work, move, level, None)),
        "} >&2",
    )
    total = move.source.used if level == 0 and not work.compress else None
    return copy_step(
        work,
        move,
        level,
        host,
        Stream(text=send, to=work.target.name, into=into(work, move, mark), total=total),
    )
