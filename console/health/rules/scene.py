"""What a rule looks at, and how a rule is written down."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from console.health.history import History
from console.health.truths import pair_truths
from console.model.facts import LogLine, Mirror
from console.model.snapshot import Finding, NodeView, PairSnapshot, Truths
from console.model.words import Answer, Home, Severity


@dataclass(frozen=True, slots=True)
class Scene:
    """A snapshot with its truths and its past."""

    snapshot: PairSnapshot
    history: History
    truths: tuple[Truths, Truths]

    @classmethod
    def of(cls, snapshot: PairSnapshot, history: History) -> "Scene":
        """Read the truths once for all rules."""
        return cls(snapshot, history, pair_truths(snapshot))

    def truth(self, node: NodeView) -> Truths:
        """The truths of a node."""
        return self.truths[0 if node.config.home is Home.MASTER else 1]

    def mirror(self, node: NodeView) -> Mirror | None:
        """The pair's mirror on a node."""
        return self.truth(node).mirror

    def mounted(self, node: NodeView) -> bool:
        """Whether the mount point is known to be mounted."""
        return self.truth(node).mounted is Answer.YES


Test = Callable[[Scene], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the stable id of what it finds, and the test."""

    id: str
    test: Test


def rule(id: str) -> Callable[[Test], Rule]:
    """Name a test."""
    return lambda test: Rule(id, test)


def finding(
    id: str,
    severity: Severity,
    node: NodeView | None,
    what: str,
    *,
    why: str,
    todo: str,
    raw: str | LogLine | None = None,
) -> Finding:
    """A finding on a node (None: on the pair)."""
    text = f"{raw.stamp} {raw.program}: {raw.text}" if isinstance(raw, LogLine) else raw or ""
    return Finding(
        id=id, severity=severity, what=what, why=why, todo=todo, node=node.name if node else None, raw=text
    )
