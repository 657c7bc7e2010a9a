"""promote: the home slave takes over for real, because the home master is dead or has to be taken out."""

from console.health import stack
from console.health.conditions import check
from console.health.lineage import Relation, relation
from console.model.lineage import Lineage
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Answer, ComponentState, Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import refusing
from playbooks.parts.building import make, manual_step
from playbooks.parts.cautions import foreign_scripts, starts_by_itself
from playbooks.parts.handing_over import FIRST, LAST, master_releases, slave_takes_over
from playbooks.parts.letting_go import holds_nothing, stays_gone
from playbooks.parts.lineage_steps import adopt, descent, served_last
from playbooks.parts.promoting import (
    attach_on_slave,
    before_the_record,
    serve_from,
    still_away,
    verify,
)
from playbooks.parts.questions import FsckAnswer
from playbooks.parts.site import Site, site_of
from playbooks.parts.vrrp import start_vrrp, stop_vrrp, wait_address


class PromoteAnswers(Answers):
    """How the slave takes over."""

    fsck: FsckAnswer = "preen"


def plan(snapshot: PairSnapshot, answers: PromoteAnswers) -> Plan:
    """The take-over by the home slave; raises CannotPlan."""
    refusing.refuse_trouble(snapshot)
    slave, master = snapshot.slave, snapshot.master
    refusing.require_answer(slave)
    refusing.require(snapshot, "slave-geom-answers", f"nothing can be started on {slave.name} before it does")
    refusing.refuse_if(snapshot, "slave-mounted", f"{slave.name} serves already")
    refusing.require(
        snapshot, "slave-image-exists", "there is nothing to serve from: restore the image first"
    )
    refusing.require(snapshot, "not slave-gate-present", f"destroy the gate on {slave.name} first")
    refusing.refuse_if(
        snapshot, "slave-mirror-running", f"stop the mirror on {slave.name} and look at its half first"
    )
    refuse_older(snapshot)
    site = site_of(snapshot)
    if _tells_all(snapshot):
        steps, outage = _planned(site, answers)
    else:
        steps, outage = _without_the_master(site, answers)
    return make(
        snapshot,
        answers,
        job="promote",
        title=f"{slave.name} takes over from {master.name}",
        steps=steps,
        ends=f"{slave.name} serves alone through its mirror, nothing is copied",
        expects=("slave-mounted-through-mirror", "slave-holds-address", "slave-vrrp-master"),
        aborts=("mounted-on-both-nodes",),
        outages=(outage,),
        unchecked=(
            *(() if _tells_all(snapshot) else (f"{master.name}: whether it has let go, but for your word",)),
            *foreign_scripts(snapshot),
            *starts_by_itself(master),
        ),
    )


def _tells_all(snapshot: PairSnapshot) -> bool:
    """Whether the master can be seen to let go: it answers, and so do its mounts and GEOM."""
    facts = snapshot.master.facts
    return stack.answers(snapshot.master) and None not in (facts.mounts.value, facts.geom.value)


def _planned(site: Site, answers: PromoteAnswers) -> tuple[tuple[Step, ...], tuple[str, str]]:
    snapshot = site.snapshot
    serving = check("master-mounted", snapshot).answer is Answer.YES
    # Where nobody serves, either node may have been the last; the record says which.
    keeper = Home.MASTER if serving else Home.SLAVE
    history = descent(site, keeper, answers.mark, whoever=not serving)
    before = f"{site.master.name} keeps what it has; nothing is changed"
    head = adopt(site, history, keeper, leaves=before)
    if not serving and not served_last(snapshot.slave, Lineage(history.known)):
        head = (*_loss(snapshot, leaves=before), *head)
    takes = slave_takes_over(site, history, answers.mark, fsck=answers.fsck)
    if serving:
        dead = not check("master-gate-alive", snapshot).holds
        return (*head, *master_releases(site, gate_is_dead=dead), *_ready(site), *takes), (FIRST, LAST)
    free = f"nothing serves; {site.master.name} has let go"
    if holds_nothing(site, Home.MASTER):
        release: tuple[Step, ...] = (stays_gone(site, Home.MASTER, leaves=free),)
    else:
        release = tuple(
            s for s in master_releases(site, serving=False) if s.id in ("let-go-master", "stays-gone-master")
        )
    away = stop_vrrp(
        site,
        Home.MASTER,
        why="With its higher priority it would hold the address without the data.",
        guards=("not master-mounted",),
        leaves=free,
    )
    steps = (*head, *release, away, *_ready(site), *takes)
    return steps, (steps[len(head)].id, LAST)


