"""grow: both images larger, then the mirror, then the file system (P25, R19).

A gate keeps the size its image had when it was made, so the slave's half goes first: out of the mirror,
larger, and back in as a new half with a whole copy. Only then the master's image grows under the running
mirror, with the file system unmounted for as long as growfs takes.
"""

from posixpath import dirname

from pydantic import Field, field_validator

from console.health import stack
from console.model.plan import Plan, Risk, Step
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import md, refusing
from playbooks.parts.building import command_step, make, no_undo, q, shown, take_back, wait_step
from playbooks.parts.letting_go import unmount
from playbooks.parts.lineage_steps import adopt, descent
from playbooks.parts.promoting import check_file_system, mount
from playbooks.parts.questions import FsckAnswer
from playbooks.parts.services import start_services, stop_services
from playbooks.parts.serving_image import serve_image
from playbooks.parts.site import Site, site_of
from playbooks.provisioning.answers import size_in_bytes
from playbooks.provisioning.refusals import free_bytes
from playbooks.recovering.card import onto_the_slave
from playbooks.recovering.joining import Trust
from playbooks.recovering.steps import copied, join_step, make_gate, release_gate, taken_in, whole

STEADY = (
    "both-nodes-answer",
    "geom-answers",
    "master-mounted-through-mirror",
    "master-mirror-complete",
    "master-gate-alive",
    "no-rebuild-running",
    "not slave-mounted",
    "not slave-image-attached",
)


class GrowAnswers(Answers):
    """How large the images shall be."""

    size: str = Field(
        title="New size", description="Of each image: a whole number with m, g or t.", max_length=12
    )
    fsck: FsckAnswer = "preen"

    @field_validator("size")
    @classmethod
    def _a_size(cls, value: str) -> str:
        size_in_bytes(value)
        return value

    @property
    def bytes(self) -> int:
        """The new size in bytes."""
        return size_in_bytes(self.size)


def plan(snapshot: PairSnapshot, answers: GrowAnswers) -> Plan:
    """Both halves, the mirror and the file system larger; raises CannotPlan."""
    refusing.refuse_trouble(snapshot)
    for node in snapshot.nodes:
        refusing.require_answer(node)
    for name in STEADY:
        refusing.require(snapshot, name, "growing starts from a whole mirror, mend this first")
    old = {home: _size_now(snapshot.node(home)) for home in Home}
    for home in Home:
        _refuse_size(snapshot.node(home), old[home], answers.bytes)
    site = site_of(snapshot)
    master, slave = site.master.name, site.slave.name
    calm, alone = f"{master} serves through a complete mirror", f"{master} serves alone"
    larger = (
        f"{master} serves through a complete mirror, still of the old size; the half of {slave} is larger"
    )
    stopped = f"nothing serves; {master} holds the data, cleanly unmounted, the mirror is complete"
    history = descent(site, Home.MASTER, answers.mark)
    steps = (
        wait_step(
            "steady-state",
            "Look whether both halves are whole",
            "While one half is away the other one is the only copy.",
            STEADY,
            leaves=calm,
            timeout=30.0,
            phase="check",
        ),
        *adopt(site, history, Home.MASTER, leaves=calm),
        *(_room(site, home, old[home], answers.bytes, calm) for home in (Home.SLAVE, Home.MASTER)),
        release_gate(
            site,
            leaves=alone,
            why="A gate keeps the size its image had when it was made: a new one is needed.",
        ),
        _larger_file(site, old[Home.SLAVE], answers.bytes, alone),
        *serve_image(site, leaves=alone),
        make_gate(site, alone),
        join_step(site, Trust.COUNTERS, taken_in(site)),
        copied(site, larger),
        stop_services(site, Home.MASTER, leaves=f"{master} has the data mounted, its services are stopped"),
        unmount(site, Home.MASTER, leaves=stopped),
        _larger_mirror(site, old[Home.MASTER], answers.bytes, stopped),
        check_file_system(site, Home.MASTER, answers.fsck, leaves=stopped),
        _growfs(site, stopped),
        mount(site, Home.MASTER, leaves=calm, guards=("not slave-mounted", "master-mirror-complete")),
        start_services(site, Home.MASTER, leaves=calm),
        whole(site, calm),
    )
    return make(
        snapshot,
        answers,
        job="grow",
        title=f"Grow {shown(site.mirror)} to {answers.size}",
        steps=steps,
        ends=f"{calm} of {answers.size}",
        expects=("master-mounted-through-mirror", "mirror-complete-2-of-2", "gate-alive"),
        aborts=("mounted-on-both-nodes", "slave-mounted"),
        outages=(("stop-services-master", "start-services-master"),),
        direction=onto_the_slave(site),
        unchecked=(
            "a larger slave's half under a mirror of the old size was proven in the lab only; "
            "on a real pair only the master's half alone was grown (R19)",
            "how long growfs takes: the service is down for it",
        ),
    )


def _size_now(node: NodeView) -> int:
    size = stack.image_size(node)
    if size is None:
        raise CannotPlan(f"the size of {node.config.image} on {node.name} is not known: look again as root")
    return size


