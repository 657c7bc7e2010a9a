"""The text a node printed, as it was printed."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import app as the_app
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from console.screens.showing import ConsoleApp
from widgets.plain import many_lines, one_line


class RawScreen(ModalScreen[None]):
    """A text in a box that scrolls both ways."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,r", "dismiss", "Back", key_display="q"),
        Binding("y", "copy", "Copy"),
    ]
    app = the_app(ConsoleApp)

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = one_line(title, 120)
        self._text = text

    def compose(self) -> ComposeResult:
        """The box."""
        with VerticalScroll(id="raw") as box:
            box.border_title = Content(self._title)
            yield Static(Content(many_lines(self._text) or "the node printed nothing"), markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one("#raw").focus()

    def action_copy(self) -> None:
        """Copy all of it."""
        self.app.copy_text(self._text, self._title)
