"""What is wrong, told on standard error."""

import sys

from console.ssh.text import inert


def complain(why: object) -> None:
    """One line, whatever stands in it: file names, answers and pasted text come from anywhere."""
    print(f"mirrorgate: {inert(str(why)).strip().replace(chr(10), '␊')}", file=sys.stderr)
