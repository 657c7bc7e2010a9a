"""A run as a report: Markdown for people, a mapping for programs. Rendered from the journal alone."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from console.engine.inert_markdown import cell, fenced, inline, table
from console.engine.measures import Measures, markers_words, measure
from console.engine.run_summary import (
    Compared,
    Verified,
    comparable,
    compared,
    deviations,
    outcome,
    truths,
    verified,
)
from console.model.jsonable import jsonable
from console.model.lasting import lasting
from console.model.moment import local_iso
from console.model.plan import Action, Command, Manual, Step, Transfer, Wait, WriteFile
from console.model.run import Checked, RunRecord, StepRecord

TAIL = 30
"""Lines of a step's output that a report shows."""
FSYNCED = "A marker is acknowledged after its fsync; what a program writes without one may be lost on top."


def as_markdown(run: RunRecord, others: Iterable[RunRecord] = ()) -> str:
    """The whole report; `others` are runs to compare with (unfit ones are left out)."""
    others = tuple(others)
    told = measure(run)
    parts = (
        _head(run),
        _times(run, told, others),
        _markers(told),
        _verified(run),
        _deviations(run),
        _timeline(run),
        _steps(run),
    )
    return "\n".join(line for part in parts for line in part).rstrip("\n") + "\n"


def _head(run: RunRecord) -> Iterator[str]:
    plan = run.plan
    yield f"# {plan.job} on {inline(plan.pair)}: {run.state.value}"
    yield ""
    yield inline(plan.title)
    yield ""
    yield f"- outcome: {inline(outcome(run))}"
    yield f"- left as: {inline(run.safe_state)}"
    yield f"- run: {inline(run.id)}"
    yield f"- operator: {inline(run.operator)}"
    yield f"- began: {local_iso(run.started)}"
    yield f"- ended: {local_iso(run.ended) if run.ended is not None else 'not yet'}"
    yield "- nodes: " + ", ".join(f"{inline(n.name)} (home {n.home}, {inline(n.host)})" for n in plan.nodes)
    yield from (f"- lock: {inline(lock)}" for lock in run.locks)
    if plan.answers:
        yield "- answers: " + inline(", ".join(f"{k} = {v}" for k, v in plan.answers.items()))
    yield from (f"- not checked before it: {inline(one)}" for one in plan.unchecked)


def _times(run: RunRecord, told: Measures, others: Sequence[RunRecord]) -> Iterator[str]:
    yield ""
    yield "## Recovery time" if run.plan.outage else "## Times"
    yield ""
    before = len(comparable(run, others))
    outage = run.plan.outage is not None
    rows = [_compared_row(one, outage) for one in compared(run, others)]
    if rows:
        head = ("phase", "this run", *(("run before", "change", "best", "median") if before else ()))
        yield from table(head, [row if before else row[:2] for row in rows])
        yield ""
    refused = [(name, why) for name, why in told.refused.items() if not name.startswith("rpo.")]
    if refused:
        yield from (f"- {inline(_named(name, outage))}: not told: {inline(why)}" for name, why in refused)
        yield ""
    if before:
        runs = "1 earlier run" if before == 1 else f"{before} earlier runs"
        yield f"Compared with {runs} of this job on this pair that ended well."
    else:
        yield "There is no earlier run of this job on this pair that ended well to compare with."


def _compared_row(one: Compared, outage: bool) -> tuple[str, ...]:
    change = "" if one.change is None else f"{'+' * (one.change >= 0)}{lasting(one.change)}"
    rest = (lasting(value) if value is not None else "" for value in (one.best, one.median))
    previous = lasting(one.previous) if one.previous is not None else ""
    return (cell(_named(one.name, outage)), lasting(one.value), previous, change, *rest)


def _named(name: str, outage: bool) -> str:
    """A measure in an operator's words."""
    words = {
        "rto": "service away (RTO)",
        "rto.other": "· other steps",
        "rto.between": "· between the steps",
        "took": "whole run",
        "write_outage": "no write acknowledged",
    }
    if name in words:
        return words[name]
    kind, _, rest = name.partition(".")
    if kind == "rto":
        return f"· {rest}"
    if kind == "phase":
        return f"{rest} (rest of the run)" if outage else rest
    return f"no write acknowledged, outage {rest}" if kind == "write_outage" else name


def _markers(told: Measures) -> Iterator[str]:
    words = markers_words(told.values)
    refused = [why for name, why in told.refused.items() if name == "rpo.markers_lost"]
    if words is None and not refused:
        return
    yield ""
    yield "## Lost writes"
    yield ""
    if words is not None:
        yield f"{words}. {FSYNCED}"
    yield from (f"Not told: {inline(why)}." for why in refused)


