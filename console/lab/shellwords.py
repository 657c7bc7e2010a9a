"""Shell text as words and operators, with the place of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS = (
    "<<<", "<<-", "&>>", ";;", "&&", "||", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "\n", ";", "&", "|",
    "(", ")", "<", ">",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A word or an operator, and where it stands."""

    text: str
    start: int
    end: int
    operator: bool = False


def skip(text: str, at: int) -> int:
    """The end of the quoted or substituted piece that begins at `at`."""
    char = text[at]
    if char == "\\":
        return at + 2
    if char == "'":
        return (text.find("'", at + 1) + 1) or len(text)
    if char in '"`':
        at += 1
        while at < len(text) and text[at] != char:
            at = skip(text, at) if text[at] == "\\" or text.startswith("$(", at) else at + 1
        return at + 1
    if text.startswith(("$(", "${"), at):
        opener, closer = text[at + 1], ")" if text[at + 1] == "(" else "}"
        depth, at = 1, at + 2
        while at < len(text) and depth:
            if text[at] in "\\'\"`":
                at = skip(text, at)
                continue
            depth += (text[at] == opener) - (text[at] == closer)
            at += 1
        return at
    return at + 1


def tokens(text: str) -> Iterator[Token]:
    """Split shell text into words and operators, leaving out comments and the bodies of here-documents."""
    at, wants = 0, ""
    pending: list[tuple[str, bool]] = []
    while at < len(text):
        if text[at] in " \t" or text.startswith("\\\n", at):
            at += 1 if text[at] in " \t" else 2
            continue
        if text[at] == "#":
            at = (text.find("\n", at) + 1 or len(text) + 1) - 1
            continue
        operator = next((o for o in _OPERATORS if text.startswith(o, at)), None)
        if operator is not None:
            yield Token(operator, at, at + len(operator), operator=True)
            at += len(operator)
            wants = operator if operator in ("<<", "<<-") else ""
            if operator == "\n":
                for end, strip in pending:
                    while at < len(text):
                        line_end = text.find("\n", at)
                        line = text[at : line_end if line_end >= 0 else len(text)]
                        at = line_end + 1 if line_end >= 0 else len(text)
                        if (line.lstrip("\t") if strip else line) == end:
                            break
                pending = []
            continue
        start = at
        while at < len(text) and text[at] not in " \t\n;&|()<>":
            at = skip(text, at)
        word = Token(text[start:at], start, min(at, len(text)))
        if wants:
            pending.append((re.sub(r"[\\'\"]", "", word.text), wants == "<<-"))
            wants = ""
        yield word


def open_document(text: str) -> bool:
    """True when a here-document in `text` has not seen its end yet."""
    for token in tokens(text):
        if token.operator and token.text in ("<<", "<<-"):
            word = next(iter(tokens(text[token.end :])), None)
            if word is None or word.operator:
                return True
            end = re.sub(r"[\\'\"]", "", word.text)
            lines = text[token.end :].split("\n")[1:]
            if not any((line.lstrip("\t") if token.text == "<<-" else line) == end for line in lines):
                return True
    return False
