"""What the last samples said: short, bounded series for rules, the rebuild's rate and the sparkline."""

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from console.health.stack import gates_to_peer, mirror_on, processes_of
from console.health.truths import pair_truths, vrrp_section
from console.model.facts import Mail
from console.model.snapshot import LinkState, NodeView, PairSnapshot
from console.model.words import ComponentState, Home, Role

KEPT = 30
"""Samples kept of each series."""


@dataclass(frozen=True, slots=True)
class GateSample:
    """A gate's queue at a time."""

    at: float
    queue_count: int


@dataclass(frozen=True, slots=True)
class SyncSample:
    """A rebuild's progress at a time."""

    at: float
    component: str
    percent: int
    bytes_synced: int | None = None


@dataclass(frozen=True, slots=True)
class MailSample:
    """qmail's numbers at a time."""

    at: float
    mail: Mail


@dataclass(frozen=True, slots=True)
class RoleSample:
    """A role, from a time on."""

    at: float
    role: Role


@dataclass(frozen=True, slots=True)
class LinkSample:
    """A state of the SSH link, from a time on."""

    at: float
    state: LinkState


class _Timed(Protocol):
    @property
    def at(self) -> float: ...


S = TypeVar("S", bound=_Timed)


@dataclass(frozen=True, slots=True)
class NodeHistory:
    """The series of one node, oldest first."""

    gates: tuple[GateSample, ...] = ()
    syncs: tuple[SyncSample, ...] = ()
    mails: tuple[MailSample, ...] = ()
    roles: tuple[RoleSample, ...] = ()
    """Changes only."""
    links: tuple[LinkSample, ...] = ()
    """Changes only."""
    script_since: float | None = None
    """Since when a script of freevrrpd has been seen running without a pause."""


@dataclass(frozen=True, slots=True)
class History:
    """Both nodes' series, and the time of the newest snapshot in them."""

    master: NodeHistory = field(default_factory=NodeHistory)
    slave: NodeHistory = field(default_factory=NodeHistory)
    now: float = 0.0

    def of(self, node: NodeView) -> NodeHistory:
        """The series of a node."""
        return self.master if node.config.home is Home.MASTER else self.slave


def remember(history: History, snapshot: PairSnapshot) -> History:
    """The history with one more snapshot in it."""
    first, second = pair_truths(snapshot)
    return History(
        master=_with(history.master, snapshot, snapshot.master, first.role),
        slave=_with(history.slave, snapshot, snapshot.slave, second.role),
        now=snapshot.now,
    )


def queue_depths(history: History, node: NodeView) -> tuple[int, ...]:
    """Messages in the queue of a node, oldest first."""
    return tuple(s.mail.queue for s in history.of(node).mails if s.mail.queue is not None)


def script_of(node: NodeView, snapshot: PairSnapshot) -> str | None:
    """The command line of a VRRP script that runs now as a child of freevrrpd, if one is seen."""
    daemons = processes_of(node, "freevrrpd")
    if not daemons:
        return None
    section = vrrp_section(node, snapshot.config)
    scripts = [s for s in (section.masterscript, section.backupscript) if s] if section else []
    parents = {d.pid for d in daemons}
    for process in node.facts.processes.value or ():
        if process.ppid in parents and process.pid not in parents:
            named = any(s in process.command for s in scripts)
            if named or "script" in process.command:
                return process.command
    return None


def _with(past: NodeHistory, snapshot: PairSnapshot, node: NodeView, role: Role) -> NodeHistory:
    script = None
    if node.facts.processes.value is None:
        script = past.script_since
    elif script_of(node, snapshot) is not None:
        script = past.script_since if past.script_since is not None else snapshot.now
    past = replace(past, script_since=script)
    if role is not Role.UNKNOWN and (not past.roles or past.roles[-1].role is not role):
        past = replace(past, roles=(*past.roles, RoleSample(snapshot.now, role))[-KEPT:])
    if not past.links or past.links[-1].state is not node.link.state:
        past = replace(past, links=(*past.links, LinkSample(snapshot.now, node.link.state))[-KEPT:])
    past = _with_storage(past, snapshot, node)
    mail = node.facts.mail.value
    if mail is not None:
        at = _time(node.facts.mail.taken, snapshot)
        past = replace(past, mails=_append(past.mails, MailSample(at, mail)))
    return past


def _with_storage(past: NodeHistory, snapshot: PairSnapshot, node: NodeView) -> NodeHistory:
    if node.facts.geom.value is None:
        return past
    at = _time(node.facts.geom.taken, snapshot)
    gates = gates_to_peer(node, snapshot.config, snapshot.peer(node))
    if not gates:
        past = replace(past, gates=())
    elif gates[0].queue_count is not None:
        past = replace(past, gates=_append(past.gates, GateSample(at, gates[0].queue_count)))
    mirror = mirror_on(node, snapshot.config)
    copying = [c for c in mirror.components if c.state is ComponentState.SYNCHRONIZING] if mirror else []
    if not copying or copying[0].percent is None:
        return replace(past, syncs=())
    part = copying[0]
    kept = past.syncs if past.syncs and past.syncs[-1].component == part.name else ()
    sample = SyncSample(at, part.name, min(100, max(0, part.percent or 0)), part.bytes_synced)
    return replace(past, syncs=_append(kept, sample))


def _append(series: tuple[S, ...], sample: S) -> tuple[S, ...]:
    # The same reading seen again in the next snapshot is not a new sample.
    if series and sample.at <= series[-1].at:
        return series
    return (*series, sample)[-KEPT:]


def _time(taken: float | None, snapshot: PairSnapshot) -> float:
    return snapshot.now if taken is None else taken
