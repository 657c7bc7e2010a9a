"""The one way to put words into a command line for a node's shell."""

import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-]+", re.ASCII)
_RESERVED = re.compile(
    "case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while"
)
"""Words that mean something to a shell when they come first."""


def quote(argv: Sequence[str]) -> str:
    """Join words so that a POSIX shell reads exactly them; csh is never given one (see `commanding`)."""
    if not argv:
        raise ValueError("an empty command cannot be quoted")
    if any("\0" in word for word in argv):
        raise ValueError("no command line can hold a NUL")
    first, *others = argv
    return " ".join(
        (_word(first, _RESERVED.fullmatch(first) is not None), *(_word(word, False) for word in others))
    )


def _word(word: str, reserved: bool) -> str:
    if _PLAIN.fullmatch(word) and not reserved:
        return word
    return "'" + word.replace("'", "'\\''") + "'"
