"""The figures of a pair that are kept for trends, and whether its service is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from console.health.stack import gates_to_peer
from console.model.snapshot import NodeView, PairState
from console.model.words import Answer

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "queue": "messages in the queue of the node that serves",
        "todo": "messages in that queue that are not preprocessed",
        "sync-rate": "bytes a second that a rebuild copies",
        "sync-percent": "how far a rebuild is",
        "gate-queue": "requests that wait in the serving node's gate to the other",
    }
)
"""Names of the series, and what each counts."""


def figures(state: PairState) -> dict[str, float]:
    """Those that are known in a state."""
    found: dict[str, float | None] = {}
    if state.sync is not None:
        found["sync-rate"] = state.sync.rate
        found["sync-percent"] = float(state.sync.percent)
    node = serving(state)
    if node is not None:
        if (mail := node.facts.mail.value) is not None:
            found["queue"], found["todo"] = mail.queue, mail.todo
        snapshot = state.snapshot
        gates = gates_to_peer(node, snapshot.config, snapshot.peer(node))
        found["gate-queue"] = gates[0].queue_count if gates else None
    return {name: float(value) for name, value in found.items() if value is not None}


def serving(state: PairState) -> NodeView | None:
    """The node that serves, if it is known."""
    name = state.readiness.serving if state.readiness else None
    return next((node for node in state.snapshot.nodes if node.name == name), None)


def served(state: PairState) -> tuple[Answer, str | None]:
    """Whether some node has the floating address and the mirror mounted, and which.

    No only where it is known of both nodes; a node that does not answer may serve unseen.
    """
    answers: list[Answer] = []
    for node, truths in zip(state.snapshot.nodes, state.truths, strict=True):
        both = (truths.address, truths.mounted)
        if both == (Answer.YES, Answer.YES):
            return Answer.YES, node.name
        answers.append(Answer.NO if Answer.NO in both else Answer.UNKNOWN)
    return (Answer.NO if all(a is Answer.NO for a in answers) else Answer.UNKNOWN), None


@dataclass(slots=True)
class Bucket:
    """A figure over a minute, as it grows."""

    at: float
    count: int = 0
    low: float = 0.0
    total: float = 0.0
    high: float = 0.0

    def add(self, value: float) -> None:
        """One more sample."""
        self.low = min(self.low, value) if self.count else value
        self.high = max(self.high, value) if self.count else value
        self.total += value
        self.count += 1
