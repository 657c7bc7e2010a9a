"""Reading shell text just far enough to see which of its commands would read the session's own input.

bashkit hands a command its input as text that is complete beforehand; a login session's input arrives as it
is typed. So the commands that would read it are found in the text and given a live reader instead. And it
forgets what a background job printed when the subshell that started it is gone: `( job & )` becomes
`{ job & }`.

Nor does it let a command print more than 10 MiB, keep more than 10 MB in a file, or bring more than 100 MB
through a pipe. A command that moves bytes is therefore told where they go: `cat >>FILE` becomes
`_APPEND=FILE cat`, `_DIRECT=1` says that its output is the session's own, and `_INTO=1` and `_FROM=1` are
the two ends of a pipe of the lab's. `2>FILE` it fills when the command is over; of one that says how far it
is it becomes `_ERRORS=FILE`.

What a background job prints it passes on when the job is over. A function that is called in the background is
therefore the first end of a pipe whose other end, `__talk`, prints to the session as it reads. And where the
lab has `__NAME`, that stands for a function NAME which takes its input from a pipe.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from console.lab.shellwords import Token, skip, tokens

_INPUT = frozenset({"<", "<<", "<<-", "<<<", "<&", "<>"})
_REDIRECTIONS = _INPUT | {">", ">>", ">&", ">|", "&>", "&>>"}
_OPENERS = {"if": "fi", "while": "done", "until": "done", "for": "done", "case": "esac", "{": "}", "(": ")"}
_BETWEEN = frozenset({"then", "else", "elif", "do", "!", "in"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_FUNCTION = re.compile(r"^[ \t]*([A-Za-z_]\w*)\(\)", re.M)

READERS = {
    "cat": 0, "sort": 0, "wc": 0, "uniq": 0, "tee": 9, "cut": 0, "od": 0, "head": 0, "tail": 0, "tr": 9,
    "sed": 1, "grep": 1, "egrep": 1, "fgrep": 1, "awk": 1, "xargs": 9, "md5": 0, "sha256": 0, "base64": 0,
    "gzip": 0, "gunzip": 0, "hexdump": 0, "nl": 0, "rev": 0, "paste": 0,
}  # fmt: skip
"""Commands that read standard input when they have no more than so many operands."""


STREAMERS = frozenset({"cat", "dd", "head", "tail"})
"""Commands that move bytes; where the lab has its own, they can be told where to."""

TALKERS = frozenset({"dump", "rdump", "restore", "rrestore", "ssh", "scp"})
"""Commands that say on standard error how far they are: `2>FILE` gets it as it comes."""

SILENT = frozenset(
    {
        "bsdlabel", "camcontrol", "chflags", "chgrp", "chmod", "chown", "cp", "date", "df", "diskinfo",
        "disklabel", "dmesg", "du", "dump", "dumpfs", "find", "fsck", "fstat", "fstyp", "fsync", "hostname",
        "id", "kenv", "kldload", "kldstat", "ln", "ls", "mdconfig", "mkdir", "mkfifo", "mktemp", "mount",
        "mv", "newfs", "pgrep", "pkill", "ps", "rm", "rmdir", "service", "sleep", "snapinfo", "stat",
        "swapinfo", "swapoff", "swapon", "sync", "sysctl", "sysrc", "touch", "truncate", "tunefs", "umount",
        "uname", "uptime", "which", "whoami",
    }
)  # fmt: skip
"""Commands of the lab that read no input. In a pipe they are given none: what bashkit hands to one of the
lab's commands is gone for those that follow it."""

_NOTHING = " </dev/null"

TAKERS = STREAMERS | {"md5", "sha1", "sha256", "sha512"}
"""Commands that can be told where their input comes from."""


@dataclass(slots=True)
class _Frame:
    closer: str
    piped: bool
    first: int
    """Index into the list of found readers when the frame was opened."""
    opening: Token | None = None
    list_first: int = 0
    own: bool = True
    """False for the body of a function: what it prints goes where its caller's output goes."""
    printing: int = 0
    """Index into the list of those that print to the session, when the frame was opened."""


@dataclass(slots=True)
class _Simple:
    words: list[Token] = field(default_factory=list)
    redirected: bool = False
    piped: bool = False
    outputs: list[tuple[Token, Token]] = field(default_factory=list)
    """Operators of redirected output, and the word that follows each."""
    errors: list[tuple[Token, Token]] = field(default_factory=list)
    """The `2` in front of an operator, and the word that follows that."""
    end: int = 0


def _reads(words: list[Token], live: frozenset[str]) -> bool:
    name = words[0].text.rsplit("/", 1)[-1]
    if name == "read":
        return True
    if name not in READERS or name in live:
        return False
    operands = [w.text for w in words[1:] if not w.text.startswith("-") or w.text == "-"]
    if name in ("head", "tail", "cut") and len(words) > 1:
        operands = [w for w in operands if not w.lstrip("+").isdigit()]
    return len(operands) <= READERS[name] or operands == ["-"]


