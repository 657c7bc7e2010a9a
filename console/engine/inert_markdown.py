"""Markdown (CommonMark with GitHub's tables) in which text from a node or a plan file is only text.

Text that could mean something stands in a code span or a fence that it cannot close; plain words stay as
they are, so that the report reads well without a renderer.
"""

import re
from collections.abc import Sequence

from console.ssh.text import inert

_PLAIN = re.compile(r"(?:[^\W_]|[·/])(?:[^\W_]|[ ,.;:'\"()/%=?!–→…•·×“”‘’-])*")
"""Characters that mean nothing in a line that begins with a letter, a digit, a dot or a path."""
_ACTS_ANYWAY = re.compile(r"://|www\.|[^\W_]\.[^\W\d_]{2}|^\d+[.)](?:\s|$)", re.IGNORECASE)
"""What renderers take for a link by themselves, and a numbered list."""
_TICKS = re.compile("`+")
LONGEST = 400
"""Characters of one line of foreign text."""


def inline(text: str) -> str:
    """Foreign text within a line: as it is when it is plain, else in a code span. Never empty."""
    line = inert(text).strip().replace("\n", "␊").replace("\t", " ")
    if len(line) > LONGEST:
        line = line[: LONGEST - 1] + "…"
    if not line:
        return "–"
    if _PLAIN.fullmatch(line) and not _ACTS_ANYWAY.search(line):
        return line
    ticks = "`" * (_longest_ticks(line) + 1)
    room = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{room}{line}{room}{ticks}"


def cell(text: str) -> str:
    """Foreign text within a cell of a table, where even a code span cannot hold a bar."""
    return inline(text.replace("|", "│"))


def fenced(text: str, lines: int | None = None) -> list[str]:
    """Foreign text as a block of its own, the last `lines` lines of it."""
    every = inert(text).rstrip("\n").split("\n")
    shown = every if lines is None else every[-lines:]
    if len(shown) < len(every):
        shown = [f"… {len(every) - len(shown)} lines before are in the journal", *shown]
    shown = [line if len(line) <= LONGEST else line[: LONGEST - 1] + "…" for line in shown]
    fence = "`" * max(3, 1 + max(map(_longest_ticks, shown)))
    return [fence, *shown, fence]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of finished cells, in columns that line up without a renderer too (but the last)."""
    widths = [max(3, *(len(row[n]) for row in (head, *rows))) for n in range(len(head))]
    widths[-1] = max(3, len(head[-1]))

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(one.ljust(width) for one, width in zip(cells, widths, strict=True)) + " |"

    return [line(head), line(["-" * width for width in widths]), *map(line, rows)]


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
