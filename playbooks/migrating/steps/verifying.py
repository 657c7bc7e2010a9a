"""Whether a copy is what it was copied from: names, owners, modes, flags, links and contents are compared.

Both sides are listed at the same time. What was written on the source since its dump is told apart.
"""

from console.model.plan import Command, Risk, Step, Stream
from playbooks.migrating.steps import reaching
from playbooks.migrating.steps.dumping import files_at, mounted_at
from playbooks.migrating.steps.naming import COPIES, OWN, new_device, opened, seconds_for, step
from playbooks.migrating.work import Move, Way, Work
from playbooks.parts.building import q

_KEYS = "type,mode,uid,gid,nlink,link,flags"


def _digest(work: Work) -> str:
    # mtree of FreeBSD 4 and 5 has no sha256.
    old = min(work.source.major or 10, work.target.major or 10) < 6
    return "sha1digest,sha1" if old else "sha256digest,sha256"


def _bare(work: Work) -> bool:
    """No mtree on one side: names and contents are all there is to compare."""
    return not all("mtree" in host.tools for host in (work.source, work.target))


def _left_out(work: Work, move: Move) -> str:
    """Names that are not compared: other file systems, what was left out, what dump and restore leave."""
    base = move.mount.rstrip("/")
    others = [mount.file for mount in work.source.mounts] + [other.mount for other in work.moves]
    paths = [
        path
        for path in (*others, *move.excludes, COPIES, OWN)
        if path.startswith(f"{base}/") and path != move.mount
    ]
    names = [f".{path[len(base) :].rstrip('/')}" for path in paths]
    # mtree writes a blank in a name so.
    encoded = [name.replace(" ", "\\\\040") for name in names if "," not in name]
    return ",".join(dict.fromkeys(("./.snap", "./restoresymtable", "./.sujournal", *encoded)))


def sums_line(work: Work, move: Move, *, copy: bool) -> str:
    """The call that lists the source of a move, or its copy."""
    at = files_at(work, move) if copy else move.mount
    open_first = f"{q('reopen', new_device(move), mounted_at(work, move))} && " if copy else ""
    if _bare(work):
        return open_first + q("names", at, _left_out(work, move))
    if work.full_check:
        return open_first + q("sums", at, f"{_KEYS},{_digest(work)}", _left_out(work, move))
    return open_first + q("sample", at, f"{_KEYS},size", _left_out(work, move))


def verified(work: Work, move: Move, mark: str) -> Step:
    """Compare one file system with its copy."""
    slug, host = move.slug, work.source.name
    ours = f'{{ {sums_line(work, move, copy=False)} >"$s/{slug}.old"; }} &'
    watch = (f"{q('count', slug, str(move.source.inodes_used or '-'))} &", "watcher=$!")
    judged = (q("compare", slug, move.mount),)
    begun = (f'rm -f "$s/{slug}.ended" "$s/{slug}.old" "$s/{slug}.new"',)
    ended = (f': >"$s/{slug}.ended"', 'kill "$watcher" 2>/dev/null')
    action: Command | Stream
    if work.same_host or work.way is Way.DIRECT:
        theirs = sums_line(work, move, copy=True) if work.same_host else f"there list {slug} </dev/null"
        extra = () if work.same_host else (reaching.there(work),)
        action = Command(
            text=opened(
                host,
                mark,
                *extra,
                *begun,
                *watch,
                ours,
                "listed=$!",
                f'({theirs}) >"$s/{slug}.new"',
                'wait "$listed"',
                *ended,
                *judged,
            )
        )
        node = host
    else:
        action = Stream(
            text=opened(work.target.name, mark, sums_line(work, move, copy=True)),
            to=host,
            into=opened(
                host,
                mark,
                *begun,
                *watch,
                ours,
                "listed=$!",
                f'cat >"$s/{slug}.new"',
                'wait "$listed"',
                *ended,
                *judged,
            ),
        )
        node = work.target.name
    what = "every file's contents" if work.full_check else "the contents of some files"
    return step(
        f"verify-{slug}",
        f"Compare {move.mount} with its copy",
        f"restore cannot compare. Names, owners, modes, flags, links and {what} are listed on both sides.",
        node,
        action,
        undo=None,
        risk=Risk.READ,
        timeout=seconds_for(work, move.source.used),
        phase="verify",
    )
