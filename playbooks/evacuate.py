"""evacuate: the reference guide's emergency migration: copy an image, at rest, to a new host.

A file that is written while it is copied gives garbage (P25), so the half that is copied is taken out of use
first: the slave's half under a serving master, or either image of a pair that is stopped.
"""

from typing import Literal

from pydantic import Field

from console.health import stack
from console.health.conditions import check
from console.model.config import AbsolutePath, Word
from console.model.plan import Plan, Risk, Step, Transfer
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import refusing
from playbooks.parts.building import command_step, make, no_undo, q, shown
from playbooks.parts.letting_go import unmount
from playbooks.parts.lineage_steps import adopt, descent
from playbooks.parts.promoting import mount
from playbooks.parts.services import start_services, stop_services
from playbooks.parts.serving_image import end_serving
from playbooks.parts.site import Site, site_of
from playbooks.recovering.card import onto_the_slave
from playbooks.recovering.steps import Way, recovery, release_gate

WHOLE = ("both-nodes-answer", "geom-answers", "master-mirror-complete", "no-rebuild-running")
_SLOWEST = 1_000_000
"""Bytes a second at which a copy is still waited for."""


class EvacuateAnswers(Answers):
    """Which image goes where."""

    source: Literal["slave", "master"] = Field(
        "slave",
        title="Whose image",
        description="The slave's can be copied while the master serves; the master's only when nothing runs",
    )
    host: Word = Field(
        title="To which host",
        description="[user@]host or an ssh_config alias; never one of the pair's addresses",
    )
    target: AbsolutePath = Field(
        title="Path there", description="The file to make on that host, in a folder that exists"
    )
    clean: bool = Field(
        True,
        title="Unmount for a moment",
        description="The copy is then a clean file system; without it the new host has to run fsck on it",
    )
    put_back: bool = Field(
        True, title="Bring the slave's half back", description="Copy the slave's half anew after the transfer"
    )


def plan(snapshot: PairSnapshot, answers: EvacuateAnswers) -> Plan:
    """The copy of an image that nothing uses; raises CannotPlan."""
    refusing.refuse_trouble(snapshot)
    _refuse_target(snapshot, answers)
    home = Home.SLAVE if answers.source == "slave" else Home.MASTER
    refusing.require_answer(snapshot.node(home))
    refusing.require(snapshot, f"{home.value}-image-exists", "answer the other node as the source")
    if check("nothing-mounted", snapshot).holds or home is Home.MASTER:
        return _at_rest(snapshot, answers, home)
    return _under_a_serving_master(snapshot, answers)


def _refuse_target(snapshot: PairSnapshot, answers: EvacuateAnswers) -> None:
    pair = snapshot.config
    host = answers.host.rpartition("@")[2]
    own = {pair.floating, *(w for n in pair.nodes for w in (n.name, n.host, n.replication) if w)}
    if host in own:
        raise CannotPlan(f"{host} is a part of this pair: an evacuation leads to another host")


def _at_rest(snapshot: PairSnapshot, answers: EvacuateAnswers, home: Home) -> Plan:
    node = snapshot.node(home)
    refusing.require(snapshot, "nothing-mounted", "stop the pair first (job stop-pair)")
    refusing.require(snapshot, f"{home.value}-has-let-go", "stop the pair first (job stop-pair)")
    refusing.require(snapshot, f"not {home.value}-image-attached", "stop the pair first (job stop-pair)")
    if home is Home.SLAVE:
        refusing.require(
            snapshot,
            "not master-gate-present",
            f"{snapshot.master.name} can still write to it: stop-pair first",
        )
    rest = f"nothing serves; {node.name} holds its image at rest"
    site = site_of(snapshot)
    quiet = (f"not {home.value}-image-attached", "nothing-mounted")
    return make(
        snapshot,
        answers,
        job="evacuate",
        title=f"Copy {shown(node.config.image)} of {node.name} to {answers.host}",
        steps=_copied(site, answers, home, rest, quiet),
        ends=f"{rest}; {answers.host} has a copy of it. {_NEXT}",
        aborts=(f"{home.value}-mounted",),
        unchecked=_unchecked(answers),
    )


