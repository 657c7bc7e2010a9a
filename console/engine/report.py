"""A run as a report: Markdown for people, a mapping for programs. Rendered from the journal alone."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from console.engine.inert_markdown import cell, fenced, inline, table
from console.engine.measures import Measures, markers_words, measure
from console.engine.proven import HOMES, NOT_CHECKED, TRUTHS, After, after_outages, place, proofs
from console.engine.report_times import times_lines
from console.engine.run_summary import comparable, compared, deviations, outcome, verified
from console.model.jsonable import jsonable
from console.model.lasting import lasting
from console.model.moment import local_iso
from console.model.plan import Action, Command, Manual, Step, Stream, Transfer, Wait, WriteFile
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
        times_lines(run, told, others),
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
    after = after_outages(run)
    yield ""
    yield "## What was verified"
    yield ""
    rows = [
        (truth, cell(place(run.plan, home)), *(_proven(one, truth, home) for one in after))
        for truth in TRUTHS
        for home in HOMES
    ]
    yield from table(("truth", "where", *(one.name for one in after)), rows)
    looked = [f"- {inline(title)}: {state.value}" for title, state in proofs(run)]
    if looked:
        yield ""
        yield from looked


def _proven(after: After, truth: str, home: str) -> str:
    found = after.truths.get((truth, home))
    if found is None:
        return NOT_CHECKED if after.reached else "not reached"
    return cell(str(found))


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
        case Stream():
            return f"{action.text}\ninto {action.to}\n\n{action.into}"


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
