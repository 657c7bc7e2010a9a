"""qmail and the mirror: mail that waits for a frozen disk, and a queue that lies on the replicated disk."""

from collections.abc import Iterator
from typing import Any

from console.health import stack
from console.health.rules.mail_clock import STANDSTILL, since
from console.health.rules.scene import Rule, Scene, finding, rule
from console.model.facts import Fact, Process
from console.model.snapshot import Finding, NodeView
from console.model.words import Severity

_SILENT = "no answer"


def _late(fact: Fact[Any]) -> str | None:
    """What is said of a section that hangs; None of one that answers or is unknown for another reason."""
    return fact.unknown if fact.unknown is not None and _SILENT in fact.unknown else None


def frozen(scene: Scene, node: NodeView) -> str | None:
    """What shows that the mirror of a node hangs while the node itself answers; None where nothing does."""
    if not stack.answers(node) or node.facts.host.value is None:
        return None
    facts = node.facts
    late = {"GEOM": _late(facts.geom)}
    if scene.mounted(node):
        late |= {"the metadata": _late(facts.metadata), "df": _late(facts.df)}
    return next((f"{what}: {why}" for what, why in late.items() if why is not None), None)


def waiting_for_the_disk(node: NodeView) -> tuple[Process, ...]:
    """Processes of qmail that sleep until a disk answers: state D of ps(1)."""
    table = node.facts.processes.value or ()
    return tuple(p for p in table if p.program.startswith("qmail-") and p.stat.startswith("D"))


def held_by_the_mirror(scene: Scene, node: NodeView) -> tuple[str, str] | None:
    """Why the mail of a node waits for its mirror: what hangs, and what waits; None where it does not.

    Each alone has other reasons: a busy disk puts qmail-send into state D for moments, and a hanging mirror
    does not matter to a queue on another disk. A queue that cannot be counted either hangs with it.
    """
    if not scene.snapshot.config.qmail.enabled:
        return None
    hangs = frozen(scene, node)
    if hangs is None:
        return None
    stuck = waiting_for_the_disk(node)
    if stuck:
        return hangs, ", ".join(f"{p.program} (pid {p.pid}) in state {p.stat}" for p in stuck[:4])
    uncounted = _late(node.facts.mail)
    if uncounted is not None and stack.processes_of(node, "qmail-send") != ():
        return hangs, f"the queue: {uncounted}"
    mail = node.facts.mail.value
    if mail is not None and mail.todo and (since(scene, node, mail.last_event) or 0.0) >= STANDSTILL:
        return hangs, f"{mail.todo} messages not preprocessed, last log line at {mail.last_event}"
    return None


@rule("P50f")
def mirror_holds_the_mail(scene: Scene) -> Iterator[Finding]:
    """Mail waits because the mirror hangs: one finding with the cause instead of an alarm for each sign."""
    for node in scene.snapshot.nodes:
        held = held_by_the_mirror(scene, node)
        if held is None:
            continue
        last = node.facts.mail.last
        count = (
            f"{last.queue} messages on {node.name} wait"
            if last and last.queue
            else f"mail on {node.name} waits"
        )
        yield finding(
            "P50f",
            Severity.CRITICAL,
            node,
            f"{count} because the mirror hangs ({held[0]})",
            why="qmail sleeps in a read or write that does not come back. qmail itself is sound: "
            "it goes on once the mirror answers.",
            todo="Free the mirror: look at the gate and its other end. Do not kill qmail-send, do not touch "
            "the queue, and do not restart qmail: it would hang as well.",
            raw=f"{held[0]}\n{held[1]}",
        )


def queue_place(scene: Scene, node: NodeView) -> str | None:
    """Where a node's queue really lies, if that is below the pair's mount point."""
    config = scene.snapshot.config
    mail = node.facts.mail.last
    named = (mail.place if mail is not None else None, f"{config.qmail.home}/queue")
    mounts = [config.mount.rstrip("/"), *(m.node.rstrip("/") for m in stack.mounts_of(node, config))]
    for place in named:
        if place is not None and any(place.startswith(f"{mount}/") for mount in mounts):
            return place
    return None


@rule("P51a")
def queue_on_the_mirror(scene: Scene) -> Iterator[Finding]:
    """The queue goes with the service from node to node; qmail must not run without its disk."""
    if not scene.snapshot.config.qmail.enabled:
        return
    for node in scene.snapshot.nodes:
        place = queue_place(scene, node)
        if place is None or node.facts.mounts.value is None:
            continue
        if scene.mounted(node):
            yield finding(
                "P51a",
                Severity.NOTICE,
                node,
                f"qmail's queue on {node.name} lies on the mirror",
                why="It goes to the other node with the service. Deliveries that ran at a failover are made "
                "once more, and qmail must find the disk mounted when it starts.",
                todo="Let the master script start qmail after the mount, and the backup script stop it "
                "before the umount. Never copy the queue by files: they lose their numbers (P49).",
                raw=place,
            )
        elif stack.processes_of(node, "qmail-send"):
            yield finding(
                "P51a",
                Severity.CRITICAL,
                node,
                f"qmail-send runs on {node.name} without the disk its queue lies on",
                why="It uses a directory under the mount point: new mail goes where nobody will look, and it "
                "disappears from sight at the next mount.",
                todo=f"Stop qmail on {node.name}; unless it serves, it stays off there. Mail that was put "
                "under the mount point is still there while nothing is mounted.",
                raw=place,
            )


RULES: tuple[Rule, ...] = (mirror_holds_the_mail, queue_on_the_mirror)
