"""start-pair: both halves into the mirror, checked, mounted on the home master, then the address."""

from console.health import stack
from console.health.conditions import check
from console.health.lineage import Relation, between, relation
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Answer, Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import refusing
from playbooks.parts.attaching import attach_both, attach_master_alone, compare_halves
from playbooks.parts.building import make, manual_step, wait_step
from playbooks.parts.cautions import foreign_scripts
from playbooks.parts.lineage_steps import adopt, descent, into_the_mount, served_last
from playbooks.parts.promoting import check_file_system, mount, serve_from, verify
from playbooks.parts.questions import FsckAnswer, GateTimeout
from playbooks.parts.services import start_services
from playbooks.parts.serving_image import serve_image
from playbooks.parts.site import GATE_TIMEOUT, Site, site_of
from playbooks.parts.vrrp import start_vrrp, wait_address
from playbooks.recovering.steps import release_gate


class StartPairAnswers(Answers):
    """How the pair comes up."""

    gate_timeout: GateTimeout = GATE_TIMEOUT
    fsck: FsckAnswer = "preen"


def plan(snapshot: PairSnapshot, answers: StartPairAnswers) -> Plan:
    """The orderly start of the pair; raises CannotPlan."""
    refusing.refuse_trouble(snapshot)
    master, slave = snapshot.master, snapshot.slave
    refusing.require_answer(master)
    refusing.require(
        snapshot, "master-geom-answers", f"nothing can be started on {master.name} before it does"
    )
    for name in ("master-mounted", "slave-mounted"):
        refusing.refuse_if(snapshot, name, "the pair is up; see its findings for what is wrong with it")
    refusing.require(snapshot, "not master-mounted", "look again before anything is started")
    refusing.require(snapshot, "master-image-exists", "restore the image, or take over with promote")
    refusing.refuse_rebuild(snapshot)
    site = site_of(snapshot, answers.gate_timeout)
    answered = stack.answers(slave)
    lost = answered and _slave_half_lost(snapshot)
    both = answered and not lost
    steps = _both(site, answers) if answered else _alone(site, answers)
    return make(
        snapshot,
        answers,
        job="start-pair",
        title="Start the pair" if both else f"Start {master.name} alone",
        steps=steps,
        ends=f"{master.name} serves through a complete mirror, {slave.name} stands by"
        if both
        else f"{master.name} serves alone; {slave.name}'s half falls behind until recover-slave",
        expects=("master-mounted-through-mirror", "master-holds-address")
        + (("mirror-complete-2-of-2", "one-master") if both else ()),
        aborts=("mounted-on-both-nodes",),
        unchecked=(
            *(() if answered else (f"{slave.name}: whether it serves, but for your word",)),
            *foreign_scripts(snapshot),
        ),
    )


def _both(site: Site, answers: StartPairAnswers) -> tuple[Step, ...]:
    snapshot, master = site.snapshot, site.master.name
    refusing.require(snapshot, "not slave-mounted", "look again before anything is started")
    refusing.require(snapshot, "geom-answers", "wait until GEOM answers on both nodes")
    refusing.refuse_if(snapshot, "slave-image-attached", "detach it there before it is served to the master")
    told, why = between(snapshot)
    if told is Relation.OLDER:
        raise CannotPlan(f"{why}: start the service there with promote, then hand it back with fail-back")
    if told is Relation.NEWER:
        raise CannotPlan(
            f"{why}, so its half is older: shut it down to start {master} alone, then recover-slave"
        )
    if served_last(snapshot.slave, snapshot.slave.facts.lineage.value):
        raise CannotPlan(
            f"{snapshot.slave.name} was the last to serve: start the service there with promote, "
            "then hand it back with fail-back"
        )
    refusing.refuse_if(snapshot, "master-half-stale", "its data is older: see fail-back and promote")
    if _slave_half_lost(snapshot):
        if told is not Relation.SAME:
            raise CannotPlan(f"{why}: whether {master} has the newest data is not recorded; see promote")
        return _on_one_half(site, answers)
    history = descent(site, Home.MASTER, answers.mark, whoever=True)
    down = "nothing serves; both images are whole"
    ready = f"nothing serves; both halves are in the mirror on {master}"
    done = f"{master} serves through a complete mirror"
    serve_guards = (
        "not slave-mounted",
        "slave-half-active",
        "master-half-active",
        "not slave-image-attached",
    )
    serving: tuple[Step, ...] = ()
    if not _served(snapshot):
        serving = (*_without_a_left_gate(site, leaves=down), *serve_image(site, leaves=down))
    return (
        *adopt(site, history, Home.MASTER, leaves=down),
        *serving,
        attach_both(site, leaves=ready),
        wait_step(
            "both-halves-active",
            "Wait until the mirror is complete",
            "A half that comes back stale is older: it needs recover-slave or fail-back, not a mount.",
            ("master-mirror-complete",),
            failed_when=("master-half-stale", "slave-half-stale", "not master-mirror-running"),
            timeout=60.0,
            phase="mirror",
            leaves=ready,
        ),
        compare_halves(site, leaves=ready),
        check_file_system(site, Home.MASTER, answers.fsck, leaves=ready),
        mount(site, Home.MASTER, leaves=done, guards=serve_guards),
        into_the_mount(site, Home.MASTER, leaves=done),
        start_services(site, Home.MASTER, leaves=done),
        _address(site, Home.MASTER, ("master-mounted-through-mirror",), done),
        wait_address(site, Home.MASTER, leaves=done),
        _address(site, Home.SLAVE, ("master-holds-address",), done),
        verify(site, Home.MASTER, leaves=done),
    )


