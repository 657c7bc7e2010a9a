"""Reading a short sh or bash script well enough to judge it: commands, whether they are checked, loops.

This is no shell: text it cannot split is kept as words, and a check that needs more than words finds nothing.
"""

import re
import shlex
from dataclasses import dataclass

_KEYWORDS = {
    "if",
    "elif",
    "while",
    "until",
    "!",
    "then",
    "else",
    "do",
    "{",
    "time",
    "exec",
    "command",
    "nohup",
}
_TESTING = {"if", "elif", "while", "until", "!"}
_JOINERS = {"&&", "||", ";", "|", "&", "(", ")", ";;", "|&"}
_INNER = re.compile(r"`([^`]*)`|\$\(([^()]*)\)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_LOOP = re.compile(r"(?:^|[;&|]\s*|\bdo\s+|\bthen\s+)(while|until)\b(.*?)(?:;\s*do\b.*|\bdo\b.*)?$")


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command."""

    program: str
    """Base name of the first word."""
    args: tuple[str, ...]
    line: int
    """1-based."""
    text: str
    """The whole line it stands on."""
    checked: bool
    """Whether its exit status decides something."""
    background: bool = False

    def has(self, *words: str) -> bool:
        """Whether one of its arguments is one of `words`."""
        return any(a in words for a in self.args)

    def option(self, letter: str) -> bool:
        """Whether `-letter` is given, alone or in a cluster."""
        return any(re.fullmatch(rf"-[A-Za-z]*{letter}\S*", a) for a in self.args)


@dataclass(frozen=True, slots=True)
class Loop:
    """A while or until loop."""

    condition: str
    body: str
    first: int
    last: int

    @property
    def bounded(self) -> bool:
        """Whether something in it counts, breaks out or times out."""
        both = f"{self.condition}\n{self.body}"
        return bool(
            re.search(r"\bbreak\b|\bexit\b|\breturn\b|\$\(\(|\bexpr\b|-l[te]\b|-g[te]\b|\btimeout\b", both)
        )


@dataclass(frozen=True, slots=True)
class Script:
    """A script as read."""

    commands: tuple[Command, ...]
    loops: tuple[Loop, ...]
    text: str

    def calls(self, program: str, verb: str | None = None) -> tuple[Command, ...]:
        """Its calls of a program, with a certain first argument if given."""
        return tuple(
            c for c in self.commands if c.program == program and (verb is None or c.args[:1] == (verb,))
        )

    @property
    def stops_on_error(self) -> bool:
        """Whether `set -e` is in force."""
        return bool(re.search(r"^\s*set\s+-\w*e|^#!.*\s-\w*e", self.text, re.MULTILINE))


def read_script(lines: tuple[str, ...]) -> Script:
    """Read a script's lines."""
    plain = [(number, without_comment(text)) for number, text in _joined(lines)]
    stops = bool(re.search(r"^\s*set\s+-\w*e|^#!.*\s-\w*e", "\n".join(lines), re.MULTILINE))
    commands: list[Command] = []
    for place, (number, text) in enumerate(plain):
        following = plain[place + 1][1] if place + 1 < len(plain) else ""
        commands += _commands(number, text, "$?" in following or stops)
    return Script(tuple(commands), tuple(_loops(plain)), "\n".join(lines))


def without_comment(text: str) -> str:
    """The line without its comment; a # inside quotes or a word stays."""
    quote = ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#" and (place == 0 or text[place - 1] in " \t;"):
            return text[:place]
    return text


def _joined(lines: tuple[str, ...]) -> list[tuple[int, str]]:
    """Lines that a backslash continues put together, empty ones left out."""
    joined: list[tuple[int, str]] = []
    held, first = "", 0
    for number, line in enumerate(lines, 1):
        held, first = (held + line, first) if held else (line, number)
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        if held.strip():
            joined.append((first, held))
        held = ""
    if held.strip():
        joined.append((first, held))
    return joined


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return text.split()


def _commands(number: int, text: str, checked_later: bool) -> list[Command]:
    found: list[Command] = []
    for inner in _INNER.finditer(text):
        found += _commands(number, inner[1] or inner[2] or "", True)
    words = [*_words(_INNER.sub("$_", text)), ";"]
    argv: list[str] = []
    testing, before = False, ";"
    for word in words:
        if word not in _JOINERS:
            if not argv and word in _KEYWORDS:
                testing = testing or word in _TESTING
            elif argv or not _ASSIGNMENT.match(word):
                argv.append(word)
            continue
        if argv and argv[0] not in ("done", "fi", "esac", "}"):
            checked = (
                testing or word in ("&&", "||") or (word == ";" and checked_later) or before in ("&&", "||")
            )
            name = argv[0].rsplit("/", 1)[-1]
            found.append(Command(name, tuple(argv[1:]), number, text.strip(), checked, word == "&"))
        argv, testing, before = [], False, word
    return found


def _loops(plain: list[tuple[int, str]]) -> list[Loop]:
    loops: list[Loop] = []
    open_loops: list[tuple[int, str, list[str]]] = []
    for number, text in plain:
        for _, _, body in open_loops:
            body.append(text)
        start = _LOOP.search(text.strip())
        if start:
            open_loops.append((number, start[2], [text]))
        elif re.search(r"(?:^|[;&|]\s*)for\b", text.strip()):
            open_loops.append((number, "for", [text]))
        if re.search(r"(?:^|[;&|]\s*)done\b", text.strip()) and open_loops:
            first, condition, body = open_loops.pop()
            if condition != "for":
                loops.append(Loop(condition, "\n".join(body), first, number))
    return loops
