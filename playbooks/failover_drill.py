"""failover-drill: the hand-over to the slave and back, measured; the reference tests 1 and 2.

What is proven: the slave serves what the master wrote, and after the way back the master serves what the
slave wrote. It is done with the real data of the pair, in the order of a real hand-over.
"""

from pydantic import Field

from console.health import stack
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.fail_back import refuse_priorities
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import handing_back, handing_over, refusing
from playbooks.parts.building import make, wait_step
from playbooks.parts.canary import Canary
from playbooks.parts.cautions import foreign_scripts, starts_by_itself
from playbooks.parts.direction import slave_to_master
from playbooks.parts.handing_back import hand_back
from playbooks.parts.handing_over import master_releases, slave_takes_over
from playbooks.parts.lineage_steps import Descent, adopt, after, derived, descent
from playbooks.parts.questions import FsckAnswer, GateTimeout
from playbooks.parts.site import GATE_TIMEOUT, Site, site_of

STEADY = (
    "both-nodes-answer",
    "geom-answers",
    "master-mounted-through-mirror",
    "not slave-mounted",
    "mirror-complete-2-of-2",
    "no-rebuild-running",
    "gate-alive",
    "one-master",
    "master-vrrp-master",
    "one-address-holder",
    "master-holds-address",
    "same-vrrp-group",
    "slave-image-exists",
    "not slave-image-attached",
    "clocks-agree",
)
"""The state a drill starts from: what is broken already would be measured as the drill's doing."""
TAKE_OVER = (handing_over.FIRST, handing_over.LAST)
FAIL_BACK = (handing_back.FIRST, handing_back.LAST)
"""Between the two the slave serves; the copy is in the second, unless the master serves while it runs."""


class FailoverDrillAnswers(Answers):
    """What the drill does and measures."""

    with_fail_back: bool = Field(
        True,
        title="Fail back afterwards",
        description="Copy the slave's data over the master's half and hand the service back",
    )
    canary: bool = Field(
        True, title="Measure with a canary", description="Ten numbered, fsynced writes a second in the mount"
    )
    canary_seconds: int = Field(
        5, ge=1, le=600, title="Canary time", description="Seconds it writes before each hand-over"
    )
    mount_during_rebuild: bool = Field(
        False,
        title="Serve while the copy runs",
        description="A shorter outage; before the copy is done, losing the slave means losing the service",
    )
    fsck: FsckAnswer = "preen"
    gate_timeout: GateTimeout = GATE_TIMEOUT


def plan(snapshot: PairSnapshot, answers: FailoverDrillAnswers) -> Plan:
    """The drill; raises CannotPlan unless the pair is in its steady state."""
    refusing.refuse_trouble(snapshot)
    for node in snapshot.nodes:
        refusing.require_answer(node)
    refusing.refuse_rebuild(snapshot)
    for name in STEADY:
        refusing.require(snapshot, name, "a drill starts from a healthy pair, mend this first")
    refuse_hard_coded_slave(snapshot)
    if answers.with_fail_back:
        refuse_priorities(snapshot)
    site = site_of(snapshot, answers.gate_timeout)
    history = descent(site, Home.MASTER, answers.mark)
    canary = Canary(site, answers.mark)
    steps = (
        wait_step(
            "steady-state",
            "Measure the steady state",
            "A drill compares with the state before it.",
            STEADY,
            leaves=_calm(site),
            timeout=30.0,
            phase="before",
        ),
        *adopt(site, history, Home.MASTER, leaves=_calm(site)),
        *_over(site, canary, answers, history),
        *(_back(site, canary, answers, history) if answers.with_fail_back else _stay(site, canary, answers)),
    )
    back = answers.with_fail_back
    return make(
        snapshot,
        answers,
        job="failover-drill",
        title=f"Failover drill: {site.slave.name} takes over" + (", then hands back" if back else ""),
        steps=steps,
        ends=f"{site.master.name} serves through a complete mirror, as before the drill"
        if back
        else f"{site.slave.name} serves alone; fail-back brings the service home",
        expects=(
            "master-mounted-through-mirror",
            "mirror-complete-2-of-2",
            "master-holds-address",
            "one-master",
        )
        if back
        else ("slave-mounted-through-mirror", "slave-holds-address"),
        aborts=("mounted-on-both-nodes",),
        outages=(TAKE_OVER, FAIL_BACK) if back else (TAKE_OVER,),
        direction=slave_to_master(site) if back else None,
        unchecked=(*foreign_scripts(snapshot), *(() if back else starts_by_itself(snapshot.master))),
    )


