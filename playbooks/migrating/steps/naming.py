"""Names of what the steps make for one migration, and how they are written down as steps."""

import re

from console.model.plan import Action, Change, Command, Risk, Step, Undo
from playbooks.job import CannotPlan
from playbooks.migrating.steps import functions
from playbooks.migrating.work import Move, Work
from playbooks.parts.building import q, take_back, text

COPIES = "/mirrorgate-copy"
"""Below it every target file system is mounted, each beside the others."""
OWN = "/var/db/mirrorgate"
"""Where a machine keeps the jobs and locks of the console: never the same on both sides."""
SAFE = "the old disk is as it was and boots as before"
"""What every step before the machine is started from the new disk leaves behind."""
_WEEK = 7 * 86_400.0
_SLOW = 1_000_000
"""Bytes a second: the slowest copy that is waited for, where no limit is asked for."""
_PATTERN = re.compile(r"[A-Za-z0-9_@%+:,./-]+")


def directory(mark: str) -> str:
    """Where a machine keeps what this migration has to remember."""
    return f"{OWN}/migrate-{mark}"


def copy_of(move: Move) -> str:
    """Where the copy is mounted while it is made."""
    return f"{COPIES}/{move.slug}"


def new_device(move: Move) -> str:
    """The partition that takes the copy, as it is called now."""
    return f"/dev/{move.target.name}"


def root_of(work: Work) -> Move | None:
    """The root file system, if it is among what is moved."""
    return next((move for move in work.moves if move.mount == "/"), None)


def seconds_for(work: Work, bytes: int | None) -> float:
    """How long a copy of that many bytes may take before its outcome counts as unknown."""
    rate = min(_SLOW, work.rate_limit or _SLOW)
    return _WEEK if bytes is None else min(_WEEK, 3600.0 + 2 * bytes / rate)


def opened(host: str, mark: str, *lines: str) -> str:
    """Shell text: the names that functions use, the functions that the lines call, then the lines."""
    body = text(*(line.rstrip("\n") for line in lines))
    head = text(f"host={q(host)}", f"s={q(directory(mark))}")
    return head + "".join(functions.called_by(body)) + body


def taken_back(*lines: str) -> Undo:
    """An undo that is right however far its step got: no condition of the pair tells what a disk holds."""
    return take_back(*lines, however_far=True)


def checked(work: Work) -> None:
    """Raise CannotPlan where a name could mean something else to grep or sed than itself."""
    for move in work.moves:
        for name in (move.device, copy_of(move), new_device(move)):
            if not _PATTERN.fullmatch(name):
                raise CannotPlan(
                    f"{name} cannot be moved: a name of a device or mount point has odd characters"
                )
        if work.same_host and move.device == new_device(move):
            raise CannotPlan(
                f"{move.device} on {work.source.name} is both source and target: choose another disk"
            )


def step(
    id: str,
    title: str,
    why: str,
    node: str,
    action: Action | str,
    *,
    undo: Undo | None,
    leaves: str = SAFE,
    risk: Risk = Risk.CHANGES,
    confirm: str | None = None,
    timeout: float = 120.0,
    phase: str | None = None,
    change: Change | None = None,
) -> Step:
    """A step on one machine; a text stands for the command that runs it."""
    return Step(
        id=id,
        title=title,
        why=why,
        node=node,
        action=Command(text=action) if isinstance(action, str) else action,
        undo=undo,
        leaves=leaves,
        risk=risk,
        confirm=confirm,
        timeout=timeout,
        phase=phase,
        change=change,
    )
