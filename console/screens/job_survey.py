"""Before the questions of a job that has to know disks: they are read, visibly, and it can be left off."""

from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import app as the_app
from textual.widgets import Button

from console.screens.job_dialogs import AskDialog
from console.screens.showing import ConsoleApp
from playbooks.job import CannotPlan
from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.signs import Tone, mark


class SurveyDialog(AskDialog[bool | None]):
    """True once every machine was read; None when the operator went back."""

    TITLE_TEXT = "reading disks"
    app = the_app(ConsoleApp)

    def __init__(self, pair: str, machines: Sequence[str]) -> None:
        super().__init__()
        self._on = pair
        self._machines = tuple(machines)
        self._read = False

    def asked(self) -> ComposeResult:
        """What is being done, or why it could not be."""
        yield Drawn(id="survey")

    def answers(self) -> ComposeResult:
        """The way back, and a second try."""
        with Horizontal(classes="buttons"):
            yield Button("Cancel", id="back", compact=True)
            yield Button("Again", id="again", compact=True)

    def on_mount(self) -> None:
        """Begin at once."""
        self.query_one("#back", Button).focus()
        self.look()

    @work(exclusive=True)
    async def look(self) -> None:
        """Read them; leaving the dialog ends it."""
        jobs = self.app.jobs
        if jobs is None:
            return
        again = self.query_one("#again", Button)
        again.display = False
        told = self.query_one("#survey", Drawn)
        told.draw(words(f"reading the disks of {' and '.join(self._machines)}…"))
        try:
            await jobs.survey(self._on, self._machines)
        except CannotPlan as why:
            nothing = Content.styled("Nothing was changed.", "dim")
            told.draw(Content("\n").join([mark(Tone.WARNING, one_line(str(why), 600), loud=True), nothing]))
            again.display = True
            return
        self._read = True
        self._close()

    def on_screen_resume(self) -> None:
        """They may have been read while a question stood before this."""
        self._close()

    def _close(self) -> None:
        """Once, when everything is read and nothing stands before it."""
        if self._read and self.is_current:
            self._read = False
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Back, or once more."""
        event.stop()
        if event.button.id == "again":
            self.look()
        else:
            self.dismiss(None)
