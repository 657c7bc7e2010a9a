"""The timeline: roles, addresses, mirrors, mounts, links, with their times."""

from textual.app import ComposeResult

from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.events_list import EventsList, event_text


class EventsScreen(PairScreen):
    """What changed since the console started, newest first."""

    HERE = "events"
    CSS_PATH = "events.tcss"
    HELP = """
What changed and when, newest first, in the console's time (each node's clock offset is taken out).
`/` looks for words: a node's name, `role`, `mirror`, `link`, `critical` …; `y` copies the line under the
cursor.
"""

    def content(self) -> ComposeResult:
        """The list."""
        yield EventsList(dated=True).data_bind(PairScreen.state, PairScreen.filter)

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one(EventsList).focus()

    def action_raw(self) -> None:
        """All events as text."""
        if self.state is not None:
            self.app.push_screen(
                RawScreen("events", "\n".join(event_text(event) for event in self.state.events))
            )

    def action_copy(self) -> None:
        """The event under the cursor."""
        found = self.query_one(EventsList).pointed
        if found is not None:
            self.app.copy_text(event_text(found), found.text)
