"""What a plan is bound to: the facts it was made from, as text that changes only when the pair does.

Nothing in it moves by itself: no percentage, no age, no seconds in the reason why something is unknown.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from console.health import stack
from console.health.conditions.halves import device_of
from console.health.conditions.vocabulary import unread
from console.health.lineage import lineage_of
from console.health.rules.unknown import NAMES
from console.health.truths import truths
from console.model.facts import Component, Fact
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Answer, ComponentState, Role

UNKNOWN = "unknown: "
"""Begins the text of a fact that was not known."""
_BOOT_SLACK = 5.0
"""Seconds kern.boottime may move when ntpd steps the clock."""
_BOOTED = "%Y-%m-%d %H:%M:%S UTC"
_LONGEST = 300
_SECONDS = re.compile(r"\s*\b(?:for|within|since|after)? ?\d+(?:\.\d+)? s\b")

Read = Callable[[PairSnapshot, NodeView], str]


def bound_facts(snapshot: PairSnapshot) -> dict[str, str]:
    """The facts by `NODE.WORD`, home master first; an unknown one says `unknown: ` and the kind of reason."""
    return {
        f"{node.name}.{word}": _line(_missing(node, facts) or read(snapshot, node))
        for node in snapshot.nodes
        for word, (facts, read) in _BOUND.items()
    }


def changed(
    before: Mapping[str, str], now: Mapping[str, str], leave_out: Collection[str] = ()
) -> tuple[str, ...]:
    """What is different now, a line each: `web-a mirror: was …; is …`. Unknown then and now is no change.

    Args:
        before: the facts a plan was made from.
        now: the facts as they are.
        leave_out: words such as `lock` whose facts are not compared.
    """
    lines = []
    for key in (*before, *(k for k in now if k not in before)):
        node, _, word = key.rpartition(".")
        if word in leave_out:
            continue
        was, is_ = before.get(key, "not in the plan"), now.get(key, "not there")
        if was != is_ and not _same(word, was, is_):
            lines.append(f"{node} {word}: was {was}; is {is_}")
    return tuple(lines)


def unchecked(snapshot: PairSnapshot) -> tuple[str, ...]:
    """What is unknown now, a line each; one line for a node that does not answer at all."""
    lines: list[str] = []
    for node in snapshot.nodes:
        if not stack.answers(node):
            lines.append(_line(f"{node.name}: everything ({node.link.why or node.link.state.value})"))
            continue
        for name, words in NAMES.items():
            fact: Fact[object] = getattr(node.facts, name)
            if fact.unknown is not None and (name != "mail" or snapshot.config.qmail.enabled):
                lines.append(_line(f"{node.name}: {words} ({_kind(fact.unknown)})"))
        role = truths(node, snapshot.config, snapshot.peer(node))
        if role.role is Role.UNKNOWN and not unread(node, "processes", "vrrplog", "interfaces"):
            lines.append(_line(f"{node.name}: the VRRP role ({role.role_why})"))
    return tuple(lines)


def _same(word: str, was: str, is_: str) -> bool:
    if was.startswith(UNKNOWN) and is_.startswith(UNKNOWN):
        return True
    if word != "boot":
        return False
    try:
        apart = datetime.strptime(was, _BOOTED) - datetime.strptime(is_, _BOOTED)  # noqa: DTZ007
    except ValueError:
        return False
    return abs(apart.total_seconds()) <= _BOOT_SLACK


def _missing(node: NodeView, facts: tuple[str, ...]) -> str | None:
    for name in facts:
        fact: Fact[object] = getattr(node.facts, name)
        if fact.unknown is not None:
            return UNKNOWN + _kind(fact.unknown)
    return None


def _kind(why: str) -> str:
    """A reason without what changes from one reading to the next."""
    if why.startswith("permission denied"):
        return "permission denied"
    return _SECONDS.sub("", why)


def _line(text: str) -> str:
    """One line without control characters, as plans want it."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:_LONGEST] or "nothing"


def _host(_: PairSnapshot, node: NodeView) -> str:
    host = node.facts.host.value
    said = host.hostname if host else None
    return f"{node.config.host}, which calls itself {said}" if said else node.config.host


