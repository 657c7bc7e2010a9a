"""`mirrorgate parse KIND < FILE`: what the console reads from a command's output, as JSON."""

import json
import sys

from console.parse.kinds import KINDS, explain


def main(kind: str | None) -> int:
    """Explain what comes on standard input; without a kind, list the kinds and read nothing."""
    if kind is None:
        sys.stdout.write("".join(f"{known}\n" for known in sorted(KINDS)))
        return 0
    # An unknown kind is refused before waiting for input.
    given = sys.stdin.buffer.read() if kind in KINDS else b""
    return run(kind, given.decode("utf-8", errors="backslashreplace"))


def run(kind: str, text: str) -> int:
    """Print the facts and the unread lines of `text` as JSON; exit status 2 for an unknown kind."""
    if kind not in KINDS:
        known = "\n  ".join(sorted(KINDS))
        sys.stderr.write(f"mirrorgate parse: no such kind: {kind!a}. The kinds are:\n  {known}\n")
        return 2
    # Escapes keep the control sequences of hostile input from the terminal.
    json.dump(explain(kind, text), sys.stdout, ensure_ascii=True, indent=2)
    sys.stdout.write("\n")
    return 0
