"""Names of a run's figures: `rto`, `rto.PHASE`, `rto.2`, `rto.2.PHASE` …, `phase.PHASE`, `took`."""

import re

from console.model.plan import Plan

_RTO = re.compile(r"rto(?:\.([2-9]|[1-9][0-9]))?(?:\.(.+))?")


def rto_name(number: int) -> str:
    """What the recovery time of an outage is called; the first is 1, and keeps its name whatever follows."""
    return "rto" if number == 1 else f"rto.{number}"


def of_outage(name: str) -> tuple[int, str] | None:
    """Number of the outage a figure belongs to, and its phase (empty: the whole); None for another figure."""
    found = _RTO.fullmatch(name)
    return None if found is None else (int(found[1] or 1), found[2] or "")


def phases(plan: Plan) -> tuple[str, ...]:
    """The phases of a plan in the order of its steps."""
    return tuple(dict.fromkeys(step.phase for step in plan.steps if step.phase))


def away(plan: Plan) -> tuple[str, ...]:
    """The times of each outage a plan has: the whole, then its parts."""
    parts = (*phases(plan), "other", "between")
    names = [rto_name(number) for number in range(1, max(1, len(plan.outages)) + 1)]
    return tuple(name for rto in names for name in (rto, *(f"{rto}.{part}" for part in parts)))


def outside(plan: Plan) -> tuple[str, ...]:
    """The times of what a plan does outside of its outages."""
    return tuple(f"phase.{phase}" for phase in phases(plan))
