"""keep: the way out of a split brain: one node's data stays, the other's is set aside and then overwritten.

gmirror may join two halves with different content without a copy, because their counters are equal (P18). So
its mark is wiped off the half that goes before the two can meet: what comes back is a new half, copied whole.
"""

from posixpath import dirname
from typing import Literal

from pydantic import Field

from console.health import stack
from console.health.conditions import check
from console.health.lineage import lineage_of
from console.model.lineage import Promotion
from console.model.plan import Plan, Risk, Step
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Answer, Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import refusing
from playbooks.parts.attaching import attach_master_alone
from playbooks.parts.building import command_step, make, manual_step, no_undo, q, shown, take_back
from playbooks.parts.direction import slave_to_master
from playbooks.parts.handing_back import hand_back
from playbooks.parts.letting_go import master_lets_go, slave_lets_go, stays_gone, unmount
from playbooks.parts.lineage_steps import Descent, derived, into_the_mount
from playbooks.parts.promoting import serve_from
from playbooks.parts.questions import FsckAnswer
from playbooks.parts.services import stop_services
from playbooks.parts.site import Site, site_of
from playbooks.parts.vrrp import start_vrrp, stop_vrrp, wait_address
from playbooks.provisioning.refusals import free_bytes
from playbooks.recovering.card import onto_the_slave
from playbooks.recovering.joining import Trust
from playbooks.recovering.steps import Way, lineage_file, recovery, release_gate

_COPY_RATE = 5_000_000
"""Bytes a second: the slowest disk on which a copy beside is waited for."""


class KeepAnswers(Answers):
    """Whose data stays."""

    keep: Literal["master", "slave"] = Field(
        title="Whose data stays",
        description="What the other node wrote alone leaves the service (set aside, if so answered)",
    )
    copy_aside: bool = Field(
        True,
        title="Set the other image aside",
        description="Copy it beside itself first, so that files can be taken from it later",
    )
    fsck: FsckAnswer = "preen"


def plan(snapshot: PairSnapshot, answers: KeepAnswers) -> Plan:
    """One history for both nodes; raises CannotPlan where there is nothing to decide."""
    for node in snapshot.nodes:
        refusing.require_answer(node)
        refusing.refuse_lock(snapshot, node)
    refusing.require(
        snapshot, "geom-answers", "wait until GEOM answers, or release a dead gate (recover-slave)"
    )
    refusing.refuse_rebuild(snapshot)
    # Halves that gmirror calls equal may differ all the same: start-pair compares them.
    in_use = not check("nothing-mounted", snapshot).holds
    if in_use and check("mirror-complete-2-of-2", snapshot).holds and not _proven_split(snapshot):
        raise CannotPlan("both halves are ACTIVE in one mirror and one history: there is nothing to decide")
    winner = Home.MASTER if answers.keep == "master" else Home.SLAVE
    loser = Home.SLAVE if winner is Home.MASTER else Home.MASTER
    for home in Home:
        refusing.require(
            snapshot, f"{home.value}-image-exists", "without both images there is nothing to keep"
        )
        if snapshot.node(home).facts.mounts.value is None:
            raise CannotPlan(f"the mounts of {snapshot.node(home).name} are not known: look again")
    if answers.copy_aside:
        _refuse_room(snapshot.node(loser))
    chain = _chain(snapshot, winner, answers.mark)
    site = site_of(snapshot)
    steps = (
        _says(site, winner, loser, answers),
        *(_keep_master if winner is Home.MASTER else _keep_slave)(site, answers, chain),
    )
    return make(
        snapshot,
        answers,
        job="keep",
        title=f"Keep the data of {site.node(winner).name}",
        steps=steps,
        ends=f"{site.master.name} serves the data of {site.node(winner).name} through a complete mirror",
        expects=("master-mounted-through-mirror", "mirror-complete-2-of-2", "same-lineage"),
        # Both nodes may well have it mounted now: that is what this job ends.
        direction=onto_the_slave(site) if winner is Home.MASTER else slave_to_master(site),
        unchecked=(
            f"which files only {site.node(loser).name} has: look at both before, or into the copy after",
        ),
    )


