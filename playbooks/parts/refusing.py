"""When a job makes no sense on the pair as it is: one line with what is so, where, and what to do."""

from console.health import stack
from console.health.conditions import check
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Answer
from playbooks.job import CannotPlan

LOCK_FRESH = 60.0
"""Seconds since a lock's last beat within which its owner is surely at work."""


def require(snapshot: PairSnapshot, condition: str, todo: str) -> None:
    """Refuse unless `condition` certainly holds."""
    verdict = check(condition, snapshot)
    if not verdict.holds:
        why = " ".join(verdict.why.split())
        asked = "not known" if verdict.answer is Answer.UNKNOWN else "not so"
        raise CannotPlan(f"{condition} is {asked} ({why}): {todo}")


def refuse_if(snapshot: PairSnapshot, condition: str, todo: str) -> None:
    """Refuse where `condition` certainly holds."""
    verdict = check(condition, snapshot)
    if verdict.holds:
        raise CannotPlan(f"{' '.join(verdict.why.split())}: {todo}")


def refuse_trouble(snapshot: PairSnapshot) -> None:
    """Refuse what no job mends: two mounts, two histories, a copy under way, another operator at work."""
    refuse_if(snapshot, "mounted-on-both-nodes", "two histories are being written; stop the services on one")
    split = check("no-split-brain", snapshot)
    if split.answer is Answer.NO:
        raise CannotPlan(
            f"split brain, {split.why}: keep one node's data or copy both images aside before anything else"
        )
    for node in snapshot.nodes:
        refuse_lock(snapshot, node)


def refuse_rebuild(snapshot: PairSnapshot) -> None:
    """Refuse while a half is being copied: until it is done only one node holds the data."""
    verdict = check("no-rebuild-running", snapshot)
    if verdict.answer is Answer.NO:
        raise CannotPlan(f"a rebuild is running, {verdict.why}: wait until the mirror is complete")


def refuse_lock(snapshot: PairSnapshot, node: NodeView) -> None:
    """Refuse while another operator's job is alive on a node; a stale lock is for the engine to ask about."""
    lock = node.facts.lock.value
    if lock is None:
        return
    clock = snapshot.now + (node.facts.clock_offset.value or 0.0)
    if clock - lock.beat <= LOCK_FRESH:
        raise CannotPlan(
            f"{lock.operator} runs {lock.job} on {node.name} (run {lock.run}): wait for its end, or resume it"
        )


def require_answer(node: NodeView) -> None:
    """Refuse unless a node answers."""
    if not stack.answers(node):
        why = " ".join(node.link.why.split()) or node.link.state.value
        raise CannotPlan(f"{node.name} does not answer ({why}): bring it back first")


def holds(snapshot: PairSnapshot, condition: str) -> bool:
    """Whether `condition` certainly holds."""
    return check(condition, snapshot).holds