def _release(_: PairSnapshot, node: NodeView) -> str:
    host = node.facts.host.value
    return (host.release if host else None) or f"{UNKNOWN}not said"


def _boot(_: PairSnapshot, node: NodeView) -> str:
    host = node.facts.host.value
    if host is None or host.boottime is None:
        return f"{UNKNOWN}not said"
    try:
        return datetime.fromtimestamp(host.boottime, UTC).strftime(_BOOTED)
    except (ValueError, OverflowError, OSError):
        return f"{UNKNOWN}no time"


def _mount(s: PairSnapshot, node: NodeView) -> str:
    mounts = stack.mounts_of(node, s.config)
    return ", then ".join(f"{m.special} ({','.join(sorted(m.options))})" for m in mounts) or "not mounted"


def _mirror(s: PairSnapshot, node: NodeView) -> str:
    mirror = stack.mirror_on(node, s.config)
    if mirror is None:
        return "none"
    halves = sorted(mirror.components, key=lambda c: (stack.is_remote(c), device_of(c) or c.name))
    said = ", ".join(f"{device_of(c) or c.name} {_state(c)}" for c in halves)
    return f"{mirror.name} id {mirror.id} {mirror.state_raw or mirror.state.value} {said}"


def _state(component: Component) -> str:
    # The raw word of a known state may carry a percentage.
    odd = component.state is ComponentState.UNKNOWN and component.state_raw
    return odd or component.state.value


def _md(_: PairSnapshot, node: NodeView) -> str:
    return ", ".join(sorted(m.name for m in stack.md_of(node.facts.geom.value, node.config.image))) or "none"


def _gates(_: PairSnapshot, node: NodeView) -> str:
    gates = node.facts.geom.value.gates if node.facts.geom.value else ()
    return ", ".join(sorted(f"{g.name} {g.host} {g.path}" for g in gates)) or "none"


def _image(_: PairSnapshot, node: NodeView) -> str:
    size = stack.image_size(node)
    if size is not None:
        return f"{node.config.image} {size} bytes"
    if dark := _missing(node, ("images",)):
        return dark
    file = stack.image_file(node, node.config.image)
    return f"{node.config.image} missing" if file else f"{UNKNOWN}not listed"


def _ggated(_: PairSnapshot, node: NodeView) -> str:
    return "runs" if stack.processes_of(node, "ggated") else "does not run"


def _exports(_: PairSnapshot, node: NodeView) -> str:
    exports = node.facts.exports.value
    if exports is None:
        return "none"
    good = (f"{e.host}/{e.prefix} {e.access} {e.path}" for e in exports.exports)
    return ", ".join([*good, *(f"bad line {n}" for n, _, _ in exports.bad)]) or "none"


def _role(s: PairSnapshot, node: NodeView) -> str:
    role = truths(node, s.config, s.peer(node)).role
    return f"{UNKNOWN}the log does not tell" if role is Role.UNKNOWN else role.value


def _address(s: PairSnapshot, node: NodeView) -> str:
    truth = truths(node, s.config, s.peer(node))
    return f"{s.config.floating} held" if truth.address is Answer.YES else f"{s.config.floating} not held"


def _lineage(_: PairSnapshot, node: NodeView) -> str:
    lineage = lineage_of(node)
    return f"{UNKNOWN}bad lines" if isinstance(lineage, str) else lineage.head or "empty"


def _lock(_: PairSnapshot, node: NodeView) -> str:
    lock = node.facts.lock.value
    return f"run {lock.run} of {lock.operator}" if lock else "free"


_BOUND: dict[str, tuple[tuple[str, ...], Read]] = {
    "host": (("host",), _host),
    "release": (("host",), _release),
    "boot": (("host",), _boot),
    "mount": (("mounts",), _mount),
    "mirror": (("geom",), _mirror),
    "md": (("geom",), _md),
    "gates": (("geom",), _gates),
    "image": ((), _image),
    "ggated": (("processes",), _ggated),
    "exports": (("exports",), _exports),
    "role": ((), _role),
    "address": (("interfaces",), _address),
    "lineage": (("lineage",), _lineage),
    "lock": (("lock",), _lock),
}
"""Each word: the facts it needs, and its text once they are known."""
