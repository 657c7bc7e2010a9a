"""From two bare nodes to a verified pair, in the order that worked on a real one (R23).

On a half-built pair it does the rest; on one with data it refuses.
"""

from collections.abc import Mapping

from console.health import stack
from console.health.conditions import check
from console.model.lineage import Promotion
from console.model.plan import Direction, Plan, Side, Step, WriteFile
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Answer, Home
from playbooks.job import Job
from playbooks.parts.building import make, no_undo, shown, take_back
from playbooks.parts.lineage_steps import into_the_mount
from playbooks.parts.promoting import mount, verify
from playbooks.parts.site import Site, site_of
from playbooks.parts.vrrp import start_vrrp, wait_address
from playbooks.provisioning import leftovers, storage
from playbooks.provisioning.answers import ProvisionAnswers, defaults
from playbooks.provisioning.node_files import NodeFile, files_of
from playbooks.provisioning.refusals import free_bytes, refuse
from playbooks.recovering.steps import lineage_file, whole

TITLE = "Build the pair"
_BARE = "nothing serves; the pair is being built"
_MADE = "the mirror is complete and empty; nothing serves"
_SERVES = "{} serves a new, empty file system; VRRP does not run on both nodes yet"


def plan(snapshot: PairSnapshot, answers: ProvisionAnswers) -> Plan:
    """Every step from what is there to a pair that serves; refuses where data could be lost."""
    refuse(snapshot, answers)
    site = site_of(snapshot, answers.gate_timeout)
    master, slave = site.master.name, site.slave.name
    serves, done = _SERVES.format(master), f"{master} serves, {slave} stands by"
    mounted = bool(stack.mounts_of(snapshot.master, site.pair))
    steps: list[Step] = [
        *(leftovers.start_over(site, answers.bytes, _BARE) if leftovers.are_there(snapshot) else ()),
        *storage.images(site, answers, _BARE),
        *storage.system_settings(site, answers, _BARE),
        *storage.mirror(site, answers, _BARE, _MADE),
    ]
    if not mounted:
        steps.append(storage.file_system(site, _MADE))
    for node in snapshot.nodes:
        steps += _files(site, node, answers, _MADE if not mounted else serves)
    steps += storage.to_be_mounted(site, _MADE if not mounted else serves)
    begun = check("lineage-kept", snapshot).answer is not Answer.YES
    if begun:
        # Before the mount: once there may be data, every job sees that this pair is in service.
        steps += _lineage(site, answers, _MADE if not mounted else serves)
    steps.append(mount(site, Home.MASTER, leaves=serves, guards=("not slave-mounted",)))
    if begun:
        steps.append(into_the_mount(site, Home.MASTER, leaves=serves))
    steps += [
        *storage.in_use(site, serves),
        start_vrrp(
            site,
            Home.MASTER,
            why="It takes the floating address, now that there is something to serve.",
            guards=("master-mounted-through-mirror", "same-lineage"),
            leaves=serves,
        ),
        wait_address(site, Home.MASTER, leaves=serves),
        storage.vrrp_at_boot(site, serves),
        start_vrrp(
            site,
            Home.SLAVE,
            why="It hears the master's adverts and stands by.",
            guards=("master-holds-address", "same-vrrp-group"),
            leaves=done,
        ),
        verify(site, Home.MASTER, leaves=done),
        whole(site, done),
    ]
    return make(
        snapshot,
        answers,
        job="provision",
        title=f"{TITLE}: {master} and {slave}",
        steps=steps,
        ends=f"{master} serves through a complete mirror, {slave} stands by",
        expects=("one-master", "mirror-complete-2-of-2", "master-mounted-through-mirror", "same-lineage"),
        aborts=("mounted-on-both-nodes", "slave-mirror-running"),
        direction=_direction(site, answers.bytes),
        unchecked=_unchecked(snapshot, answers),
    )


def files(snapshot: PairSnapshot, answers: ProvisionAnswers) -> dict[str, dict[str, str]]:
    """All files for review, by node name and path; the VRRP password is a placeholder."""
    site = site_of(snapshot, answers.gate_timeout)
    return {
        node.name: {file.path: file.content for file in files_of(site, node, answers)}
        | storage.added_lines(site, node, answers)
        for node in snapshot.nodes
    }