Edit = tuple[int, int, str]
"""Replace what stands from the first to the second position."""


def edits(text: str, live: frozenset[str]) -> list[Edit]:
    """What to change in `text`; the commands named in `live` see to their input themselves."""
    found: list[Token] = []
    braces: list[Edit] = []
    frames = [_Frame("", False, 0)]
    simple = _Simple()
    piped = after_pipe = False
    command_position, skip_word = True, False
    pattern = False
    """Between `in` or `;;` of a case and the `)` of a pattern."""
    stream = list(tokens(text))
    printing: list[Edit] = []
    moving: list[Edit] = []
    pipes = 0
    before_pipe: Token | None = None
    quiet = any(t.operator and t.text == "|" for t in stream)
    if quiet:
        for token in stream:
            moving += _inside(token, live) if "$(" in token.text else []
    calm = not any(t.operator and t.text == "&" for t in stream)
    """Without background jobs a pipe is never open twice at a time."""
    functions = frozenset(_FUNCTION.findall(text)) if quiet or not calm else frozenset()

    def finish(then: str = "") -> None:
        nonlocal simple, pipes, before_pipe
        if pattern and frames[-1].closer == "esac":
            simple = _Simple()
            return
        words = simple.words
        while words and _ASSIGNMENT.match(words[0].text):
            words = words[1:]
        if before_pipe is not None and words:
            if simple.piped and not simple.redirected and _named(words[0], TAKERS & live):
                pipes += 1
                moving.append((before_pipe.start, before_pipe.start, f"_INTO={pipes} "))
                moving.append((words[0].start, words[0].start, f"_FROM={pipes} "))
            before_pipe = None
        if then == "&" and words and words[0].text in functions and _prints_alone(simple):
            # A status is the function's, as it would be without the pipe.
            moving.append((simple.words[0].start, simple.words[0].start, "{ set -o pipefail; "))
            moving.append((simple.end, simple.end, " | __talk; }"))
        if words and words[0].text in functions and f"__{words[0].text}" in live:
            moving.append((words[0].start, words[0].end, f"__{words[0].text}"))
        alone = calm and then == "|" and not simple.outputs and all(frame.own for frame in frames)
        if alone and words and _named(words[0], STREAMERS & live):
            before_pipe = words[0]
        _tell_streamer(simple, words, live, moving, None if then == "|" else printing)
        if words and _named(words[0], TALKERS & live) and len(simple.errors) == 1:
            number, file = simple.errors[0]
            moving.append((number.start, file.end, ""))
            moving.append((words[0].start, words[0].start, f"_ERRORS={file.text} "))
        if quiet and words and not simple.redirected and _named(words[0], SILENT & live):
            moving.append((simple.end, simple.end, _NOTHING))
        if words and not simple.redirected and not simple.piped and _reads(words, live):
            found.append(words[0])
        simple = _Simple()

    for index, token in enumerate(stream):
        if token.operator and token.text in _REDIRECTIONS:
            simple.redirected |= token.text in _INPUT and not _numbered(stream, index)
            if index + 1 < len(stream) and _prints(stream, index):
                simple.outputs.append((token, stream[index + 1]))
            elif index + 1 < len(stream) and token.text == ">" and stream[index - 1].text == "2":
                simple.errors.append((stream[index - 1], stream[index + 1]))
            simple.end = stream[min(index + 1, len(stream) - 1)].end
            skip_word = True
            continue
        if skip_word and not token.operator:
            skip_word = False
            continue
        skip_word = False
        if token.operator and token.text not in "()":
            finish(token.text)
            after_pipe = token.text == "|" or (after_pipe and token.text == "\n")
            pattern = token.text == ";;" or (pattern and frames[-1].closer == "esac")
            if token.text == "&":
                del found[frames[-1].list_first :]
            if token.text in ("\n", ";", "&", ";;"):
                frames[-1].list_first = len(found)
            command_position = True
            continue
        if pattern and token.text == "(":
            continue
        if command_position and token.text in _OPENERS and not simple.words:
            own = [t.text for t in stream[:index] if t.text != "\n"][-2:] != ["(", ")"]
            frames.append(
                _Frame(_OPENERS[token.text], after_pipe, len(found), token, len(found), own, len(printing))
            )
            after_pipe = False
            command_position = token.text not in ("for", "case")
            continue
        if token.text == frames[-1].closer and (token.operator or command_position):
            finish()
            frame = frames.pop()
            if token.text == ")" and frame.opening is not None and _ends_in_background(stream, index):
                braces.append((frame.opening.start, frame.opening.end, "{ "))
                braces.append((token.start, token.end, " }"))
            following = stream[index + 1] if index + 1 < len(stream) else None
            redirected = following is not None and following.operator and following.text in _INPUT
            if frame.piped or redirected:
                del found[frame.first :]
            if not frame.own or _leads_elsewhere(stream, index + 1):
                del printing[frame.printing :]
            command_position = False
            continue
        if token.operator:
            if token.text == ")" and (frames[-1].closer == "esac" or stream[index - 1].text == "("):
                pattern = False
                simple = _Simple()
                command_position = True
            continue
        if command_position and not simple.words and token.text in _BETWEEN:
            after_pipe = False
            continue
        if command_position and not simple.words:
            piped = after_pipe
            after_pipe = False
            simple.piped = piped
        if frames[-1].closer == "esac" and not command_position:
            command_position = pattern = token.text == "in"
            continue
        simple.words.append(token)
        simple.end = token.end
    finish()
    reads = [
        (t.start, t.end, "__read") if t.text == "read" else (t.start, t.start, "__stdin | ") for t in found
    ]
    return sorted(reads + braces + moving + printing)


