"""What qmail-send's log says by not moving: no message ends, nothing is written, nothing is read."""

from collections.abc import Iterator
from itertools import pairwise

from console.health.history import MailSample
from console.health.rules.mail_clock import STANDSTILL, since
from console.health.rules.mail_disk import held_by_the_mirror
from console.health.rules.scene import Rule, Scene, finding, rule
from console.model.facts import Mail
from console.model.snapshot import Finding, NodeView
from console.model.words import Severity

ENDLESS = 3600.0
"""Seconds without an `end msg`, with mail waiting, after which nothing seems to get through.

A server with a few messages to dead hosts has such hours as well: below `MANY` it is only a notice.
"""
MANY = 20


def mails(scene: Scene) -> Iterator[tuple[NodeView, Mail, tuple[MailSample, ...]]]:
    """Each node's qmail numbers with their past; none while the mirror holds the mail: that is told once."""
    if not scene.snapshot.config.qmail.enabled:
        return
    for node in scene.snapshot.nodes:
        if node.facts.mail.value is not None and held_by_the_mirror(scene, node) is None:
            yield node, node.facts.mail.value, scene.history.of(node).mails


@rule("P50g")
def nothing_ends(scene: Scene) -> Iterator[Finding]:
    """Deliveries are tried, but no message has come to an end for long."""
    for node, mail, _ in mails(scene):
        waiting = (mail.queue or 0) - (mail.todo or 0)
        ended, moved = since(scene, node, mail.last_end), since(scene, node, mail.last_event)
        if waiting <= 0 or ended is None or moved is None or ended < ENDLESS or moved >= STANDSTILL:
            continue
        yield finding(
            "P50g",
            Severity.WARNING if waiting >= MANY else Severity.NOTICE,
            node,
            f"{waiting} messages wait on {node.name}, and none has come to an end for {ended / 60:.0f} min",
            why="Deliveries are tried, but all are put off: a network that lets nothing out, a name server "
            "that does not answer, or only mail to dead hosts.",
            todo="Look at the reasons of deferrals: one reason for all of them is this host's own trouble.",
            raw=f"last end msg at {mail.last_end}, last line at {mail.last_event}",
        )


@rule("P50h")
def log_stands_still(scene: Scene) -> Iterator[Finding]:
    """Messages come and go, and the log does not tell of it."""
    for node, mail, past in mails(scene):
        newest = past[-3:]
        counts = [s.mail.queue for s in newest]
        if len(newest) < 3 or mail.todo or mail.last_event is None or None in counts:
            continue
        changing = all(a != b for a, b in pairwise(counts))
        if changing and {s.mail.last_event for s in newest} == {mail.last_event}:
            yield finding(
                "P50h",
                Severity.WARNING,
                node,
                f"the log of qmail on {node.name} does not move while messages come and go",
                why="multilog has stopped, its disk is full, or the log is not the file that is configured; "
                "when the pipe to it is full, qmail-send stops too.",
                todo="See whether multilog runs and writes there, and whether its disk has room.",
                raw=f"last line at {mail.last_event}; messages {' '.join(map(str, counts))}",
            )


@rule("U-maillog")
def log_unread(scene: Scene) -> Iterator[Finding]:
    """The queue could be counted, but the log has nothing to read."""
    for node, mail, _ in mails(scene):
        if mail.last_event is None and mail.local is None and mail.remote is None and not mail.alerts:
            yield finding(
                "U-maillog",
                Severity.UNKNOWN,
                node,
                f"nothing could be read from the log of qmail on {node.name}",
                why="Delivery slots, alerts and whether anything gets through are unknown, not fine.",
                todo=f"See whether {scene.snapshot.config.qmail.log} is qmail-send's log and may be read; "
                "the configuration names it as `log` under `qmail`.",
                raw=node.facts.mail.raw[-2000:],
            )


RULES: tuple[Rule, ...] = (nothing_ends, log_stands_still, log_unread)
