"""All findings, and beside the list the one under the cursor in full."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from console.screens.finding_dialog import FindingDialog
from console.screens.finding_words import finding_details, finding_text
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.drawn import Drawn
from widgets.findings_list import FindingsList
from widgets.readiness_line import ReadinessLine


class FindingsScreen(PairScreen):
    """What is wrong or risky, worst first; why it matters, what to do, and the raw text behind it."""

    HERE = "findings"
    CSS_PATH = "findings.tcss"
    HELP = """
Every finding has a stable id, and says what is so, why it matters and what to do. `enter` opens it in a box,
`r` shows the lines the node printed, `y` copies it, `/` looks for words.
"""

    def content(self) -> ComposeResult:
        """The list, and the details."""
        yield ReadinessLine().data_bind(PairScreen.state)
        yield FindingsList().data_bind(PairScreen.state, PairScreen.filter)
        with VerticalScroll(id="details") as box:
            box.border_title = Content("details")
            yield Drawn(id="words")

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one(FindingsList).focus()

    def on_findings_list_pointed(self, event: FindingsList.Pointed) -> None:
        """Details follow the cursor."""
        details = finding_details(event.finding) if event.finding else Content("")
        self.query_one("#words", Drawn).draw(details)

    def on_findings_list_chosen(self, event: FindingsList.Chosen) -> None:
        """The details in a box of their own."""
        self.app.push_screen(FindingDialog(event.finding))

    def action_raw(self) -> None:
        """The lines behind the finding under the cursor."""
        found = self.query_one(FindingsList).pointed
        if found is not None:
            self.app.push_screen(RawScreen(f"behind {found.id}", found.raw))

    def action_copy(self) -> None:
        """The finding under the cursor."""
        found = self.query_one(FindingsList).pointed
        if found is not None:
            self.app.copy_text(finding_text(found), found.what)
