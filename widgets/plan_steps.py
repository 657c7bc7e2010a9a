"""The steps of a plan, one line each; with a run, how far each of them is."""

from dataclasses import dataclass

from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList

from console.model.plan import Plan, Risk, Step
from console.model.run import RunRecord, StepRecord
from widgets.drawn import words
from widgets.option_lines import OptionLines
from widgets.plain import padded
from widgets.run_signs import RISK_WORDS, STATE_SIGNS, finished, risk, took

WIDE = 56
"""Cells from which the risk is written out."""
WHOLE = "*"
"""The key of the line that stands for the plan as a whole."""


class PlanSteps(OptionLines):
    """Steps in their order; the cursor goes with the run until somebody moves it away."""

    plan: var[Plan | None] = var(None)
    run: var[RunRecord | None] = var(None)

    @dataclass
    class Pointed(Message):
        """The cursor came to a step; None = the plan as a whole."""

        step: str | None

    @dataclass
    class Chosen(Message):
        """`enter` on a line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._current: str | None = None
        self._following = True

    @property
    def pointed(self) -> str | None:
        """Id of the step under the cursor, None for the plan as a whole."""
        key = self.highlighted_key
        return None if key in (None, "", WHOLE) else key

    def follow(self) -> None:
        """Back to the step that is under way, and on with it."""
        self._following = True
        self._to_current()

    def watch_plan(self) -> None:
        """Another plan."""
        self._draw()

    def watch_run(self) -> None:
        """The run went on."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Risks stand at the right; the cursor stays in sight."""
        self._draw()
        self.scroll_to_highlight()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor moved, by hand or with the run."""
        event.stop()
        if self._current is not None:
            self._following = self.pointed == self._current
        self.post_message(self.Pointed(self.pointed))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter`."""
        event.stop()
        self.post_message(self.Chosen())

    def _draw(self) -> None:
        plan = self.run.plan if self.run is not None else self.plan
        if plan is None:
            self.entitle(Content.styled("steps", "dim"))
            self.show_lines([("", Content.styled("no plan", "dim"))])
            return
        self.entitle(Content.styled("steps", "dim"), self._count(plan))
        width = max(20, self.scrollable_content_region.width)
        records = {record.id: record for record in self.run.steps} if self.run is not None else {}
        lines: list[tuple[str, Content]] = []
        if self.run is None:
            lines.append((WHOLE, Content.styled("   the plan as a whole", "bold")))
        names = min(12, max((len(node.name) for node in plan.nodes), default=0))
        for number, step in enumerate(plan.steps, start=1):
            record = records.get(step.id)
            lines.append((step.id, step_line(number, step, record, names, width)))
        self.show_lines(lines)
        if self.run is None:
            if self.highlighted is None:
                self.highlighted = 0
            return
        current = self.run.current
        now = current.id if current is not None else plan.steps[-1].id
        if now != self._current:
            self._current = now
            if self._following:
                self._to_current()

    def _to_current(self) -> None:
        if self.run is not None and self._current is not None:
            ids = [step.id for step in self.run.plan.steps]
            self.highlighted = ids.index(self._current)

    def _count(self, plan: Plan) -> Content:
        if self.run is not None:
            return Content.styled(f"{finished(self.run)}/{len(plan.steps)}", "dim")
        destroys = sum(1 for step in plan.steps if step.risk is Risk.DESTROYS)
        if not destroys:
            return Content.styled(f"{len(plan.steps)}, none destroys", "dim")
        return Content.assemble(
            (f"{len(plan.steps)}, ", "dim"),
            (f"{destroys} {'destroys' if destroys == 1 else 'destroy'}", "bold $text-error"),
        )


def step_line(number: int, step: Step, record: StepRecord | None, names: int, width: int) -> Content:
    """One step in `width` cells: sign, number, node, title, and its risk or how long it took."""
    if record is None:
        head = Content.styled(f"{number:>3} ", "dim")
        tail = risk(step.risk, word=width >= WIDE)
        room = len(RISK_WORDS[Risk.DESTROYS]) + 2 if width >= WIDE else 1
    else:
        sign, style = STATE_SIGNS[record.state]
        head = Content.assemble((sign, style), (f"{number:>3} ", "dim"))
        tail = Content.styled(took(record), "dim") if took(record) else risk(step.risk, word=False)
        room = tail.cell_length
    node = padded(step.node or "", names)
    title_room = max(1, width - head.cell_length - names - room - 2)
    active = record is not None and STATE_SIGNS[record.state][0] == "▶"
    # Its node stands beside it: what is special about the step is not cut off for saying so again.
    said = step.title.replace(f" on {step.node}", "", 1) if step.node else step.title
    title = words(padded(said, title_room), "bold" if active else "")
    return Content.assemble(head, (node, "dim"), " ", title, " ", tail)
