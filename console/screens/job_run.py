"""A run as it happens: steps, the one under way, what it prints, what it asks, and the live pair beneath."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var

from console.engine.journal import JournalTrouble
from console.model.plan import Risk
from console.model.run import Choice, Question, RunRecord, RunState, StepState
from console.screens.job_dialogs import ButtonsDialog, SecretDialog
from console.screens.job_question import QuestionDialog
from console.screens.job_running import SecretAsked
from console.screens.job_words import (
    ended_words,
    head_line,
    order_text,
    progress_line,
    reading_width,
    refusal_words,
)
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.data_path import DataPath
from widgets.direction_card import DirectionCard
from widgets.drawn import Drawn
from widgets.plain import one_line
from widgets.plan_steps import PlanSteps
from widgets.run_output import RunOutput
from widgets.signs import Tone, mark
from widgets.step_card import StepCard
from widgets.transfer_bars import transfer_lines

OVER = (RunState.DONE, RunState.UNDONE)
UNDER_WAY = (RunState.RUNNING, RunState.ASKING)
LOOKED_EVERY = 1.0
"""Seconds between two looks at a run that another console carries."""
UNTOUCHED = (StepState.PENDING, StepState.REFUSED, StepState.ALREADY_SO)


def over(run: RunRecord) -> bool:
    """Whether there is nothing to go on with."""
    return run.state in OVER or not run.id


def touched(run: RunRecord) -> bool:
    """Whether a step of it may have changed something."""
    return any(
        record.state not in UNTOUCHED and step.risk is not Risk.READ
        for step, record in zip(run.plan.steps, run.steps, strict=False)
    )


class RunScreen(PairScreen):
    """The run of this console; leaving the screen does not touch it."""

    HERE = "jobs"
    CSS_PATH = "jobs.tcss"
    HELP = """
The steps with how far each is: ▶ under way, ● done, ○ already so (not run), ✖ failed, ◌ it ran or may have
run and how it ended is not known, ← taken back. The card shows the step under the cursor, which goes with the
run until you move it; `escape` lets it go with the run again.

