"""Lines of pasted text, cut the way a terminal shows them and bounded so that no line can stall a parser."""

from collections.abc import Iterator

LONGEST = 16_384
"""Characters. No FreeBSD command prints a longer line; such a line is kept as unread, not searched."""


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


def whole(word: str) -> int | None:
    """A plain decimal number of at most 20 digits, else None: signs, `*` and `10G` are no numbers."""
    return int(word) if len(word) <= 20 and word.isascii() and word.isdigit() else None
