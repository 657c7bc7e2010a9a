"""The two halves as the mirror sees them, each named by the home of the node whose image backs it.

A component is resolved to its device (R4: an alias such as `ufsid/…` is no identity): on its own node the
half is the component on an md whose file is the node's image, on the other node the one behind a gate to it.
"""

import re
from dataclasses import dataclass

from console.health import stack
from console.health.conditions.counting import counting_mirror
from console.health.conditions.vocabulary import Verdict, home_condition, no, unknown, yes
from console.model.facts import Component
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import ComponentState

_DEVICE = re.compile(r"(md|ggate)\d{1,9}")


@dataclass(frozen=True, slots=True)
class Half:
    """A half and the mirror that it is, or is not, part of."""

    owner: NodeView
    """The node whose image backs it."""
    on: NodeView
    """The node on which the mirror runs."""
    component: Component | None
    """None: it is certainly not in the mirror."""


def half_of(snapshot: PairSnapshot, owner: NodeView) -> Half | Verdict:
    """The half backed by the image of `owner` in the mirror that counts."""
    found = counting_mirror(snapshot)
    if isinstance(found, Verdict):
        return found
    on, mirror = found
    unresolved: list[str] = []
    for component in mirror.components:
        device = device_of(component)
        backs = None if device is None else _backs(device, on, owner)
        if backs:
            return Half(owner, on, component)
        if backs is None:
            unresolved.append(component.name)
    if unresolved:
        return unknown(f"what lies under {unresolved[0]} of {mirror.name} on {on.name} cannot be told")
    return Half(owner, on, None)


def device_of(component: Component) -> str | None:
    """The device under a component: as GEOM resolved it, else its own name where that is a device's."""
    if component.device is not None:
        return component.device
    return component.name if _DEVICE.fullmatch(component.name) else None


def _backs(device: str, on: NodeView, owner: NodeView) -> bool | None:
    """Whether a device of the node `on` is the image of `owner`; None when it cannot be told."""
    geom = on.facts.geom.value
    if geom is None:
        return None
    for md in geom.mds:
        if md.name == device:
            if md.file is None:
                return None if md.type in (None, "vnode") else False
            if on.name == owner.name and md in stack.like_md_of(geom, owner.config.image):
                return None
            return md.file == owner.config.image and on.name == owner.name
    for gate in geom.gates:
        if gate.name == device:
            if gate.path is None:
                return None
            return on.name != owner.name and stack.leads_to(gate, on, owner)
    # A device that is named but not listed was read from another instant, or it is an ordinary disk.
    return None if _DEVICE.fullmatch(device) else False


def _in_state(s: PairSnapshot, owner: NodeView, wanted: ComponentState) -> Verdict:
    half = half_of(s, owner)
    if isinstance(half, Verdict):
        return half
    part = half.component
    if part is None:
        return no(f"the half of {owner.name} is not in the mirror on {half.on.name}")
    said = f"the half of {owner.name} ({part.name} on {half.on.name}) is {part.state_raw or part.state.value}"
    if part.state is ComponentState.UNKNOWN:
        return unknown(f"{said}, a word that is not known")
    return yes(said) if part.state is wanted else no(said)


@home_condition("half-active", "the half of HOME is ACTIVE in the mirror")
def _active(s: PairSnapshot, node: NodeView) -> Verdict:
    return _in_state(s, node, ComponentState.ACTIVE)


@home_condition("half-stale", "the half of HOME is STALE in the mirror")
def _stale(s: PairSnapshot, node: NodeView) -> Verdict:
    return _in_state(s, node, ComponentState.STALE)


@home_condition("half-synchronizing", "the half of HOME is being overwritten by a rebuild")
def _synchronizing(s: PairSnapshot, node: NodeView) -> Verdict:
    return _in_state(s, node, ComponentState.SYNCHRONIZING)


@home_condition("half-in-mirror", "the half of HOME is a component of the mirror")
def _in_mirror(s: PairSnapshot, node: NodeView) -> Verdict:
    half = half_of(s, node)
    if isinstance(half, Verdict):
        return half
    if half.component is None:
        return no(f"the half of {node.name} is not in the mirror on {half.on.name}")
    return yes(f"the half of {node.name} is {half.component.name} in the mirror on {half.on.name}")
