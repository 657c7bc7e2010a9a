"""Both nodes' facts at one moment, the four truths of each node, and what is derived from them."""

from dataclasses import dataclass, field
from enum import StrEnum

from console.model.config import NodeConfig, PairConfig
from console.model.disks import HostDisks
from console.model.facts import Mirror, Mount, NodeFacts
from console.model.words import Answer, Home, Role, Severity


class LinkState(StrEnum):
    """How the console stands with a node."""

    CONNECTING = "connecting"
    LIVE = "live"
    SILENT = "silent"
    """Connected, but the last tick was not answered in time."""
    LOST = "lost"
    """The connection broke; reconnecting with backoff."""
    REFUSED = "refused"
    """A person must act: host key, authentication, name, sudo …"""


@dataclass(frozen=True, slots=True)
class Link:
    """The SSH link to a node."""

    state: LinkState = LinkState.CONNECTING
    why: str = ""
    """One line: what happened and what to do; empty when live."""
    last_seen: float | None = field(default=None, compare=False)
    """Console time of the last answer."""
    round_trip: float | None = field(default=None, compare=False)
    """Seconds the last refresh took."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node in a snapshot."""

    config: NodeConfig
    link: Link = field(default_factory=Link)
    facts: NodeFacts = field(default_factory=NodeFacts)

    @property
    def name(self) -> str:
        """The node's name in the configuration."""
        return self.config.name


@dataclass(frozen=True, slots=True)
class PairSnapshot:
    """Both nodes at one moment."""

    config: PairConfig
    master: NodeView
    """The node whose home is master."""
    slave: NodeView
    now: float = field(default=0.0, compare=False)
    """Console time of the snapshot."""
    disks: tuple[HostDisks, ...] = ()
    """Machines whose disks were read for a job that asks for it (`Job.surveys`); else empty."""

    @property
    def nodes(self) -> tuple[NodeView, NodeView]:
        """Home master first."""
        return (self.master, self.slave)

    def node(self, home: Home) -> NodeView:
        """The node that lives at `home`."""
        return self.master if home is Home.MASTER else self.slave

    def peer(self, node: NodeView) -> NodeView:
        """The other node."""
        return self.slave if node.config.home is Home.MASTER else self.master


@dataclass(frozen=True, slots=True)
class Truths:
    """The four truths of one node, read separately and never inferred from one another."""

    role: Role = Role.UNKNOWN
    role_why: str = ""
    address: Answer = Answer.UNKNOWN
    """Does this node hold the floating address?"""
    address_on: str | None = None
    """The interface it is on."""
    mirror: Mirror | None = None
    mirror_known: bool = False
    """True when GEOM answered: then `mirror is None` means there is no such mirror here."""
    mounted: Answer = Answer.UNKNOWN
    mount: Mount | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (or risky) derived from a snapshot."""

    id: str
    """Stable rule id: the pitfall (`P01`, `R5`) or `G-…` for the reference guide's errors."""
    severity: Severity
    what: str
    """One line: what is so, on which node."""
    why: str
    """Why it matters."""
    todo: str
    """What to do."""
    node: str | None = None
    """The node it was seen on; None = the pair."""
    raw: str = ""
    """The raw line or lines behind it."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """If the node that holds the service died now: could the other take over?"""

    answer: Answer
    serving: str | None
    """Name of the node that serves now, if known."""
    because: str
    """One sentence."""
    data_at_risk: str
    checked: int = 0
    unchecked: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed, at a time, for the timeline."""

    at: float
    """Console time, Unix seconds (node times are corrected by the clock offset)."""
    node: str | None
    kind: str
    """What changed: `role`, `address`, `mirror`, `component`, `mount`, `link`, `sync`, `finding`, `lock` …"""
    text: str
    severity: Severity = Severity.NOTICE


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """A rebuild under way."""

    component: str
    source: str
    """Node name the data is copied from."""
    target: str
    """Node name whose image is overwritten."""
    percent: int
    rate: float | None = None
    """Bytes per second over the last samples; None until two samples differ."""
    eta: float | None = None
    """Seconds left; None when unknown."""
    since: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PairState:
    """What the screens draw: the snapshot and everything derived from it, replaced whole."""

    snapshot: PairSnapshot
    truths: tuple[Truths, Truths] = (Truths(), Truths())
    """Home master first."""
    findings: tuple[Finding, ...] = ()
    readiness: Readiness | None = None
    events: tuple[Event, ...] = ()
    """Newest first."""
    sync: SyncProgress | None = None
    queue_history: tuple[int, ...] = ()
    """Total queue depth of the serving node, oldest first, for the sparkline."""