def _ready(site: Site) -> tuple[Step, ...]:
    return (
        start_vrrp(
            site,
            Home.SLAVE,
            why="It takes the address as soon as the other node no longer announces it.",
            leaves=f"nothing serves; {site.master.name} has let go",
        ),
    )


def _without_the_master(site: Site, answers: PromoteAnswers) -> tuple[tuple[Step, ...], tuple[str, str]]:
    """The master says nothing, or not enough: only a person can know that it has let go."""
    snapshot, master, slave = site.snapshot, site.master.name, site.slave.name
    here = (Home.SLAVE,)
    history = descent(site, Home.SLAVE, answers.mark, whoever=True)
    nothing = f"nothing is changed; {master} may still hold the data"
    free = f"nothing serves on {slave}; {master} is off by your word"
    serving = f"{slave} serves alone; {master} must not be started with its services before the fail-back"
    serves = serve_from(
        site,
        Home.SLAVE,
        history,
        answers.mark,
        answers.fsck,
        leaves=free,
        serving=serving,
        guards=("not slave-ggated-runs",),
        recorded_on=here,
    )
    steps = (
        manual_step(
            "say-master-is-off",
            f"Make sure that {master} is off, and say so",
            "That it does not answer proves nothing: if it still serves, two histories begin that "
            "nobody can join again.",
            f"Cut the power of {master}, or look at it yourself; if it is off, say so",
            typed=f"{master} is off",
            leaves=nothing,
        ),
        *_loss(snapshot, leaves=nothing),
        *adopt(site, history, Home.SLAVE, leaves=nothing, nodes=here),
        *attach_on_slave(site, leaves=free, guards=("not slave-mounted",), master_answers=False),
        *before_the_record(serves, still_away(site, Home.MASTER, leaves=free)),
        start_vrrp(site, Home.SLAVE, why="Clients reach the service by the address.", leaves=serving),
        wait_address(site, Home.SLAVE, leaves=serving, alone=True),
        verify(site, Home.SLAVE, leaves=serving, peer_answers=False),
    )
    return steps, ("stop-ggated", LAST)


def _loss(snapshot: PairSnapshot, *, leaves: str) -> tuple[Step, ...]:
    """A slave's half that was not whole when last seen: the operator accepts what is missing on it."""
    slave = snapshot.slave.name
    state = last_seen_half(snapshot)
    if state is ComponentState.ACTIVE:
        return ()
    said = f"was {state.value} in the mirror" if state else "was not seen in the mirror"
    return (
        manual_step(
            "accept-loss",
            f"Accept that data may be missing on {slave}",
            f"{slave}'s half {said} when {snapshot.master.name} was last seen: "
            "what was written since is not on it.",
            f"If the data of {snapshot.master.name} cannot be had, accept what is missing on {slave}",
            typed="data may be missing",
            leaves=leaves,
        ),
    )


def last_seen_half(snapshot: PairSnapshot) -> ComponentState | None:
    """State of the slave's half in the mirror of the master, as last seen, however long ago."""
    geom = snapshot.master.facts.geom.last
    mirror = geom.mirror(snapshot.config.mirror) if geom else None
    half = stack.remote_half(mirror) if mirror else None
    return half.state if half else None


def refuse_older(snapshot: PairSnapshot) -> None:
    """Refuse where the slave's half is surely not fit: half copied, or of an older history."""
    master, slave = snapshot.master, snapshot.slave
    state = last_seen_half(snapshot)
    if state is ComponentState.SYNCHRONIZING:
        raise CannotPlan(
            f"{slave.name}'s half was being overwritten when {master.name} was last seen: "
            f"it holds half a copy; bring {master.name} back"
        )
    if stack.answers(master) and master.facts.geom.value and state is not ComponentState.ACTIVE:
        mirror = stack.mirror_on(master, snapshot.config)
        if mirror is not None:
            word = state.value if state else "not part of the mirror"
            raise CannotPlan(
                f"{slave.name}'s half is {word} on {master.name}, so its data is older: "
                "run recover-slave first"
            )
    known, own = master.facts.lineage.last, slave.facts.lineage.value
    if known and own and relation(known, own)[0] in (Relation.NEWER, Relation.SPLIT):
        raise CannotPlan(
            f"the lineage of {master.name} ({known.head}) is not part of that of {slave.name} ({own.head}): "
            f"{slave.name} does not hold the newest data; bring {master.name} back"
        )


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """Nothing is taken from the pair."""
    return {}


JOB = Job(
    name="promote",
    title="Promote the slave",
    when="The master is dead or must be taken out of service, and the slave shall serve now.",
    answers=PromoteAnswers,
    defaults=defaults,
    plan=plan,
)
