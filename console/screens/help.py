"""Help: what the screen shows, what the signs mean, what the keys do."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Markdown, Static

from widgets.signs import Tone, mark

SIGNS = (
    (Tone.OK, "well, or holds the service"),
    (Tone.IDLE, "well and waiting; or a notice"),
    (Tone.WARNING, "warning: will hurt sooner or later"),
    (Tone.CRITICAL, "critical: broken, or data is in danger"),
    (Tone.UNKNOWN, "unknown: not read, not readable, or too old to be believed"),
    (Tone.WORKING, "working: connecting, rebuilding, starting"),
)


class HelpScreen(ModalScreen[None]):
    """Help for the screen under it."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Back", key_display="q")
    ]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._help = getattr(about, "HELP", "") or ""
        self._keys = tuple(
            (shown.binding.key_display or about.app.get_key_display(shown.binding), shown.binding)
            for shown in about.active_bindings.values()
            if shown.binding.tooltip and not shown.binding.system
        )

    def compose(self) -> ComposeResult:
        """The box."""
        with VerticalScroll(id="help") as box:
            box.border_title = Content("help")
            yield Markdown(self._help)
            yield Static(Content("\n").join(mark(tone, words) for tone, words in SIGNS), markup=False)
            keys = [
                Content.assemble(
                    ("\n" if not n else "", ""),
                    (f"{key:>8}  ", "bold"),
                    binding.tooltip,
                )
                for n, (key, binding) in enumerate(self._keys)
            ]
            yield Static(Content("\n").join(keys), markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one("#help").focus()
