"""The slave's half was lost (the reference guide's third test): bring it back into the master's mirror."""

from dataclasses import replace

from pydantic import Field

from console.health import stack
from console.health.conditions import check
from console.health.lineage import Relation, between
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Answer, Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts.building import make, wait_step
from playbooks.parts.lineage_steps import adopt, descent
from playbooks.parts.refusing import refuse_lock, require_answer
from playbooks.parts.site import Site, site_of
from playbooks.recovering.card import onto_the_slave
from playbooks.recovering.joining import Trust
from playbooks.recovering.steps import Way, recovery, release_gate

TITLE = "Bring the slave's half back"


class RecoverAnswers(Answers):
    """What has to be done follows from the pair, but for one thing."""

    give_up: bool = Field(
        False,
        title="Give the gate up now",
        description="Destroy the gate although the mirror still calls the slave's half ACTIVE: "
        "with the cable out it says so for minutes, while everything that writes hangs.",
    )


def plan(snapshot: PairSnapshot, answers: RecoverAnswers) -> Plan:
    """From a master that serves alone to a whole mirror; refuses where the slave's data may be the newer."""
    require_answer(snapshot.master)
    for node in snapshot.nodes:
        refuse_lock(snapshot, node)
    site = site_of(snapshot)
    alone = f"{site.master.name} serves alone; the half of {site.slave.name} is out of date and unused"
    _master_serves(snapshot)
    if not stack.answers(snapshot.slave):
        return _only_release(site, answers, alone)
    refuse_newer_slave(snapshot)
    way = way_of(snapshot, give_up=answers.give_up)
    if way is None:
        raise CannotPlan(
            f"the mirror on {site.master.name} is complete with a living gate: nothing to recover "
            "(if writers hang on it all the same, answer give_up)"
        )
    after = f"{site.master.name} serves through a complete mirror"
    history = descent(site, Home.MASTER, answers.mark)
    stated = adopt(site, history, Home.MASTER, leaves=alone)
    if stated:
        # Written before the copy, the statement's entry would prove to the next plan what is not so yet.
        way = replace(way, trust=Trust.COPY, written=False, stated=True)
    steps = (*stated[:1], *recovery(site, way, before=alone, after=after, copied_then=stated[1:]))
    return make(
        snapshot,
        answers,
        job="recover-slave",
        title=f"{TITLE}: {site.slave.name}",
        steps=steps,
        ends=f"{after}, over a living gate to {site.slave.name}",
        expects=("master-mirror-complete", "master-gate-alive", "master-mounted-through-mirror"),
        aborts=("mounted-on-both-nodes", "slave-mounted"),
        direction=onto_the_slave(site),
        unchecked=_unchecked(way),
    )


def way_of(snapshot: PairSnapshot, *, give_up: bool = False) -> Way | None:
    """What the facts say has to be done; None when both halves are ACTIVE over a living gate."""
    site = site_of(snapshot)
    relation, _ = between(snapshot)
    proven = relation in (Relation.SAME, Relation.NEWER)
    trust = Trust.COUNTERS if proven else Trust.COPY
    written = relation is Relation.NEWER
    detach = check("slave-image-attached", snapshot).answer is not Answer.NO
    if check("master-geom-answers", snapshot).answer is not Answer.YES:
        return Way(force_blind=True, detach=detach, trust=trust, written=written)
    alive = check("master-gate-alive", snapshot)
    if give_up:
        return Way(detach=detach, trust=trust, written=written)
    if alive.holds and check("master-mirror-complete", snapshot).holds:
        return None
    inside = check("slave-half-in-mirror", snapshot).holds
    if alive.holds and inside:
        return Way(destroy=False, remake=False, detach=detach, trust=trust, written=written)
    orphan = check("master-gate-present", snapshot).holds and not _served(site)
    if orphan and inside and check("slave-image-served", snapshot).holds and not detach:
        return Way(destroy=False, remake=False, rescue=True, detach=False, trust=trust, written=written)
    return Way(detach=detach, trust=trust, written=written)


