"""What is wrong, told on standard error."""

import os
import sys

from console.ssh.text import inert


def complain(why: object) -> None:
    """One line, whatever stands in it: file names, answers and pasted text come from anywhere."""
    print(f"mirrorgate: {inert(str(why)).strip().replace(chr(10), '␊')}", file=sys.stderr)


def no_terminal(instead: str) -> bool:
    """Whether there is none to draw a console on and take keys from; says so, and what does without one."""
    # Textual reads standard input and draws on standard error; standard output may go elsewhere.
    if os.isatty(0) and os.isatty(2):
        return False
    complain(f"the console needs a terminal; without one: mirrorgate {instead}")
    return True
