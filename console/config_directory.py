"""A configuration that is a directory: every `*.toml` in it is a part, and together they are the whole."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from console.model.config import Config, ConfigPart
from console.toml_file import BadConfig, decoded, dotted, line_of, read_text, validated

_ONCE = ("ssh_config", "collector", "recording", "recording_size")
"""What is said of the whole: in one file, or the same in several."""


class _File:
    """A part, and where things stand in it."""

    def __init__(self, path: Path, most: int) -> None:
        self.path = path
        self.text = read_text(path, most)
        self.data: dict[str, Any] = decoded(self.text, path)
        self.part = validated(self.text, path, ConfigPart, self.data)

    def wrong(self, where: tuple[str | int, ...], words: str) -> BadConfig:
        """What is wrong at a place of it."""
        return BadConfig(self.path, line_of(self.text, where), dotted(where), words)

    def place(self, where: tuple[str | int, ...]) -> str:
        """A place of it, as other complaints name it."""
        line = line_of(self.text, where)
        return f"{self.path}:{line}" if line else f"{self.path}"


def load(directory: Path, most: int) -> Config:
    """Read and check every `*.toml` of a directory, in the order of their names; hidden ones are left out.

    `most`: bytes that one file may have.

    Raises:
        BadConfig: a file cannot be used, two files say the same thing, or no pair is described.
    """
    files = [_File(path, most) for path in _paths(directory)]
    if not files:
        raise BadConfig(directory, None, "", "no file of this directory ends in .toml")
    _told_apart(files, "pairs")
    _told_apart(files, "on_event")
    said = {name: value for file in files for name, value in _said_once(files, file)}
    pairs = [pair for file in files for pair in file.part.pairs]
    if not pairs:
        raise BadConfig(directory, None, "pairs", "at least one is required: no file here has [[pairs]]")
    _hooks_know_pairs(files, {pair.name for pair in pairs})
    hooks = [hook for file in files for hook in file.part.on_event]
    return Config(pairs=tuple(pairs), on_event=tuple(hooks), **said)


def _paths(directory: Path) -> list[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(directory) if entry.name.endswith(".toml"))
    except OSError as odd:
        raise BadConfig(directory, None, "", f"cannot be read: {odd.strerror}") from odd
    return [directory / name for name in names if not name.startswith(".")]


def _told_apart(files: list[_File], what: str) -> None:
    """Names of pairs, and of hooks, are there once."""
    kind = {"pairs": "pair", "on_event": "hook"}[what]
    first: dict[str, str] = {}
    for file in files:
        for at, one in enumerate(getattr(file.part, what)):
            where = (what, at, "name")
            if (other := first.setdefault(one.name, file.place(where))) != file.place(where):
                raise file.wrong(where, f"another {kind} is called {one.name!r}: {other}")


def _said_once(files: list[_File], file: _File) -> Iterator[tuple[str, Any]]:
    for name in _ONCE:
        value = getattr(file.part, name)
        if value is None:
            continue
        other = next(one for one in files if getattr(one.part, name) is not None)
        if getattr(other.part, name) != value:
            raise file.wrong((name,), f"something else is said already: {other.place((name,))}")
        yield name, value


def _hooks_know_pairs(files: list[_File], names: set[str]) -> None:
    for file in files:
        for at, hook in enumerate(file.part.on_event):
            if unknown := set(hook.pairs) - names:
                raise file.wrong(("on_event", at, "pairs"), f"no pair is called {min(unknown)!r}")
