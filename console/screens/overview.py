"""The overview: both nodes, the data path between them, readiness, findings, mail, events."""

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.reactive import var
from textual.widget import Widget

from console.model.mail import OldestMail
from console.model.snapshot import NodeView
from console.model.words import Home
from console.screens.finding_dialog import FindingDialog
from console.screens.finding_words import finding_text
from console.screens.known import all_raw
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.data_path import DataPath
from widgets.events_list import EventsList, event_text
from widgets.findings_list import FindingsList
from widgets.mail_panel import MailPanel, serving_home
from widgets.node_card import NodeCard
from widgets.readiness_line import ReadinessLine


class OverviewScreen(PairScreen):
    """One glance: who is MASTER, who holds the address, how the mirror stands, where it is mounted."""

    HERE = "overview"
    CSS_PATH = "overview.tcss"
    HELP = """
The two boxes are the nodes, home master at the left; the role it has *now* stands at the right of its border.
Under them the data path, drawn as the data flows: image, md, mirror, gate, ggated, image. Where the line
breaks, the data path is broken. Ages stand at the right of each line; what is too old is grey and dated.

`tab` goes from box to box. `enter` on a node or finding shows all of it; `r` the text behind it.
"""

    oldest: var[OldestMail | None] = var(None)
    """Of the node whose mail is shown, where its queue was walked."""

    def content(self) -> ComposeResult:
        """Everything at once."""
        bind = {"state": PairScreen.state, "moment": PairScreen.moment, "compact": PairScreen.compact}
        with Horizontal(id="nodes"):
            yield NodeCard(Home.MASTER, id="master").data_bind(**bind)
            yield NodeCard(Home.SLAVE, id="slave").data_bind(**bind)
        yield DataPath().data_bind(**bind)
        yield ReadinessLine().data_bind(PairScreen.state)
        with Container(id="below"):
            yield FindingsList().data_bind(PairScreen.state, PairScreen.filter)
            with Container(id="beside"):
                yield MailPanel().data_bind(**bind, oldest=OverviewScreen.oldest)
                yield EventsList().data_bind(PairScreen.state, PairScreen.filter)

    def on_mount(self) -> None:
        """`enter` opens the worst finding."""
        self.query_one(FindingsList).focus()
        self.watch(self.app, "oldest", self._take_oldest)

    def take(self) -> None:
        """The newest state, and what is known of the queue of the node that serves."""
        super().take()
        self._take_oldest()

    def _take_oldest(self) -> None:
        if self.is_current and self.state is not None:
            self.oldest = self.app.oldest.get((self.pair, serving_home(self.state)))

    def on_node_card_chosen(self, event: NodeCard.Chosen) -> None:
        """Everything of that node."""
        self.app.home = event.home
        self.app.switch_mode("node")

    def on_findings_list_chosen(self, event: FindingsList.Chosen) -> None:
        """The details of one finding."""
        self.app.push_screen(FindingDialog(event.finding))

    def _node(self, widget: Widget | None) -> NodeView | None:
        if self.state is None or not isinstance(widget, NodeCard):
            return None
        return self.state.snapshot.node(widget.home)

    def action_raw(self) -> None:
        """The text behind the pane that has the focus."""
        focused, state = self.focused, self.state
        if state is None:
            return
        if isinstance(focused, FindingsList) and focused.pointed is not None:
            self.app.push_screen(RawScreen(f"behind {focused.pointed.id}", focused.pointed.raw))
        elif (view := self._node(focused)) is not None:
            self.app.push_screen(RawScreen(f"everything {view.name} printed", all_raw(view)))
        elif isinstance(focused, MailPanel):
            text = "\n".join(f"## {view.name}\n{view.facts.mail.raw}" for view in state.snapshot.nodes)
            self.app.push_screen(RawScreen("mail", text))
        else:
            self.app.notify("choose a node, a finding or mail with tab first", markup=False, timeout=3)

    def action_copy(self) -> None:
        """Copy the pane that has the focus; without one, the whole overview in words."""
        focused = self.focused
        if isinstance(focused, FindingsList) and focused.pointed is not None:
            self.app.copy_text(finding_text(focused.pointed), focused.pointed.what)
        elif isinstance(focused, EventsList) and focused.pointed is not None:
            self.app.copy_text(event_text(focused.pointed), focused.pointed.text)
        elif (view := self._node(focused)) is not None:
            self.app.copy_text(all_raw(view), f"everything {view.name} printed")
        elif self.state is not None:
            self.app.copy_text(
                "\n\n".join(finding_text(finding) for finding in self.state.findings) or "no findings",
                "all findings",
            )