def _refuse_size(node: NodeView, old: int, new: int) -> None:
    if new <= old:
        raise CannotPlan(
            f"{node.config.image} on {node.name} has {old >> 20} MiB already, {new >> 20} are asked for: "
            "images are only grown, answer a larger size"
        )
    free = free_bytes(node, node.config.image)
    if free is not None and free < new - old:
        raise CannotPlan(
            f"{node.name} has {free >> 20} MiB free and needs {(new - old) >> 20}: make room, or answer less"
        )


def _room(site: Site, home: Home, old: int, new: int, leaves: str) -> Step:
    node = site.node(home)
    return command_step(
        f"room-{home.value}",
        f"Look for {(new - old) >> 20} MiB of room on {node.name}",
        "A sparse image that runs out of disk fails under a mounted file system (P26).",
        node.name,
        f"free=$(df -k {q(dirname(node.image))} | awk 'NR == 2 {{ print $4 }}')",
        f'echo "{(new - old) >> 10} KiB are needed, $free are free"',
        f'[ "$free" -ge {(new - old) >> 10} ]',
        guards=(f"{home.value}-image-exists",),
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only reads"),
        phase="check",
        leaves=leaves,
    )


def _resize(image: str, old: int, new: int) -> str:
    """Shell text: a file from one size to another, unless it has the new one already."""
    return (
        f"now=$(stat -f %z {q(image)}) || exit 1\n"
        f'[ "$now" -eq {old} ] || [ "$now" -eq {new} ] ||\n'
        f'    {{ echo {q(image)}" has $now bytes, neither the old nor the new size" >&2; exit 1; }}\n'
        f"truncate -s {new} {q(image)} && ls -ls {q(image)}"
    )


def _larger_file(site: Site, old: int, new: int, leaves: str) -> Step:
    image = site.slave.image
    return command_step(
        "grow-image-slave",
        f"Grow {shown(image)} on {site.slave.name} to {new >> 20} MiB",
        "gmirror's mark stays in the old last sector: cut back, the half is what it was.",
        site.slave.name,
        _resize(image, old, new),
        guards=("not master-gate-present", "not slave-image-attached", "not slave-mounted"),
        undo=take_back(_resize(image, new, old)),
        phase="grow",
        leaves=leaves,
    )


def _larger_mirror(site: Site, old: int, new: int, leaves: str) -> Step:
    master, unit, mirror = site.master, site.master_md, q(site.mirror)
    return command_step(
        "grow-mirror",
        f"Grow {shown(master.image)}, md{unit} and the mirror to {new >> 20} MiB on {master.name}",
        "In one breath: in between gmirror's mark is not in the last sector, a restart would miss it.",
        master.name,
        f"{md.is_ours(master.image, unit)} || {{ echo 'md{unit} is not this image' >&2; exit 1; }}",
        f"now=$(stat -f %z {q(master.image)}) || exit 1",
        f'[ "$now" -le {new} ] || {{ echo "the image has $now bytes already" >&2; exit 1; }}',
        f"truncate -s {new} {q(master.image)} || exit 1",
        f"mdconfig -r -u {unit} -s {new >> 20}m || exit 1",
        f"gmirror resize {mirror} || exit 1",
        f"gmirror list {mirror} | grep Mediasize",
        f"gmirror list {mirror} | awk '$1 == \"Mediasize:\" {{ exit $2 != {new - 512} }}' || exit 1",
        # gmirror copies nothing of what came with the growth, where its own old mark differs.
        f"dd if=/dev/zero of={q(site.mirror_device)} bs=512 seek={old // 512 - 1} count=1",
        guards=("not master-mounted", "master-mirror-complete", "master-gate-alive"),
        undo=no_undo("a mirror that is larger than its file system does no harm"),
        timeout=120.0,
        phase="grow",
        leaves=leaves,
    )


def _growfs(site: Site, leaves: str) -> Step:
    device = q(site.mirror_device)
    return command_step(
        "growfs",
        f"Grow the file system on {shown(site.mirror_device)}",
        "Unmounted and clean is how it was proven on a real 13.2; nobody uses it meanwhile.",
        site.master.name,
        f"growfs -y {device}",
        "status=$?",
        "# One that has the whole mirror already is refused: then it has been grown.",
        f"if [ $status -ne 0 ] && growfs -N -y {device} 2>&1 | grep -q 'is not larger than'; then",
        "    status=0",
        "fi",
        f"{q('fsck', '-t', 'ufs', '-p', site.mirror_device)} || exit 1",
        "exit $status",
        guards=("not master-mounted", "master-mirror-complete"),
        undo=no_undo("UFS cannot shrink; the data is where it was"),
        timeout=6 * 3_600.0,
        phase="grow",
        leaves=leaves,
    )


JOB = Job(
    name="grow",
    title="Grow the mirror",
    when="The file system is running full and both nodes have room for larger images.",
    answers=GrowAnswers,
    defaults=lambda snapshot: {},
    plan=plan,
)
