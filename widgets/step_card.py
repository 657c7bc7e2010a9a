"""One step in full: what is run where, why, what must hold, how it is taken back; or the plan as a whole."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.getters import query_one
from textual.reactive import var

from console.model import shell_functions
from console.model.disk_map import Foreseen
from console.model.form import shown
from console.model.plan import Change, Command, Manual, Plan, Step, Stream, Transfer, Undo, Wait, WriteFile
from console.model.run import Checked, RunRecord, StepRecord, StepState
from widgets.amounts import span
from widgets.direction_card import direction_lines
from widgets.disk_map import foreseen_lines
from widgets.drawn import Drawn, Titled, words
from widgets.plain import many_lines, one_line
from widgets.run_signs import STATE_SIGNS, risk, took
from widgets.signs import ANSWER_TONES, Tone, mark
from widgets.text_diff import diff_lines

LABEL = 8
UNFOLDS = "x"
"""The key with which a screen shows functions that are folded."""
_WORTH = 4
"""Lines of functions from which on they are folded."""
_PICTURE = 40
"""Lines that a drawing of disks may take."""


def labelled(label: str, content: Content, width: int) -> list[Content]:
    """`content` in lines of at most `width` cells, hanging beside its label."""
    lines = content.wrap(max(10, width - LABEL))
    first = Content.assemble((f"{label:<{LABEL}}", "dim"), lines[0] if lines else "")
    return [first, *(line.pad_left(LABEL) for line in lines[1:])]


def verbatim(head: Content, text: str, width: int) -> list[Content]:
    """Text exactly as it is, folded where it is too long, `head` before its first line."""
    indent = head.cell_length
    out: list[Content] = []
    for line in many_lines(text).split("\n"):
        for piece in Content.styled(line, "bold").fold(max(10, width - indent)) or [Content("")]:
            out.append(Content.assemble(head, piece) if not out else piece.pad_left(indent))
    return out


def shell_lines(head: Content, text: str, width: int, *, folded: bool) -> list[Content]:
    """A shell text exactly as it is, or with the functions at its beginning in one line."""
    parts = shell_functions.read(text)
    if not folded or parts.lines < _WORTH:
        return verbatim(head, text, width)
    indent = Content(" " * head.cell_length)
    names = " ".join(f"{one.name}()" for one in parts.functions)
    told = f"# {names}: {parts.lines} lines, {UNFOLDS} shows them"
    lines = verbatim(head, parts.head.removesuffix("\n"), width) if parts.head else []
    lines += [
        Content.assemble(indent if lines or at else head, line)
        for at, line in enumerate(Content.styled(one_line(told, 600), "dim").wrap(width - len(indent.plain)))
    ]
    return [*lines, *verbatim(indent, parts.rest, width)]


def condition_words(name: str) -> str:
    """A condition's name as words."""
    return one_line(name.replace("-", " "), 90)


def conditions(label: str, names: Sequence[str], checked: Sequence[Checked], width: int) -> list[Content]:
    """Conditions with the verdict each got, and why where it does not simply hold."""
    if not names:
        return []
    read = {one.name: one for one in checked}
    parts: list[Content] = []
    for name in names:
        one = read.get(name)
        if one is None:
            parts.append(Content.styled(condition_words(name), "" if not read else "dim"))
            continue
        tone = ANSWER_TONES[one.answer]
        why = "" if tone is Tone.OK or not one.why else f" ({one_line(one.why, 160)})"
        parts.append(mark(tone, condition_words(name) + why))
    separator = Content("   ") if read else Content.styled(" · ", "dim")
    return labelled(label, separator.join(parts), width)


