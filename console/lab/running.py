"""Running shell text on a node from inside the lab, as its operator would."""

from dataclasses import dataclass

from console.lab import catalogue
from console.lab.lineinput import LineInput
from console.lab.shell import ROOT, Runner, Shell
from console.lab.world import Node


@dataclass(frozen=True, slots=True)
class Ran:
    """What a piece of shell text left behind."""

    status: int
    out: str
    err: str


async def run_text(node: Node, text: str, user: Runner = ROOT) -> Ran:
    """Run `text` with an empty input and collect what it prints."""
    out, err = bytearray(), bytearray()

    async def take_out(data: bytes) -> None:
        out.extend(data)

    async def take_err(data: bytes) -> None:
        err.extend(data)

    live = LineInput()
    live.end()
    status = await Shell(node, catalogue.commands(), live, take_out, take_err, user).run(text)
    return Ran(status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