def _calm(site: Site) -> str:
    return f"{site.master.name} serves through a complete mirror"


def _over(site: Site, canary: Canary, answers: FailoverDrillAnswers, history: Descent) -> tuple[Step, ...]:
    calm, serving = _calm(site), f"{site.slave.name} serves alone"
    before: tuple[Step, ...] = (canary.leave_file(Home.MASTER, leaves=calm),)
    stop: tuple[Step, ...] = ()
    reached: tuple[Step, ...] = ()
    read: tuple[Step, ...] = ()
    more: tuple[Step, ...] = ()
    if answers.canary:
        before += (
            *canary.install(leaves=calm),
            canary.start(1, Home.MASTER, leaves=calm),
            canary.write_for(1, Home.MASTER, answers.canary_seconds, leaves=calm),
        )
        stop = (canary.stop(1, Home.MASTER, leaves=f"{site.master.name} has the data mounted"),)
        reached = (canary.start(2, Home.SLAVE, leaves=serving),)
        read = (
            canary.read("acked", 1, Home.MASTER, leaves=serving),
            canary.read("found", 1, Home.SLAVE, leaves=serving),
            canary.read("first", 2, Home.SLAVE, leaves=serving),
        )
        more = (canary.write_for(2, Home.SLAVE, answers.canary_seconds, leaves=serving),)
    return (
        *before,
        *master_releases(site, before_unmount=stop),
        *slave_takes_over(site, history, answers.mark, fsck=answers.fsck, once_reached=reached),
        *read,
        canary.leave_file(Home.SLAVE, leaves=serving),
        canary.files_are_there(Home.SLAVE, leaves=serving),
        *more,
    )


def _back(site: Site, canary: Canary, answers: FailoverDrillAnswers, history: Descent) -> tuple[Step, ...]:
    calm = _calm(site)
    stop: tuple[Step, ...] = ()
    reached: tuple[Step, ...] = ()
    ends: tuple[Step, ...] = ()
    if answers.canary:
        stop = (canary.stop(2, Home.SLAVE, leaves=f"{site.slave.name} has the data mounted"),)
        reached = (canary.start(3, Home.MASTER, leaves=calm),)
        ends = (
            canary.stop(3, Home.MASTER, leaves=calm),
            canary.read("acked", 2, Home.SLAVE, leaves=calm),
            canary.read("found", 2, Home.MASTER, leaves=calm),
            canary.read("first", 3, Home.MASTER, leaves=calm),
        )
    return (
        *hand_back(
            site,
            after(site, history, answers.mark, Home.SLAVE),
            derived(answers.mark, "fail-back"),
            fsck=answers.fsck,
            mount_during_rebuild=answers.mount_during_rebuild,
            before_unmount=stop,
            once_reached=reached,
        ),
        *ends,
        canary.files_are_there(Home.MASTER, leaves=calm),
        *canary.clean(Home.MASTER, leaves=calm),
    )


def _stay(site: Site, canary: Canary, answers: FailoverDrillAnswers) -> tuple[Step, ...]:
    serving = f"{site.slave.name} serves alone"
    stop = (canary.stop(2, Home.SLAVE, leaves=serving),) if answers.canary else ()
    return (*stop, *canary.clean(Home.SLAVE, leaves=serving))


def refuse_hard_coded_slave(snapshot: PairSnapshot) -> None:
    """Refuse where the slave's half bears the gate's name: as an md on the slave it would start no mirror."""
    mirror = stack.mirror_on(snapshot.master, snapshot.config)
    half = stack.remote_half(mirror) if mirror else None
    coded = half is not None and "HARDCODED" in half.flags
    written = [
        m.hcprovider for m in snapshot.master.facts.metadata.value or () if m.provider.startswith("ggate")
    ]
    if coded or any(written):
        raise CannotPlan(
            f"the half of {snapshot.slave.name} is hard-coded as {half.name if half else 'a gate'}: "
            f"attached on {snapshot.slave.name} it starts no mirror; put it in again without -h"
        )


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """The gate timeout the pair has."""
    return {"gate_timeout": min(300, max(5, site_of(snapshot).gate_timeout))}


JOB = Job(
    name="failover-drill",
    title="Failover drill",
    when="To prove, and measure, that the slave can take over and that the service comes home with its data.",
    answers=FailoverDrillAnswers,
    defaults=defaults,
    plan=plan,
)
