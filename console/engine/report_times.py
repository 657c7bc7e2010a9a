"""The times of a run in its report: a table for each outage, and one for the rest of the run."""

from collections.abc import Iterable, Iterator, Sequence

from console.engine.inert_markdown import cell, inline, table
from console.engine.measures import Measures
from console.engine.proven import seen_back
from console.engine.run_summary import Compared, comparable, compared
from console.model.lasting import lasting
from console.model.measure_names import of_outage
from console.model.run import RunRecord, StepRecord

REST = 0
"""Stands for the number of an outage: what is outside of all of them."""


def times_lines(run: RunRecord, told: Measures, others: Sequence[RunRecord]) -> Iterator[str]:
    """The section of a run's times, beside those of the runs before it."""
    outages = len(run.plan.outages)
    yield ""
    yield "## Recovery time" if outages else "## Times"
    yield ""
    before = len(comparable(run, others))
    rows = compared(run, others)
    if outages > 1:
        for number in range(1, outages + 1):
            yield from _part(
                f"### Outage {number}: {_named_by_its_steps(run, number)}",
                run,
                [one for one in rows if _of(one.name) == number],
                before,
            )
        rest = [one for one in rows if not 1 <= _of(one.name) <= outages]
        yield from _part("### Outside of the outages", run, rest, before)
    else:
        yield from _rows(run, rows, before)
    refused = [(name, why) for name, why in told.refused.items() if not name.startswith("rpo.")]
    if refused:
        yield from (f"- {inline(_whole_name(run, name))}: not told: {inline(why)}" for name, why in refused)
        yield ""
    if before:
        runs = "1 earlier run" if before == 1 else f"{before} earlier runs"
        yield f"Compared with {runs} of this job on this pair that ended well."
    else:
        yield "There is no earlier run of this job on this pair that ended well to compare with."


def _part(head: str, run: RunRecord, rows: Sequence[Compared], before: int) -> Iterator[str]:
    yield head
    yield ""
    if not rows:
        yield "nothing of it was timed"
        yield ""
    yield from _rows(run, rows, before)


def _rows(run: RunRecord, rows: Iterable[Compared], before: int) -> Iterator[str]:
    lines = [_row(run, one) for one in rows]
    if lines:
        head = ("phase", "this run", *(("run before", "change", "best", "median") if before else ()))
        yield from table(head, [line if before else line[:2] for line in lines])
        yield ""


def _named_by_its_steps(run: RunRecord, number: int) -> str:
    """What an outage is: the titles of the steps with which the service goes and comes back."""
    steps = run.plan.outage_steps()[number - 1]
    titles = dict.fromkeys((steps[0].title, steps[-1].title))
    return " … ".join(inline(title) for title in titles)


def _row(run: RunRecord, one: Compared) -> tuple[str, ...]:
    change = "" if one.change is None else f"{'+' * (one.change >= 0)}{lasting(one.change)}"
    rest = (lasting(value) if value is not None else "" for value in (one.best, one.median))
    previous = lasting(one.previous) if one.previous is not None else ""
    return (cell(_name(run, one.name)), lasting(one.value), previous, change, *rest)


def _of(name: str) -> int:
    """The outage a figure is about."""
    if (part := of_outage(name)) is not None:
        return part[0]
    kind, _, number = name.partition(".")
    if kind == "write_outage":
        return int(number) if number else 1
    return REST


def _name(run: RunRecord, name: str) -> str:
    """A figure in an operator's words, under the heading of its outage."""
    if (part := of_outage(name)) is not None:
        words = {"": "service away (RTO)", "other": "· other steps", "between": "· between the steps"}
        return words.get(part[1], f"· {part[1]}")
    kind, _, rest = name.partition(".")
    if kind == "write_outage":
        unnamed = not rest or len(run.plan.outages) > 1
        return "no write acknowledged" if unnamed else f"no write acknowledged, outage {rest}"
    if kind == "phase":
        return f"{rest}{_where(run, rest)}"
    return "whole run" if name == "took" else name


def _whole_name(run: RunRecord, name: str) -> str:
    """The same where no heading stands above it."""
    number = _of(name)
    return (
        f"outage {number}, {_name(run, name)}" if number and len(run.plan.outages) > 1 else _name(run, name)
    )


def _where(run: RunRecord, phase: str) -> str:
    """Where a phase outside of the outages was spent: `service there` only after it was seen back."""
    if not run.plan.outages:
        return ""
    ids = [step.id for step in run.plan.steps]
    records = {record.id: record for record in run.steps}
    inside = {step.id for steps in run.plan.outage_steps() for step in steps}
    for at, step in enumerate(run.plan.steps):
        record = records.get(step.id, StepRecord(step.id))
        if step.phase != phase or step.id in inside or record.started is None:
            continue
        before = [number for number, (_, last) in enumerate(run.plan.outages) if ids.index(last) < at]
        if not before or not seen_back(run, before[-1]):
            return " (rest of the run)"
    return " (service there)"