def _slave_half_lost(snapshot: PairSnapshot) -> bool:
    """The mirror runs on the master without the slave's half: it is stale, as after a power cut, or gone."""
    if not check("master-mirror-running", snapshot).holds:
        return False
    stale = check("slave-half-stale", snapshot).holds or _left_gate(snapshot)
    return stale or check("slave-half-in-mirror", snapshot).answer is Answer.NO


def _on_one_half(site: Site, answers: StartPairAnswers) -> tuple[Step, ...]:
    """The master was the last to serve and its half is current: recover-slave needs it to serve again."""
    ready = f"nothing serves; the half of {site.master.name} runs in the mirror"
    done = f"{site.master.name} serves alone; {site.slave.name}'s half falls behind until recover-slave"
    guards = ("not slave-mounted", "not slave-image-attached", "master-half-active", "no-split-brain")
    # Recorded on both: the slave then knows of data that its half lacks, and does not take over with it.
    history = descent(site, Home.MASTER, answers.mark, whoever=True)
    serves = serve_from(
        site, Home.MASTER, history, answers.mark, answers.fsck, leaves=ready, serving=done, guards=guards
    )
    return (
        *_without_a_left_gate(site, leaves=ready),
        *serves,
        _address(site, Home.MASTER, ("master-mounted-through-mirror",), done),
        wait_address(site, Home.MASTER, leaves=done),
        _address(site, Home.SLAVE, ("master-holds-address",), done),
        verify(site, Home.MASTER, leaves=done),
    )


def _served(snapshot: PairSnapshot) -> bool:
    """Already attached by the master: starting ggated is behind us."""
    return refusing.holds(snapshot, "master-gate-alive") and refusing.holds(snapshot, "slave-image-served")


def _left_gate(snapshot: PairSnapshot) -> bool:
    """A gate on the master to an image that the slave, as after a reboot, does not serve any more."""
    here = check("master-gate-present", snapshot).holds
    return here and check("slave-image-served", snapshot).answer is Answer.NO


def _without_a_left_gate(site: Site, *, leaves: str) -> tuple[Step, ...]:
    """It is destroyed first: nothing may be served below it, and the mirror waits for it in vain."""
    if not _left_gate(site.snapshot):
        return ()
    alone = not refusing.holds(site.snapshot, "master-mirror-running")
    return (release_gate(site, leaves=leaves, blind=alone),)


def _alone(site: Site, answers: StartPairAnswers) -> tuple[Step, ...]:
    master, slave = site.master.name, site.slave.name
    history = descent(site, Home.MASTER, answers.mark, whoever=True)
    here = (Home.MASTER,)
    down = f"nothing serves on {master}; {slave} is off by your word"
    done = f"{master} serves alone; {slave}'s half falls behind"
    return (
        manual_step(
            "say-slave-is-off",
            f"Make sure that {slave} is off, and say so",
            "That it does not answer proves nothing: if it serves, two histories begin that nobody can join.",
            f"Cut the power of {slave}, or look at it yourself; if it is off, say so",
            typed=f"{slave} is off",
            leaves=f"nothing is changed; {slave} may still serve",
        ),
        *_stated(site, leaves=down),
        *adopt(site, history, Home.MASTER, leaves=down, nodes=here),
        attach_master_alone(site, leaves=down),
        *serve_from(
            site,
            Home.MASTER,
            history,
            answers.mark,
            answers.fsck,
            leaves=down,
            serving=done,
            guards=("not master-mounted",),
            recorded_on=here,
        ),
        _address(site, Home.MASTER, ("master-mounted-through-mirror",), done),
        wait_address(site, Home.MASTER, leaves=done, alone=True),
        verify(site, Home.MASTER, leaves=done, peer_answers=False),
    )


def _stated(site: Site, *, leaves: str) -> tuple[Step, ...]:
    """Where the last known records do not prove that the master's half is current."""
    own, other = site.snapshot.master.facts.lineage.value, site.snapshot.slave.facts.lineage.last
    known = own and other and relation(own, other)[0] in (Relation.SAME, Relation.NEWER)
    if known and served_last(site.snapshot.master, own):
        return ()
    node = site.master.name
    return (
        manual_step(
            "accept-loss",
            f"Accept that newer data may be on {site.slave.name}",
            f"The records do not prove that {node} was the last to serve; what {site.slave.name} wrote alone "
            "would be overwritten when it returns.",
            f"If the data of {node} is the newest that is left, accept what may be missing on it",
            typed="data may be missing",
            leaves=leaves,
        ),
    )


def _address(site: Site, home: Home, guards: tuple[str, ...], leaves: str) -> Step:
    return start_vrrp(
        site,
        home,
        why="The node that has the data mounted takes the address first; the other one then stands by.",
        guards=guards,
        leaves=leaves,
    )


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """The gate timeout the pair has."""
    return {"gate_timeout": min(300, max(5, site_of(snapshot).gate_timeout))}


JOB = Job(
    name="start-pair",
    title="Start the pair",
    when="After stop-pair, or after both nodes were down: bring the service up on the home master.",
    answers=StartPairAnswers,
    defaults=defaults,
    plan=plan,
)
