"""The shell functions of `functions.sh`, one by one: a step's text holds those it calls."""

import re
from pathlib import Path

_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_NAMED = re.compile(r"^(\w+)\(\) \{$", re.MULTILINE)


def _read() -> dict[str, str]:
    _, *blocks = Path(__file__).with_name("functions.sh").read_text(encoding="utf-8").split("\n\n")
    return {name[1]: f"{block.strip()}\n" for block in blocks if (name := _NAMED.search(block))}


_ALL = _read()


def called_by(code: str) -> tuple[str, ...]:
    """The functions that shell text calls, with those that they call, in the order of the file."""
    wanted: set[str] = set()
    todo = [code]
    while todo:
        bare = _QUOTED.sub("", _COMMENT.sub("", todo.pop()))
        for name, block in _ALL.items():
            if name not in wanted and re.search(
                rf"(?:^|[|&;{{(!)]|\b(?:if|then|do|else)\b)\s*{name}\b(?!\(\))", bare, re.M
            ):
                wanted.add(name)
                todo.append(block)
    return tuple(block for name, block in _ALL.items() if name in wanted)
