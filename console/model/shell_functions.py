"""The functions at the beginning of a shell text, told apart from what the text itself does.

Steps of one job repeat them, because each is run on its own. A reader who knows them wants to see the rest.
"""

import re
from dataclasses import dataclass

_ASSIGNED = re.compile(r"[A-Za-z_]\w*=\S*")
_OPENS = re.compile(r"([A-Za-z_]\w*)\(\) \{")
_CLOSES = "}"


@dataclass(frozen=True, slots=True)
class Function:
    """One of them."""

    name: str
    text: str
    """Its lines, with the comment above it."""


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell text in three parts; put together they are the text."""

    head: str
    """Assignments in front of the functions."""
    functions: tuple[Function, ...]
    rest: str

    @property
    def lines(self) -> int:
        """Of the functions."""
        return sum(one.text.count("\n") for one in self.functions)


def read(text: str) -> Shell:
    """Its parts; functions that stand further down belong to the rest."""
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines) and _ASSIGNED.fullmatch(lines[at].rstrip("\n")):
        at += 1
    head, functions = "".join(lines[:at]), []
    while (found := _function(lines, at)) is not None:
        function, at = found
        functions.append(function)
    return Shell(head, tuple(functions), "".join(lines[at:]))


def _function(lines: list[str], at: int) -> tuple[Function, int] | None:
    """The function that begins there, and where it ends."""
    opens = at
    while opens < len(lines) and lines[opens].startswith("#"):
        opens += 1
    named = _OPENS.fullmatch(lines[opens].rstrip("\n")) if opens < len(lines) else None
    if named is None:
        return None
    for end in range(opens + 1, len(lines)):
        if lines[end].rstrip("\n") == _CLOSES:
            return Function(named[1], "".join(lines[at : end + 1])), end + 1
    return None
