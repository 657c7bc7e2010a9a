"""A line in which a name is typed exactly, and nothing but that makes the button work."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key, Paste
from textual.getters import query_one
from textual.message import Message
from textual.widgets import Button, Input

from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.signs import Tone, mark


class TypedInput(Input):
    """Takes keys only: what destroys is typed, not pasted."""

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()

    def action_paste(self) -> None:
        """Nothing: see the class."""

    def validate_value(self, value: str) -> str:
        """Control characters become symbols."""
        return one_line(value, 400)


class TypedConfirm(Vertical):
    """Cancel, and a button that is dead until `wanted` stands in the line exactly."""

    DEFAULT_CSS = """
    TypedConfirm {
        height: auto;
        Drawn { width: 1fr; height: auto; }
        Input, Input:focus { width: 1fr; background: $foreground 12%; margin-bottom: 1; }
        #typed-buttons { height: auto; align-horizontal: right; }
        Button { margin-left: 2; }
        Button:focus { text-style: bold reverse; }
    }
    """

    line = query_one(TypedInput)
    go = query_one("#typed-go", Button)

    @dataclass
    class Answered(Message):
        """The operator agreed by typing, or cancelled."""

        agreed: bool

    def __init__(
        self, wanted: str, *, label: str = "Go", cancel: str = "Cancel", destroys: bool = True
    ) -> None:
        super().__init__()
        self._wanted = wanted
        self._label = label
        self._cancel = cancel
        self._destroys = destroys

    @property
    def exact(self) -> bool:
        """Whether the name stands there, and nothing else."""
        return bool(self._wanted) and self.line.value == self._wanted

    def compose(self) -> ComposeResult:
        """What to type, the line, two buttons."""
        yield Drawn(id="typed-words")
        yield TypedInput(compact=True, select_on_focus=False, id="typed-line")
        with Horizontal(id="typed-buttons"):
            yield Button(Content(one_line(self._cancel, 30)), id="typed-cancel", compact=True)
            yield Button(
                Content(one_line(self._label, 40)),
                id="typed-go",
                variant="error" if self._destroys else "primary",
                disabled=True,
                compact=True,
            )

    def on_mount(self) -> None:
        """The harmless answer has the focus."""
        self._say()
        self.query_one("#typed-cancel", Button).focus()

    def on_key(self, event: Key) -> None:
        """Whoever begins to type types into the line, wherever the focus is."""
        # The line keeps what reaches it. Keys typed fast still arrive at the button that had the focus,
        # and must not go on from there to be taken for keys of the console.
        begun = bool(self.line.value)
        if event.is_printable and event.character and (begun or event.key != "space"):
            event.stop()
            event.prevent_default()
            self.line.focus()
            self.line.insert_text_at_cursor(event.character)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button follows the line."""
        event.stop()
        self.go.disabled = not self.exact
        self._say()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter` in the line agrees only to the exact name."""
        event.stop()
        if self.exact:
            self.post_message(self.Answered(True))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        if event.button.id == "typed-cancel":
            self.post_message(self.Answered(False))
        elif self.exact:
            self.post_message(self.Answered(True))

    def _say(self) -> None:
        what = "type the name of what will be overwritten:" if self._destroys else "type to agree:"
        said = Content.assemble(f"{what} ", words(self._wanted, "bold"))
        if self.line.value and not self.exact:
            so_far = self._wanted.startswith(self.line.value)
            hint = Content.styled("…", "dim") if so_far else mark(Tone.WARNING, "not the same")
            said = Content.assemble(said, "   ", hint)
        elif self.exact:
            said = Content.assemble(said, "   ", mark(Tone.OK, "the same"))
        self.query_one("#typed-words", Drawn).draw(said)
