"""Faults of the simulated pair: a menu that exists only when a lab is behind the console."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from widgets.drawn import words
from widgets.plain import one_line


class Faults(Protocol):
    """What can be broken and mended in a lab."""

    def offered(self) -> Sequence[tuple[str, str]]:
        """Each fault as typed (`power-off b`), and what it does."""
        ...

    async def fault(self, name: str, *args: str) -> str:
        """Bring it about; returns what happened."""
        ...


class FaultsDialog(ModalScreen[str | None]):
    """Choose a fault; the answer is what one would type after `mirrorgate lab fault`."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f", "cancel", "Back", key_display="q")]

    def __init__(self, offered: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._offered = tuple(offered)

    def compose(self) -> ComposeResult:
        """The list."""
        wide = max((len(name) for name, _ in self._offered), default=0) + 2
        with VerticalScroll(id="ask", classes="-wide") as box:
            box.border_title = Content("faults of the simulated pair")
            yield Static(Content.styled("Nothing real is touched.", "dim"))
            yield OptionList(
                *(
                    Option(Content.assemble((one_line(name, 40).ljust(wide), "bold"), words(what)))
                    for name, what in self._offered
                ),
                markup=False,
                compact=True,
            )
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Arrow keys choose at once."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """`enter` on a fault."""
        event.stop()
        self.dismiss(self._offered[event.option_index][0])

    def action_cancel(self) -> None:
        """Leave the pair as it is."""
        self.dismiss(None)
