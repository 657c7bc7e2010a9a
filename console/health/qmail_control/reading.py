"""How qmail's programs read a control file: what of its text counts.

A list drops blanks and tabs at line ends, empty lines, and lines that begin with `#`; a single value is the
first line without the blanks at its end, whatever it begins with; a number is the digits that line begins
with, and without any the default holds. A carriage return is a letter like others.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from console.health.qmail_control.setting import Kind, Setting
from console.model.mail import ControlFile

LISTS = frozenset(
    (Kind.DOMAINS, Kind.HOSTS, Kind.SENDERS, Kind.ROUTES, Kind.VIRTUAL, Kind.SERVERS, Kind.LINES)
)
READ = 65_536
"""Bytes of a file that are read."""
LARGEST = 2**31 - 1
"""What fits into the int that qmail keeps a number in."""
_ROUTE = re.compile(r"((?:[^:\s|]*:)?(?:\[[^\]\s]*\]|[^:\s|]*)(?::[0-9]*)?)(.*)", re.DOTALL)


class Entry(NamedTuple):
    """A line of a list that counts."""

    line: int
    text: str


def entries(text: str) -> Iterator[Entry]:
    """The lines of a list that count, with their numbers from 1."""
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.rstrip(" \t")
        if bare and not bare.startswith("#"):
            yield Entry(number, bare)


def first_line(text: str) -> str:
    """What counts of a file with one value."""
    return text.split("\n", 1)[0].rstrip(" \t")


def digits(line: str) -> str:
    """The digits that a line begins with."""
    end = next((at for at, letter in enumerate(line) if letter not in "0123456789"), len(line))
    return line[:end]


def number(text: str) -> int | None:
    """The number in a file; None where qmail finds none, so that the default holds."""
    found = digits(first_line(text))
    return int(found[:20]) if found else None


def counted(setting: Setting, text: str) -> tuple[str, ...]:
    """What counts of a file, in a form that is equal where the effect is equal."""
    if setting.kind is Kind.NUMBER:
        found = number(text)
        return (str(found),) if found is not None else ()
    if setting.kind not in LISTS:
        return (first_line(text),)
    lines = [entry.text for entry in entries(text)]
    if setting.kind in (Kind.LINES, Kind.SERVERS):
        return tuple(lines)
    if setting.kind in (Kind.ROUTES, Kind.VIRTUAL):
        return tuple(sorted(f"{key}:{value}" for key, value in mapping(text).items()))
    return tuple(sorted({line.lower() for line in lines}))


def mapping(text: str) -> dict[str, str]:
    """What stands behind each key of smtproutes or virtualdomains: the last line of a key holds."""
    pairs = (entry.text.partition(":") for entry in entries(text))
    return {key.lower(): value for key, colon, value in pairs if colon}


def shown(name: str, text: str) -> str:
    """A text without the passwords that some patches keep in smtproutes behind the port."""
    if name != "smtproutes":
        return text
    return "\n".join(_without_words(line) for line in text.split("\n"))


def shown_showctl(text: str) -> str:
    """What qmail-showctl says without the same words: it repeats smtproutes as they are."""
    return "\n".join(
        f"{head}{colon}{_without_words(route)}" if colon else line
        for line in text.split("\n")
        for head, colon, route in (line.partition("SMTP route: "),)
    )


def _without_words(line: str) -> str:
    found = _ROUTE.fullmatch(line)
    if line.startswith("#") or found is None or not found[2].strip():
        return line
    return f"{found[1]} (…)"


def cut(file: ControlFile) -> bool:
    """Whether only the beginning of a file was read."""
    return file.bytes is not None and file.bytes > READ


def sound_text(file: ControlFile) -> str | None:
    """The text of a file without the line that may be torn where only its beginning was read."""
    return file.text.rpartition("\n")[0] if file.text is not None and cut(file) else file.text


class Controls:
    """The files of one node by name, as qmail reads them."""

    def __init__(self, files: tuple[ControlFile, ...]) -> None:
        self.of = {file.name: file for file in files}

    def __contains__(self, name: str) -> bool:
        return name in self.of

    def text(self, name: str) -> str | None:
        """The text of a file; None where it is not there or not known."""
        file = self.of.get(name)
        return sound_text(file) if file is not None else None

    def unknown(self, name: str) -> bool:
        """Whether a file is there and was not read, or not all of it."""
        return name in self.of and (self.of[name].text is None or cut(self.of[name]))

    def line(self, name: str) -> str | None:
        """A single value, with `me` in its place where it is absent; None where neither is known."""
        text = self.text(name)
        if text is not None:
            return first_line(text)
        if name == "me" or name in self.of:
            return None
        return self.line("me")

    def domains(self, name: str) -> dict[str, int]:
        """The lower-case entries of a list and their line numbers."""
        return {entry.text.lower(): entry.line for entry in entries(self.text(name) or "")}

    def map(self, name: str) -> dict[str, tuple[str, int]]:
        """The keys of smtproutes or virtualdomains, each with what holds for it and its line."""
        found: dict[str, tuple[str, int]] = {}
        for line, text in entries(self.text(name) or ""):
            key, colon, value = text.partition(":")
            if colon:
                found[key.lower()] = (value, line)
        return found