def action_lines(step: Step, width: int, *, folded: bool = False) -> list[Content]:
    """What is done, exactly; `folded` leaves out what the functions at the beginning of a text are."""
    where = words(step.node or "the pair", "bold $text-accent")
    match step.action:
        case Command(text=text):
            told = change_lines(step.change, width) if step.change is not None else []
            head = Content.assemble(where, (" $ ", "dim"))
            return [*told, *shell_lines(head, text, width, folded=folded)]
        case WriteFile(path=path, mode=mode, content=content):
            head = Content.assemble(where, " writes ", words(path, "bold"), (f"  mode {mode}", "dim"))
            if step.change is not None:
                return [*head.wrap(width), *change_lines(step.change, width)]
            added = Content.styled("+ ", "$text-success")
            lines = content.removesuffix("\n").split("\n")
            return [*head.wrap(width), *(piece for line in lines for piece in verbatim(added, line, width))]
        case Wait(until=until, failed_when=failed):
            head = Content.assemble(where, ": nothing is run, the console waits")
            return [
                *head.wrap(width),
                *conditions("until", until, (), width),
                *conditions("fail if", failed, (), width),
            ]
        case Manual(ask=ask, typed=typed):
            said = Content.assemble(where, ": by hand: ", words(ask, "bold"))
            typing = labelled("typed", words(typed), width) if typed else []
            return [*said.wrap(width), *typing]
        case Transfer(source=source, host=host, target=target):
            said = Content.assemble(
                where, " copies ", words(source, "bold"), " to ", words(f"{host}:{target}", "bold")
            )
            return said.wrap(width)
        case Stream(text=text, to=to, into=into):
            there = words(to, "bold $text-accent")
            return [
                *shell_lines(Content.assemble(where, (" $ ", "dim")), text, width, folded=folded),
                *shell_lines(Content.assemble("  into ", there, (" $ ", "dim")), into, width, folded=folded),
            ]


def change_lines(change: Change, width: int) -> list[Content]:
    """A text that is replaced, as a difference."""
    stands = "changes" if change.before else "new"
    head = Content.assemble((f"{stands} ", "dim"), words(change.what, "bold"))
    return [*head.wrap(width), *diff_lines(change.before, change.after, width), Content("")]


def undo_lines(undo: Undo | None, width: int, *, folded: bool = False) -> list[Content]:
    """How a step is taken back."""
    if undo is None:
        return labelled("undo", Content.styled("there is none", "dim"), width)
    if undo.text is None:
        return labelled("undo", words(f"none needed: {undo.none_needed or ''}"), width)
    return shell_lines(Content.styled(f"{'undo':<{LABEL}}", "dim"), undo.text, width, folded=folded)


def step_lines(step: Step, record: StepRecord | None, width: int, *, folded: bool = False) -> list[Content]:
    """One step in lines of at most `width` cells."""
    guards = record.guards if record is not None else ()
    expects = record.expects if record is not None else ()
    lines = action_lines(step, width, folded=folded)
    lines += labelled("why", words(step.why), width)
    if record is not None and record.why:
        sign, style = STATE_SIGNS[record.state]
        lines += labelled("so far", Content.assemble((f"{sign} ", style), words(record.why, style)), width)
    if record is not None and record.exit_status:
        lines += labelled("exit", Content.styled(str(record.exit_status), Tone.WARNING.loud), width)
    lines += conditions("guards", step.guards, guards, width)
    lines += conditions("expects", step.expects, expects, width)
    lines += undo_lines(step.undo, width, folded=folded)
    lines += labelled("leaves", words(step.leaves), width)
    if step.confirm is not None:
        typed = Content.assemble("asks to type ", words(step.confirm, "bold"))
        lines += labelled("asks", typed, width)
    limit = f"{span(step.timeout)}, then its outcome is unknown" + ("; always run" if step.always else "")
    return [*lines, *labelled("limit", Content.styled(limit, "dim"), width)]


