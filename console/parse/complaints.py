"""What a command says when it did not do its work, as one sentence for the operator."""

import re

from console.parse.lines import lines

_ABSENT = re.compile(
    r"(?i)(?:[\w./-]*sh: )?(?:\d+: )?([\w./@+-]{1,80}): (?:command )?not found\.?"
    r"|(?:env|exec): ([\w./@+-]{1,80}): No such file or directory"
)
_REFUSED = ("Permission denied", "Operation not permitted", "must be root", "password is required")
_SPOKEN = re.compile(r"[\w./+-]{1,60}: \S.*|Can't .*|Class .* not found\.")
_QUOTED = 160
"""Characters of the command's own words that are repeated to the operator."""


def html(text: str) -> bool:
    """Whether the answer is a web page: something other than the node's shell answered."""
    start = text[:400].lstrip().lower()
    return start.startswith(("<!doctype html", "<html", "<?xml", "http/1.", "<head", "<body"))


def complaint(text: str, exit_status: int, command: str) -> str | None:
    """Why `command` failed, from its exit status and error text; None when nothing says that it did."""
    if html(text):
        return f"{command}: the node answered with a web page (HTML)"
    return None if exit_status == 0 else _failure(text, exit_status, command)


def nonsense(text: str, command: str) -> str:
    """What to say when `command` ended well but printed nothing that is its output."""
    said = _said(text)
    if not said:
        return f"{command} printed nothing"
    absent = _absent(said)
    return absent or f"{command} printed something else: {said[0][:_QUOTED]}"


def _failure(text: str, exit_status: int, command: str) -> str:
    said = _said(text)
    if absent := _absent(said):
        return absent
    if exit_status == 127:
        return f"{command} is not installed on the node (command not found)"
    spoken = [line for line in said if _SPOKEN.fullmatch(line)] or said[-1:]
    first = spoken[0][:_QUOTED] if spoken else ""
    if any(word in first for word in _REFUSED):
        return f"permission denied for {command}: {first}"
    if exit_status > 128:
        return f"{command} was ended by signal {exit_status - 128}"
    return f"{command} failed (exit {exit_status})" + (f": {first}" if first else "")


def _said(text: str) -> list[str]:
    stripped = (line.strip() for line in lines(text[:65_536]))
    return [line[:1000] for line in stripped if line]


def _absent(said: list[str]) -> str | None:
    for line in (*said[:5], *said[-5:]):
        if found := _ABSENT.fullmatch(line):
            return f"{found[1] or found[2]} is not installed on the node (command not found)"
    return None
