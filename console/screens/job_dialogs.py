"""Small questions of the jobs' screens: a sentence and buttons, the harmless one first and focused."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from console.screens.job_running import SecretAsked
from widgets.answers_form import PlainInput
from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.signs import Tone, mark

T = TypeVar("T")


class AskDialog(ModalScreen[T]):
    """A box: what is asked scrolls, what answers it always stands under it. `escape` answers nothing."""

    CSS_PATH = "job_dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", "Back"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    TITLE_TEXT = "question"

    def compose(self) -> ComposeResult:
        """Title, what is asked, what answers."""
        with Vertical(id="job-ask") as box:
            box.border_title = words(self.TITLE_TEXT)
            with VerticalScroll(id="job-asked", can_focus=False):
                yield from self.asked()
            yield from self.answers()

    def asked(self) -> ComposeResult:
        """What is asked."""
        yield from ()

    def answers(self) -> ComposeResult:
        """What answers it."""
        yield from ()

    def action_later(self) -> None:
        """`escape`: nothing was answered."""
        self.dismiss(None)


def said(text: Content) -> Widget:
    """A paragraph of a dialog."""
    return Static(text, markup=False, classes="said")


class ButtonsDialog(AskDialog[str | None]):
    """Sentences and buttons; the answer is the id of one, None when the dialog was only closed."""

    def __init__(self, title: str, told: Sequence[Content], buttons: Sequence[tuple[str, str, str]]) -> None:
        """`buttons` are (id, label, variant); the first has the focus."""
        super().__init__()
        self.TITLE_TEXT = title
        self._told = tuple(told)
        self._buttons = tuple(buttons)

    def asked(self) -> ComposeResult:
        """The sentences."""
        for text in self._told:
            yield said(text)

    def answers(self) -> ComposeResult:
        """The buttons."""
        with Horizontal(classes="buttons"):
            for id, label, variant in self._buttons:
                yield Button(Content(one_line(label, 40)), id=id, variant=variant, compact=True)  # type: ignore[arg-type]

    def on_mount(self) -> None:
        """The harmless answer is the one that `enter` gives."""
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        self.dismiss(event.button.id)


class SaveDialog(AskDialog[Path | None]):
    """Where to write a plan."""

    TITLE_TEXT = "save the plan"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def asked(self) -> ComposeResult:
        """What the file is good for."""
        yield said(
            Content(
                "A TOML file that `mirrorgate apply FILE` runs, as long as the facts it was made from hold."
            )
        )

    def answers(self) -> ComposeResult:
        """The path."""
        yield PlainInput(self._name, compact=True)
        with Horizontal(classes="buttons"):
            yield Button("Cancel", id="cancel", compact=True)
            yield Button("Save", id="yes", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Change the name at once."""
        self.query_one(PlainInput).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter` in the line."""
        event.stop()
        self._save()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        if event.button.id == "cancel":
            self.dismiss(None)
        else:
            self._save()

    def _save(self) -> None:
        path = self.query_one(PlainInput).value.strip()
        if path:
            self.dismiss(Path(path).expanduser())


class SecretDialog(AskDialog[str | None]):
    """Asks for a secret, twice; `generate` lets the engine make one. It is shown and kept nowhere."""

    TITLE_TEXT = "a secret"
    GENERATE = ""
    """The answer that means: make one."""

    def __init__(self, asked: SecretAsked) -> None:
        super().__init__()
        self._asked = asked

    def asked(self) -> ComposeResult:
        """What for."""
        yield said(words(self._asked.prompt, "bold"))
        yield said(
            Content.styled(
                "It goes to the nodes only: no plan, journal, log, report or screen has it.", "dim"
            )
        )

    def answers(self) -> ComposeResult:
        """Two lines and two buttons."""
        yield Input(password=True, placeholder="the secret", compact=True, id="secret")
        yield Input(password=True, placeholder="the same again", compact=True, id="again")
        yield Drawn(id="verdict")
        with Horizontal(classes="buttons"):
            yield Button("Generate one", id="generate", compact=True)
            yield Button("Use this", id="yes", variant="primary", disabled=True, compact=True)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#secret", Input).focus()

    def _both(self) -> tuple[str, str]:
        return self.query_one("#secret", Input).value, self.query_one("#again", Input).value

    def on_input_changed(self, event: Input.Changed) -> None:
        """Both lines must be the same."""
        event.stop()
        one, two = self._both()
        self.query_one("#yes", Button).disabled = not one or one != two
        differ = bool(two) and one != two
        self.query_one("#verdict", Drawn).draw(mark(Tone.WARNING, "not the same") if differ else Content(""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter`: to the second line, then done if both are the same; from two empty lines to the button."""
        event.stop()
        one, two = self._both()
        if event.input.id == "secret":
            self.query_one("#again", Input).focus()
        elif one and one == two:
            self.dismiss(one)
        elif not one and not two:
            self.query_one("#generate", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        one, two = self._both()
        if event.button.id == "generate":
            self.dismiss(self.GENERATE)
        elif one and one == two:
            self.dismiss(one)
