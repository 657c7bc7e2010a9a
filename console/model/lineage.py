"""The pair's own lineage: which promotion each node last saw. gmirror's counters cannot tell a split (P18).

`/var/db/mirrorgate/lineage` on each node (and `.mirrorgate/lineage` inside the replicated file system) holds
one line per promotion, oldest first: `ID PARENT UNIXTIME NODE`; the first line's parent is `-`.
"""

from dataclasses import dataclass

LINEAGE_FILE = "/var/db/mirrorgate/lineage"
LINEAGE_IN_MOUNT = ".mirrorgate/lineage"
"""Relative to the pair's mount point."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One line: at `at`, `node` began to serve the data of `parent` under the new name `id`."""

    id: str
    """16 lower-case hexadecimal digits."""
    parent: str
    """The id before it, `-` for the first."""
    at: int
    """Unix seconds by the clock of the node that wrote it."""
    node: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What one node knows, oldest first; no promotions when the file does not exist."""

    promotions: tuple[Promotion, ...] = ()
    bad: tuple[str, ...] = ()
    """Lines that could not be read: with any, the lineage is unknown."""

    @property
    def head(self) -> str | None:
        """The newest id, None without any."""
        return self.promotions[-1].id if self.promotions else None

    def holds(self, id: str) -> bool:
        """Whether `id` is one of its promotions."""
        return any(p.id == id for p in self.promotions)


@dataclass(frozen=True, slots=True)
class OperatorLock:
    """`/var/db/mirrorgate/lock/owner` on a node: who runs what."""

    run: str
    """The run that holds it."""
    job: str
    operator: str
    """`user@host` of the console."""
    since: int
    """Unix seconds, the node's clock."""
    beat: int
    """Unix seconds, the node's clock: the owner's last sign of life."""
