"""One line of a live log, of one of several nodes."""

from typing import Literal, NamedTuple, TypeAlias

LogKind: TypeAlias = Literal["plain", "quiet", "begun", "good", "warn", "bad", "note"]
"""How a line is drawn: what goes by, what began, what went well, what did not."""


class LogRow(NamedTuple):
    """A line as it came, or a note of the console about the log."""

    serial: int
    """Counts every row of a view; it never repeats."""
    node: str
    line: bytes
    """Without its line feed; of a note, its words."""
    at: float | None = None
    """Unix time by the console's clock; None where the line has no time of its own."""
    note: bool = False


class LogWords(NamedTuple):
    """What a row says to a reader."""

    text: str
    """Without its stamp."""
    kind: LogKind
