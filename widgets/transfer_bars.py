"""File systems on their way, a line each: how far, how fast, how long still; and all of them together."""

import re
from dataclasses import dataclass

from textual.content import Content

from console.model.plan import Command, Step, Stream
from console.model.run import RunRecord, StepRecord, StepState
from widgets.amounts import size, span
from widgets.drawn import words
from widgets.plain import padded
from widgets.run_signs import FINISHED, STATE_SIGNS
from widgets.signs import Tone

_BEGUN = (StepState.INTENDED, StepState.RUNNING)
_KIND = re.compile(r"(?:dump-|carry-)?(move|again|verify)-")
"""Steps of a migration that have one file system each, and tell how far they are."""
_WIDEST = 40
_MOST = 12
"""Lines; of more, those around the one under way."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One step that moves or compares a file system."""

    step: Step
    record: StepRecord

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.record.state in _BEGUN

    @property
    def total(self) -> int | None:
        """Bytes in all: as it says itself, else as was planned."""
        if self.record.total is not None:
            return self.record.total
        action = self.step.action
        return action.total if isinstance(action, Command | Stream) else None


def transfers(run: RunRecord) -> list[Transfer]:
    """The steps of the kind that is under way, or was begun last; none before the first of them."""
    if run.plan.disks is None:
        return []
    kinds: dict[str, list[Transfer]] = {}
    last = None
    for step, record in zip(run.plan.steps, run.steps, strict=False):
        if (found := _KIND.match(step.id)) is not None:
            kinds.setdefault(found[1], []).append(Transfer(step, record))
            if record.state is not StepState.PENDING:
                last = found[1]
    return kinds[last] if last is not None else []


def transfer_lines(run: RunRecord, width: int) -> list[Content]:
    """The lines to show now, none wider than `width`; a last one for all together where bytes are told."""
    shown = transfers(run)
    if not shown:
        return []
    names = min(_WIDEST, width // 2, max(len(one.step.title) for one in shown))
    lines = [_line(one, names, width) for one in shown]
    if len(lines) > _MOST:
        at = next((n for n, one in enumerate(shown) if one.running), 0)
        begin = max(0, min(at - _MOST // 2, len(lines) - _MOST))
        lines = lines[begin : begin + _MOST]
    return [*lines, *_together(shown, names, width)]


def bar(percent: float, cells: int) -> Content:
    """A bar that is full at 100."""
    done = round(cells * max(0.0, min(100.0, percent)) / 100)
    return Content.assemble(("█" * done, Tone.WORKING.style), ("░" * (cells - done), "dim"))


def _line(one: Transfer, names: int, width: int) -> Content:
    record = one.record
    sign, style = STATE_SIGNS[record.state]
    head = Content.assemble(
        (f"{sign or ' '} ", style), words(padded(one.step.title, names), "bold" if one.running else ""), "  "
    )
    if one.running:
        return _running(head, one, width)
    if record.state in FINISHED:
        return Content.assemble(head, words(_done(record), "dim")).truncate(width, ellipsis=True)
    told = "" if record.state is StepState.PENDING else record.why or record.state.value
    if not told and one.total is not None:
        told = size(one.total)
    return Content.assemble(head, words(told, style or "dim")).truncate(width, ellipsis=True)


def _running(head: Content, one: Transfer, width: int) -> Content:
    record = one.record
    parts = [f"{record.percent:>3} %" if record.percent is not None else "  ? %"]
    if record.moved is not None:
        of = f" of {size(one.total)}" if one.total is not None else ""
        parts.append(f"{size(record.moved)}{of}")
    if record.rate:
        parts.append(f"{size(int(record.rate))}/s")
    parts.append(f"{span(record.eta)} left" if record.eta is not None else "time left ?")
    return _with_bar(head, record.percent, parts, width)


def _with_bar(head: Content, percent: float | None, parts: list[str], width: int) -> Content:
    while len(parts) > 2 and width - head.cell_length - len("  ".join(parts)) - 2 < 8:
        # How far and how long are kept.
        parts.pop(-2)
    tail = Content.styled("  " + "  ".join(parts), "bold")
    room = max(0, min(40, width - head.cell_length - tail.cell_length))
    return Content.assemble(head, bar(percent or 0, room), tail).truncate(width, ellipsis=True)


def _done(record: StepRecord) -> str:
    if record.started is None or record.ended is None:
        return "done"
    seconds = max(0.0, record.ended - record.started)
    took = f"{seconds:.1f} s" if seconds < 10 else span(seconds)
    if not record.moved:
        return f"done in {took}"
    rate = f", {size(int(record.moved / seconds))}/s" if seconds > 0 else ""
    return f"{size(record.moved)} in {took}{rate}"


def _together(shown: list[Transfer], names: int, width: int) -> list[Content]:
    """All of them; nothing where one does not say how much it is."""
    done = sum(one.record.moved or 0 for one in shown)
    finished = all(one.record.state in FINISHED for one in shown)
    amounts = [_amount(one) for one in shown]
    if not done or len(shown) < 2 or (not finished and any(amount is None for amount in amounts)):
        return []
    total = max(done, sum(amount or 0 for amount in amounts))
    head = Content.assemble("  ", (padded("all together", names), "dim"), "  ")
    if finished:
        begun = [one.record.started for one in shown if one.record.started is not None]
        ended = [one.record.ended for one in shown if one.record.ended is not None]
        took = f" in {span(max(ended) - min(begun))}" if begun and ended else ""
        return [Content.assemble(head, words(f"{size(done)}{took}", "bold"))]
    percent = 100 * done / total
    rate = next((one.record.rate for one in shown if one.running and one.record.rate), None)
    parts = [f"{int(percent):>3} %", f"{size(done)} of {size(total)}"]
    parts.append(f"{span((total - done) / rate)} left" if rate else "time left ?")
    return [_with_bar(head, percent, parts, width)]


def _amount(one: Transfer) -> int | None:
    return one.record.moved if one.record.state in FINISHED and one.record.moved else one.total
