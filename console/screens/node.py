"""One node: its card, and every fact known of it with its age."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import DataTable

from console.model.snapshot import NodeView, PairState
from console.model.words import Home
from console.screens.known import Row, all_raw, rows
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.amounts import age
from widgets.moment import Moment
from widgets.node_card import NodeCard
from widgets.plain import one_line
from widgets.signs import Tone

COLUMNS = (("sign", " "), ("age", "  age"), ("item", "what"), ("text", "as read"))


@dataclass(frozen=True, slots=True)
class _Cells:
    sign: str
    item: str
    text: str


class KnownTable(DataTable[Text]):
    """Every fact of a node; rows keep their place while values change."""

    DEFAULT_CSS = "KnownTable { height: 1fr; background: transparent; scrollbar-size-vertical: 1; }"

    state: var[PairState | None] = var(None)
    moment: var[Moment | None] = var(None)
    filter: var[str] = var("")
    home: var[Home] = var(Home.MASTER)

    def __init__(self) -> None:
        super().__init__(cursor_type="row")
        self._shown: dict[str, _Cells] = {}
        self._ages: dict[str, str] = {}
        self._rows: dict[str, Row] = {}

    @property
    def pointed(self) -> Row | None:
        """The row under the cursor."""
        if not self.row_count:
            return None
        return self._rows.get(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or "")

    def on_mount(self) -> None:
        """The columns never change."""
        for key, title in COLUMNS:
            self.add_column(Text(title), key=key)
        self._draw()

    def watch_state(self) -> None:
        """New facts."""
        self._draw()

    def watch_home(self) -> None:
        """The other node."""
        self._draw()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def watch_moment(self) -> None:
        """Ages only."""
        self._tell_ages()

    def _draw(self) -> None:
        if not self.columns:
            return
        if self.state is None:
            self._refill({})
            return
        wanted = self.filter.casefold()
        found = {row.key: row for row in rows(self.state.snapshot.node(self.home))}
        found = {key: row for key, row in found.items() if wanted in f"{row.item} {row.text}".casefold()}
        keys = list(found)
        if keys != list(self._shown):
            self._refill(found)
        else:
            for key, row in found.items():
                self._update(key, row)
        self._rows = found
        self._tell_ages()

    def _cells(self, row: Row) -> _Cells:
        return _Cells(row.tone.sign if row.tone else " ", row.item, row.text)

    def _style(self, row: Row) -> str:
        return "dim" if row.tone is Tone.UNKNOWN else ""

    def _refill(self, found: dict[str, Row]) -> None:
        """Rows came or went: fill again, with cursor and scroll where they were."""
        before, offset = self.pointed, self.scroll_offset
        self.clear()
        self._shown, self._ages, self._rows = {}, {}, {}
        for key, row in found.items():
            cells, style = self._cells(row), self._style(row)
            self.add_row(
                Text(cells.sign, style), Text(""), Text(cells.item, style), Text(cells.text, style), key=key
            )
            self._shown[key] = cells
        if before is not None and before.key in found:
            self.move_cursor(row=list(found).index(before.key), animate=False)
        self.scroll_to(offset.x, offset.y, animate=False)

    def _update(self, key: str, row: Row) -> None:
        cells, old, style = self._cells(row), self._shown[key], self._style(row)
        if cells == old:
            return
        for column in ("sign", "item", "text"):
            self.update_cell(key, column, Text(getattr(cells, column), style), update_width=column == "text")
        self._shown[key] = cells

    def _tell_ages(self) -> None:
        if self.moment is None or not self.columns:
            return
        facts = self.moment.state.snapshot.node(self.home).facts
        for key in self._shown:
            fact = getattr(facts, key.split("/", 1)[0])
            seconds = self.moment.age(fact)
            text = "never" if seconds is None else age(seconds)
            text = f"{Tone.UNKNOWN.sign} {text}" if fact.unknown is not None else text
            if self._ages.get(key) != text:
                self._ages[key] = text
                self.update_cell(key, "age", Text(f"{text:>5}", "dim"), update_width=True)


class NodeScreen(PairScreen):
    """Everything known of one node."""

    HERE = "node"
    CSS_PATH = "node.tcss"
    HELP = """
Every fact of one node, with its age. `n` shows the other node. `r` (or `enter`) shows the text a fact was
read from, `/` finds rows. Rows that are too old to be believed are grey and carry the sign of the unknown.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "other", "Other node", tooltip="Show the other node of the pair"),
    ]

    home: var[Home] = var(Home.MASTER)

    def content(self) -> ComposeResult:
        """Two cards of which one is shown, and the rows."""
        for home in (Home.MASTER, Home.SLAVE):
            yield NodeCard(home, id=home.value).data_bind(
                PairScreen.state, PairScreen.moment, PairScreen.compact
            )
        yield KnownTable().data_bind(PairScreen.state, PairScreen.moment, PairScreen.filter, NodeScreen.home)

    def on_mount(self) -> None:
        """Follow which node was asked for."""
        self.watch(self.app, "home", self._take_home)

    def _take_home(self, home: Home) -> None:
        self.home = home
        for card in self.query(NodeCard):
            card.display = card.home is home
        self.query_one(KnownTable).focus()

    def action_other(self) -> None:
        """Show the other node."""
        self.app.home = Home.SLAVE if self.app.home is Home.MASTER else Home.MASTER

    def on_data_table_row_selected(self) -> None:
        """`enter` on a row."""
        self.action_raw()

    @property
    def _view(self) -> NodeView | None:
        return self.state.snapshot.node(self.home) if self.state else None

    def action_raw(self) -> None:
        """The text the row under the cursor was read from."""
        view, row = self._view, self.query_one(KnownTable).pointed
        if view is None:
            return
        if row is None or isinstance(self.focused, NodeCard):
            self.app.push_screen(RawScreen(f"everything {view.name} printed", all_raw(view)))
            return
        fact = getattr(view.facts, row.section)
        self.app.push_screen(RawScreen(f"{row.section} on {view.name}", fact.raw))

    def action_copy(self) -> None:
        """The row under the cursor."""
        row = self.query_one(KnownTable).pointed
        if row is not None:
            self.app.copy_text(f"{row.item}: {row.text}", one_line(row.item, 40))