def plan_lines(plan: Plan, width: int) -> list[Content]:
    """What is true of the plan as a whole."""
    lines = Content.styled(one_line(plan.title), "bold").wrap(width)
    lines += labelled("made", words(plan.made), width)
    for node in plan.nodes:
        lines += labelled(node.home, words(f"{node.name} ({node.host})  {node.image}"), width)
    lines += labelled("ends", words(plan.ends), width)
    if plan.disks is not None:
        picture = foreseen_lines(Foreseen(plan.disks), width, _PICTURE)
        lines += [Content(""), *picture, Content("")]
    lines += conditions("expects", plan.expects, (), width)
    for n, line in enumerate(plan.unchecked):
        lines += labelled("" if n else "unread", mark(Tone.UNKNOWN, one_line(line)), width)
    if not plan.unchecked:
        lines += labelled("unread", Content.styled("nothing: everything was checked", "dim"), width)
    if plan.aborts:
        lines += conditions("aborts", plan.aborts, (), width)
    ids = [step.id for step in plan.steps]
    for n, outage in enumerate(plan.outages):
        first, last = (ids.index(one) + 1 for one in outage)
        away = Content(f"the service is away from step {first} to step {last}")
        lines += labelled("" if n else "outage", away, width)
    for n, (name, value) in enumerate(plan.answers.items()):
        said = shown(value)
        lines += labelled("" if n else "answers", words(f"{name.replace('_', ' ')}: {said}"), width)
    if plan.direction is not None:
        lines += [Content(""), Content.styled("direction", "dim")]
        lines += direction_lines(plan.direction, (), width)
    return lines


class StepCard(VerticalScroll, Titled):
    """A step of a plan or run; without a step, the plan as a whole."""

    DEFAULT_CSS = """
    StepCard {
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        &:focus { border: heavy $foreground 60%; }
        Drawn { width: 1fr; height: auto; text-wrap: nowrap; }
    }
    """

    plan: var[Plan | None] = var(None)
    run: var[RunRecord | None] = var(None)
    step: var[str | None] = var(None)
    folded: var[bool] = var(True)
    """Whether functions that begin a step's text are one line."""

    _words = query_one(Drawn)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield Drawn()

    def watch_plan(self) -> None:
        """Another plan."""
        self._draw()

    def watch_run(self) -> None:
        """The run went on."""
        self._draw()

    def watch_step(self) -> None:
        """Another step, from its first line."""
        self._draw()
        self.scroll_home(animate=False)

    def watch_folded(self) -> None:
        """All of it, or less."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Lines fold elsewhere."""
        self._draw()

    def toggle_folded(self) -> None:
        """Show the functions, or fold them."""
        self.folded = not self.folded

    def text(self) -> str:
        """What is shown, and nothing folded, for the clipboard."""
        step = self._pointed()
        if step is None or not self.folded:
            return self._words.shown.plain
        return "\n".join(line.plain for line in step_lines(step, self._record(step), self._width))

    @property
    def _plan(self) -> Plan | None:
        return self.run.plan if self.run is not None else self.plan

    @property
    def _width(self) -> int:
        return max(16, self.scrollable_content_region.width)

    def _pointed(self) -> Step | None:
        return next((one for one in self._plan.steps if one.id == self.step), None) if self._plan else None

    def _record(self, step: Step) -> StepRecord | None:
        return next((r for r in self.run.steps if r.id == step.id), None) if self.run else None

    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        plan, width = self._plan, self._width
        if plan is None:
            self.entitle(Content.styled("details", "dim"))
            self._words.draw(Content(""))
            return
        step = self._pointed()
        if step is None:
            self._shown = None
            self.entitle(Content.styled("the plan as a whole", "dim"))
            self._words.draw(Content("\n").join(plan_lines(plan, width)))
            return
        record = self._record(step)
        # What it prints is not drawn here, and must not cost anything here.
        quiet = replace(record, out="", err="", **_STILL) if record is not None else None
        if (shown := (step, quiet, width, self.outer_size.width, self.folded)) == self._shown:
            return
        self._shown = shown
        number = [one.id for one in plan.steps].index(step.id) + 1
        room = max(8, self.outer_size.width - 28)
        self.entitle(
            words(f"{number}  {step.title}", "bold").truncate(room, ellipsis=True), _end(step, record)
        )
        self._words.draw(Content("\n").join(step_lines(step, record, width, folded=self.folded)))


_STILL: dict[str, Any] = {"percent": None, "eta": None, "moved": None, "total": None, "rate": None}


def _end(step: Step, record: StepRecord | None) -> Content:
    if record is None or record.state is StepState.PENDING:
        return risk(step.risk, word=True)
    sign, style = STATE_SIGNS[record.state]
    return Content.styled(f"{sign} {record.state.value} {took(record)}".rstrip(), style)
