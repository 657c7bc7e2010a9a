"""The cells of the matrix: one fault at one instant of one step of one job, and how the operator goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong."""

    LINK = "link-lost"
    """The console's connection to the step's node says nothing any more."""
    REPLICATION = "replication-lost"
    """The cable between the nodes."""
    KILLED = "console-killed"
    POWER = "power-off"
    """Of the step's node."""
    HANGS = "hangs"
    FAILS_BEFORE = "fails-before"
    """The command ends with an error and has done nothing."""
    FAILS_AFTER = "fails-after"
    """The command ends with an error and has done all of it."""
    FULL = "disk-full"
    """The root disk of the step's node."""
    SECOND = "second-operator"


class Instant(StrEnum):
    """When, seen from the step."""

    INTENT = "intent"
    """It is in the journal that the step begins; nothing was sent."""
    RUNNING = "running"
    """Its job runs, or its wait waits."""
    ENDED = "ended"
    """Its job has ended; the console has not seen it."""


class Then(StrEnum):
    """What the operator tries first when the run has ended before its end."""

    RESUME = "resume"
    UNDO = "undo"
    OTHER = "other"
    """Neither: whatever job the pair, as it was left, can be planned for."""


ONLY_JOBS = (Fault.HANGS, Fault.FAILS_BEFORE, Fault.FAILS_AFTER)
"""Faults of a command: a wait or a statement runs none."""
MATTERS_WHEN = (Fault.LINK, Fault.REPLICATION, Fault.KILLED, Fault.POWER, Fault.FULL, Fault.SECOND)
"""Faults that can strike at any instant."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell."""

    job: str
    step: str
    fault: Fault
    instant: Instant
    lasting: bool
    """Mended only when the run asks or has ended; otherwise after a moment, while it goes on."""
    then: Then

    def __str__(self) -> str:
        how = "lasting" if self.lasting else "brief"
        return "/".join((self.job, self.step, self.fault, self.instant, how, self.then))


def parse(text: str) -> Cell:
    """The cell that `str` wrote; raises ValueError."""
    job, step, fault, instant, how, then = text.split("/")
    return Cell(job, step, Fault(fault), Instant(instant), how == "lasting", Then(then))


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a job, as far as the matrix cares."""

    id: str
    kind: str
    """Of its action: `command`, `write`, `wait` …"""


def cells_of(job: str, stages: Iterable[Stage], faults: Iterable[Fault] = Fault) -> Iterator[Cell]:
    """One cell for each step and fault; instants and what the operator does next take turns."""
    for number, stage in enumerate(stages):
        on_node = stage.kind in ("command", "write")
        for place, fault in enumerate(Fault):
            if fault not in set(faults) or (fault in ONLY_JOBS and not on_node):
                continue
            turn = number * 2 + place
            instants = (Instant.INTENT, Instant.RUNNING, Instant.ENDED) if on_node else tuple(Instant)[:2]
            instant = instants[turn % len(instants)] if fault in MATTERS_WHEN else Instant.RUNNING
            lasting = (turn // 3) % 2 == 0
            then = (Then.RESUME, Then.UNDO, Then.RESUME, Then.OTHER)[(number + place // 2) % 4]
            yield Cell(job, stage.id, fault, instant, lasting, then)
