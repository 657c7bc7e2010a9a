"""Several pairs, one line each: the worst first thing of each, and how they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.widgets import DataTable

from console.model.snapshot import LinkState, PairState
from console.model.words import Answer, Role
from widgets.data_path import verdict
from widgets.path_facts import read_path
from widgets.plain import beginning, one_line
from widgets.signs import ANSWER_TONES, SEVERITY_TONES, Tone

COLUMNS = ("pair", "data path", "serves", "take-over", "findings", "queue", "nodes")
LINK_TONES = {
    LinkState.LIVE: Tone.OK,
    LinkState.CONNECTING: Tone.WORKING,
    LinkState.SILENT: Tone.UNKNOWN,
    LinkState.LOST: Tone.UNKNOWN,
    LinkState.REFUSED: Tone.CRITICAL,
}


def cells(name: str, state: PairState | None) -> tuple[str, ...]:
    """One row, as plain text; unknown stays `?`."""
    if state is None:
        return (one_line(name, 32), f"{Tone.WORKING.sign} connecting", "?", "?", "?", "?", "?")
    masters = [
        v.name for v, t in zip(state.snapshot.nodes, state.truths, strict=True) if t.role is Role.MASTER
    ]
    serving = (state.readiness.serving if state.readiness else None) or " + ".join(masters) or "?"
    answer = state.readiness.answer if state.readiness else Answer.UNKNOWN
    worst = state.findings[0] if state.findings else None
    found = f"{SEVERITY_TONES[worst.severity].sign} {len(state.findings)} {worst.id}" if worst else "0"
    queue = f"{state.queue_history[-1]:,}" if state.queue_history else "?"
    links = "  ".join(
        f"{LINK_TONES[v.link.state].sign} {beginning(v.name, 14)}" for v in state.snapshot.nodes
    )
    return (
        one_line(name, 32),
        verdict(read_path(state)).plain,
        beginning(serving, 20),
        f"{ANSWER_TONES[answer].sign} {answer.value}",
        one_line(found, 24),
        queue,
        links,
    )


class PairsTable(DataTable[Text]):
    """The pairs of the configuration; `enter` shows one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Show", tooltip="Show this pair")
    ]
    DEFAULT_CSS = """
    PairsTable { height: 1fr; background: transparent; }
    """

    states: var[Mapping[str, PairState | None]] = var(dict)
    filter: var[str] = var("")

    @dataclass
    class Chosen(Message):
        """Someone wants to see a pair."""

        pair: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._rows: dict[str, tuple[str, ...]] = {}
        self._known: dict[str, tuple[PairState | None, tuple[str, ...]]] = {}

    def on_mount(self) -> None:
        """The columns never change."""
        for title in COLUMNS:
            self.add_column(Text(title), key=title)
        self._draw()

    def watch_states(self) -> None:
        """New states of some pairs."""
        self._draw()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """`enter` on a row."""
        event.stop()
        if event.row_key.value is not None:
            self.post_message(self.Chosen(event.row_key.value))

    def _row(self, name: str, state: PairState | None) -> tuple[str, ...]:
        """The row of a pair, worked out only when its state is another one."""
        known = self._known.get(name)
        if known is None or known[0] is not state:
            known = self._known[name] = (state, cells(name, state))
        return known[1]

    def _draw(self) -> None:
        if not self.columns:
            return
        wanted = self.filter.casefold()
        rows = {name: self._row(name, state) for name, state in self.states.items()}
        rows = {name: row for name, row in rows.items() if wanted in " ".join(row).casefold()}
        for name in [name for name in self._rows if name not in rows]:
            self.remove_row(name)
            del self._rows[name]
        for name, row in rows.items():
            before = self._rows.get(name)
            if before is None:
                self.add_row(*(Text(cell) for cell in row), key=name)
            else:
                for column, cell, old in zip(COLUMNS, row, before, strict=True):
                    if cell != old:
                        self.update_cell(name, column, Text(cell), update_width=True)
            self._rows[name] = row
