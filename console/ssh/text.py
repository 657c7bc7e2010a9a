"""Text from a node made harmless, once, at the edge."""

_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_ACTIVE = (
    0x7F,
    *range(0x80, 0xA0),  # C1: some terminals obey them
    0x061C,
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),  # text direction
    0x2028,
    0x2029,  # str.splitlines takes these for line ends: a log line must not become two
    *range(0xD800, 0xE000),  # lone surrogates cannot be written to a terminal
)
_INERT = _PICTURES | dict.fromkeys(_ACTIVE, 0xFFFD)


def inert(text: str) -> str:
    """Show control and direction codes as symbols, so that none acts on a terminal; tab and newline stay."""
    return text.translate(_INERT)


def inert_bytes(data: bytes) -> str:
    """Decode bytes from a node; what is not UTF-8 appears as a backslash, x and two hex digits."""
    return inert(data.decode("utf-8", errors="backslashreplace"))


def one_line(text: str, length: int = 200) -> str:
    """The first line with something on it, cut to `length` characters: for use inside a sentence."""
    line = next((line.strip() for line in inert(text).split("\n") if line.strip()), "")
    return line if len(line) <= length else line[: length - 1] + "…"
