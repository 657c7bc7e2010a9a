"""Two histories by the recorded promotions (P18), and who is at work on the pair (P42)."""

from collections.abc import Iterator

from console.health.lineage import Relation, between, lineage_of
from console.health.rules.scene import Rule, Scene, finding, rule
from console.model.lineage import OperatorLock
from console.model.moment import local_iso
from console.model.snapshot import Finding, NodeView
from console.model.words import Severity

STALE_AFTER = 60.0
"""Seconds without a beat after which a lock's owner is taken for gone."""


@rule("P18")
def split_brain(scene: Scene) -> Iterator[Finding]:
    """Each node was promoted without the other's knowledge: two histories that no mirror can join."""
    relation, _ = between(scene.snapshot)
    if relation is not Relation.SPLIT:
        return
    master, slave = scene.snapshot.nodes
    yield finding(
        "P18",
        Severity.CRITICAL,
        None,
        f"split brain: {_head(master)}, {_head(slave)}, and neither knows the other's promotion",
        why="Both nodes have served without the other. gmirror's counters may still be equal: it would join "
        "the two halves as COMPLETE, with different contents.",
        todo="Insert nothing, rebuild nothing, start no ggated. Run the recover-slave job and decide: keep "
        f"the data of {master.name}, keep that of {slave.name}, or copy both images aside first.",
        raw="\n".join(f"{n.name}: {line}" for n in scene.snapshot.nodes for line in _lines(n)),
    )


@rule("P42")
def job_under_way(scene: Scene) -> Iterator[Finding]:
    """Somebody's run holds the pair, or its console is gone and the lock was left behind."""
    for node in scene.snapshot.nodes:
        lock = node.facts.lock.value
        if lock is None:
            continue
        offset = node.facts.clock_offset.value
        quiet = None if offset is None else (node.facts.lock.taken or scene.snapshot.now) + offset - lock.beat
        since, beat = (local_iso(at - (offset or 0.0)) for at in (lock.since, lock.beat))
        what = f"{lock.operator} runs {lock.job} on {node.name} since {since}"
        if quiet is None or quiet <= STALE_AFTER:
            yield finding(
                "P42",
                Severity.NOTICE,
                node,
                what,
                why="Two operators at once undo each other's steps: nothing else may change the pair now.",
                todo=f"Wait for its end, or talk to {lock.operator}.",
                raw=_owner(lock),
            )
        else:
            yield finding(
                "P42",
                Severity.WARNING,
                node,
                f"{what}; its console has given no sign of life since {beat}",
                why="The run may have stopped half-way; while it holds the lock nobody changes the pair.",
                todo=f"Ask {lock.operator}; then `mirrorgate resume {lock.run}` goes on or backs out.",
                raw=_owner(lock),
            )


def _head(node: NodeView) -> str:
    lineage = lineage_of(node)
    newest = None if isinstance(lineage, str) or not lineage.promotions else lineage.promotions[-1]
    if newest is None:
        return f"{node.name} has none"
    return f"{node.name} is at {newest.id} ({newest.node}, {local_iso(newest.at)})"


def _lines(node: NodeView) -> Iterator[str]:
    lineage = lineage_of(node)
    if not isinstance(lineage, str):
        for p in lineage.promotions[-5:]:
            yield f"{p.id} {p.parent} {p.at} {p.node}"


def _owner(lock: OperatorLock) -> str:
    return f"run={lock.run}\njob={lock.job}\noperator={lock.operator}\nsince={lock.since}\nbeat={lock.beat}"


RULES: tuple[Rule, ...] = (split_brain, job_under_way)
