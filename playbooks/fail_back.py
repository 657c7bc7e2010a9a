"""fail-back: the slave serves; the old master takes the newer data over whole, and then the service."""

from pydantic import Field

from console.health import stack
from console.health.truths import vrrp_section
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import refusing
from playbooks.parts.building import make
from playbooks.parts.cautions import foreign_scripts
from playbooks.parts.direction import slave_to_master
from playbooks.parts.handing_back import FIRST, LAST, hand_back
from playbooks.parts.letting_go import holds_nothing, master_lets_go, stays_gone
from playbooks.parts.lineage_steps import adopt, descent
from playbooks.parts.questions import FsckAnswer, GateTimeout
from playbooks.parts.site import GATE_TIMEOUT, Site, site_of
from playbooks.parts.vrrp import stop_vrrp


class FailBackAnswers(Answers):
    """How the service goes back."""

    gate_timeout: GateTimeout = GATE_TIMEOUT
    fsck: FsckAnswer = "preen"
    mount_during_rebuild: bool = Field(
        False,
        title="Serve while the copy runs",
        description="A shorter outage; before the copy is done, losing the slave means losing the service",
    )


def plan(snapshot: PairSnapshot, answers: FailBackAnswers) -> Plan:
    """The way back from the slave to the master; raises CannotPlan."""
    refusing.refuse_trouble(snapshot)
    for node in snapshot.nodes:
        refusing.require_answer(node)
    refusing.require(snapshot, "geom-answers", "wait until GEOM answers, or release a dead gate first")
    refusing.refuse_if(
        snapshot,
        "master-mounted",
        "it serves already, there is nothing to fail back; for a slave that fell behind use recover-slave",
    )
    refusing.require(
        snapshot, "slave-mounted", f"{snapshot.slave.name} does not serve; see start-pair, promote"
    )
    if not bare_half_mounted(snapshot):
        refusing.require(
            snapshot, "slave-mounted-through-mirror", "that is no half of this pair; look at it by hand"
        )
        refusing.require(snapshot, "slave-half-active", "the newer half must be whole: look at its mirror")
    refusing.require(snapshot, "master-image-exists", "create the image first (job provision)")
    refuse_sizes(snapshot)
    refuse_priorities(snapshot)
    site = site_of(snapshot, answers.gate_timeout)
    history = descent(site, Home.SLAVE, answers.mark)
    steps = (
        *adopt(site, history, Home.SLAVE, leaves=f"{site.slave.name} serves; nothing is changed"),
        *_master_stands_back(site),
        *hand_back(
            site,
            history,
            answers.mark,
            fsck=answers.fsck,
            mount_during_rebuild=answers.mount_during_rebuild,
        ),
    )
    return make(
        snapshot,
        answers,
        job="fail-back",
        title=f"Hand the service back from {site.slave.name} to {site.master.name}",
        steps=steps,
        ends=f"{site.master.name} serves through a complete mirror, {site.slave.name} stands by",
        expects=(
            "master-mounted-through-mirror",
            "mirror-complete-2-of-2",
            "master-holds-address",
            "one-master",
        ),
        aborts=("mounted-on-both-nodes",),
        outages=((FIRST, LAST),),
        direction=slave_to_master(site),
        unchecked=foreign_scripts(snapshot),
    )


def _master_stands_back(site: Site) -> tuple[Step, ...]:
    """What the old master still has from before: its daemon, a mirror that started by itself, an old gate."""
    leaves = f"{site.slave.name} serves; {site.master.name} holds nothing"
    away = stop_vrrp(
        site,
        Home.MASTER,
        why="With its higher priority it would take the address before its data is current.",
        guards=("not master-mounted",),
        leaves=leaves,
    )
    if holds_nothing(site, Home.MASTER):
        return (away,)
    return (
        away,
        master_lets_go(site, leaves=leaves, undo_alone=True),
        stays_gone(site, Home.MASTER, leaves=leaves),
    )


def bare_half_mounted(snapshot: PairSnapshot) -> bool:
    """Whether the slave serves its md without the mirror, so that no counter says which half is newer.

    Then the order of attaching and the copy that is always made keep the data; the record needs a statement.
    """
    units = stack.md_of(snapshot.slave.facts.geom.value, snapshot.config.slave.image)
    mounted = stack.mounts_of(snapshot.slave, snapshot.config)
    return bool(mounted) and mounted[-1].special in {f"/dev/{unit.name}" for unit in units}


def refuse_sizes(snapshot: PairSnapshot) -> None:
    """Refuse where the master's image is too small to hold the mirror and its last sector."""
    mirror = stack.mirror_on(snapshot.slave, snapshot.config)
    size = stack.image_size(snapshot.master)
    if mirror and mirror.mediasize and size is not None and size < mirror.mediasize + 512:
        raise CannotPlan(
            f"{snapshot.config.master.image} on {snapshot.master.name} has {size} bytes, the mirror needs "
            f"{mirror.mediasize + 512}: enlarge the image first"
        )


def refuse_priorities(snapshot: PairSnapshot) -> None:
    """Refuse where the slave would take the address straight back."""
    master, slave = (vrrp_section(n, snapshot.config) for n in snapshot.nodes)
    if not master or not slave or master.priority is None or slave.priority is None:
        return
    if master.priority <= slave.priority:
        raise CannotPlan(
            f"the VRRP priority of {snapshot.master.name} ({master.priority}) is not above that of "
            f"{snapshot.slave.name} ({slave.priority}), which would keep the address: "
            "set it in freevrrpd.conf first"
        )


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """The gate timeout the pair has."""
    return {"gate_timeout": min(300, max(5, site_of(snapshot).gate_timeout))}


JOB = Job(
    name="fail-back",
    title="Fail back",
    when="The slave serves, the old master is back, and it shall serve again with the slave's newer data.",
    answers=FailBackAnswers,
    defaults=defaults,
    plan=plan,
)
