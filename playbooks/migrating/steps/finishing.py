"""The end: nothing of the migration is left but the new disk, and a person goes to the machine."""

from console.model.plan import Step
from playbooks.migrating.steps.dumping import mount_points, unmount_lines
from playbooks.migrating.steps.keying import forget_key, forget_secret
from playbooks.migrating.steps.naming import COPIES, SAFE, directory, opened, root_of, step
from playbooks.migrating.steps.second_level import unflag
from playbooks.migrating.work import Way, Work
from playbooks.parts.building import manual_step, no_undo, q

STARTS = "start-from-new-disk"
"""Id of the step after which the machine runs again."""


def finished(work: Work, mark: str) -> tuple[Step, ...]:
    """Tidy both machines, then say what is to be done at the console of the machine."""
    return (*_tidied(work, mark), _page(work))


def _tidied(work: Work, mark: str) -> tuple[Step, ...]:
    direct = work.way is Way.DIRECT and not work.same_host
    source = [line for move in work.moves if move.excludes for line in unflag(move)]
    if work.way is Way.FILE:
        room = f"{(work.work_directory or '/var/db/mirrorgate').rstrip('/')}/migrate-{mark}.dumps"
        source.append(q("rm", "-rf", room))
    if direct:
        source += forget_secret(mark)
    lists = "".join(f' "$s"/*.{end}' for end in ("old", "new", "sorted", "differ", "changed"))
    target = [
        *unmount_lines(work),
        *(f"rmdir {q(point)} 2>/dev/null" for point in (*mount_points(work), COPIES)),
        f"rm -f {q(directory(mark) + '/receive')} {q(directory(mark) + '/may-erase')}",
        *(forget_key(work, mark) if direct else ()),
    ]
    ends = [("source", work.source.name, [*source, f"rm -f{lists}"])]
    if work.same_host:
        ends = [("source", work.source.name, [*source, f"rm -f{lists}", *target])]
    else:
        ends.append(("target", work.target.name, target))
    return tuple(
        step(
            f"tidy-{role}",
            f"Remove what the migration needed on {host}",
            "Keys, lists and mount points; the old table and labels stay in " + directory(mark) + ".",
            host,
            opened(host, mark, *lines, "true"),
            undo=no_undo("nothing that is needed is removed"),
        )
        for role, host, lines in ends
    )


def _page(work: Work) -> Step:
    source, target, disk = work.source.name, work.target.name, work.target_disk
    if root_of(work) is None:
        do = f"Add the partitions of {disk} to /etc/fstab of {target} by hand; the old ones are untouched."
    elif work.same_host:
        out = f"take {work.source_disk} out, or" if work.boots_as == work.source_disk else "do not take"
        which = f"so that it is called {work.boots_as}" if work.boots_as != disk else "and keep its name"
        tail = "" if out != "do not take" else " Leave the old disk in."
        do = (
            f"Shut {source} down; {out} put {disk} first in the boot order, {which}, and start.{tail}"
            if not tail
            else (f"Shut {source} down, put {disk} first in the boot order, and start.{tail}")
        )
    else:
        do = f"Shut {source} down, start {target} from {disk}, and give it the address of {source}."
    runs = source if work.same_host else target
    after = f"{runs} runs from {disk}; {work.source_disk} of {source} is as it was, and the way back"
    if root_of(work) is None:
        after = SAFE
    back = f"To go back, start from {work.source_disk} on {source}: it is as it was."
    return manual_step(
        STARTS,
        "Start from the new disk",
        "No console can reach a machine that is starting: someone has to be where its screen is.",
        f"{do} {back}",
        leaves=after,
    )
