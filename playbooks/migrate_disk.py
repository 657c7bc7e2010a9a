"""migrate-disk: a system's UFS partitions moved to another disk, here or in another machine, and it boots.

The classic steps (dump each file system, carry it over, restore, the root's letter, fstab, boot) as one plan.
Nothing of the source is changed on the way, so the way back is always to boot the old disk.
"""

from console.health.conditions import check
from console.model.plan import Plan, PlanHost, Step
from console.model.snapshot import PairSnapshot
from playbooks.job import Job
from playbooks.migrating.answers import MigrateAnswers
from playbooks.migrating.drawing import drawn, foreseen
from playbooks.migrating.settling import draft, settle
from playbooks.migrating.steps import steps_of
from playbooks.migrating.steps.finishing import STARTS
from playbooks.migrating.steps.second_level import STOPS
from playbooks.migrating.suggesting import defaults, hints, surveyed
from playbooks.migrating.work import Work
from playbooks.parts import refusing
from playbooks.parts.building import make, shown


def plan(snapshot: PairSnapshot, answers: MigrateAnswers) -> Plan:
    """The migration as steps; raises CannotPlan."""
    for node in snapshot.nodes:
        if node.name in (answers.source, answers.target_machine):
            refusing.require_answer(node)
            refusing.refuse_lock(snapshot, node)
    work = settle(snapshot, answers)
    steps = steps_of(work, answers.mark)
    return make(
        snapshot,
        answers,
        job="migrate-disk",
        title=f"Move {work.source.name}:{work.source_disk} to {work.target.name}:{work.target_disk}",
        steps=steps,
        ends=_ends(work),
        outages=_outages(snapshot, work, steps),
        unchecked=work.cautions,
        hosts=_hosts(snapshot, work),
        disks=drawn(draft(snapshot, answers)),
    )


def _outages(snapshot: PairSnapshot, work: Work, steps: tuple[Step, ...]) -> tuple[tuple[str, str], ...]:
    """From the stop of the services, or where there is one round from the shutdown, to the start.

    Of a node whose peer serves the pair meanwhile nothing is away.
    """
    peer = {snapshot.master.name: "slave", snapshot.slave.name: "master"}.get(work.source.name)
    if peer is not None and check(f"{peer}-mounted", snapshot).holds:
        return ()
    return ((STOPS if any(step.id == STOPS for step in steps) else STARTS, STARTS),)


def _ends(work: Work) -> str:
    """The state at the verified end."""
    there = f"{work.target.name}:{work.target_disk}"
    mounts = shown(", ".join(move.mount for move in work.moves))
    named = "" if work.boots_as == work.target_disk else f" as {work.boots_as}"
    return (
        f"{there} holds a checked copy of {mounts} that boots{named}; "
        f"{work.source.name}:{work.source_disk} is untouched, booting it is the way back"
    )


def _hosts(snapshot: PairSnapshot, work: Work) -> tuple[PlanHost, ...]:
    """The machines that are no nodes of the pair."""
    nodes = {node.name for node in snapshot.nodes}
    others = {host.name: host for host in (work.source, work.target) if host.name not in nodes}
    return tuple(PlanHost(name=name, host=name, become=host.become) for name, host in others.items())


JOB = Job(
    name="migrate-disk",
    title="Move a system to another disk",
    when="A FreeBSD system has to move to a larger disk or to another server, and boot there.",
    answers=MigrateAnswers,
    defaults=defaults,
    plan=plan,
    surveys=surveyed,
    foresees=foreseen,
    hints=hints,
)