def _inside(token: Token, live: frozenset[str]) -> Iterator[Edit]:
    """What is to be changed in the command substitutions of a word: silent commands take no input."""
    text, at, quoted = token.text, 0, False
    while at < len(text):
        if text[at] == "\\" or (text[at] == "'" and not quoted):
            at = skip(text, at)
            continue
        quoted ^= text[at] == '"'
        if not text.startswith("$(", at):
            at += 1
            continue
        end = skip(text, at)
        if not text.startswith("$((", at):
            base = token.start + at + 2
            # A pipe in front has them treated as what stands behind one.
            for start, stop, instead in edits(f"|{text[at + 2 : end - 1]}", live):
                if instead == _NOTHING:
                    yield base + start - 1, base + stop - 1, instead
        at = end


def _prints_alone(simple: _Simple) -> bool:
    """Whether a command prints where its shell does, and reads nothing."""
    return not (simple.piped or simple.redirected or simple.outputs)


def _named(word: Token, names: frozenset[str]) -> bool:
    return word.text.rsplit("/", 1)[-1] in names


def _tell_streamer(
    simple: _Simple,
    words: list[Token],
    live: frozenset[str],
    moving: list[Edit],
    printing: list[Edit] | None,
) -> None:
    """Note what must be written in front of a command that moves bytes; None: a pipe takes its output."""
    replaces = len(words) > 1 and words[0].text == "exec"
    if not words or (name := words[replaces].text.rsplit("/", 1)[-1]) not in STREAMERS or name not in live:
        return
    start = words[replaces].start
    if replaces:
        # bashkit's exec gives a command that the lab brings along no input.
        moving.append((words[0].start, words[0].end, "{"))
        moving.append((simple.end, simple.end, "; exit; }"))
    match simple.outputs:
        case [] if printing is not None:
            printing.append((start, start, "_DIRECT=1 "))
        case [(operator, word)] if operator.text in (">", ">>") and not word.text.startswith("/dev/"):
            moving.append((operator.start, word.end, ""))
            variable = "_APPEND" if operator.text == ">>" else "_WRITE"
            moving.append((start, start, f"{variable}={word.text} "))


def _prints(stream: list[Token], index: int) -> bool:
    """Whether a redirection is one of standard output."""
    before = stream[index - 1] if index else None
    numbered = before is not None and before.end == stream[index].start and before.text.isdigit()
    return stream[index].text not in _INPUT and not numbered


def _leads_elsewhere(stream: list[Token], at: int) -> bool:
    """Whether what follows a compound command takes its output away from the session."""
    while at < len(stream):
        token = stream[at]
        if token.operator and token.text in _REDIRECTIONS:
            if _prints(stream, at):
                return True
            at += 2
        elif token.operator:
            return token.text == "|"
        else:
            at += 1
    return False


def _ends_in_background(stream: list[Token], index: int) -> bool:
    before = next((t for t in reversed(stream[:index]) if t.text != "\n"), None)
    return before is not None and before.text == "&"


def _numbered(stream: list[Token], index: int) -> bool:
    before = stream[index - 1] if index else None
    return before is not None and before.end == stream[index].start and before.text in "3456789"


@lru_cache(512)
def with_live_input(text: str, live: frozenset[str] = frozenset()) -> str:
    """Rewrite `text` so that what would read the session's input reads it live."""
    own = [f"{name[2:]}()" for name in live if name.startswith("__")]
    if "&" not in text and not any(word in text for word in (*READERS, *STREAMERS, *TALKERS, "read", *own)):
        return text
    for start, end, instead in reversed(edits(text, live)):
        text = text[:start] + instead + text[end:]
    return text
