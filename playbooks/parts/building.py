"""How a planner writes steps down: shell text, and the plan around them."""

from collections.abc import Sequence

from console.health import binding
from console.model.disk_map import DiskMap
from console.model.moment import local_iso
from console.model.plan import (
    Command,
    Direction,
    Manual,
    Plan,
    PlanHost,
    PlanNode,
    Risk,
    Step,
    Undo,
    Wait,
)
from console.model.snapshot import PairSnapshot
from console.ssh.quoting import quote
from playbooks.job import Answers

_SHOWN = 60


def q(*words: str) -> str:
    """Words as a POSIX shell reads them back."""
    return quote(words)


def text(*lines: str) -> str:
    """Shell text; it runs with LC_ALL=C and every system directory in PATH, whatever the login has."""
    return "\n".join(lines) + "\n"


def shown(value: str) -> str:
    """A path or name short enough for a sentence."""
    return value if len(value) <= _SHOWN else f"{value[:20]}…{value[-39:]}"


def until_gone(program: str, seconds: int = 15) -> str:
    """Shell text: wait until no process of a program is left, fail after `seconds`."""
    return (
        # Only 1 says that there is none: pgrep may fail as well, and an old one does not know every option.
        f"n=0; while pgrep -x {q(program)} >/dev/null; [ $? -ne 1 ]; do\n"
        f"    [ $n -lt {seconds} ] || {{ echo {q(f'{program} does not end')} >&2; exit 1; }}\n"
        "    sleep 1; n=$((n + 1))\n"
        "done"
    )


def until_there(path: str, seconds: int = 15) -> str:
    """Shell text: wait until a file or device exists, fail after `seconds`."""
    return (
        f"n=0; while [ ! -e {q(path)} ]; do\n"
        f"    [ $n -lt {seconds} ] || {{ echo {q(f'{path} did not appear')} >&2; exit 1; }}\n"
        "    sleep 1; n=$((n + 1))\n"
        "done"
    )


def take_back(*lines: str, expects: Sequence[str] = (), however_far: bool = False) -> Undo:
    """An undo by shell text on the step's node."""
    return Undo(text=text(*lines), expects=tuple(expects), however_far=however_far)


def no_undo(reason: str) -> Undo:
    """A step that needs no undo, and why."""
    return Undo(none_needed=reason)


def command_step(
    id: str,
    title: str,
    why: str,
    node: str,
    *lines: str,
    leaves: str,
    guards: Sequence[str] = (),
    expects: Sequence[str] = (),
    undo: Undo | None = None,
    risk: Risk = Risk.CHANGES,
    always: bool = False,
    confirm: str | None = None,
    shows_direction: bool = False,
    timeout: float = 60.0,
    phase: str | None = None,
) -> Step:
    """A step that runs shell text on a node; values in `lines` are already quoted."""
    return Step(
        id=id,
        title=title,
        why=why,
        node=node,
        action=Command(text=text(*lines)),
        guards=tuple(guards),
        expects=tuple(expects),
        always=always,
        undo=undo,
        risk=risk,
        confirm=confirm,
        shows_direction=shows_direction,
        timeout=timeout,
        phase=phase,
        leaves=leaves,
    )


def wait_step(
    id: str,
    title: str,
    why: str,
    until: Sequence[str],
    *,
    leaves: str,
    failed_when: Sequence[str] = (),
    node: str | None = None,
    guards: Sequence[str] = (),
    timeout: float = 60.0,
    phase: str | None = None,
) -> Step:
    """A step that watches until every condition holds."""
    return Step(
        id=id,
        title=title,
        why=why,
        node=node,
        action=Wait(until=tuple(until), failed_when=tuple(failed_when)),
        guards=tuple(guards),
        risk=Risk.READ,
        timeout=timeout,
        phase=phase,
        leaves=leaves,
    )


def manual_step(
    id: str, title: str, why: str, ask: str, *, leaves: str, typed: str | None = None, node: str | None = None
) -> Step:
    """A step only a person can answer for."""
    return Step(
        id=id,
        title=title,
        why=why,
        node=node,
        action=Manual(ask=ask, typed=typed),
        risk=Risk.READ,
        timeout=86_400.0,
        leaves=leaves,
    )


def make(
    snapshot: PairSnapshot,
    answers: Answers,
    *,
    job: str,
    title: str,
    steps: Sequence[Step],
    ends: str,
    expects: Sequence[str] = (),
    aborts: Sequence[str] = (),
    outages: Sequence[tuple[str, str]] = (),
    direction: Direction | None = None,
    unchecked: Sequence[str] = (),
    hosts: Sequence[PlanHost] = (),
    disks: DiskMap | None = None,
) -> Plan:
    """The plan of a job, bound to the facts of the snapshot it was made from."""
    config = snapshot.config
    said = answers.model_dump(mode="json", exclude={"mark"}, exclude_none=True)
    return Plan(
        id=answers.mark,
        job=job,
        title=title,
        pair=config.name,
        made=local_iso(snapshot.now),
        nodes=(
            PlanNode(
                name=config.master.name, home="master", host=config.master.host, image=config.master.image
            ),
            PlanNode(name=config.slave.name, home="slave", host=config.slave.host, image=config.slave.image),
        ),
        hosts=tuple(hosts),
        answers=said,
        facts=binding.bound_facts(snapshot),
        unchecked=(*binding.unchecked(snapshot), *unchecked),
        aborts=tuple(aborts),
        outages=tuple(outages),
        direction=direction,
        disks=disks,
        steps=tuple(steps),
        ends=ends,
        expects=tuple(expects),
    )
