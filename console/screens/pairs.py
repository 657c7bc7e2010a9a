"""The fleet: all pairs of the configuration, one line each, the worst first."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import var

from console.model.pair_line import PairLine
from console.screens.finding_words import finding_text
from console.screens.raw import RawScreen
from console.screens.showing import PairScreen
from widgets.drawn import Drawn, words
from widgets.fleet_rows import Row, word
from widgets.fleet_table import FleetTable
from widgets.plain import one_line
from widgets.signs import Tone, mark


class PairsScreen(PairScreen):
    """Every pair; `enter` shows one on the overview."""

    HERE = "pairs"
    FILTER_HINT = "words, all of them: a name, an address, critical, tag:WORD, not:WORD; escape clears"
    HELP = """
Each pair in one line, the worst first: critical findings, warnings, what is unknown, pairs that are
still connecting, and those that are well. Where a column has two signs, the left one is the home
master's and the right one the home slave's: `role` (M master, B backup, I starting, – stopped, ✖ given
up), `addr` (who holds the floating address), `mount` (who has the file system mounted), `halves` (the
two halves of the mirror), `ssh` (both links). `ready`: could the other node take over if the serving one
died now? `queue`: messages on the serving node. `age`: since the node heard of longest ago answered.

`/` looks for words, all of them: a name, an address, `critical`, `warning`, `unknown`, `rebuild`, a
rule's id, `tag:WORD` for a tag of the configuration, `not:WORD` for rows without it. `s` sorts by name,
queue or rebuild. `enter` shows the pair under the cursor; `q` comes back here. At the top row the cursor
stays at the top, whichever pair is the worst.
"""
    DEFAULT_CSS = """
    PairsScreen {
        #content { padding: 0 1; }
        #counts { height: 1; text-wrap: nowrap; }
        #pointed { height: 2; text-wrap: nowrap; color: $foreground 80%; }
        &.-low #pointed { height: 1; }
    }
    """
    lines: var[Mapping[str, PairLine]] = var(dict)

    def content(self) -> ComposeResult:
        """How many stand how, the table, and what the cursor points at."""
        yield _Line(id="counts")
        yield FleetTable(self.app.pairs).data_bind(PairsScreen.lines, PairScreen.filter)
        yield _Line(id="pointed")

    def on_mount(self) -> None:
        """Follow the app; the table has the keys."""
        self.watch(self.app, "lines", self._take_lines)
        self.query_one(FleetTable).focus()

    def take(self) -> None:
        """No pair is the one that is shown here."""

    def on_screen_resume(self) -> None:
        """What was missed while another screen was on top."""
        self._take_lines()
        self._tell_time()

    def _take_lines(self) -> None:
        if self.is_current:
            self.lines = self.app.lines
            self._tell_time()

    def _beat(self) -> None:
        super()._beat()
        if self.is_current:
            self._tell_time()

    def _tell_time(self) -> None:
        self.query_one(FleetTable).tell_time(self.app.beat, self.app.newest_lines)

    def on_fleet_table_pointed(self) -> None:
        """Another pair under the cursor, or other rows."""
        table = self.query_one(FleetTable)
        rows = table.rows
        every = f"{len(rows.rows)} pair{'' if len(rows.rows) == 1 else 's'}"
        shown = f"{len(rows.shown)} of {every}" if rows.wanted else every
        counts = [(tone, count) for tone, count in rows.counts().items() if count]
        line = self.query_one("#counts", _Line)
        for short in (False, True):
            parts = [Content.styled(shown, "bold")]
            parts += [mark(tone, f"{count}" if short else f"{count} {word(tone)}") for tone, count in counts]
            if rows.sort != "worst":
                parts.append(Content.styled(f"by {rows.sort}", "dim"))
            said = Content("  ").join(parts)
            if said.cell_length <= self.size.width - 2:
                break
        line.draw(said)
        self.query_one("#pointed", _Line).draw(_about(table.pointed))

    def on_fleet_table_chosen(self, event: FleetTable.Chosen) -> None:
        """Show that pair."""
        self.app.pair = event.pair
        self.app.switch_mode("overview")

    def _findings(self) -> tuple[str, str] | None:
        row = self.query_one(FleetTable).pointed
        if row is None:
            return None
        name, state = row.pair.name, self.app.states.get(row.pair.name)
        if state is not None:
            return f"findings of {name}", "\n\n".join(map(finding_text, state.findings)) or "no findings"
        if row.line is None:
            return None
        line = row.line
        said = f"{line.worst.value} {line.worst_id}: {line.worst_what}" if line.worst else "no findings"
        more = f"\n\nand {line.findings - 1} more: enter shows the pair" if line.findings > 1 else ""
        return f"findings of {name}", said + more

    def action_raw(self) -> None:
        """The findings of the pair under the cursor, as text."""
        if (found := self._findings()) is not None:
            self.app.push_screen(RawScreen(*found))

    def action_copy(self) -> None:
        """The same text."""
        if (found := self._findings()) is not None:
            self.app.copy_text(found[1], found[0])


class _Line(Drawn):
    """A line or two whose place never changes."""

    FIXED_SIZE = True


def _about(row: Row | None) -> Content:
    """The pair under the cursor: its worst finding, then its nodes and tags."""
    if row is None:
        return Content.styled("no pair has these words", "dim")
    line = row.line
    if line is None or not line.settled:
        first = mark(Tone.WORKING, "connecting")
    elif line.worst is None:
        first = mark(Tone.OK, "no findings")
    else:
        more = f"  (and {line.findings - 1} more)" if line.findings > 1 else ""
        first = Content.assemble(
            mark(row.tone, one_line(line.worst_id, 16)), "  ", words(line.worst_what), more
        )
    nodes = "   ".join(" ".join(dict.fromkeys((node.name, node.host))) for node in row.pair.nodes)
    second = [words(row.pair.name, "bold"), words(nodes), words(row.pair.floating)]
    if row.pair.tags:
        second.append(words("tags " + " ".join(row.pair.tags), "dim"))
    return Content("\n").join([first, Content("   ").join(second)])
