"""A plan as an administrator reads it on paper: every step with its exact command, why, guards and undo."""

import textwrap
from collections.abc import Iterator

from console.model import shell_functions
from console.model.direction import ReadNow, facts_of
from console.model.plan import Direction, Plan, Risk, Side, Step, Stream, Transfer, Wait, WriteFile
from console.ssh.text import inert

_WIDTH = 100
_RISKS = {Risk.READ: "reads", Risk.CHANGES: "changes", Risk.DESTROYS: "DESTROYS"}


Seen = dict[shell_functions.Function, int]
"""Functions that were printed, and with which step."""


def plan_text(plan: Plan) -> str:
    """The whole plan; multi-line, no colour, safe to print.

    A function that several steps have stands with the first of them, and the others say where.
    """
    return inert("\n".join(_lines(plan)))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.job} on {plan.pair}: {plan.title}"
    yield f"  plan {plan.id}, made {plan.made}, {len(plan.steps)} steps"
    yield "  commands run by /bin/sh as root, with LC_ALL=C and the system's directories in PATH"
    for name, value in plan.answers.items():
        yield f"  answer {name} = {value}"
    for line in plan.unchecked:
        yield from _wrapped("  could not be checked: ", line)
    for name in plan.aborts:
        yield f"  stops at once if: {name}"
    if plan.direction:
        yield from direction_lines(plan.direction)
    seen: Seen = {}
    for number, step in enumerate(plan.steps, start=1):
        yield ""
        yield from step_lines(number, step, seen)
    yield ""
    yield from _wrapped("ends with: ", plan.ends)
    for name in plan.expects:
        yield f"  verified: {name}"


def step_lines(number: int, step: Step, seen: Seen | None = None) -> Iterator[str]:
    """One step, numbered from 1; functions `seen` before are not printed again."""
    seen = {} if seen is None else seen
    where = step.node or "operator" if step.action.kind == "manual" else step.node or "pair"
    yield f"{number:>3}  {where:<10} {_RISKS[step.risk]:<9} {step.title}"
    yield from _wrapped("       why     ", step.why)
    yield from _action(number, step, seen)
    for name in step.guards:
        yield f"       guard   {name}"
    for name in step.expects:
        yield f"       after   {name}"
    if step.confirm:
        yield f"       typed   {step.confirm}"
    if step.undo is not None:
        if step.undo.none_needed:
            yield from _wrapped("       undo    ", f"none needed: {step.undo.none_needed}")
        else:
            yield from _shell("       undo    ", step.undo.text or "", number, seen)
    yield from _wrapped("       leaves  ", step.leaves)
    yield f"       limit   {step.timeout:.0f} s"


def _action(number: int, step: Step, seen: Seen) -> Iterator[str]:
    action = step.action
    if action.kind == "command":
        yield from _shell("       run     ", action.text, number, seen)
    elif isinstance(action, WriteFile):
        yield f"       write   {action.path} mode {action.mode}, {len(action.content.splitlines())} lines"
        yield from _block("               ", action.content)
    elif isinstance(action, Wait):
        yield f"       wait    until {', '.join(action.until)}"
        for name in action.failed_when:
            yield f"       failed  when {name}"
    elif isinstance(action, Transfer):
        yield f"       copy    {action.source} to {action.host}:{action.target}"
    elif isinstance(action, Stream):
        yield from _shell("       sends   ", action.text, number, seen)
        yield from _shell(f"       takes   {action.to} ", action.into, number, seen)
    else:
        yield from _wrapped("       ask     ", action.ask)
        if action.typed:
            yield f"       typed   {action.typed}"


def direction_lines(direction: Direction, now: ReadNow = ()) -> Iterator[str]:
    """From where to where data goes, what is known of both ends or was read `now`, and what is lost."""
    yield ""
    yield f"  direction  {_end(direction.source)}  ==>  {_end(direction.target)}"
    for side, other in (
        (direction.source, direction.target),
        (direction.target, direction.source),
    ):
        for label, value in facts_of(side, other, now):
            yield f"    {side.node}:{side.component}  {label}: {value}"
    yield f"    {direction.overwritten}"


def _end(side: Side) -> str:
    size = f" ({side.size} bytes)" if side.size is not None else ""
    return f"{side.node}:{side.component} {side.image}{size}"


def _shell(prefix: str, text: str, number: int, seen: Seen) -> Iterator[str]:
    """A text, without those functions at its beginning that were printed with an earlier step."""
    parts = shell_functions.read(text)
    new = [one for one in parts.functions if one not in seen]
    known = [one for one in parts.functions if one in seen]
    seen.update(dict.fromkeys(new, number))
    there: dict[int, list[str]] = {}
    for one in known:
        there.setdefault(seen[one], []).append(f"{one.name}()")
    told = "".join(f"# functions as in step {at}: {' '.join(names)}\n" for at, names in sorted(there.items()))
    yield from _block(prefix, parts.head + told + "".join(one.text for one in new) + parts.rest)


def _block(prefix: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.rstrip("\n").split("\n")):
        yield f"{prefix if number == 0 else ' ' * len(prefix)}| {line}"


def _wrapped(prefix: str, text: str) -> Iterator[str]:
    for number, line in enumerate(textwrap.wrap(text, _WIDTH - len(prefix)) or [""]):
        yield f"{prefix if number == 0 else ' ' * len(prefix)}{line}"