def _under_a_serving_master(snapshot: PairSnapshot, answers: EvacuateAnswers) -> Plan:
    refusing.require(
        snapshot,
        "master-mounted-through-mirror",
        "evacuate copies the slave's half under a serving master; see fail-back, or stop the pair first",
    )
    for name in WHOLE:
        refusing.require(snapshot, name, "an older half is not worth copying, see recover-slave")
    site = site_of(snapshot)
    master, slave = site.master.name, site.slave.name
    calm, alone = f"{master} serves through a complete mirror", f"{master} serves alone"
    stopped = f"nothing serves; {master} holds the data, cleanly unmounted"
    history = descent(site, Home.MASTER, answers.mark)
    quiet = (
        "not master-gate-present",
        "not slave-ggated-runs",
        "not slave-image-attached",
        "not slave-mounted",
    )
    out: tuple[Step, ...] = (
        release_gate(
            site,
            leaves=stopped if answers.clean else alone,
            why="From here on nothing is written to the slave's image any more.",
        ),
        end_serving(site, leaves=stopped if answers.clean else alone, phase="release"),
    )
    if answers.clean:
        out = (
            stop_services(
                site, Home.MASTER, leaves=f"{master} has the data mounted, its services are stopped"
            ),
            unmount(site, Home.MASTER, leaves=stopped),
            *out,
            mount(site, Home.MASTER, leaves=alone, guards=("not slave-mounted", "master-half-active")),
            start_services(site, Home.MASTER, leaves=alone),
        )
    back = recovery(site, Way(destroy=False), before=alone, after=calm) if answers.put_back else ()
    return make(
        snapshot,
        answers,
        job="evacuate",
        title=f"Copy {shown(site.slave.image)} of {slave} to {answers.host}",
        steps=(
            *adopt(site, history, Home.MASTER, leaves=calm),
            *out,
            *_copied(site, answers, Home.SLAVE, alone, quiet),
            *back,
        ),
        ends=f"{calm if answers.put_back else alone}; {answers.host} has a copy. {_NEXT}",
        expects=("master-mounted-through-mirror", *(("mirror-complete-2-of-2",) if answers.put_back else ())),
        aborts=("mounted-on-both-nodes", "slave-mounted"),
        outages=(("stop-services-master", "start-services-master"),) if answers.clean else (),
        direction=onto_the_slave(site) if answers.put_back else None,
        unchecked=_unchecked(answers),
    )


_NEXT = "There: attach it (mdconfig), wait for its mirror, fsck, mount"


def _copied(
    site: Site, answers: EvacuateAnswers, home: Home, leaves: str, quiet: tuple[str, ...]
) -> tuple[Step, ...]:
    node = site.node(home)
    size = stack.image_size(site.snapshot.node(home)) or 0
    before = command_step(
        "at-rest",
        f"Look whether {shown(node.image)} on {node.name} is at rest",
        "A file that is written while it is copied gives garbage.",
        node.name,
        f"one=$(stat -f '%m %z' {q(node.image)}) || exit 1",
        "sleep 2",
        f"two=$(stat -f '%m %z' {q(node.image)}) || exit 1",
        'echo "$two"',
        '[ "$one" = "$two" ] || { echo "it is still being written" >&2; exit 1; }',
        guards=quiet,
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only looks"),
        phase="transfer",
        leaves=leaves,
    )
    copy = Step(
        id="transfer",
        title=f"Copy {shown(node.image)} from {node.name} to {answers.host}:{shown(answers.target)}",
        why="Through this console; broken off, it goes on where it was; both sums are compared.",
        node=node.name,
        action=Transfer(source=node.image, host=answers.host, target=answers.target),
        guards=quiet,
        undo=no_undo(f"remove the copy on {answers.host} by hand"),
        timeout=min(7 * 86_400.0, max(3_600.0, size / _SLOWEST)),
        phase="transfer",
        leaves=leaves,
    )
    return (before, copy)


def _unchecked(answers: EvacuateAnswers) -> tuple[str, ...]:
    said = [f"{answers.host}: whether it answers, has the folder and has room is seen when the copy begins"]
    if not answers.clean:
        said.append("the copy is of a mounted file system as a power cut would leave it: fsck it before use")
    return tuple(said)


JOB = Job(
    name="evacuate",
    title="Copy an image to a new host",
    when="The pair's hardware must be left: the data goes to another host, whole and checked.",
    answers=EvacuateAnswers,
    defaults=lambda snapshot: {},
    plan=plan,
)
