"""Text from a node, made fit for one cell, one line or the raw view: bounded, and nothing in it acts."""

from rich.cells import cell_len, set_cell_size

LINE_LIMIT = 300
"""Cells of one line that a widget other than the raw view will ever look at."""
RAW_LINES = 2000
RAW_WIDTH = 1000

_PICTURES = {code: 0x2400 + code for code in range(0x20)}
_ACTIVE = (
    0x7F,
    *range(0x80, 0xA0),
    0x061C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xD800, 0xE000),
)
_INERT = _PICTURES | dict.fromkeys(_ACTIVE, 0xFFFD)


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """`text` in at most `limit` cells: control and direction codes become symbols, what is cut shows `…`."""
    cut = text[: limit + 1].translate(_INERT)
    if len(text) <= limit and cell_len(cut) <= limit:
        return cut
    return set_cell_size(cut, limit - 1).rstrip() + "…"


def many_lines(text: str) -> str:
    """`text` with its line ends, bounded both ways, and a last line that says what was left out."""
    lines = text.split("\n", RAW_LINES)
    shown = [one_line(line[: RAW_WIDTH + 1].expandtabs(8), RAW_WIDTH) for line in lines[:RAW_LINES]]
    if len(lines) > RAW_LINES:
        shown.append(f"… {len(lines[RAW_LINES]):,} more characters are not shown")
    return "\n".join(shown)


def beginning(text: str, width: int) -> str:
    """`text` cut to `width` cells with `…` at its end, unpadded."""
    return one_line(text, max(width, 1))


def padded(text: str, width: int) -> str:
    """`text` cut or filled to exactly `width` cells."""
    return set_cell_size(beginning(text, width), width)