`s` ends the run after the step under way, in the safe state that the step names; pressed again it insists.
`q` leaves the screen while the run goes on. A question that destroys wants the name of its target typed.
A run of another console on this machine is shown as it goes on; it is answered and stopped there.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer", "Answer", tooltip="What the run asks", priority=True),
        Binding("s", "stop", "Stop safely", tooltip="End the run after its step; again: insist"),
        Binding("c", "resume", "Continue", tooltip="Go on with a run that ended early"),
        Binding("u", "undo", "Undo", tooltip="Take back what was done, backwards"),
        Binding("o", "output", "Output", tooltip="What the step prints, on the whole screen"),
        Binding("h", "order", "Why", tooltip="Why the steps stand in this order"),
        Binding("x", "unfold", "Functions", tooltip="Show the functions of a step, or fold them"),
    ]

    pointed: var[str | None] = var(None)
    """Id of the step that is shown."""
    output: var[bool] = var(False, toggle_class="-output")

    _keys: object = None
    _trouble = ""
    """What was last told of the journal."""

    def content(self) -> ComposeResult:
        """Steps beside details; the pair under both."""
        yield Drawn(id="head")
        with Horizontal(id="main"):
            yield PlanSteps().data_bind(PairScreen.run)
            with Vertical(id="details"):
                yield StepCard().data_bind(PairScreen.run, step=RunScreen.pointed)
                yield DirectionCard()
                yield Drawn(id="step-progress")
                yield RunOutput()
        yield DataPath().data_bind(PairScreen.state, PairScreen.moment, PairScreen.compact)
        yield Drawn(id="bar")

    def on_mount(self) -> None:
        """The steps have the keys."""
        self.query_one("#step-progress", Drawn).display = False
        self.query_one(PlanSteps).focus()
        self.watch(self.app, "question", self._asked)
        self.watch(self.app, "refusal", self._refused)
        # The last thing a run tells is how it ended; that it is over comes after it.
        self.watch(self.app, "job_busy", self._draw)
        self.set_interval(LOOKED_EVERY, self._follow)

    def on_screen_resume(self) -> None:
        """A question that came meanwhile is asked now."""
        super().on_screen_resume()
        self._refused()

    def take_run(self) -> None:
        """The run went on."""
        super().take_run()
        self._draw()

    def on_resize(self) -> None:
        """What stands at the right moves."""
        super().on_resize()
        self._draw()

    def watch_moment(self) -> None:
        """A second passed."""
        if self.is_mounted:
            self._draw_head()

    def _elsewhere(self) -> bool:
        """Whether another console on this machine runs it: the journal calls no dead run running."""
        running, run = self.app.running, self.app.job_run
        busy = running is not None and running.busy
        return not busy and run is not None and bool(run.id) and run.state in UNDER_WAY

    def _follow(self) -> None:
        if self.is_current and self._elsewhere():
            self._look()

    @work(exclusive=True, group="elsewhere")
    async def _look(self) -> None:
        """How far the other console is."""
        run = self.app.job_run
        if self.app.jobs is None or run is None:
            return
        try:
            kept = await self.app.jobs.kept(run.id)
        except JournalTrouble as trouble:
            if str(trouble) != self._trouble:
                self.app.notify(one_line(str(trouble)), severity="error", markup=False, timeout=8)
            self._trouble = str(trouble)
            return
        if kept is not None and self.is_attached and self._elsewhere() and self.app.job_run is run:
            self.app.job_run = kept

    def on_plan_steps_pointed(self, event: PlanSteps.Pointed) -> None:
        """The cursor came to another step."""
        if event.step is not None:
            self.pointed = event.step
            self._draw_output()

    def on_plan_steps_chosen(self, event: PlanSteps.Chosen) -> None:
        """`enter` in the list."""
        self.action_answer()

    def _draw(self) -> None:
        if not self.is_mounted or self.run is None:
            return
        self._draw_head()
        self._draw_output()
        progress = self.query_one("#step-progress", Drawn)
        # Not its own width: while it is hidden it has none.
        width = max(20, self.query_one("#details").size.width - 4)
        lines = transfer_lines(self.run, width) if not self.compact else []
        if not lines and (line := progress_line(self.run, width)) is not None:
            lines = [line]
        progress.display = bool(lines)
        progress.draw(Content("\n").join(lines))
        self.query_one("#bar", Drawn).draw(self._bar(self.run))
        # The line of keys is made anew by this: not for every line that a step prints.
        running = self.app.running
        keys = (self.run.state, self.app.question is None, running is not None and running.busy)
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def _draw_head(self) -> None:
        if self.run is not None:
            head = self.query_one("#head", Drawn)
            head.draw(head_line(self.run, self.app.beat, max(20, self.size.width - 2)))

    def _draw_output(self) -> None:
        if self.run is None:
            return
        shown = self.pointed or (self.run.current.id if self.run.current else None)
        record = next((r for r in self.run.steps if r.id == shown), None)
        if record is not None:
            title = f"output of {record.id}"
            self.query_one(RunOutput).show((self.run.id, record.id), record.out, record.err, title)

    def _bar(self, run: RunRecord) -> Content:
        running, asked = self.app.running, self.app.question
        if isinstance(asked, Question):
            return mark(Tone.WARNING, f"asks: {one_line(asked.text, 300)}", loud=True)
        if isinstance(asked, SecretAsked):
            return mark(Tone.WARNING, f"asks: {one_line(asked.prompt, 300)}", loud=True)
        if running is not None and running.busy:
            if running.stops > 1:
                return mark(Tone.WORKING, "stopping: the step under way is being ended", loud=True)
            if running.stops:
                return mark(Tone.WORKING, "stopping after the step under way; s again insists", loud=True)
            safe = run.safe_state or "nothing was changed so far"
            return Content.styled(f"if it stopped now: {one_line(safe)}", "dim")
        return ended_words(run)

    # What the run asks

    def _asked(self) -> None:
        card = self.query_one(DirectionCard)
        card.remove_class("-shown")
        asked, run = self.app.question, self.app.job_run
        if isinstance(asked, Question) and asked.shows_direction and run and run.plan.direction:
            card.direction, card.now = run.plan.direction, asked.direction_facts
            card.add_class("-shown")
        self._draw()
        if asked is None:
            return
        if self.is_current:
            self.action_answer()
        else:
            self.app.notify("the run asks something: key j", severity="warning", markup=False, timeout=8)

    def action_answer(self) -> None:
        """The dialog of what is asked."""
        asked, run, running = self.app.question, self.app.job_run, self.app.running
        if asked is None or run is None or running is None or not self.is_current:
            return
        if isinstance(asked, SecretAsked):

            def secret(said: str | None) -> None:
                if said is not None:
                    running.answer(asked, said or None)

            self.app.push_screen(SecretDialog(asked), secret)
            return
        question = asked
        step = next((s for s in run.plan.steps if s.id == question.step), None)

        def chosen(said: Choice | None) -> None:
            if said is not None:
                running.answer(question, said)

        title = step.title if step is not None else run.plan.title
        self.app.push_screen(QuestionDialog(question, title, run.plan.direction, run.plan.disks), chosen)

    def _refused(self) -> None:
        refusal = self.app.refusal
        if refusal is None:
            return
        if not self.is_current:
            self.app.notify(one_line(f"refused: {refusal}"), severity="error", markup=False, timeout=8)
            return
        self.app.refusal = None
        self._draw()
        begun = self.run is not None and bool(self.run.id)
        buttons = [("back", "Back", "default")]
        self.app.push_screen(
            ButtonsDialog("refused: nothing was sent", refusal_words(refusal, begun=begun), buttons),
            lambda _: None if begun else self._close(),
        )

    # Keys

    def action_stop(self) -> None:
        """Ask, then stop; the second time insist."""
        running = self.app.running
        if running is None or not running.busy or not self.is_current:
            return
        if running.stops:
            told = [
                Content("The run ends after its step. Insisting ends the step itself as well:"),
                mark(Tone.WARNING, "what it did may then be unknown, and somebody has to look."),
            ]
            buttons = [("wait", "Wait for the step", "default"), ("stop", "Insist", "warning")]
        else:
            safe = self._leaves()
            told = [Content("The step under way comes to its end; nothing after it is begun."), safe]
            buttons = [("wait", "Keep running", "default"), ("stop", "Stop safely", "warning")]

        def agreed(said: str | None) -> None:
            if said == "stop":
                running.stop()
                self._draw()

        self.app.push_screen(ButtonsDialog("stop the run", told, buttons), agreed)

    def _leaves(self) -> Content:
        run = self.run
        current = run.current if run is not None else None
        if run is None or current is None:
            return Content("")
        return Content.assemble("It then leaves: ", (one_line(run.plan.step(current.id).leaves), "bold"))

    def action_resume(self) -> None:
        """Go on with a run that ended early."""
        self._again("go on with the run", "It goes on where it ended; every guard is read again.", "Continue")

    def action_undo(self) -> None:
        """Take it back, backwards."""
        self._again("undo the run", "Its steps are taken back one by one, the last one first.", "Undo")

    def _again(self, title: str, told: str, label: str) -> None:
        run, running = self.run, self.app.running
        if run is None or running is None or running.busy or over(run) or not self.is_current:
            return
        if self._elsewhere():
            return

        def agreed(said: str | None) -> None:
            if said == "Undo":
                running.undo(run)
            elif said == "Continue":
                running.resume(run)

        buttons = [("Cancel", "Cancel", "default"), (label, label, "primary")]
        left = Content.assemble("Now: ", (one_line(run.safe_state or "nothing was changed"), "bold"))
        self.app.push_screen(ButtonsDialog(title, [Content(told), left], buttons), agreed)

    def action_output(self) -> None:
        """The output on the whole screen, and back."""
        self.output = not self.output
        (self.query_one(RunOutput) if self.output else self.query_one(PlanSteps)).focus()

    def action_unfold(self) -> None:
        """Every line of the step's text, or its functions in one."""
        self.query_one(StepCard).toggle_folded()

    def action_order(self) -> None:
        """Every step's reason, in order."""
        if self.run is not None and self.is_current:
            self.app.push_screen(
                RawScreen("why this order", order_text(self.run.plan, reading_width(self.size.width)))
            )

    def action_copy(self) -> None:
        """The step's card and what it printed."""
        text = "\n".join([self.query_one(StepCard).text(), *self.query_one(RunOutput).lines])
        self.app.copy_text(text, self.pointed or "the step")

    def action_leave_filter(self) -> None:
        """`escape`: the cursor goes with the run again."""
        if self.output:
            self.action_output()
        self.query_one(PlanSteps).follow()

    def go_back(self) -> bool:
        """`q`: a run that goes on is left alone; an ended one is closed."""
        if self.output:
            self.action_output()
            return True
        if self.app.running is not None and self.app.running.busy:
            return False
        self._close()
        return True

    def _close(self) -> None:
        """To the plan as long as nothing was changed, else to the list of jobs."""
        changed = self.run is not None and touched(self.run)
        self.app.pop_screen()
        while changed and len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        if self.app.running is not None:
            self.app.running.leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense now."""
        running, run = self.app.running, self.app.job_run
        busy = running is not None and running.busy
        match action:
            case "filter" | "raw":
                return False
            case "answer":
                return self.app.question is not None
            case "stop":
                return busy
            case "resume" | "undo":
                return not busy and run is not None and not over(run) and not self._elsewhere()
        return True
