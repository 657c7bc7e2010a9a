"""The two programs that what watches may start on a node; there is no third."""

from dataclasses import dataclass
from importlib.resources import files

REFUSAL = b"mirrorgate-monitor 1: "
"""How the gate of a monitor's key (playbooks/node/monitor.sh) begins the line with which it refuses."""


@dataclass(frozen=True, slots=True)
class Program:
    """A fixed program that reads requests from its input."""

    word: str
    """What it is asked for by where the node has it installed behind the gate of a monitor's key."""
    script: str
    """What /bin/sh is fed where it is not."""
    greeting: bytes
    """Its first line."""


def _script(name: str) -> str:
    return files("playbooks").joinpath(f"node/{name}.sh").read_text("utf-8")


SAMPLER = Program("mirrorgate-sampler", _script("sampler"), b"mirrorgate-sampler 1\n")
MAIL = Program("mirrorgate-mail", _script("mail"), b"mirrorgate-mail 1\n")
PROGRAMS = (SAMPLER, MAIL)
