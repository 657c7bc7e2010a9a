"""First: whether both machines are still what the plan was made from; and the directories it needs."""

from console.model.disks import HostDisks, Scheme
from console.model.plan import Risk, Step
from playbooks.migrating.steps.dumping import unmount_lines
from playbooks.migrating.steps.naming import COPIES, directory, opened, step, taken_back
from playbooks.migrating.work import Work
from playbooks.parts.building import q

_LETTERS = '$1 ~ /^[a-z]:$/ && $1 != "c:" { sub(":", "", $1); print name, $1, $2 }'
_ROWS = "$1 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ { print name, $3, $1, $2 }"


def as_planned(work: Work, mark: str) -> tuple[Step, ...]:
    """One look at each disk; nothing is changed by it."""
    sides = (("source", work.source, work.source_disk), ("target", work.target, work.target_disk))
    return tuple(_same(role, host, disk, mark) for role, host, disk in sides)


def _facts(host: HostDisks, name: str) -> tuple[list[str], list[str]]:
    """What the plan was made from of one disk, a line each, and the shell text that prints the same now."""
    expected: list[str] = []
    now: list[str] = []
    disk = host.disk(name)
    if disk is None:
        return expected, now
    tool = "bsdlabel" if "bsdlabel" in host.tools else "disklabel"
    for slice in disk.slices:
        if slice.label is not None:
            rows = [part for part in slice.parts if part.letter != "c"]
            expected += [f"{slice.name} {part.letter} {part.size // disk.sector}" for part in rows]
            now.append(f"{tool} {q(slice.name)} | awk -v name={q(slice.name)} {q(_LETTERS)}")
    if disk.scheme is Scheme.GPT:
        rows = list(disk.parts)
        expected += [f"{name} {p.index} {p.start // disk.sector} {p.size // disk.sector}" for p in rows]
        now.append(f"gpart show {q(name)} | awk -v name={q(name)} {q(_ROWS)}")
    for part in disk.places:
        if part.file_system is not None and part.file_system.ident is not None:
            expected.append(f"{part.name} {part.file_system.ident}")
            now.append(q("superblock", part.name))
    return expected, now


def _same(role: str, host: HostDisks, disk: str, mark: str) -> Step:
    expected, now = _facts(host, disk)
    changed = f"{disk} is not what the plan was made from: make the plan anew"
    return step(
        f"as-planned-{role}",
        f"Compare {disk} on {host.name} with the plan",
        "Tables, labels and superblocks still have to be what the plan was made from.",
        host.name,
        opened(
            host.name,
            mark,
            f"[ -e {q(f'/dev/{disk}')} ] || fail {q(f'{disk} is not there')}",
            "planned=$(cat <<'PLANNED'",
            *sorted(expected),
            "PLANNED",
            ")",
            "found=$({",
            *(f"    {line}" for line in now),
            "    true",
            "} | sort)",
            'if [ "$found" != "$planned" ]; then',
            '    printf \'%s\\n\' planned: "$planned" found: "$found"',
            f"    fail {q(changed)}",
            "fi",
            f"echo {q(f'{disk}: as planned')}",
        ),
        undo=None,
        risk=Risk.READ,
    )


def rooms(work: Work, mark: str) -> tuple[Step, ...]:
    """Where each machine keeps what belongs to this migration, and the mount points of the copies."""
    ends = [("target", work.target)] if work.same_host else [("source", work.source), ("target", work.target)]
    return tuple(_room(work, role, host, mark) for role, host in ends)


def _room(work: Work, role: str, host: HostDisks, mark: str) -> Step:
    room = directory(mark)
    points = [f"{COPIES}/{move.slug}" for move in work.moves if not move.below] if role == "target" else []
    away = unmount_lines(work) if role == "target" else ()
    empty = [f"rmdir {q(point)} 2>/dev/null" for point in (*points, *([COPIES] if points else ()))]
    return step(
        f"directories-{role}",
        f"Make the directories of this migration on {host.name}",
        "They are there before the dump, so that a copy does not differ from its source by them.",
        host.name,
        f"{q('mkdir', '-p', room)} || exit 1\n{q('chmod', '700', room)} || exit 1\n"
        + "".join(f"{q('mkdir', '-p', point)} || exit 1\n" for point in points),
        undo=taken_back(
            *opened(host.name, mark, *away, *empty, q("rm", "-rf", room)).rstrip("\n").split("\n")
        ),
    )
