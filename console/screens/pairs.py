"""All pairs of the configuration, one line each."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.reactive import var

from console.model.snapshot import PairState
from console.screens.finding_words import finding_text
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.pairs_table import PairsTable


class PairsScreen(PairScreen):
    """Several pairs; `enter` shows one on the overview."""

    HERE = "pairs"
    HELP = """
Each pair in one line: the state of its data path, who serves, whether the other could take over, its findings
with the worst one's id, the mail queue and both links. `enter` shows the pair on the overview.
"""
    all: var[Mapping[str, PairState | None]] = var(dict)

    def content(self) -> ComposeResult:
        """The table."""
        yield PairsTable().data_bind(PairScreen.filter, states=PairsScreen.all)

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one(PairsTable).focus()

    def take(self) -> None:
        """All pairs, also those without a state yet, in the order of the configuration."""
        super().take()
        if self.is_current:
            self.all = {pair.name: self.app.states.get(pair.name) for pair in self.app.pairs}

    def on_pairs_table_chosen(self, event: PairsTable.Chosen) -> None:
        """Show that pair."""
        self.app.pair = event.pair
        self.app.switch_mode("overview")

    def _findings(self) -> tuple[str, str] | None:
        table = self.query_one(PairsTable)
        if not table.row_count:
            return None
        name = table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value or ""
        state = self.app.states.get(name)
        if state is None:
            return None
        return f"findings of {name}", "\n\n".join(map(finding_text, state.findings)) or "no findings"

    def action_raw(self) -> None:
        """The findings of the pair under the cursor, as text."""
        if (found := self._findings()) is not None:
            self.app.push_screen(RawScreen(*found))

    def action_copy(self) -> None:
        """The same text."""
        if (found := self._findings()) is not None:
            self.app.copy_text(found[1], found[0])
