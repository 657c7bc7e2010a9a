"""One finding in a box over the overview."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import app as the_app
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from console.model.snapshot import Finding
from console.screens.finding_words import finding_details, finding_text
from console.screens.raw import RawScreen
from console.screens.showing import ConsoleApp


class FindingDialog(ModalScreen[None]):
    """What, why, what to do."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Back", key_display="q"),
        Binding("r", "raw", "Raw"),
        Binding("y", "copy", "Copy"),
    ]
    app = the_app(ConsoleApp)

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self._finding = finding

    def compose(self) -> ComposeResult:
        """The box."""
        with VerticalScroll(id="finding") as box:
            box.border_title = Content("finding")
            yield Static(finding_details(self._finding), markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one("#finding").focus()

    def action_raw(self) -> None:
        """Only the lines the node printed."""
        self.app.push_screen(RawScreen(f"behind {self._finding.id}", self._finding.raw))

    def action_copy(self) -> None:
        """The finding as text."""
        self.app.copy_text(finding_text(self._finding), self._finding.what)
