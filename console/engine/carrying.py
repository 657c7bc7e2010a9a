"""Whom and what a course works with while it carries out one run."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.engine.copies import Copier
from console.engine.desk import Desk
from console.engine.grip import Grip
from console.engine.jobs import Jobs
from console.engine.locks import Locks
from console.engine.readings import Readings
from console.engine.secret_values import Secrets
from console.engine.streams import Streamer


@dataclass(frozen=True, slots=True)
class Parties:
    """What a course works with."""

    desk: Desk
    grips: Mapping[str, Grip]
    """By name; the pair's nodes, and the plan's other hosts."""
    readings: Readings
    locks: Locks
    secrets: Secrets
    jobs: Jobs
    copier: Copier | None
    streamer: Streamer | None = None
