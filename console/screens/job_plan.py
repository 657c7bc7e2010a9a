"""The whole plan, before anything is done: every step with its exact command; save it, run it, or go back."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content

from console.model.plan import Plan, Risk
from console.screens.job_dialogs import ButtonsDialog, SaveDialog
from console.screens.job_run import RunScreen
from console.screens.job_words import counted, order_text, plan_head, reading_width
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.plan_steps import PlanSteps
from widgets.signs import Tone, mark
from widgets.step_card import StepCard


class PlanScreen(PairScreen):
    """Steps at the left, all of one at the right."""

    HERE = "jobs"
    CSS_PATH = "jobs.tcss"
    HELP = """
Each step with its node and what it can do: *reads*, *changes* or *destroys*. The card shows the highlighted
one: the exact text that /bin/sh will read, why, the guards that are read again just before it, what must hold
after it, how it is taken back, and what the pair is left as. The first line is the plan as a whole: what
could **not** be checked, what stops the run at once, and the state at its end.

Functions with which a text begins are one line of the card until you press `x`.

`enter` runs the plan (it asks first), `w` saves it, `h` tells why the steps stand in this order.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "run", "Run", tooltip="Run the plan; asks first", priority=True),
        Binding("w", "save", "Save", tooltip="Write the plan as a TOML file"),
        Binding("h", "order", "Why", tooltip="Why the steps stand in this order"),
        Binding("x", "unfold", "Functions", tooltip="Show the functions of a step, or fold them"),
    ]

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def content(self) -> ComposeResult:
        """Title, steps, details."""
        yield Drawn(id="head")
        with Horizontal(id="main"):
            steps, card = PlanSteps(), StepCard()
            steps.set_reactive(PlanSteps.plan, self._plan)
            card.set_reactive(StepCard.plan, self._plan)
            yield steps
            yield card

    def on_mount(self) -> None:
        """The steps have the keys."""
        self._draw_head()
        self.query_one(PlanSteps).focus()

    def on_resize(self) -> None:
        """The counts stand at the right."""
        super().on_resize()
        self._draw_head()

    def _draw_head(self) -> None:
        self.query_one("#head", Drawn).draw(plan_head(self._plan, max(20, self.size.width - 2)))

    def on_plan_steps_pointed(self, event: PlanSteps.Pointed) -> None:
        """Another step."""
        self.query_one(StepCard).step = event.step

    def on_plan_steps_chosen(self, event: PlanSteps.Chosen) -> None:
        """`enter` in the list."""
        self.action_run()

    def action_run(self) -> None:
        """Ask, then run."""
        running = self.app.running
        if running is None or not self.is_current:
            return
        if running.busy:
            self.app.notify("a run is under way: it comes first", markup=False, timeout=3)
            return
        changes = sum(1 for step in self._plan.steps if step.risk is not Risk.READ)
        destroys = sum(1 for step in self._plan.steps if step.risk is Risk.DESTROYS)
        told = [
            Content.assemble(
                f"{counted(len(self._plan.steps), 'step', 'steps')} on ",
                words(" and ".join(dict.fromkeys(one.node for one in self._plan.steps if one.node)), "bold"),
                f"; {counted(changes, 'changes', 'change')} something.",
            ),
            Content.assemble("It ends with: ", words(self._plan.ends)),
        ]
        if destroys:
            asks = (
                f"{counted(destroys, 'destroys', 'destroy')} data, and "
                f"{'asks' if destroys == 1 else 'ask'} for the name of what is lost."
            )
            told.insert(1, mark(Tone.CRITICAL, asks))
        if self._plan.unchecked:
            told.append(
                mark(
                    Tone.UNKNOWN,
                    f"{counted(len(self._plan.unchecked), 'thing', 'things')} could not be checked.",
                )
            )
        buttons = [("cancel", "Cancel", "default"), ("run", "Run the plan", "primary")]
        self.app.push_screen(ButtonsDialog(f"run: {self._plan.title}", told, buttons), self._agreed)

    def _agreed(self, said: str | None) -> None:
        if said == "run" and self.app.running is not None:
            self.app.running.start(self._plan)
            self.app.push_screen(RunScreen())

    def action_save(self) -> None:
        """Ask where."""
        if self.app.jobs is not None and self.is_current:
            self.app.push_screen(SaveDialog(f"{self._plan.job}-{self._plan.pair}.toml"), self._save)

    def _save(self, path: Path | None) -> None:
        if path is None or self.app.jobs is None:
            return
        try:
            self.app.jobs.save(self._plan, path)
        except (OSError, ValueError) as why:
            self.app.notify(one_line(f"not saved: {why}"), severity="error", markup=False, timeout=8)
        else:
            self.app.notify(one_line(f"saved: {path}"), markup=False, timeout=4)

    def action_unfold(self) -> None:
        """Every line of the step's text, or its functions in one."""
        self.query_one(StepCard).toggle_folded()

    def action_order(self) -> None:
        """Every step's reason, in order."""
        if self.is_current:
            self.app.push_screen(
                RawScreen("why this order", order_text(self._plan, reading_width(self.size.width)))
            )

    def action_copy(self) -> None:
        """The step under the cursor, as the card shows it."""
        self.app.copy_text(self.query_one(StepCard).text(), self._plan.title)

    def action_leave_filter(self) -> None:
        """`escape`: back to the questions."""
        self.app.pop_screen()

    def go_back(self) -> bool:
        """`q`: the same."""
        self.app.pop_screen()
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A plan is read whole; nothing of a node's text is behind it."""
        return action not in ("filter", "raw")
