"""For terminals that are not UTF-8: every sign, line and block becomes ASCII, wherever it was drawn."""

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {"●": "*", "○": "o", "▲": "!", "✖": "X", "◌": "?", "⟳": "~", "–": "-", "…": ".", "·": "."}
_LINES = dict.fromkeys("─━╌╍⎯▔▁", "-") | {"═": "="} | dict.fromkeys("│┃║▏▕▎", "|")
_CORNERS = dict.fromkeys("┌┐└┘╭╮╰╯┏┓┗┛├┤┬┴┼╔╗╚╝┣┫", "+")
_ARROWS = {"▶": ">", "▸": ">", "◀": "<", "→": ">", "←": "<", "↑": "^", "↓": "v", "▼": "v", "⏎": "<", "↵": "<"}
_BLOCKS = dict.fromkeys("█▉▊▋▇▆▅", "#") | dict.fromkeys("▄▃▂▐▌▍", "=") | dict.fromkeys("░▒▓", ".")
_TABLE = str.maketrans(_SIGNS | _LINES | _CORNERS | _ARROWS | _BLOCKS)


@lru_cache(4096)
def ascii_only(text: str) -> str:
    """The same number of cells, ASCII only; what has no likeness becomes `?`."""
    if text.isascii():
        return text
    like = text.translate(_TABLE)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in like)


class PlainTerminal(LineFilter):
    """Rewrites what is about to be drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Each segment's text in ASCII, its style and meaning kept."""
        return [
            segment if segment.control else Segment(ascii_only(segment.text), segment.style)
            for segment in segments
        ]
