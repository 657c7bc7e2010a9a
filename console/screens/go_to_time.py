"""The question which moment of a recording to show."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from console.model.replaying import Replaying
from console.parse.spoken_time import spoken_time
from widgets.amounts import date_and_clock
from widgets.drawn import Drawn, words
from widgets.signs import Tone, mark


class GoToTime(ModalScreen[float | None]):
    """Takes a time as people say it; what it means stands below while it is typed."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, replaying: Replaying) -> None:
        super().__init__()
        self._replaying = replaying

    def compose(self) -> ComposeResult:
        """What there is, the line to type into, what it means."""
        one = self._replaying
        with VerticalScroll(id="ask") as box:
            box.border_title = Content("go to a time")
            yield Static(
                Content.assemble(
                    "Recorded from ",
                    (date_and_clock(one.first), "bold"),
                    " to ",
                    (date_and_clock(one.last), "bold"),
                    ".",
                ),
                markup=False,
            )
            yield Input(placeholder="03:12, 2026-11-23T03:12, 90m (before the end), +5m, -5m")
            yield Drawn(id="means")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def _meant(self, said: str) -> tuple[float | None, Content]:
        """The moment, and words for what would be shown."""
        if not said.strip():
            return None, Content("")
        one = self._replaying
        try:
            at = spoken_time(said, one.last, one.at)
        except ValueError as odd:
            return None, mark(Tone.WARNING, str(odd))
        if one.first <= at <= one.last:
            return at, words(date_and_clock(at), "bold")
        nearest = one.first if at < one.first else one.last
        return nearest, mark(
            Tone.WARNING,
            f"{date_and_clock(at)} was not recorded; the nearest moment is {date_and_clock(nearest)}",
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what it means."""
        event.stop()
        self.query_one("#means", Drawn).draw(self._meant(event.value)[1])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter`: go there, if it is a time."""
        event.stop()
        at, _ = self._meant(event.value)
        if at is not None or not event.value.strip():
            self.dismiss(at)

    def action_cancel(self) -> None:
        """`escape`."""
        self.dismiss(None)
