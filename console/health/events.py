"""What changed from one snapshot to the next, in words for the timeline.

A fact that became unknown is not a change of the fact: the link says so. When it is known again it is
compared with the last value that was known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TypeVar

from console.health import stack
from console.health.truths import truths
from console.model.facts import Fact, Geom, Mirror
from console.model.lineage import OperatorLock
from console.model.snapshot import Event, Finding, LinkState, NodeView, PairSnapshot
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity

T = TypeVar("T")
_BAD_ROLES = (Role.STOPPED, Role.DISABLED)
_BOOT_SLACK = 5
"""Seconds kern.boottime may move when ntpd steps the clock."""


def changes(before: PairSnapshot | None, after: PairSnapshot) -> tuple[Event, ...]:
    """The events between two snapshots; none for the first one."""
    if before is None:
        return ()
    found: list[Event] = []
    for old, new in zip(before.nodes, after.nodes, strict=True):
        for kind, text, severity in _of_node(before, _as_last_known(old), after, new):
            found.append(Event(at=after.now, node=new.name, kind=kind, text=text, severity=severity))
    return tuple(found)


def finding_changes(before: tuple[Finding, ...], after: tuple[Finding, ...], at: float) -> tuple[Event, ...]:
    """Findings that appeared and those that are gone; the same rule on the same node is the same finding."""
    old, new = {(f.id, f.node): f for f in reversed(before)}, {(f.id, f.node): f for f in reversed(after)}
    came = [
        Event(at, f.node, "finding", f"{f.id} {f.what}", f.severity) for k, f in new.items() if k not in old
    ]
    went = [Event(at, f.node, "finding", f"{f.id} is over: {f.what}") for k, f in old.items() if k not in new]
    return (*came, *went)


def newer(events: Sequence[Event], last: Event | None) -> list[Event]:
    """The events of a state (newest first) that came after `last`, newest first."""
    return list(takewhile(lambda event: event is not last, events))


Change = tuple[str, str, Severity]


def _as_last_known(node: NodeView) -> NodeView:
    facts = node.facts
    return replace(
        node,
        facts=replace(
            facts,
            host=_last(facts.host),
            geom=_last(facts.geom),
            mounts=_last(facts.mounts),
            interfaces=_last(facts.interfaces),
            processes=_last(facts.processes),
            vrrplog=_last(facts.vrrplog),
            messages=_last(facts.messages),
            vrrpconf=_last(facts.vrrpconf),
            lock=_last(facts.lock),
        ),
    )


def _last(fact: Fact[T]) -> Fact[T]:
    return fact if fact.last is None else replace(fact, unknown=None)


def _of_node(before: PairSnapshot, old: NodeView, after: PairSnapshot, new: NodeView) -> Iterator[Change]:
    yield from _link(old, new)
    yield from _boot(old, new)
    was = truths(old, before.config, before.peer(old))
    now = truths(new, after.config, after.peer(new))
    if _role_is_read(old) and _role_is_read(new) and was.role is not now.role:
        severity = Severity.WARNING if now.role in _BAD_ROLES else Severity.NOTICE
        yield "role", f"{new.name} {was.role.value} → {now.role.value}", severity
    if Answer.UNKNOWN not in (was.address, now.address) and was.address is not now.address:
        verb = (
            f"holds {after.config.floating} on {now.address_on}" if now.address is Answer.YES else "gave up"
        )
        rest = "" if now.address is Answer.YES else f" {after.config.floating}"
        yield "address", f"{new.name} {verb}{rest}", Severity.NOTICE
    if Answer.UNKNOWN not in (was.mounted, now.mounted):
        yield from _mount(was.mounted, now.mounted, new, now.mount.special if now.mount else "", after)
    yield from _lock(old.facts.lock, new.facts.lock, new)
    if was.mirror_known and now.mirror_known:
        yield from _mirror(was.mirror, now.mirror, new, after)
        yield from _devices(old.facts.geom.value, new.facts.geom.value, new)


def _lock(old: Fact[OperatorLock | None], new: Fact[OperatorLock | None], node: NodeView) -> Iterator[Change]:
    if old.unknown is not None or new.unknown is not None:
        return
    was, now = old.value, new.value
    if was is not None and (now is None or now.run != was.run):
        yield "lock", f"{node.name} is released by {was.operator} ({was.job})", Severity.NOTICE
    if now is not None and (was is None or now.run != was.run):
        yield "lock", f"{node.name} is locked by {now.operator} for {now.job}", Severity.NOTICE


def _role_is_read(node: NodeView) -> bool:
    """Whether the role, even an unknown one (a daemon that has just started), comes from facts that count."""
    facts = node.facts
    return None not in (facts.processes.value, facts.vrrplog.value, facts.interfaces.value)


def _devices(was: Geom | None, now: Geom | None, node: NodeView) -> Iterator[Change]:
    if was is None or now is None:
        return
    old = {g.name for g in was.gates} | {m.name for m in was.mds}
    gates = {g.name: f"{g.host}:{g.port} {g.path}" for g in now.gates}
    new = gates | {m.name: m.file or m.type or "" for m in now.mds}
    for name in sorted(new.keys() - old):
        yield "component", f"{node.name} {name} attached: {new[name]}", Severity.NOTICE
    for name in sorted(old - new.keys()):
        yield "component", f"{node.name} {name} is gone", Severity.NOTICE


def _link(old: NodeView, new: NodeView) -> Iterator[Change]:
    if old.link.state is new.link.state:
        return
    words = {
        LinkState.CONNECTING: "connecting",
        LinkState.LIVE: "answers",
        LinkState.SILENT: "does not answer",
        LinkState.LOST: "connection lost",
        LinkState.REFUSED: "refused",
    }
    said = new.link.why.removeprefix(f"{new.name}: ")
    why = f": {said}" if said else ""
    bad = new.link.state in (LinkState.SILENT, LinkState.LOST, LinkState.REFUSED)
    yield "link", f"{new.name} {words[new.link.state]}{why}", Severity.WARNING if bad else Severity.NOTICE


def _boot(old: NodeView, new: NodeView) -> Iterator[Change]:
    was, now = old.facts.host.value, new.facts.host.value
    if was is None or now is None or was.boottime is None or now.boottime is None:
        return
    if now.boottime > was.boottime + _BOOT_SLACK:
        yield "boot", f"{new.name} was restarted", Severity.WARNING


def _mount(was: Answer, now: Answer, node: NodeView, special: str, after: PairSnapshot) -> Iterator[Change]:
    if was is now:
        return
    if now is Answer.YES:
        yield "mount", f"{node.name} mounted {special} at {after.config.mount}", Severity.NOTICE
    else:
        yield "mount", f"{node.name} unmounted {after.config.mount}", Severity.NOTICE


def _mirror(was: Mirror | None, now: Mirror | None, node: NodeView, after: PairSnapshot) -> Iterator[Change]:
    if was is None or now is None:
        if was is not None:
            yield "mirror", f"{node.name} mirror {was.name} is gone", Severity.NOTICE
        elif now is not None:
            yield "mirror", f"{node.name} mirror {now.name} is {now.state.value}", Severity.NOTICE
        return
    if was.state is not now.state:
        severity = Severity.NOTICE if now.state is MirrorState.COMPLETE else Severity.WARNING
        yield "mirror", f"{node.name} mirror {now.name} {was.state.value} → {now.state.value}", severity
    # An alias may replace the name (R4): the same id is the same component.
    old_parts = {c.id or c.name: c for c in was.components}
    new_parts = {c.id or c.name: c for c in now.components}
    for key, part in new_parts.items():
        before = old_parts.get(key)
        if before is None:
            yield (
                "component",
                f"{node.name} {part.name} joined {now.name} as {part.state.value}",
                Severity.NOTICE,
            )
        elif before.state is not part.state:
            yield _component(before.state, part.state, part.name, node, stack.is_remote(part), after)
        elif before.name != part.name:
            yield "component", f"{node.name} {before.name} is now called {part.name}", Severity.WARNING
        if before is None and part.state is ComponentState.SYNCHRONIZING:
            yield _component(ComponentState.NEW, part.state, part.name, node, stack.is_remote(part), after)
    for key, part in old_parts.items():
        if key not in new_parts:
            yield "component", f"{node.name} {part.name} left {now.name}", Severity.WARNING


def _component(
    was: ComponentState, now: ComponentState, name: str, node: NodeView, remote: bool, after: PairSnapshot
) -> Change:
    target = after.peer(node).name if remote else node.name
    if now is ComponentState.SYNCHRONIZING:
        return (
            "sync",
            f"{node.name} rebuild of {name} began: the image of {target} is overwritten",
            Severity.WARNING,
        )
    if was is ComponentState.SYNCHRONIZING and now is ComponentState.ACTIVE:
        return "sync", f"{node.name} rebuild of {name} finished", Severity.NOTICE
    if was is ComponentState.SYNCHRONIZING:
        return "sync", f"{node.name} rebuild of {name} stopped: {now.value}", Severity.WARNING
    severity = Severity.NOTICE if now is ComponentState.ACTIVE else Severity.WARNING
    return "component", f"{node.name} {name} {was.value} → {now.value}", severity
