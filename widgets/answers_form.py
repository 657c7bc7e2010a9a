"""One question of a job: what is asked, a line or list to answer with, and at once whether it will do."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from console.model.form import Field, Kind, shown
from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.signs import Tone, mark

LONGEST = 400
"""Characters of one answer."""


class PlainInput(Input):
    """A line in which control characters are symbols, wherever they came from."""

    def validate_value(self, value: str) -> str:
        """Nothing in it acts."""
        return one_line(value, LONGEST)

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        # Every line is kept, its end made visible: a pasted list must not become its first word in silence.
        self.insert_text_at_cursor(one_line(event.text.rstrip("\n"), LONGEST))


class AnswerField(Vertical):
    """Asks for one field; `Changed` tells whether the answer will do, `Given` that somebody pressed enter."""

    DEFAULT_CSS = """
    AnswerField {
        height: auto;
        Drawn { width: 1fr; height: auto; }
        #about { color: $foreground 80%; margin-bottom: 1; }
        Input { width: 1fr; max-width: 72; }
        OptionList {
            height: auto; max-height: 12; max-width: 72; padding: 0;
            background: transparent; border: round $foreground 35%;
        }
        OptionList:focus { border: heavy $foreground 60%; }
        OptionList > .option-list--option-highlighted {
            background: $foreground 20%; color: $foreground; text-style: bold;
        }
        OptionList:ansi > .option-list--option-highlighted { text-style: bold reverse; }
        OptionList:nocolor > .option-list--option-highlighted { text-style: bold reverse; }
        #verdict { margin-top: 1; min-height: 1; }
    }
    AnswerField.-tight {
        #about { margin-bottom: 0; }
        #verdict { margin-top: 0; }
    }
    """

    @dataclass
    class Changed(Message):
        """Another answer stands there."""

        field: Field
        trouble: str
        """One line; empty when the answer will do."""

    @dataclass
    class Given(Message):
        """`enter` on an answer that will do."""

        field: Field

    def __init__(self, field: Field, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.field = field
        self.answer = shown(field.default)
        """What stands there, as typed."""
        if self._listed and self.answer not in self._options and not field.optional:
            self.answer = self._options[0]
        self.trouble = ""
        self._wants_focus = False

    @property
    def _listed(self) -> bool:
        return self.field.kind in (Kind.YES_NO, Kind.CHOICE)

    @property
    def _options(self) -> tuple[str, ...]:
        plain = ("yes", "no") if self.field.kind is Kind.YES_NO else self.field.choices
        return ("", *plain) if self.field.optional else plain

    @property
    def kept(self) -> bool:
        """Whether the answer is still the one that was offered."""
        return self.answer == shown(self.field.default)

    def compose(self) -> ComposeResult:
        """Question, editor, verdict."""
        yield Drawn(id="title")
        yield Drawn(id="about")
        if self._listed:
            default = shown(self.field.default)
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            words(one or "leave it to the planner"),
                            ("  offered" if one == default else "", "dim"),
                        )
                    )
                    for one in self._options
                ),
                markup=False,
                compact=True,
            )
        else:
            yield PlainInput(self.answer, compact=False)
        yield Drawn(id="verdict")

    def on_mount(self) -> None:
        """The answer that is offered stands there already."""
        self.query_one("#title", Drawn).draw(words(self.field.title, "bold"))
        self._draw_about()
        if self._listed and self.answer in self._options:
            self.query_one(OptionList).highlighted = self._options.index(self.answer)
        self._judge()
        if self._wants_focus:
            self.take_focus()

    def _draw_about(self) -> None:
        limits = "; ".join(one for one in (self.field.kind.value, self.field.limits) if one)
        about = Content.assemble(
            words(self.field.about), "\n" if self.field.about else "", (one_line(limits), "dim")
        )
        self.query_one("#about", Drawn).draw(about)

    def offer(self, field: Field) -> None:
        """Offer what another reading suggests; an answer that was given stays."""
        kept = self.kept
        self.field = field
        self._draw_about()
        answer = shown(field.default)
        if kept and answer != self.answer:
            if self._listed:
                if answer in self._options:
                    self.answer = answer
                    self.query_one(OptionList).highlighted = self._options.index(answer)
            else:
                self.query_one(PlainInput).value = answer
                self.answer = answer
        self._judge()

    def take_focus(self) -> None:
        """Type or choose at once."""
        editors = self.query(OptionList if self._listed else PlainInput)
        self._wants_focus = not editors
        if editors:
            editors.first().focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judged while typing."""
        event.stop()
        self.answer = event.value
        self._judge()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The line under the cursor is the answer."""
        event.stop()
        self.answer = self._options[event.option_index]
        self._judge()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter` goes on, if the answer will do."""
        event.stop()
        self._give()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter` on a choice."""
        event.stop()
        self._give()

    def _give(self) -> None:
        if not self.trouble:
            self.post_message(self.Given(self.field))

    def _judge(self) -> None:
        try:
            self.field.read(self.answer)
        except ValueError as odd:
            self.trouble = one_line(str(odd)) or "this will not do"
        else:
            self.trouble = ""
        if self.trouble:
            said = mark(Tone.CRITICAL, self.trouble)
        else:
            said = mark(Tone.OK, "will do" + (", as offered" if self.kept and self.answer else ""))
        self.query_one("#verdict", Drawn).draw(said)
        self.post_message(self.Changed(self.field, self.trouble))
