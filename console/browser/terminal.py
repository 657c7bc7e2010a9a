"""The terminal that a browser shows: how large it may be."""

WIDEST, HIGHEST = 500, 200
"""Cells: more than a wall of screens shows, and little enough memory."""


def within(width: int, height: int) -> tuple[int, int]:
    """The size of a terminal that a browser may ask for."""
    return max(1, min(width, WIDEST)), max(1, min(height, HIGHEST))