def _served(site: Site) -> bool:
    """Whether a ggatec serves the gate; unknown counts as yes, then nothing is rescued."""
    master = site.snapshot.master
    processes = stack.processes_of(master, "ggatec")
    gates = stack.gates_to_peer(master, site.pair, site.snapshot.slave)
    return processes is None or any(stack.ggatec_of(gate, processes) is not None for gate in gates)


def _master_serves(snapshot: PairSnapshot) -> None:
    master, slave = snapshot.master, snapshot.slave
    for node, home in ((master, "master"), (slave, "slave")):
        mounted = check(f"{home}-mounted", snapshot)
        if node is slave and mounted.holds:
            raise CannotPlan(
                f"{slave.name} has {snapshot.config.mount} mounted: see the job fail-back, or keep"
            )
        if node is master and not mounted.holds:
            raise CannotPlan(
                f"{master.name} does not serve ({' '.join(mounted.why.split())}): "
                "this job is for a master that serves alone; see start-pair or fail-back"
            )
    through = check("master-mounted-through-mirror", snapshot)
    if not through.holds:
        raise CannotPlan(f"{' '.join(through.why.split())}, not the mirror: correct that first (stop-pair)")
    half = check("master-half-active", snapshot)
    if half.answer is Answer.NO:
        raise CannotPlan(
            f"{' '.join(half.why.split())}: its copy must end first, the slave's half is the source"
        )


def refuse_newer_slave(snapshot: PairSnapshot) -> None:
    """Refuse to overwrite a half whose lineage says that it is newer, or that has a history of its own."""
    relation, why = between(snapshot)
    slave = snapshot.slave.name
    if relation is Relation.OLDER:
        raise CannotPlan(f"{why}: copying over {slave} would lose data, see the job fail-back")
    if relation is Relation.SPLIT:
        raise CannotPlan(f"split brain, {why}: decide with the job keep which data stays")
    if check("slave-mirror-running", snapshot).holds:
        raise CannotPlan(
            f"mirror {snapshot.config.mirror} runs on {slave} too: it may have been written; "
            "compare the data, then use the job keep"
        )


def _only_release(site: Site, answers: RecoverAnswers, alone: str) -> Plan:
    """The slave does not answer: at least nothing on the master shall wait for it any longer."""
    snapshot, master, slave = site.snapshot, site.master.name, site.slave.name
    hung = check("master-geom-answers", snapshot).answer is not Answer.YES
    if not hung and not check("master-gate-present", snapshot).holds:
        why = " ".join(snapshot.slave.link.why.split()) or snapshot.slave.link.state.value
        raise CannotPlan(
            f"{slave} does not answer ({why}) and {master} does not wait for it: bring it back first"
        )
    steps: tuple[Step, ...] = (
        release_gate(site, leaves=alone, blind=hung),
        wait_step(
            "geom-answers",
            f"Wait until GEOM on {master} answers and the mirror runs on its own half",
            "Commands that waited for the dead gate end only now, one after the other.",
            ("master-geom-answers", "master-half-active", "not master-gate-present"),
            timeout=300.0,
            phase="release",
            leaves=alone,
        ),
    )
    return make(
        snapshot,
        answers,
        job="recover-slave",
        title=f"Free {master} from the dead gate; {slave} does not answer",
        steps=steps,
        ends=f"{alone}. When {slave} answers again, plan recover-slave once more",
        expects=("master-mounted-through-mirror", "not master-gate-present"),
        unchecked=(f"{slave} does not answer: whether its half is whole is seen when it is back",),
    )


def _unchecked(way: Way) -> tuple[str, ...]:
    said = ["rebuild or forget and insert: decided by both halves' metadata once the gate is there"]
    if way.force_blind:
        said.append("that the master's half is ACTIVE: GEOM does not answer before the gate is destroyed")
    if way.trust is Trust.COPY:
        said.append(
            "no lineage proves which half is newer: the whole half is copied, and you say that it may"
        )
    return tuple(said)


JOB = Job(
    name="recover-slave",
    title=TITLE,
    when="The master serves, and the slave's half is missing, stale or behind a dead gate.",
    answers=RecoverAnswers,
    defaults=lambda snapshot: {},
    plan=plan,
)
