"""Lines of pasted text, cut the way a terminal shows them and bounded so that no line can stall a parser."""

from collections.abc import Iterator

LONGEST = 16_384
"""Characters. No FreeBSD command prints a longer line; such a line is kept as unread, not searched."""


LATEST = 32_503_680_000
"""The end of the year 2999 (Unix seconds): a node's clock that says more is not read as a time."""


def lines(text: str) -> list[str]:
    """The lines of `text`, cut at line feeds only; a carriage return before one is dropped."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def filled(text: str, unread: list[str]) -> Iterator[str]:
    """The lines with something on them; one longer than `LONGEST` goes to `unread` instead."""
    for line in lines(text):
        if not line or line.isspace():
            continue
        if len(line) > LONGEST:
            unread.append(line)
        else:
            yield line


def moment(seconds: int | None) -> int | None:
    """Unix seconds, None when no clock shows them: what is kept fits a calendar, also a few centuries off."""
    return seconds if seconds is not None and 0 <= seconds <= LATEST else None


def whole(word: str) -> int | None:
    """A plain decimal number of at most 20 digits, else None: signs, `*` and `10G` are no numbers."""
    return int(word) if len(word) <= 20 and word.isascii() and word.isdigit() else None