def _proven_split(snapshot: PairSnapshot) -> bool:
    return check("no-split-brain", snapshot).answer is Answer.NO


def _refuse_room(node: NodeView) -> None:
    size, free = stack.image_size(node), free_bytes(node, node.config.image)
    if size is not None and free is not None and free < size:
        raise CannotPlan(
            f"{node.name} has {free >> 20} MiB free, a copy of its image needs {size >> 20}: "
            "make room, or answer copy_aside=no and lose it"
        )


def _chain(snapshot: PairSnapshot, winner: Home, mark: str) -> tuple[Promotion, ...]:
    """The winner's lineage, and this decision as its newest entry."""
    node = snapshot.node(winner)
    read = lineage_of(node)
    if isinstance(read, str):
        raise CannotPlan(f"{read}: look again as root, or correct the file by hand")
    parent = read.head or "-"
    return (*read.promotions, Promotion(mark, parent, int(snapshot.now), node.name))


def _says(site: Site, winner: Home, loser: Home, answers: KeepAnswers) -> Step:
    lost, kept = site.node(loser), site.node(winner)
    aside = (
        f"a copy stays as {aside_path(lost.image, answers.mark)}"[:200] if answers.copy_aside else "no copy"
    )
    return manual_step(
        "say-what-is-lost",
        f"Say that the data of {lost.name} goes",
        "Both nodes wrote without the other; no program can merge that, only a person can choose.",
        f"What {lost.name} wrote alone leaves the service for good ({aside})",
        typed=f"lose {lost.name}, keep {kept.name}",
        leaves="both nodes have a history of their own; nothing was changed",
    )


def aside_path(image: str, mark: str) -> str:
    """Where the losing image is set aside."""
    return f"{image}.aside-{mark}"


def _set_aside(site: Site, loser: Home, answers: KeepAnswers, leaves: str) -> tuple[Step, ...]:
    """Copy the losing image beside itself, then wipe gmirror's mark off it."""
    node, view = site.node(loser), site.snapshot.node(loser)
    size = stack.image_size(view) or 0
    quiet = (f"not {loser.value}-mounted", f"not {loser.value}-image-attached", "not master-gate-present")
    steps: list[Step] = []
    if answers.copy_aside:
        aside = aside_path(node.image, answers.mark)
        steps.append(
            command_step(
                "copy-aside",
                f"Copy {shown(node.image)} on {node.name} aside",
                "Files that only this node has can be taken from the copy later.",
                node.name,
                f"size=$(stat -f %z {q(node.image)}) || exit 1",
                f"free=$(df -k {q(dirname(node.image))} | awk 'NR == 2 {{ print $4 }}')",
                '[ "$free" -ge $((size / 1024)) ] || { echo "only $free KiB are free" >&2; exit 1; }',
                f"cp -p {q(node.image, aside)} || {{ rm -f {q(aside)}; exit 1; }}",
                f'[ "$(sha256 -q {q(node.image)})" = "$(sha256 -q {q(aside)})" ] ||',
                "    { echo 'the copy differs from the image' >&2; exit 1; }",
                f"ls -ls {q(aside)}",
                guards=quiet,
                always=True,
                undo=take_back(f"rm -f {q(aside)}"),
                timeout=max(600.0, 4 * size / _COPY_RATE),
                phase="aside",
                leaves=leaves,
            )
        )
    steps.append(
        command_step(
            "wipe-mark",
            f"Wipe gmirror's mark off {shown(node.image)} on {node.name}",
            "With equal counters gmirror would take this half in as ACTIVE, without a copy (P18).",
            node.name,
            f"size=$(stat -f %z {q(node.image)}) || exit 1",
            "last=$((size / 512 - 1))",
            f"dd if=/dev/zero of={q(node.image)} bs=512 seek=$last count=1 conv=notrunc || exit 1",
            f"fsync {q(node.image)}",
            guards=quiet,
            always=True,
            undo=no_undo("the data in front of the mark is whole; a copy aside has the mark too"),
            risk=Risk.DESTROYS,
            confirm=f"{node.name}:{shown(node.image)}",
            timeout=60.0,
            phase="aside",
            leaves=leaves,
        )
    )
    return tuple(steps)


