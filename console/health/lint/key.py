"""The key with which a console that only watches logs in: it should be able to do no more."""

from console.model.config import NodeConfig
from console.model.snapshot import Finding
from console.model.words import Severity


def check_key(node: NodeConfig, excess: tuple[str, ...] | None, unknown: str = "") -> tuple[Finding, ...]:
    """What is wrong with a monitor's key.

    Args:
        node: where it was tried.
        excess: what it may do beyond watching, in words; None = not known.
        unknown: why it is not known.
    """
    if excess == ():
        return ()
    if excess is None:
        return (
            Finding(
                id="W-02",
                severity=Severity.UNKNOWN,
                what=f"what the key for {node.name} may do could not be checked ({unknown})",
                why="A key that could do more than watch is not a monitor's.",
                todo="Ask again when the node answers.",
                node=node.name,
                raw=unknown,
            ),
        )
    return (
        Finding(
            id="W-01",
            severity=Severity.WARNING,
            what=f"the key with which this console watches {node.name} can do more: it {', '.join(excess)}",
            why="Whoever gets hold of it can do so too. This console would not; the node does not stop it.",
            todo=f"`mirrorgate authorize --read-only --node {node.name}` says what makes a key only watch.",
            node=node.name,
            raw=", ".join(excess),
        ),
    )
