"""A run's report to read: the lines of its Markdown, headings seen as such, everything else as text only."""

import re
import textwrap

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.reactive import var

from widgets.drawn import Drawn
from widgets.plain import one_line

LINES = 4000
"""Lines that are shown; the command line shows all."""
_FENCE = re.compile(r"`{3,}")
_SPAN = re.compile(r"(`+) ?(.*?) ?\1")
_HEADING = {"# ": "bold $text-accent", "## ": "bold $text-accent", "### ": "bold"}


def report_lines(markdown: str, width: int) -> list[Content]:
    """The report for a screen of `width` cells: prose is wrapped; tables and what nodes printed are not."""
    lines: list[Content] = []
    fence: str | None = None
    every = markdown.rstrip("\n").split("\n")
    for number, line in enumerate(every[:LINES]):
        if fence is not None:
            if line == fence:
                fence = None
            else:
                lines.append(Content.assemble(("│ ", "dim"), one_line(line.expandtabs(8), 1000)))
        elif _FENCE.fullmatch(line):
            fence = line
        elif line.startswith("|"):
            head = number + 1 < len(every) and every[number + 1].startswith("| ---")
            lines.append(_row(line, head=head))
        else:
            lines += _prose(line, width)
    if len(every) > LINES:
        lines.append(Content.styled(f"… {len(every) - LINES:,} more lines: mirrorgate report RUN", "dim"))
    return lines


def _row(line: str, *, head: bool) -> Content:
    cells = one_line(line.strip("|"), 1000)
    if cells.strip().startswith("---"):
        return Content.styled("─" * len(cells.replace("|", " ").rstrip()), "dim")
    return Content.styled(cells.replace(" | ", "   "), "bold" if head else "")


def _prose(line: str, width: int) -> list[Content]:
    for mark, style in _HEADING.items():
        if line.startswith(mark):
            return [Content.styled(one_line(line.removeprefix(mark), 1000), style)]
    text = _SPAN.sub(r"\2", one_line(line, 1000))
    hang = "  " if text.startswith("- ") else ""
    wrapped = textwrap.wrap(text, max(20, width), subsequent_indent=hang, break_on_hyphens=False)
    return [Content(one) for one in wrapped] or [Content("")]


class RunReport(VerticalScroll, can_focus=True):
    """The report, scrolling both ways."""

    DEFAULT_CSS = """
    RunReport {
        overflow-x: auto;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        Drawn { width: auto; height: auto; text-wrap: nowrap; }
    }
    """
    report: var[str] = var("")

    def compose(self) -> ComposeResult:
        """The text."""
        yield Drawn()

    def watch_report(self) -> None:
        """Another report."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Prose fills the width."""
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted and self.size.width:
            width = self.scrollable_content_region.width
            self.query_one(Drawn).draw(Content("\n").join(report_lines(self.report, width)))
