"""The mirror on a node: redundancy and who runs which half (P13-P18, P20, P22, R1, R4, R10, R22)."""

from collections.abc import Iterator

from console.health import stack
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.syslog import comes_after, last_with
from console.model.facts import Component, Mirror
from console.model.snapshot import Finding, NodeView
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity


def mirrors(scene: Scene) -> Iterator[tuple[NodeView, Mirror]]:
    """Each node's mirror of the pair."""
    for node in scene.snapshot.nodes:
        mirror = scene.mirror(node)
        if mirror is not None:
            yield node, mirror


def left_over(scene: Scene, node: NodeView) -> bool:
    """Whether the other node serves and this one does not: its mirror is then a leftover (P16, P17)."""
    return scene.truth(node).mounted is Answer.NO and scene.mounted(scene.snapshot.peer(node))


def _line(part: Component) -> str:
    percent = f", {part.percent}%" if part.percent is not None else ""
    return f"{part.name} ({part.state_raw or part.state.value}{percent})"


def status(mirror: Mirror) -> str:
    """The mirror as `gmirror status` would tell it, on one line."""
    parts = " ".join(map(_line, mirror.components))
    return f"mirror/{mirror.name} {mirror.state_raw or mirror.state.value} {parts}"


def _active(mirror: Mirror) -> list[Component]:
    return [c for c in mirror.components if c.state is ComponentState.ACTIVE]


def _copying(mirror: Mirror) -> list[Component]:
    return [c for c in mirror.components if c.state is ComponentState.SYNCHRONIZING]


@rule("P13")
def complete_but_not_redundant(scene: Scene) -> Iterator[Finding]:
    """COMPLETE that does not mean two copies."""
    for node, mirror in mirrors(scene):
        if mirror.state is not MirrorState.COMPLETE:
            continue
        active = _active(mirror)
        kinds = {stack.is_remote(c) for c in active}
        if len(active) >= 2 and kinds == {True, False}:
            continue
        what = f"{mirror.name} on {node.name} is COMPLETE {len(active)}/{mirror.expected or len(active)}"
        reason = "no redundancy" if len(active) < 2 else "both halves are on the same side"
        yield finding(
            "P13",
            Severity.CRITICAL,
            node,
            f"{what}: {reason}",
            why="COMPLETE only says that as many components are ACTIVE as are expected, and one is expected.",
            todo="Find out which half was forgotten, and insert it with the direction of the copy proven.",
            raw=status(mirror),
        )


@rule("P14")
def degraded_and_idle(scene: Scene) -> Iterator[Finding]:
    """DEGRADED, and nobody is copying."""
    for node, mirror in mirrors(scene):
        if mirror.state is not MirrorState.DEGRADED or _copying(mirror) or left_over(scene, node):
            continue
        waiting = [c.name for c in mirror.components if c.state is ComponentState.STALE]
        yield finding(
            "P14",
            Severity.CRITICAL,
            node,
            f"{mirror.name} on {node.name} is DEGRADED and nothing is being copied"
            + (f" ({', '.join(waiting)} waits as STALE)" if waiting else ""),
            why="The data exists once. With NOAUTOSYNC a half that returned waits for ever.",
            todo="Compare both halves first (P15), then rebuild the older one; never the other way round.",
            raw=status(mirror),
        )


@rule("P15")
def active_is_older(scene: Scene) -> Iterator[Finding]:
    """The half that runs is older than the one that waits."""
    for node, mirror in mirrors(scene):
        known = [
            (c, (c.genid, c.syncid))
            for c in mirror.components
            if c.genid is not None and c.syncid is not None
        ]
        running = [v for c, v in known if c.state is ComponentState.ACTIVE]
        for part, version in known:
            if part.state is ComponentState.ACTIVE or not running or version <= max(running):
                continue
            yield finding(
                "P15",
                Severity.CRITICAL,
                node,
                f"{part.name} on {node.name} is newer than the ACTIVE half of {mirror.name}",
                why="A rebuild overwrites the half it names, here the newer data.",
                todo="Do not rebuild. Stop the mirror and start it from the newer half.",
                raw=f"{status(mirror)}; genid/syncid {version[0]}/{version[1]} against {max(running)}",
            )


@rule("P16")
def started_without_the_fresher_half(scene: Scene) -> Iterator[Finding]:
    """The mirror came up on the older half, and the fresher one was refused."""
    for node, mirror in mirrors(scene):
        messages = node.facts.messages.value
        refused = last_with(messages, "was started before the freshest disk")
        if refused is None or not comes_after(
            messages, "freshest disk", f"Device mirror/{mirror.name} launched"
        ):
            continue
        yield finding(
            "P16",
            Severity.CRITICAL,
            node,
            f"{mirror.name} on {node.name} runs on its older half; the fresher one came too late",
            why="What is read is old data, and inserting the fresher disk now would overwrite it.",
            todo=f"Before anything mounts it: `gmirror stop {mirror.name}` and start from the fresher half.",
            raw=refused,
        )


