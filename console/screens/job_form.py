"""The questions of a job, one at a time; then what was answered, and the plan."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, ContentSwitcher

from console.model.form import Form, Value
from console.screens.job_plan import PlanScreen
from console.screens.job_survey import SurveyDialog
from console.screens.showing import PairScreen
from playbooks.job import CannotPlan
from widgets.answers_form import AnswerField
from widgets.disk_map import DiskMapView
from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.signs import Tone, mark

SUMMARY = "summary"
CHROME = 9
"""Lines around a question and its picture, one of trouble included."""
LOW = 20
"""Lines of a terminal from which all disks are drawn, and not only what will be."""


class AnswersScreen(PairScreen):
    """One question, then the next; `escape` goes back one."""

    HERE = "jobs"
    CSS_PATH = "jobs.tcss"
    HELP = """
The answer that stands there was taken from the pair, or is the usual one; under it, at once, whether yours
will do. `enter` goes on, `escape` goes back one question. The last page shows all answers and makes the
plan: nothing is sent to a node by that.
"""

    def __init__(self, pair: str, form: Form, read: Sequence[str] = ()) -> None:
        """`read` are the machines whose disks were read for these questions."""
        super().__init__()
        self._on = pair
        self._form = form
        self._read = set(read)
        self._offered: tuple[str, ...] | None = None
        """The machines that suggested what the questions offer."""
        self._at = 0
        self._due = False

    def content(self) -> ComposeResult:
        """Where we are, the question, two buttons."""
        yield Drawn(id="head")
        yield Drawn(id="when")
        with VerticalScroll(id="question", can_focus=False):  # noqa: SIM117
            with ContentSwitcher(initial=self._field_id(0)):
                for n, field in enumerate(self._form.fields):
                    yield AnswerField(field, id=self._field_id(n))
                yield Drawn(id=SUMMARY)
        yield DiskMapView(id="picture")
        yield Drawn(id="trouble")
        with Horizontal(id="buttons"):
            yield Button("Back", id="back", compact=True)
            yield Button("Next", id="next", variant="primary", compact=True)

    def on_mount(self) -> None:
        """The first question, once everything of the form is there: what stands deep in it comes last."""
        if not self.query("#next") or not self.query(f"#{SUMMARY}"):
            self.call_after_refresh(self.on_mount)
            return
        self.query_one("#when", Drawn).draw(words(self._form.job.when))
        self._show(0)

    @staticmethod
    def _field_id(n: int) -> str:
        return f"field-{n}"

    def _fields(self) -> list[AnswerField]:
        return list(self.query(AnswerField))

    def _show(self, at: int) -> None:
        """Question number `at`; after the last one, all answers."""
        fields = self._fields()
        self._at = max(0, min(at, len(fields)))
        last = self._at == len(fields)
        self.query_one(ContentSwitcher).current = SUMMARY if last else self._field_id(self._at)
        where = "all answers" if last else f"question {self._at + 1} of {len(fields)}"
        head = Content.assemble(words(self._form.job.title, "bold"), "  ", words(self._on), f"   {where}")
        self.query_one("#head", Drawn).draw(head)
        self.query_one("#trouble", Drawn).draw(Content(""))
        button = self.query_one("#next", Button)
        button.label = Content("Make the plan" if last else "Next")
        button.disabled = bool(not last and fields[self._at].trouble)
        if last:
            self.query_one(f"#{SUMMARY}", Drawn).draw(self._summary())
            button.focus()
        else:
            fields[self._at].take_focus()
        self._foresee_soon()

    def _summary(self) -> Content:
        fields = self._fields()
        wide = min(34, max(len(one.field.title) for one in fields))
        lines = []
        for one in fields:
            answer = one.answer.strip()
            value = words(answer, "bold") if answer else Content.styled("left to the planner", "dim")
            note = mark(Tone.CRITICAL, one.trouble) if one.trouble else Content("")
            if not note and not one.kept:
                offered = one.field.default is not None
                note = Content.styled("changed" if offered else "chosen", "$text-accent")
            title = one_line(one.field.title, wide)
            lines.append(Content.assemble((f"{title:<{wide}}  ", "dim"), value, "  ", note))
        lines += [
            Content(""),
            Content.styled("The plan is made from these answers and from the pair as it is now.", "dim"),
        ]
        return Content("\n").join(lines)

    def on_answer_field_changed(self, event: AnswerField.Changed) -> None:
        """Next works only while the answer will do."""
        self._foresee_soon()
        fields = self._fields()
        if self._at < len(fields) and fields[self._at].field is event.field:
            self.query_one("#next", Button).disabled = bool(event.trouble)

    def on_resize(self) -> None:
        """The picture takes what is left."""
        super().on_resize()
        self._foresee_soon()

    def _foresee_soon(self) -> None:
        """Draw what the answers amount to, once for all that changes together."""
        if not self._due:
            self._due = True
            self.call_after_refresh(self._foresee)

    def _foresee(self) -> None:
        self._due = False
        jobs = self.app.jobs
        if jobs is None or not self.is_attached:
            return
        picture = self.query_one("#picture", DiskMapView)
        left = self.app.size.height - CHROME - self.query_one(ContentSwitcher).outer_size.height
        left -= self.query_one("#when").outer_size.height
        picture.room = max(3 if self.app.size.height >= LOW else 1, left)
        seen = jobs.foresees(self._on, self._form.job.name, self._values(whole=True))
        # The list of all answers is long; the plan shows the picture again.
        picture.foreseen = seen if self._at < len(self._fields()) or left > 0 else None

    def on_answer_field_given(self, event: AnswerField.Given) -> None:
        """`enter` in a question."""
        self._next()

    def _next(self) -> None:
        """The next question, once the machines that the answers name now are known."""
        self._known(lambda: self._show(self._at + 1))

    def _known(self, then: Callable[[], None]) -> None:
        """Go on with `then` when every machine was read that the answers so far name."""
        jobs, values = self.app.jobs, self._values()
        if jobs is None:
            return
        try:
            wanted = jobs.surveys(self._on, self._form.job.name, values)
        except (CannotPlan, ValueError) as why:
            self._say(why)
            return
        missing = [one for one in wanted if one not in self._read]
        if not missing:
            if self._offered is None:
                offered = {field.name: field.default for field in self._form.fields}
                self._offered = tuple(jobs.surveys(self._on, self._form.job.name, offered))
            if tuple(wanted) == self._offered or self._offer_anew(values):
                self._offered = tuple(wanted)
                then()
            return

        def read(done: bool | None) -> None:
            if done:
                self._read.update(missing)
                self._offered = tuple(wanted)
                if self._offer_anew(values):
                    then()

        # All of them: each is asked whether it reaches the other.
        self.app.push_screen(SurveyDialog(self._on, wanted), read)

    def _values(self, *, whole: bool = False) -> dict[str, Value]:
        """The answers up to this question, or all that stand there, as far as they will do."""
        values: dict[str, Value] = {}
        for one in self._fields()[: None if whole else self._at + 1]:
            with suppress(ValueError):
                values[one.field.name] = one.field.read(one.answer)
        return values

    def _offer_anew(self, values: Mapping[str, Value]) -> bool:
        """Offer what other disks suggest for the questions that follow; False when that makes no sense."""
        jobs = self.app.jobs
        if jobs is None:
            return False
        try:
            form = jobs.form(self._on, self._form.job.name, values)
        except (CannotPlan, ValueError) as why:
            self._say(why)
            return False
        later = {field.name: field for field in form.fields}
        for one in self._fields()[self._at + 1 :]:
            if one.field.name in later:
                one.offer(later[one.field.name])
        return True

    def _say(self, why: Exception) -> None:
        self.query_one("#trouble", Drawn).draw(mark(Tone.WARNING, one_line(str(why), 600), loud=True))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Back, next, or the plan."""
        event.stop()
        if event.button.id == "back":
            self.action_leave_filter()
        elif self._at < len(self._fields()):
            if not self._fields()[self._at].trouble:
                self._next()
        else:
            self._known(self._plan)

    def _plan(self) -> None:
        jobs = self.app.jobs
        if jobs is None or not self.is_current:
            return
        values: dict[str, Value] = {}
        for n, one in enumerate(self._fields()):
            try:
                values[one.field.name] = one.field.read(one.answer)
            except ValueError:
                self._show(n)
                return
        try:
            plan = jobs.plan(self._on, self._form.job.name, values)
        except (CannotPlan, ValueError) as why:
            self._say(why)
            return
        self.query_one("#trouble", Drawn).draw(Content(""))
        self.app.push_screen(PlanScreen(plan))

    def action_leave_filter(self) -> None:
        """`escape`: one question back; from the first, to the jobs."""
        if self._at == 0:
            self.app.pop_screen()
        else:
            self._show(self._at - 1)

    def go_back(self) -> bool:
        """`q` outside a line: the same."""
        self.action_leave_filter()
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A form has nothing to filter, to copy or behind it."""
        return action not in ("filter", "raw", "copy")
