"""TOML files that people write: a bad one names file, key, line and what was expected."""

import os
import re
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\" ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"]+)\s*=")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_TOO_DEEP = re.compile(r"(?<![\w\"'.-])(?:[\w\"'-]++\s*+\.\s*+){50}")
"""A key of that many parts: no file of ours has one, and reading it takes for ever."""
_SHOWN = 60
"""Characters of a value that is quoted in a complaint."""

_TYPE_WORDS = {
    "missing": "this key is required",
    "extra_forbidden": "no such key (a spelling mistake?)",
    "too_short": "at least one is required",
    "too_long": "too long: {max_length} at most, this has {actual_length}",
}
"""pydantic error types whose own message does not speak to an administrator."""


class BadConfig(Exception):
    """A file cannot be used; `str()` is the one line to show."""

    def __init__(self, path: Path, line: int | None, key: str, expected: str) -> None:
        self.path, self.line, self.key, self.expected = path, line, key, expected
        place = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{place}: {key}: {expected}" if key else f"{place}: {expected}")


def read_text(path: Path, most: int) -> str:
    """The text of a plain file of at most `most` bytes; a pipe or a device is not waited for.

    Raises:
        BadConfig: there is none, or it cannot be read.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadConfig(path, None, "", "not a plain file")
            content = file.read(most + 1)
    except OSError as odd:
        raise BadConfig(path, None, "", f"cannot be read: {odd.strerror}") from odd
    if len(content) > most:
        raise BadConfig(path, None, "", f"too large: {most >> 10} KiB at most")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as odd:
        line = content.count(b"\n", 0, odd.start) + 1
        raise BadConfig(path, line, "", "cannot be read: not UTF-8 text") from odd


def decoded(text: str, path: Path) -> dict[str, Any]:
    """TOML text as data; `path` only names it in errors.

    Raises:
        BadConfig: it is not TOML.
    """
    if found := _TOO_DEEP.search(text):
        raise BadConfig(path, text.count("\n", 0, found.start()) + 1, "", "nested too deeply")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadConfig(path, None, "", "nested too deeply") from None
    except tomllib.TOMLDecodeError as odd:
        found = _AT_LINE.search(str(odd))
        line = int(found[1]) if found else text.count("\n") + 1
        raise BadConfig(path, line, "", f"not TOML: {_AT_LINE.sub('', str(odd)).strip()}") from odd
    except ValueError as odd:  # a number of thousands of digits
        raise BadConfig(path, None, "", "not TOML: a number in it is too long") from odd


def validated(
    text: str,
    path: Path,
    model: type[M],
    data: dict[str, Any] | None = None,
    tags: frozenset[str] = frozenset(),
) -> M:
    """TOML text as `model`; `data` is what it says, where that was read (and changed) already.

    `tags` are names of union members, which are no keys of the file.

    Raises:
        BadConfig: it is not TOML, or says something `model` refuses.
    """
    data = decoded(text, path) if data is None else data
    try:
        return model.model_validate(data)
    except ValidationError as odd:
        # A misspelt key is also a missing one: the spelling is what the reader must see.
        errors = odd.errors(include_url=False)
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        where = tuple(part for part in first["loc"] if part not in tags)
        words = _TYPE_WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        if first["type"] in _TYPE_WORDS:
            words = words.format_map(first.get("ctx", {}))
        elif isinstance(given := first.get("input"), str | int | float | bool):
            shown = repr(given)
            words = f"{words} (found {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'})"
        raise BadConfig(path, line_of(text, where), dotted(where), words) from odd


def write_whole(path: Path, content: bytes) -> None:
    """Write a file readable by its owner only (0600), whole or not at all; folders are made (0700).

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def dotted(where: Sequence[str | int]) -> str:
    """A place as people say it: `steps[3].action.text`, counted from 1."""
    parts: list[str] = []
    for part in where:
        if isinstance(part, int):
            parts[-1:] = [f"{parts[-1]}[{part + 1}]" if parts else f"[{part + 1}]"]
        else:
            parts.append(part)
    return ".".join(parts)


def line_of(text: str, where: Sequence[str | int]) -> int | None:
    """The line (from 1) on which the value at `where` stands, or of the nearest table around it."""
    lines = _lines(text)
    for length in range(len(where), 0, -1):
        if (found := lines.get(tuple(where[:length]))) is not None:
            return found
    return None


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Where each key and table of a TOML text begins, arrays of tables counted from 0."""
    found: dict[tuple[str | int, ...], int] = {}
    inside = False
    counts: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        was_inside = inside
        inside ^= (line.count('"""') + line.count("'''")) % 2 == 1
        if was_inside:
            continue
        if header := _HEADER.match(line):
            names = [part.strip(' "') for part in header[2].split(".")]
            here: tuple[str | int, ...] = ()
            for depth, name in enumerate(names, start=1):
                here = (*here, name)
                if depth == len(names) and header[1] == "[[":
                    counts[here] = counts.get(here, -1) + 1
                    found.setdefault(here, number)
                if here in counts:
                    here = (*here, counts[here])
            table = here
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1].strip('"')), number)
    return found