@rule("P16")
def up_where_nobody_serves(scene: Scene) -> Iterator[Finding]:
    """The mirror is up on a node that does not serve."""
    for node, mirror in mirrors(scene):
        peer = scene.snapshot.peer(node)
        truth = scene.truth(node)
        elsewhere = scene.mounted(peer) or scene.truth(peer).role is Role.MASTER
        if truth.mounted is not Answer.NO or truth.role is Role.MASTER or not elsewhere:
            continue
        daemons = stack.processes_of(node, "ggated")
        exporting = bool(daemons) and stack.exports_image(node, node.config.image)
        alias = next((c.name for c in mirror.components if "/" in c.name), None)
        yield finding(
            "P17" if exporting else "P16",
            Severity.CRITICAL if exporting else Severity.WARNING,
            node,
            f"{mirror.name} is up on {node.name}, which does not serve"
            + (", while ggated exports its image" if exporting else ""),
            why="A half that is attached alone starts a mirror of its own after 4 s; mounted, it makes "
            "a second history."
            + (f" It came back as {alias}, so `gmirror stop` will not hold." if alias else ""),
            todo="`mdconfig -d -o force -u N` under the unmounted mirror, look again after 6 s (R21).",
            raw=status(mirror),
        )


@rule("P18")
def bare_half_mounted(scene: Scene) -> Iterator[Finding]:
    """The mount is not the mirror: gmirror's counters do not move, so it cannot tell who is newer."""
    for node in scene.snapshot.nodes:
        mount = scene.truth(node).mount
        if mount is None or mount.special == f"/dev/mirror/{scene.snapshot.config.mirror}":
            continue
        bare = mount.special.startswith(("/dev/md", "/dev/ggate", "/dev/ufs"))
        yield finding(
            "P18",
            Severity.CRITICAL if bare else Severity.WARNING,
            node,
            f"{mount.node} on {node.name} is {mount.special}, not the mirror",
            why="What is written there moves no counter: when the halves meet again both may be joined "
            "as equal, "
            "COMPLETE, with different contents.",
            todo=f"At the first chance umount it and mount /dev/mirror/{scene.snapshot.config.mirror}; "
            "before any "
            "insert or rebuild, treat this node's half as the newer one.",
            raw=f"{mount.special} {mount.node} {mount.type} {','.join(mount.options)}",
        )


@rule("P18")
def two_histories(scene: Scene) -> Iterator[Finding]:
    """Both halves run alone at the same time."""
    (a, b), (first, second) = scene.snapshot.nodes, (scene.mirror(n) for n in scene.snapshot.nodes)
    if first is None or second is None:
        return
    alone = [all(not stack.is_remote(c) for c in _active(m)) and _active(m) for m in (first, second)]
    if not all(alone) or not (scene.mounted(a) or scene.mounted(b)):
        return
    written = scene.mounted(a) and scene.mounted(b)
    yield finding(
        "P18",
        Severity.CRITICAL if written else Severity.WARNING,
        None,
        f"each node runs {first.name} on its own half alone"
        + (", and both are mounted: split brain" if written else ""),
        why="syncid is a plain counter: two halves that ran alone can look equal and be joined without "
        "a copy.",
        todo="Do not insert, rebuild or start ggated. Copy both images aside, then decide which one to keep.",
        raw=f"{a.name}: {status(first)}\n{b.name}: {status(second)}",
    )


@rule("P20")
def other_identity(scene: Scene) -> Iterator[Finding]:
    """A component that carries another mirror's identity under the same name."""
    for node, mirror in mirrors(scene):
        for data in node.facts.metadata.value or ():
            if data.name != mirror.name or data.mid is None or mirror.id in (None, str(data.mid)):
                continue
            yield finding(
                "P20",
                Severity.CRITICAL,
                node,
                f"{data.provider} on {node.name} belongs to another mirror that is also called {mirror.name}",
                why="A second `label` ran while the first mirror was up: later steps silently work on "
                "the old one.",
                todo="Stop the old mirror first, then decide which half holds the data.",
                raw=f"mid {data.mid} on {data.provider}, ID {mirror.id} runs",
            )
        configured = last_with(node.facts.messages.value, f"Device {mirror.name} already configured")
        if configured is not None and stack.remote_half(mirror) is None:
            yield finding(
                "P20",
                Severity.CRITICAL,
                node,
                f"a `label` of {mirror.name} on {node.name} had no effect: the old mirror was still running",
                why="gmirror prints Done all the same, and what is mounted afterwards is the old half.",
                todo="Do not insert or rebuild: the half that was labelled may hold the newer data.",
                raw=configured,
            )


