"""The shapes of a mail backlog, told apart, each with what to do (P50)."""

from dataclasses import dataclass

from console.health.mail_queue import Deferrals, QueueFigures
from console.model.facts import Mail
from console.model.words import Severity

FEW = 10
"""Messages that are no backlog, wherever they stand."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Why mail waits."""

    id: str
    """That of the rule that warns of it; empty for what is no trouble of this node."""
    severity: Severity
    what: str
    todo: str


def shapes(
    figures: QueueFigures | None, mail: Mail | None, log: Deferrals, todos: tuple[int, ...] = ()
) -> tuple[Shape, ...]:
    """All shapes that fit, worst first; `todos` are the not preprocessed of the last walks, oldest first."""
    found = (
        *_broken(mail),
        *_unlooked(figures, todos),
        *_slots(mail, log),
        *_leaving(mail, log),
    )
    if found or figures is None:
        return found
    if figures.queue == 0:
        return (Shape("", Severity.NOTICE, "the queue is empty", ""),)
    waiting = figures.states.get("S5", 0)
    if waiting > FEW and log.deferred * 2 > log.deliveries:
        return (
            Shape(
                "",
                Severity.NOTICE,
                f"{waiting:,} messages wait for their next attempt: those they are for put them off",
                "Nothing is wrong with the queue: read the reasons, and see whether one domain has most.",
            ),
        )
    return (Shape("", Severity.NOTICE, "mail moves: slots are free and qmail-send keeps up", ""),)


def _broken(mail: Mail | None) -> tuple[Shape, ...]:
    alerts = [a for a in (mail.alerts if mail else ()) if "alert:" in a or "HELP! sleeping" in a]
    if not alerts:
        return ()
    said = alerts[-1].partition("alert:")[2].strip() or alerts[-1]
    return (
        Shape(
            "P50d",
            Severity.CRITICAL,
            f"qmail-send cannot use its queue or its disk: {said}",
            "Look at the mirror, the mount and the free space first; do not touch the queue.",
        ),
    )


def _unlooked(figures: QueueFigures | None, todos: tuple[int, ...]) -> tuple[Shape, ...]:
    if figures is None or figures.todo < FEW:
        return ()
    rising = len(todos) >= 3 and todos[-3] < todos[-2] < todos[-1]
    if not rising and figures.todo * 2 < figures.queue:
        return ()
    how = "and the number rises" if rising else f"of {figures.queue:,} in the queue"
    return (
        Shape(
            "P50a",
            Severity.WARNING,
            f"{figures.todo:,} messages wait to be preprocessed, {how}",
            "qmail-send is stuck, swamped or not running: see its state (D waits for the disk), then who "
            "sends so much.",
        ),
    )


def _slots(mail: Mail | None, log: Deferrals) -> tuple[Shape, ...]:
    found = []
    for side in ("local", "remote"):
        pair = slots_of(side, mail, log)
        if pair is None or pair[0] < pair[1]:
            continue
        off = pair[1] == 0
        found.append(
            Shape(
                "P50b",
                Severity.WARNING,
                f"no {side} delivery may run: concurrency{side} is 0"
                if off
                else f"all {pair[1]} {side} delivery slots are taken",
                f"Set control/concurrency{side} when deliveries shall go on."
                if off
                else "The rest waits behind them: often one slow domain or mailbox. See the recipients and "
                "the reasons below.",
            )
        )
    return tuple(found)


def slots_of(side: str, mail: Mail | None, log: Deferrals) -> tuple[int, int] | None:
    """Deliveries that run and may run of a channel, by the newest `status:` line that is known."""
    if log.slots is not None:
        one = log.slots
        return (one.local, one.local_limit) if side == "local" else (one.remote, one.remote_limit)
    if mail is None:
        return None
    return mail.local if side == "local" else mail.remote


def _leaving(mail: Mail | None, log: Deferrals) -> tuple[Shape, ...]:
    leaving = log.slots.exitasap if log.slots is not None else mail is not None and mail.exitasap
    if not leaving:
        return ()
    return (
        Shape(
            "P50c",
            Severity.WARNING,
            "qmail-send shuts down and waits for the deliveries that run",
            "Wait, or see which delivery is slow; killed now, it would deliver them twice.",
        ),
    )