def _verified(run: RunRecord) -> Iterator[str]:
    found = verified(run)
    yield ""
    yield "## What was verified"
    yield ""
    places: list[tuple[str | None, str]] = [
        (node.home, f"{node.name} (home {node.home})") for node in run.plan.nodes
    ]
    rows = [
        (truth, cell(place), _answers([v for v in found if v.truth == truth and v.home == home]))
        for truth in truths()
        for home, place in (*places, (None, "the pair"))
    ]
    yield from table(("truth", "where", "read last"), rows)


def _answers(found: Sequence[Verified]) -> str:
    """The newest answers, at most three; a truth nobody looked at says so."""
    return "; ".join(f"{_bare(v)}: {v.answer.value} ({v.step})" for v in found[:3]) or "not checked"


def _bare(one: Verified) -> str:
    """The condition without the node that stands over its column."""
    return one.name.removeprefix(f"{one.home}-") if one.home else one.name


def _deviations(run: RunRecord) -> Iterator[str]:
    yield ""
    yield "## Deviations and statements"
    yield ""
    lines = deviations(run)
    yield from (f"- {inline(line)}" for line in lines) if lines else ("none",)


def _timeline(run: RunRecord) -> Iterator[str]:
    if not run.events:
        return
    yield ""
    yield "## Timeline"
    yield ""
    rows = [
        (_clock(event.at), f"{event.at - run.started:+.1f} s", cell(event.kind), cell(event.text))
        for event in sorted(run.events, key=lambda event: event.at)
    ]
    yield from table(("time", "after", "kind", "what"), rows)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S.%f")[:-4]


def _steps(run: RunRecord) -> Iterator[str]:
    yield ""
    yield "## Steps"
    records = {record.id: record for record in run.steps}
    for number, step in enumerate(run.plan.steps, start=1):
        yield from _step(number, step, records.get(step.id, StepRecord(step.id)))


def _step(number: int, step: Step, record: StepRecord) -> Iterator[str]:
    yield ""
    yield f"### {number} {step.id}: {record.state.value}"
    yield ""
    words = [inline(step.title)]
    words += [f"on {inline(step.node)}"] if step.node else []
    words += [f"began {_clock(record.started)}"] if record.started is not None else []
    if record.started is not None and record.ended is not None:
        words.append(f"took {lasting(record.ended - record.started)}")
    words += [f"exit {record.exit_status}"] if record.exit_status is not None else []
    yield ", ".join(words)
    yield ""
    yield from fenced(_action_text(step.action))
    if record.why:
        yield ""
        yield f"- {inline(record.why)}"
    for name, text in (("output", record.out), ("errors", record.err)):
        if text.strip():
            yield ""
            yield f"{name}:"
            yield ""
            yield from fenced(text, TAIL)
    if record.guards or record.expects:
        yield ""
        yield from (f"- before: {_check(check)}" for check in record.guards)
        yield from (f"- after: {_check(check)}" for check in record.expects)


def _check(check: Checked) -> str:
    return f"{inline(check.name)}: {check.answer.value}" + (f", {inline(check.why)}" if check.why else "")


def _action_text(action: Action) -> str:
    match action:
        case Command():
            return action.text
        case WriteFile():
            return f"write {action.path} (mode {action.mode})\n\n{action.content}"
        case Wait():
            failed = f"\nfailed when {', '.join(action.failed_when)}" if action.failed_when else ""
            return f"wait until {', '.join(action.until)}{failed}"
        case Manual():
            return action.ask + (f"\ntyped: {action.typed}" if action.typed else "")
        case Transfer():
            return f"copy {action.source} to {action.host}:{action.target}"


def as_json(run: RunRecord, others: Iterable[RunRecord] = ()) -> dict[str, object]:
    """The same as data that `json.dumps` accepts, with the plan and every step's kept output whole."""
    told = measure(run)
    others = tuple(others)
    return {
        "run": run.id,
        "job": run.plan.job,
        "title": run.plan.title,
        "pair": run.plan.pair,
        "operator": run.operator,
        "state": run.state.value,
        "outcome": outcome(run),
        "safe_state": run.safe_state,
        "began": local_iso(run.started),
        "ended": local_iso(run.ended) if run.ended is not None else None,
        "measures": dict(told.values),
        "refused": dict(told.refused),
        "lost_writes": markers_words(told.values),
        "verified": jsonable(verified(run)),
        "deviations": list(deviations(run)),
        "comparison": jsonable(compared(run, others)),
        "compared_with": [other.id for other in comparable(run, others)],
        "timeline": jsonable(run.events),
        "steps": jsonable(run.steps),
        "locks": list(run.locks),
        "plan": jsonable(run.plan),
    }