@rule("R1")
def gate_left_out(scene: Scene) -> Iterator[Finding]:
    """The gate is there but the mirror runs without it."""
    for node, mirror in mirrors(scene):
        gates = stack.gates_to_peer(node, scene.snapshot.config, scene.snapshot.peer(node))
        if not gates or stack.remote_half(mirror) is not None or not _active(mirror):
            continue
        if any(stack.is_remote(c) for c in mirror.components):
            continue
        mounted = scene.mounted(node)
        yield finding(
            "R1",
            Severity.CRITICAL,
            node,
            f"{mirror.name} on {node.name} runs without {gates[0].name}"
            + (", and is mounted: it may be serving old data" if mounted else ""),
            why="If the peer has served meanwhile, its image is the newer one, and one forget + insert "
            "overwrites it.",
            todo="Prove which half is newer before any insert, from the files, not from gmirror's counters.",
            raw=status(mirror),
        )


@rule("P22")
def equal_priorities(scene: Scene) -> Iterator[Finding]:
    """Equal priorities decide by order of arrival."""
    for node, mirror in mirrors(scene):
        numbers = [c.priority for c in mirror.components if c.priority is not None]
        local, remote = stack.local_half(mirror), stack.remote_half(mirror)
        if len(numbers) != len(set(numbers)):
            yield finding(
                "P22",
                Severity.WARNING,
                node,
                f"the components of {mirror.name} on {node.name} have equal priorities",
                why="Reads, and the source of the copy after a crash, go to whichever half was attached "
                "last.",
                todo="Give the local half the higher one: `gmirror insert -p 100`, or `gmirror "
                "configure -p`.",
                raw=" ".join(f"{c.name}={c.priority}" for c in mirror.components),
            )
        elif local and remote and len(numbers) == 2 and (local.priority or 0) < (remote.priority or 0):
            yield finding(
                "P22",
                Severity.NOTICE,
                node,
                f"the remote half of {mirror.name} on {node.name} has the higher priority",
                why="With balance prefer every read crosses the link, and after a crash the remote "
                "half is the source.",
                todo="Give the local half the higher priority.",
                raw=" ".join(f"{c.name}={c.priority}" for c in mirror.components),
            )


@rule("R4")
def alias_component(scene: Scene) -> Iterator[Finding]:
    """A component that came back under another name."""
    for node, mirror in mirrors(scene):
        for part in mirror.components:
            if not part.name.startswith(("ufsid/", "ufs/", "diskid/", "gptid/", "label/")):
                continue
            yield finding(
                "R4",
                Severity.WARNING,
                node,
                f"{mirror.name} on {node.name} holds {part.device or 'its half'} under the name {part.name}",
                why="Commands that name md0 or ggate0 answer that there is no such provider, and "
                "`gmirror stop` comes undone.",
                todo="Name the component as it is called now; when building a pair, label the master's "
                "half with -h.",
                raw=_line(part),
            )


@rule("R10")
def hard_coded_gate(scene: Scene) -> Iterator[Finding]:
    """The slave's half must stay free of a hard-coded name."""
    for node, mirror in mirrors(scene):
        remote = stack.remote_half(mirror)
        if remote is None or "HARDCODED" not in remote.flags or node.config.home.value != "master":
            continue
        yield finding(
            "R10",
            Severity.WARNING,
            node,
            f"{remote.name} in {mirror.name} on {node.name} is hard-coded by name",
            why="When the slave attaches its image as md it will not be recognised: no mirror device to "
            "mount there.",
            todo=f"`gmirror configure -d {mirror.name}` drops the hard-coded names; insert only the "
            "local half with -h.",
            raw=f"{_line(remote)} {' '.join(remote.flags)}",
        )


@rule("R22")
def starting(scene: Scene) -> Iterator[Finding]:
    """The mirror waits for its missing half."""
    for node, mirror in mirrors(scene):
        if mirror.state is MirrorState.STARTING:
            yield finding(
                "R22",
                Severity.WARNING,
                node,
                f"{mirror.name} on {node.name} is STARTING: it has no device yet",
                why="It waits for the missing half, 4 s by default, then starts with what it has, which "
                "may be the older half.",
                todo="Wait for the launch; a script must wait for the device, not for a number of seconds.",
                raw=status(mirror),
            )


RULES: tuple[Rule, ...] = (
    complete_but_not_redundant,
    degraded_and_idle,
    active_is_older,
    started_without_the_fresher_half,
    up_where_nobody_serves,
    bare_half_mounted,
    two_histories,
    other_identity,
    gate_left_out,
    equal_priorities,
    alias_component,
    hard_coded_gate,
    starting,
)
