"""The way through a file: dumped on the source, carried where the target is elsewhere, restored there."""

from console.model.plan import Step, Transfer
from playbooks.migrating.steps.copying import LEVEL, after, before, pipe, sent, words
from playbooks.migrating.steps.dumping import between, make_line, packer, taken
from playbooks.migrating.steps.naming import opened, seconds_for, step, taken_back
from playbooks.migrating.work import Move, Work
from playbooks.parts.building import no_undo, q


def through_file(work: Work, move: Move, mark: str, level: int) -> tuple[Step, ...]:
    """Two steps, or three where the file has to be carried."""
    id, title, _ = words(move, level)
    room = f"{(work.work_directory or '/var/db/mirrorgate').rstrip('/')}/migrate-{mark}.dumps"
    file = f"{room}/{move.slug}.{level}"
    there = file if work.same_host else f"/var/db/mirrorgate/migrate-{mark}/{move.slug}.{level}"
    steps = [_dumped(work, move, mark, level, room, file)]
    if not work.same_host:
        steps.append(
            step(
                f"carry-{id}",
                f"Carry the dump of {move.mount} to {work.target.name}",
                "The copy goes on where it was cut off, and is compared by its checksum.",
                work.source.name,
                Transfer(source=file, host=work.target.name, target=there),
                undo=no_undo("the file is removed when it has been restored"),
                timeout=seconds_for(work, move.source.used),
            )
        )
    pack = packer(work)
    read = f"{pack[1]} <{q(there)} | restore -tf -" if pack else f"restore -tf - <{q(there)}"
    # A second round that was cut off is a level 0, and only the source knows; but a dump says its level.
    known = (
        f"level=$({read} 2>&1 | sed -n 's/^Level \\([0-9]\\) dump of.*/\\1/p')",
        '[ -n "$level" ] || fail "this is no dump: make it again"',
        f'if [ "$level" = 0 ]; then {make_line(work, move)}; fi',
    )
    steps.append(
        step(
            id,
            title,
            "restore writes the dump into the new file system; it has to be whole, or it says so.",
            work.target.name,
            opened(
                work.target.name,
                mark,
                *(known if level else ("level=0", make_line(work, move))),
                *taken(work, move, LEVEL, there),
                q("rm", "-f", there),
            ),
            undo=no_undo("it is a copy on the new disk; a repeat begins it anew"),
            timeout=seconds_for(work, move.source.used),
            phase="copy" if level else None,
        )
    )
    return tuple(steps)


def _dumped(work: Work, move: Move, mark: str, level: int, room: str, file: str) -> Step:
    estimate = "sed -n 's/.*estimated \\([0-9]*\\) tape blocks.*/\\1/p'"
    enough = (
        f"needed=$(dump -S -0 {q(move.device)} 2>&1 | {estimate})",
        f"free=$(df -k {q(room)} | awk 'NR > 1 {{ free = $4 }} END {{ print free }}')",
        f'[ "${{needed:-1}}" -le "$free" ] || fail "{room} has $free KiB free, the dump needs $needed"',
    )
    return step(
        f"dump-{words(move, level)[0]}",
        f"Dump {move.mount} into a file on {work.source.name}",
        "The file is on a file system that is not dumped, so it does not grow into itself.",
        work.source.name,
        opened(
            work.source.name,
            mark,
            f"mkdir -p {q(room)} || exit 1",
            f"chmod 700 {q(room)} || exit 1",
            *before(work, move, level),
            *(() if level or work.compress else enough),
            f"{q('watch', move.slug, move.device)} &",
            "watcher=$!",
            pipe(
                sent(work, move),
                *between(work, move),
                f'{{ cat >{q(file)}; echo $? >"$s/{move.slug}.exit"; }}',
            ),
            f': >"$s/{move.slug}.ended"',
            'kill "$watcher" 2>/dev/null',
            *after(work, move, level, f"writing {file}"),
            q("ls", "-l", file),
        ),
        undo=taken_back(q("rm", "-f", file)),
        timeout=seconds_for(work, move.source.used),
    )
