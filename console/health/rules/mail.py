"""qmail: four shapes of trouble kept apart, and what the log warns of (P50, P51)."""

from collections.abc import Iterator
from itertools import pairwise

from console.health import stack
from console.health.history import MailSample
from console.health.rules import mail_disk, mail_log
from console.health.rules.mail_clock import STANDSTILL, since
from console.health.rules.mail_log import mails
from console.health.rules.scene import Rule, Scene, finding, rule
from console.model.snapshot import Finding
from console.model.words import Severity


def _rising(depths: list[int]) -> bool:
    """Whether the number goes up reading after reading; a few new messages that stay are no trend."""
    steps = [b - a for a, b in pairwise(depths)]
    if len(steps) < 2 or min(steps) < 0:
        return False
    return min(steps) > 0 or (sum(steps) > 0 and depths[-1] >= 10)


@rule("P50a")
def not_preprocessed(scene: Scene) -> Iterator[Finding]:
    """New mail piles up before qmail-send looks at it."""
    for node, mail, past in mails(scene):
        depths = [s.mail.todo for s in past if s.mail.todo is not None][-4:]
        if mail.todo and _rising(depths):
            yield finding(
                "P50a",
                Severity.WARNING,
                node,
                f"{mail.todo} messages on {node.name} wait to be preprocessed, and the number rises",
                why="qmail-send is stuck or swamped; on a frozen mirror it hangs in a write.",
                todo="Look at the mirror and the gate first, then at qmail-send's state and at who "
                "sends so much.",
                raw=f"messages in queue but not yet preprocessed: {' '.join(map(str, depths))}",
            )
        quiet = since(scene, node, mail.last_event) or 0.0
        if mail.todo and quiet >= STANDSTILL:
            yield finding(
                "P50a",
                Severity.CRITICAL,
                node,
                f"qmail on {node.name} has logged nothing for {quiet / 60:.0f} min while {mail.todo} "
                "messages wait",
                why="qmail-send does not look at new mail: it hangs, or it does not run.",
                todo="See whether qmail-send runs and in which state; D means that it waits for the disk.",
                raw=f"last line at {mail.last_event}",
            )


def _steadily_full(past: tuple[MailSample, ...], side: str) -> bool:
    slots = [s.mail.local if side == "local" else s.mail.remote for s in past[-2:]]
    return len(slots) == 2 and all(s is not None and s[1] > 0 and s[0] >= s[1] for s in slots)


@rule("P50b")
def slots_full(scene: Scene) -> Iterator[Finding]:
    """Every delivery slot of a kind is taken, reading after reading."""
    for node, mail, past in mails(scene):
        for side, slots in (("local", mail.local), ("remote", mail.remote)):
            if slots is None or not _steadily_full(past, side):
                continue
            yield finding(
                "P50b",
                Severity.WARNING,
                node,
                f"all {slots[1]} {side} delivery slots on {node.name} are taken",
                why="Other mail waits behind them; often one slow domain or one slow mailbox holds them all.",
                todo="See which recipients the running deliveries have in common (qmail-qread, the log).",
                raw=f"status: {side} {slots[0]}/{slots[1]}",
            )


@rule("P50c")
def shutting_down(scene: Scene) -> Iterator[Finding]:
    """qmail-send was told to exit and waits for its deliveries."""
    for node, mail, _ in mails(scene):
        if mail.exitasap:
            yield finding(
                "P50c",
                Severity.WARNING,
                node,
                f"qmail on {node.name} is shutting down and waits for running deliveries",
                why="No new delivery starts; the stop takes as long as the slowest delivery.",
                todo="Wait, or see which delivery holds it; do not kill qmail-send in a delivery.",
                raw="status: … exitasap",
            )


@rule("P50d")
def broken_queue(scene: Scene) -> Iterator[Finding]:
    """Qmail says that its queue or disk is broken."""
    for node, mail, _ in mails(scene):
        alerts = [a for a in mail.alerts if "alert:" in a or "HELP! sleeping" in a]
        if alerts:
            yield finding(
                "P50d",
                Severity.CRITICAL,
                node,
                f"qmail on {node.name} raises an alert: "
                f"{alerts[-1].partition('alert:')[2].strip() or alerts[-1]}",
                why="It cannot use its queue: no mail moves. Often the mirror under it hangs.",
                todo="Look at the mirror, the mount and the free space before touching the queue.",
                raw=alerts[-1],
            )


@rule("P50e")
def not_running(scene: Scene) -> Iterator[Finding]:
    """No qmail-send on the node that serves."""
    if not scene.snapshot.config.qmail.enabled:
        return
    node = stack.serving(scene.snapshot)
    if node is None or stack.processes_of(node, "qmail-send") != () or node.facts.mail.value is None:
        return
    yield finding(
        "P50e",
        Severity.WARNING,
        node,
        f"{node.name} serves, but qmail-send does not run there",
        why="Mail is accepted at best, never delivered.",
        todo="Start qmail once the mount is there; make the master script do it.",
        raw=f"queue {node.facts.mail.value.queue}",
    )


@rule("P51")
def twice(scene: Scene) -> Iterator[Finding]:
    """Qmail expects to deliver something a second time."""
    for node, mail, _ in mails(scene):
        line = next((a for a in reversed(mail.alerts) if "delivered twice" in a), None)
        if line is not None:
            yield finding(
                "P51",
                Severity.NOTICE,
                node,
                f"qmail on {node.name} will deliver a message twice",
                why="It could not note that a delivery was done; after a failover this is expected.",
                todo="Nothing if it happens once after a failover; otherwise look at the disk.",
                raw=line,
            )


RULES: tuple[Rule, ...] = (
    not_preprocessed,
    slots_full,
    shutting_down,
    broken_queue,
    not_running,
    twice,
    *mail_log.RULES,
    *mail_disk.RULES,
)
