"""The two questions a connection may ask: a passphrase, and whether to trust an unknown host key."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from widgets.drawn import words


class PassphraseDialog(ModalScreen[str | None]):
    """Asks for the passphrase of a private key; it is kept nowhere."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def compose(self) -> ComposeResult:
        """The question, the line to type into, two buttons."""
        with VerticalScroll(id="ask") as box:
            box.border_title = Content("passphrase")
            yield Static(
                Content.assemble("The private key ", words(self._key, "bold"), " is locked."), markup=False
            )
            yield Input(password=True, placeholder="passphrase", id="passphrase")
            yield Static(Content.styled("Cancel leaves the node unreached until the next attempt.", "dim"))
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Unlock", id="yes", variant="primary")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter` in the line."""
        event.stop()
        self.dismiss(event.value)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        self.dismiss(self.query_one(Input).value if event.button.id == "yes" else None)

    def action_cancel(self) -> None:
        """`escape`."""
        self.dismiss(None)


class TrustDialog(ModalScreen[bool]):
    """Shows the fingerprint of a host key nobody has vouched for yet; Cancel has the focus."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("left,right", "app.focus_next", "Other button", show=False),
    ]

    def __init__(self, host: str, fingerprint: str, key_type: str) -> None:
        super().__init__()
        self._host = host
        self._fingerprint = fingerprint
        self._type = key_type

    def compose(self) -> ComposeResult:
        """What is known of the key, what to compare it with, two buttons."""
        with VerticalScroll(id="ask") as box:
            box.border_title = Content("unknown host key")
            yield Static(
                Content.assemble(words(self._host, "bold"), " shows a host key that is not in known_hosts."),
                markup=False,
            )
            yield Static(
                Content.assemble(words(self._type, "dim"), "\n", words(self._fingerprint, "bold")),
                markup=False,
            )
            yield Static(
                Content(
                    "Compare it on the node's own terminal: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub. "
                    "Trust it only if both are the same; it is then kept in known_hosts."
                ),
                markup=False,
            )
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Trust and remember", id="yes", variant="warning")

    def on_mount(self) -> None:
        """The harmless answer is the one that `enter` gives."""
        self.query_one("#cancel", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_cancel(self) -> None:
        """`escape`."""
        self.dismiss(False)
