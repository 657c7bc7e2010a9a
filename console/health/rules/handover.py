"""Hand-over and recovery: who still holds what, file system warnings, links, clocks (P38-P40, P43, P43a)."""

from collections.abc import Iterator

from console.health import stack
from console.health.conditions import check
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.syslog import last_with
from console.model.snapshot import Finding, LinkState
from console.model.words import Answer, Role, Severity

CLOCK_LIMIT = 2.0
"""Seconds two clocks may differ; date(1) is read to the second, so less cannot be told."""


@rule("P38")
def mounted_twice(scene: Scene) -> Iterator[Finding]:
    """The file system is mounted on both nodes."""
    verdict = check("mounted-on-both-nodes", scene.snapshot)
    first, second = (t.mount for t in scene.truths)
    if not verdict.holds or first is None or second is None:
        return
    writable = first.writable and second.writable
    yield finding(
        "P38",
        Severity.CRITICAL,
        None,
        f"{scene.snapshot.config.mount} is mounted on both nodes" + (", read-write" if writable else ""),
        why="Two nodes write their own history; when the link returns, priority decides who stays, not "
        "the data.",
        todo="Stop the services on both. Decide which history to keep, copy the other image aside, then "
        "umount it.",
        raw="\n".join(
            f"{n.name}: {m.special} {m.node} {m.type} {','.join(m.options)}"
            for n, m in zip(scene.snapshot.nodes, (first, second), strict=True)
        ),
    )


@rule("P38")
def mounted_and_peer_dark(scene: Scene) -> Iterator[Finding]:
    """A node serves, and nobody can say what the other one does."""
    for node in scene.snapshot.nodes:
        peer = scene.snapshot.peer(node)
        if not scene.mounted(node) or scene.truth(peer).mounted is not Answer.UNKNOWN:
            continue
        yield finding(
            "P38",
            Severity.UNKNOWN,
            node,
            f"{node.name} serves; whether {peer.name} has it mounted as well cannot be told",
            why="There is no fencing: unreachable is no proof that the other node has let go.",
            todo=f"Reach {peer.name} by another network or its console before promoting or rebuilding "
            "anything.",
            raw=peer.link.why or peer.facts.mounts.unknown,
        )


@rule("P39")
def backup_still_mounted(scene: Scene) -> Iterator[Finding]:
    """A node that gave up the role but not the mount."""
    for node in scene.snapshot.nodes:
        truth, peer = scene.truth(node), scene.snapshot.peer(node)
        if truth.role is not Role.BACKUP or truth.mounted is not Answer.YES:
            continue
        mount = truth.mount
        yield finding(
            "P39",
            Severity.CRITICAL,
            node,
            f"{node.name} is BACKUP but still has {scene.snapshot.config.mount} mounted",
            why="Its backup script could not umount (busy), or did not try; what comes next works on a "
            "mounted image.",
            todo=f"List the holders with `fstat -f {scene.snapshot.config.mount}`, stop those services, "
            "then umount; "
            f"look at {peer.name} before anything else.",
            raw=f"{mount.special} {mount.node}" if mount else truth.role_why,
        )


@rule("P40")
def file_system_not_clean(scene: Scene) -> Iterator[Finding]:
    """What the kernel said of the file system at the last mount."""
    refusals = (
        "Filesystem is not clean",
        "UNEXPECTED SOFT UPDATE",
        "UNEXPECTED INCONSISTENCY",
        "PLEASE RERUN FSCK",
    )
    for node in scene.snapshot.nodes:
        messages = node.facts.messages.value
        refused = last_with(messages, *refusals)
        truth = scene.truth(node)
        if refused is not None and truth.role is Role.MASTER and truth.mounted is Answer.NO:
            yield finding(
                "P40",
                Severity.CRITICAL,
                node,
                f"the file system on {node.name} is not clean and will not be mounted",
                why="fsck -y agrees to every deletion; if the other copy is better, it is gone as well "
                "after a rebuild.",
                todo="fsck -n first; copy the image aside before -y when the other node's copy may be "
                "better.",
                raw=refused,
            )
        dirty = last_with(messages, f"{scene.snapshot.config.mount} was not properly dismounted")
        if dirty is not None and truth.mounted is Answer.YES:
            yield finding(
                "P40",
                Severity.NOTICE,
                node,
                f"{scene.snapshot.config.mount} on {node.name} was mounted without having been cleanly "
                "unmounted before",
                why="Files that were being written may be cut, and a background check may still be running.",
                todo="Plan an fsck at the next quiet moment.",
                raw=dirty,
            )


@rule("P43")
def node_does_not_answer(scene: Scene) -> Iterator[Finding]:
    """A node whose state is not known now."""
    for node in scene.snapshot.nodes:
        state = node.link.state
        if stack.answers(node):
            continue
        seen = node.link.last_seen
        age = f", last seen {max(0.0, scene.snapshot.now - seen):.0f} s ago" if seen is not None else ""
        words = {
            LinkState.CONNECTING: "is not connected yet",
            LinkState.SILENT: "does not answer",
            LinkState.LOST: "cannot be reached",
            LinkState.REFUSED: "is not watched until somebody acts",
        }
        yield finding(
            "P43",
            Severity.UNKNOWN,
            node,
            f"{node.name} {words[state]}{age}: its state is unknown",
            why="No answer is not down: it may serve, hang, or be off.",
            todo=node.link.why or "Try its console or another network before acting on the other node.",
            raw=node.link.why,
        )


@rule("P43a")
def clocks_differ(scene: Scene) -> Iterator[Finding]:
    """Clocks that would shuffle a merged timeline."""
    first, second = scene.snapshot.nodes
    a, b = first.facts.clock_offset.value, second.facts.clock_offset.value
    if a is not None and b is not None and abs(a - b) >= CLOCK_LIMIT:
        yield finding(
            "P43a",
            Severity.WARNING,
            None,
            f"the clocks of {first.name} and {second.name} are {abs(a - b):.0f} s apart",
            why="Merged logs come out of order and measured times are wrong; file times no longer tell "
            "which half is newer.",
            todo="Run ntpd on both. The timeline here is corrected by what was measured.",
            raw=f"{first.name} {a:+.1f} s, {second.name} {b:+.1f} s against this console",
        )
    elif a is not None and b is not None and min(abs(a), abs(b)) >= 60:
        yield finding(
            "P43a",
            Severity.NOTICE,
            None,
            f"both nodes' clocks are {a:+.0f} s from this console's",
            why="The nodes agree with each other; only the console, or both of them, are wrong.",
            todo="See which clock is right.",
            raw=f"{first.name} {a:+.1f} s, {second.name} {b:+.1f} s",
        )
    elif (a is None) != (b is None):
        node, offset = (first, a) if a is not None else (second, b)
        if offset is not None and abs(offset) >= 60:
            yield finding(
                "P43a",
                Severity.NOTICE,
                node,
                f"the clock of {node.name} is {offset:+.0f} s from this console's",
                why="The other node's clock could not be read to compare.",
                todo="See which clock is right.",
                raw=f"{node.name} {offset:+.1f} s",
            )


RULES: tuple[Rule, ...] = (
    mounted_twice,
    mounted_and_peer_dark,
    backup_still_mounted,
    file_system_not_clean,
    node_does_not_answer,
    clocks_differ,
)
