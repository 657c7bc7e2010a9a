"""What is said of each half of a copy: known when the plan was made, and read again when it is asked for."""

from console.model.plan import Side

ReadNow = tuple[tuple[str, str, str], ...]
"""(node, label, value), as a question carries them."""


def facts_of(side: Side, other: Side, now: ReadNow) -> list[tuple[str, str]]:
    """The image, what the plan knew, and what was read just now; a reading replaces what the plan knew.

    A half may be read on the other node (the gate to the slave's image is on the master): a reading belongs
    to the side whose probe asked for it, and only one that no probe asked for to the side of its node.
    """
    read = {(node, label): value for node, label, value in now}
    mine = {(probe.node, probe.label) for probe in side.probes}
    theirs = {(probe.node, probe.label) for probe in other.probes} - mine
    fresh = {
        label: value
        for (node, label), value in read.items()
        if (node, label) in mine or (node == side.node and (node, label) not in theirs)
    }
    facts = {"image": side.image} | dict(side.facts)
    facts |= {probe.label: "read before it is asked" for probe in side.probes if probe.label not in facts}
    return list((facts | fresh).items())
