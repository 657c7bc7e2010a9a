"""A pair in one line: what a list of many pairs needs of each, and nothing else."""

from dataclasses import dataclass, field

from console.model.snapshot import LinkState
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity

Both = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair of the fleet. Where a field has two values, the home master's comes first."""

    pair: str
    nodes: tuple[str, str]
    settled: bool = False
    """Whether each node has said everything once, or cannot be reached."""
    worst: Severity | None = None
    """Severity of the worst finding; None = nothing is found."""
    worst_id: str = ""
    worst_what: str = ""
    """The worst finding's one line."""
    findings: int = 0
    links: tuple[LinkState, LinkState] = (LinkState.CONNECTING, LinkState.CONNECTING)
    roles: tuple[Role, Role] = (Role.UNKNOWN, Role.UNKNOWN)
    address: tuple[Answer, Answer] = (Answer.UNKNOWN, Answer.UNKNOWN)
    """Who holds the floating address."""
    mounted: tuple[Answer, Answer] = (Answer.UNKNOWN, Answer.UNKNOWN)
    mirror: MirrorState | None = None
    """The mirror on the node that has it; None = unknown, or none is there."""
    mirror_known: bool = False
    components: tuple[ComponentState | None, ComponentState | None] = (None, None)
    """The master's half and the slave's half, where the mirror names them."""
    serving: str | None = None
    """The node that serves now, if known."""
    ready: Answer = Answer.UNKNOWN
    """Could the other node take over?"""
    sync_percent: int | None = None
    sync_rate: float | None = None
    """Bytes a second."""
    sync_left: float | None = None
    """Seconds."""
    queue: int | None = None
    """Messages in the queue of the serving node."""
    last_seen: Both = field(default=(None, None), compare=False)
    """Console time of each node's last answer."""