def _recorded(site: Site, chain: tuple[Promotion, ...], loser: Home, leaves: str) -> tuple[Step, ...]:
    """One history on both nodes, the loser's first: from then on it may not be promoted."""
    order = (site.node(loser), *(n for n in (site.master, site.slave) if n.home is not loser))
    return tuple(lineage_file(site, n.name, chain, f"one-history-{n.home.value}", leaves) for n in order)


def _keep_master(site: Site, answers: KeepAnswers, chain: tuple[Promotion, ...]) -> tuple[Step, ...]:
    snapshot, slave = site.snapshot, site.slave.name
    split = "both nodes have a history of their own"
    mounted = check("master-mounted", snapshot).holds
    running = check("master-mirror-running", snapshot).holds
    alone = f"{site.master.name} {'serves' if mounted else 'holds the data'} alone; {slave} holds nothing"
    after = f"{site.master.name} serves through a complete mirror"
    steps: list[Step] = [
        stop_vrrp(
            site,
            Home.SLAVE,
            why="It must not take the address while its data goes.",
            leaves=split,
        ),
        stop_services(site, Home.SLAVE, leaves=split),
        unmount(site, Home.SLAVE, leaves=split),
        *slave_lets_go(site, leaves=alone),
        release_gate(
            site,
            leaves=alone,
            blind=not running,
            why="What waits in an old gate would be written onto the slave's image once it is served (P06).",
        ),
        *_set_aside(site, Home.SLAVE, answers, alone),
        *_recorded(site, chain, Home.SLAVE, alone),
    ]
    if not running:
        steps.append(attach_master_alone(site, leaves=alone))
    if not mounted:
        steps += serve_from(
            site,
            Home.MASTER,
            Descent(chain),
            derived(answers.mark, "served"),
            answers.fsck,
            leaves=alone,
            serving=alone,
            guards=("not slave-mounted",),
        )
    else:
        steps.append(into_the_mount(site, Home.MASTER, leaves=alone))
    way = Way(destroy=False, trust=Trust.OVERWRITE, written=False)
    steps += [
        *recovery(site, way, before=alone, after=after),
        start_vrrp(
            site,
            Home.MASTER,
            why="It takes the address, or has it already.",
            guards=("master-mounted-through-mirror",),
            leaves=after,
        ),
        wait_address(site, Home.MASTER, leaves=after),
        start_vrrp(
            site,
            Home.SLAVE,
            why="It stands by again, with the same data.",
            guards=("master-holds-address",),
            leaves=after,
        ),
    ]
    return tuple(steps)


def _keep_slave(site: Site, answers: KeepAnswers, chain: tuple[Promotion, ...]) -> tuple[Step, ...]:
    split = "both nodes have a history of their own"
    alone = f"{site.slave.name} holds the data alone; {site.master.name} holds nothing"
    return (
        stop_services(site, Home.MASTER, leaves=split),
        unmount(site, Home.MASTER, leaves=split),
        master_lets_go(site, leaves=alone, undo_alone=True),
        stop_vrrp(
            site,
            Home.MASTER,
            why="With its higher priority it would keep the address while its data goes.",
            guards=("not master-mounted",),
            leaves=alone,
        ),
        stays_gone(site, Home.MASTER, leaves=alone),
        *_set_aside(site, Home.MASTER, answers, alone),
        *_recorded(site, chain, Home.MASTER, alone),
        *hand_back(
            site,
            Descent(chain),
            derived(answers.mark, "served"),
            fsck=answers.fsck,
            mount_during_rebuild=False,
        ),
    )


JOB = Job(
    name="keep",
    title="Split brain: keep one node's data",
    when="Both nodes were written without the other; one of the two histories has to go.",
    answers=KeepAnswers,
    defaults=lambda snapshot: {},
    plan=plan,
)