def modes(snapshot: PairSnapshot, answers: ProvisionAnswers) -> Mapping[str, Mapping[str, str]]:
    """The permissions of these files, `0600` and the like; added lines keep those of their file."""
    site = site_of(snapshot, answers.gate_timeout)
    return {
        node.name: {file.path: file.mode for file in files_of(site, node, answers)} for node in snapshot.nodes
    }


def _files(site: Site, node: NodeView, answers: ProvisionAnswers, leaves: str) -> tuple[Step, ...]:
    home = node.config.home
    return (
        storage.directories(site, home, leaves),
        *(_file(node, home, n, file, leaves) for n, file in enumerate(files_of(site, node, answers), 1)),
    )


def _file(node: NodeView, home: Home, number: int, file: NodeFile, leaves: str) -> Step:
    return Step(
        id=f"file-{home.value}-{number}",
        title=f"Write {shown(file.path)} on {node.name}",
        why=file.why,
        node=node.name,
        action=WriteFile(path=file.path, content=file.content, mode=file.mode),
        undo=no_undo("nothing reads it before VRRP is started, and this job writes it anew"),
        phase="files",
        leaves=leaves,
    )


def _lineage(site: Site, answers: ProvisionAnswers, leaves: str) -> tuple[Step, ...]:
    """The first entry of the pair's history on both nodes; what one of them has already is kept."""
    known = [node.facts.lineage.value for node in site.snapshot.nodes]
    chain = max((lineage.promotions for lineage in known if lineage), key=len, default=())
    first = Promotion(answers.mark, "-", int(site.snapshot.now), site.master.name)
    return tuple(
        lineage_file(
            site, site.node(home).name, chain or (first,), f"lineage-{home.value}", leaves
        ).model_copy(
            update={
                "undo": take_back(leftovers.forget_lineage(site.node(home).image), however_far=True)
                if not chain
                else no_undo("it names the data that this node's half holds")
            }
        )
        # Taken back the other way round: what was mounted on the master keeps both.
        for home in (Home.SLAVE, Home.MASTER)
    )


def _direction(site: Site, size: int) -> Direction:
    """The first copy: one blank image over the other."""
    master, slave = site.snapshot.master, site.snapshot.slave
    blank = (("content", "blank, as read just before the copy: the step refuses anything else"),)
    return Direction(
        source=Side(
            node=slave.name,
            component=site.gate,
            image=site.slave.image,
            size=stack.image_size(slave) or size,
            facts=blank,
        ),
        target=Side(
            node=master.name,
            component=f"md{site.master_md}",
            image=site.master.image,
            size=stack.image_size(master) or size,
            facts=blank,
        ),
        overwritten=f"{master.name}:{shown(site.master.image)} will be OVERWRITTEN (both are blank)",
    )


def _unchecked(snapshot: PairSnapshot, answers: ProvisionAnswers) -> tuple[str, ...]:
    said: list[str] = []
    for node in snapshot.nodes:
        path = node.config.image
        free = free_bytes(node, path)
        if free is None:
            said.append(f"free space for {shown(path)} on {node.name}: df was not read")
        elif free < answers.bytes and stack.image_size(node) is None:
            said.append(f"{node.name} has {free >> 20} MiB free: a sparse image can run out of disk (P26)")
        if stack.image_size(node) is not None:
            said.append(f"what {shown(path)} on {node.name} holds: looked at just before anything is written")
    releases = {node.facts.host.value.release for node in snapshot.nodes if node.facts.host.value}
    if len(releases) > 1:
        said.append(f"the nodes run different releases ({', '.join(sorted(map(str, releases)))}): see P12c")
    said.append("the VRRP password is asked for or generated when its file is written")
    return tuple(said)


JOB = Job(
    name="provision",
    title=TITLE,
    when="Two nodes are to become a pair, or a half-built pair is to be finished.",
    answers=ProvisionAnswers,
    defaults=defaults,
    plan=plan,
)
