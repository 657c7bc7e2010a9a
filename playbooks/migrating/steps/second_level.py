"""With the services stopped, what has changed since the first copy: the only part that is an outage."""

from console.model.plan import Step
from playbooks.migrating.steps.moving import moved
from playbooks.migrating.steps.naming import opened, step, taken_back
from playbooks.migrating.work import Move, Work
from playbooks.parts.building import manual_step, no_undo, q
from playbooks.parts.services import _START as START
from playbooks.parts.services import _STOP as STOP

STOPS = "stop-services"
"""Id of the step from which on services are away."""
_WRITES = "services are stopped; the old disk is whole: start them again to go on with it"


def left_out(work: Work, mark: str) -> tuple[Step, ...]:
    """Flag what is not to be copied, where there is any, so that dump passes it over."""
    return tuple(_flagged(work, move, mark) for move in work.moves if move.excludes)


def _flagged(work: Work, move: Move, mark: str) -> Step:
    paths = q(*move.excludes)
    # With -h 0 dump passes over whatever else has the flag as well, and nobody has asked for that.
    return step(
        f"leave-out-{move.slug}",
        f"Leave out {' '.join(move.excludes)}"[:300],
        "The flag nodump makes dump pass them over; the last step takes it away again.",
        work.source.name,
        opened(
            work.source.name,
            mark,
            f"flagged=$(find {q(move.mount)} -xdev -flags +nodump -print) || fail 'find failed'",
            f"for path in {paths}; do",
            '    flagged=$(echo "$flagged" | grep -v -x -F "$path")',
            "done",
            '[ -z "$flagged" ] ||',
            '    fail "these have the flag nodump already and would be missing too: $flagged"',
            f"for path in {paths}; do",
            '    [ ! -e "$path" ] || chflags nodump "$path" || exit 1',
            "done",
        ),
        undo=taken_back(*unflag(move)),
        timeout=3600.0,
    )


def unflag(move: Move) -> tuple[str, ...]:
    """Shell text: no flag any more."""
    return (
        f"for path in {q(*move.excludes)}; do",
        '    [ ! -e "$path" ] || chflags nonodump "$path"',
        "done",
    )


def second_round(work: Work, mark: str) -> tuple[Step, ...]:
    """Stop, quiesce, level 1 of each."""
    host = work.source.name
    quiet = [move for move in work.moves if move.live and not work.snapshots and move.mount != "/"]
    remount = tuple(
        f"mount -u -o ro {q(move.device, move.mount)} || echo {q(f'{move.mount} is busy')} >&2"
        for move in quiet
    )
    again = tuple(f"mount -u -o rw {q(move.device, move.mount)}" for move in quiet)
    settled: tuple[Step, ...] = ()
    if not work.snapshots:
        settled = (
            step(
                "quiesce",
                f"Let {host} write down what it still holds",
                "Without a snapshot dump reads the disk; soft updates keep changes back for half a minute.",
                host,
                "\n".join((*remount, "sync", "sync", "sleep 35", "sync")) + "\n",
                undo=taken_back(*again) if again else no_undo("nothing is left changed by it"),
                leaves=_WRITES,
                phase="release",
            ),
        )
    return (
        step(
            STOPS,
            f"Stop the services on {host}",
            "What a service writes after this round would be missing from the copy.",
            host,
            "\n".join(STOP) + "\n",
            undo=taken_back(*START),
            leaves=_WRITES,
            timeout=300.0,
            phase="release",
        ),
        manual_step(
            "all-stopped",
            f"Nothing writes on {host} any more",
            "The console knows only the hooks in /usr/local/etc/mirrorgate.d.",
            f"Stop mail, web, databases and cron on {host}; nobody works there until it has started anew.",
            leaves=_WRITES,
            node=host,
        ),
        *settled,
        *(one for move in work.moves for one in moved(work, move, mark, level=1)),
    )
