"""Reading and writing the configuration file: a bad one names file, key, line and what was expected."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from console.model.config import Config

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\" ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"]+)\s*=")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")

_TYPE_WORDS = {
    "missing": "this key is required",
    "extra_forbidden": "no such key (a spelling mistake?)",
    "too_short": "at least one is required",
}
"""pydantic error types whose own message does not speak to an administrator."""


class BadConfig(Exception):
    """The configuration cannot be used; `str()` is the one line to show."""

    def __init__(self, path: Path, line: int | None, key: str, expected: str) -> None:
        self.path, self.line, self.key, self.expected = path, line, key, expected
        place = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{place}: {key}: {expected}" if key else f"{place}: {expected}")


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CONFIG_HOME/mirrorgate/config.toml`, or the same below ~/.config."""
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "mirrorgate" / "config.toml"


def load(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        BadConfig: it is missing, unreadable, not TOML, or says something we cannot use.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadConfig(
            path,
            None,
            "",
            "no configuration here yet: `mirrorgate init` makes one, `mirrorgate lab` needs none",
        ) from None
    except (OSError, UnicodeDecodeError) as odd:
        raise BadConfig(path, None, "", f"cannot be read: {odd}") from odd
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Check configuration text; `path` only names it in errors.

    Raises:
        BadConfig: as `load`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as odd:
        found = _AT_LINE.search(str(odd))
        line = int(found[1]) if found else text.count("\n") + 1
        raise BadConfig(path, line, "", f"not TOML: {_AT_LINE.sub('', str(odd)).strip()}") from odd
    try:
        return Config.model_validate(data)
    except ValidationError as odd:
        # A misspelt key is also a missing one: the spelling is what the reader must see.
        errors = odd.errors(include_url=False)
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        where = first["loc"]
        words = _TYPE_WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        given = first.get("input")
        if first["type"] not in _TYPE_WORDS and isinstance(given, str | int | float | bool):
            words = f"{words} (found {given!r})"
        raise BadConfig(path, line_of(text, where), _dotted(where), words) from odd


def _dotted(where: Sequence[str | int]) -> str:
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
    counts: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
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


def write(config: Config, path: Path, *, overwrite: bool) -> None:
    """Write a configuration, readable by its owner only (0600), whole or not at all.

    Raises:
        FileExistsError: `path` exists and `overwrite` is false.
        OSError: it cannot be written.
    """
    if path.exists() and not overwrite:
        raise FileExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(as_toml(config).encode())
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def as_toml(config: Config) -> str:
    """The configuration as TOML, without what only repeats a default."""
    data: dict[str, Any] = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return tomli_w.dumps(data)
