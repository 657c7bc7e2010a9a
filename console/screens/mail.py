"""Mail of both nodes: queue depth, delivery slots, and where the queue is going."""

from textual.app import ComposeResult

from console.model.words import Home
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.mail_panel import MailPanel


class MailScreen(PairScreen):
    """qmail on both nodes, at a glance."""

    HERE = "mail"
    CSS_PATH = "mail.tcss"
    HELP = """
Messages in the queue, and those of them that qmail-send has not looked at yet; deliveries that run, of
those that may run at once (full slots carry a warning). The line under the serving node shows how deep its
queue was, oldest first.
"""

    def content(self) -> ComposeResult:
        """A box for each node."""
        for home in (Home.MASTER, Home.SLAVE):
            yield MailPanel(home, full=True, id=home.value).data_bind(PairScreen.state, PairScreen.moment)

    def on_mount(self) -> None:
        """The first box has the keys."""
        self.query(MailPanel).first().focus()

    def _raw(self) -> tuple[str, str] | None:
        if self.state is None:
            return None
        panel = self.focused if isinstance(self.focused, MailPanel) else self.query(MailPanel).first()
        view = self.state.snapshot.node(panel.home or Home.MASTER)
        return f"mail on {view.name}", view.facts.mail.raw

    def action_raw(self) -> None:
        """What qmail-qstat and the log said."""
        if (raw := self._raw()) is not None:
            self.app.push_screen(RawScreen(*raw))

    def action_copy(self) -> None:
        """The same text."""
        if (raw := self._raw()) is not None:
            self.app.copy_text(raw[1], raw[0])
