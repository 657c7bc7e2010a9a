"""A text and the one that replaces it, as a difference: what goes is led by `-`, what comes by `+`."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from textual.content import Content

from widgets.plain import many_lines

KEPT_WHOLE = 60
"""Lines up to which everything that stays is shown as well."""
AROUND = 3
"""Lines shown around a difference in a longer text."""
_SIGNS = {"-": "$text-error", "+": "$text-success", " ": "dim"}


def difference(before: str, after: str) -> Iterator[tuple[str, str]]:
    """(`-`, `+` or blank; the line), and (`…`, how many lines are the same) where they are left out."""
    old, new = _lines(before), _lines(after)
    whole = max(len(old), len(new)) <= KEPT_WHOLE
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    last = len(new)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            yield from (("-", line) for line in old[i:j])
            yield from (("+", line) for line in new[k:m])
            continue
        head, tail = (AROUND if k else 0), (AROUND if m < last or j < len(old) else 0)
        if whole or m - k <= head + tail + 1:
            yield from ((" ", line) for line in new[k:m])
            continue
        yield from ((" ", line) for line in new[k : k + head])
        yield "…", f"{m - k - head - tail} lines are the same"
        yield from ((" ", line) for line in new[m - tail : m])


def _lines(text: str) -> list[str]:
    return many_lines(text.removesuffix("\n")).split("\n") if text else []


def diff_lines(before: str, after: str, width: int) -> list[Content]:
    """The difference in lines of at most `width` cells; longer ones are folded, nothing is cut off."""
    out: list[Content] = []
    for sign, line in difference(before, after):
        style = _SIGNS.get(sign, "dim")
        pieces = Content.styled(line, style).fold(max(10, width - 2)) or [Content("")]
        out += [
            Content.assemble((f"{sign if not n else ' '} ", style), piece) for n, piece in enumerate(pieces)
        ]
    if not out:
        out.append(Content.styled("nothing is different", "dim"))
    return out
