"""The findings of a snapshot, worst first."""

from console.health.history import History
from console.health.rules import ALL
from console.health.rules.scene import Scene
from console.model.snapshot import Finding, PairSnapshot


def findings(snapshot: PairSnapshot, history: History) -> tuple[Finding, ...]:
    """Everything wrong or risky: worst first, then by id and node, each once."""
    scene = Scene.of(snapshot, history)
    found = {f: None for rule in ALL for f in rule.test(scene)}
    return in_order(found)


def in_order(found: "dict[Finding, None] | tuple[Finding, ...]") -> tuple[Finding, ...]:
    """Worst first; the order of equals does not depend on which rule ran first."""
    seen: dict[tuple[str, str | None, str], Finding] = {}
    for item in sorted(found, key=lambda f: f.severity.rank):
        seen.setdefault((item.id, item.node, item.what), item)
    return tuple(sorted(seen.values(), key=lambda f: (f.severity.rank, _number(f.id), f.node or "", f.what)))


def _number(id: str) -> tuple[str, int, str]:
    """P9 before P12, P12 before P12a."""
    head = id.rstrip("abcdefghijklmnopqrstuvwxyz")
    digits = "".join(c for c in head if c.isdigit())
    return id[:1], int(digits) if digits else 0, id
