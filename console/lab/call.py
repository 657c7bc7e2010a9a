"""How a simulated command is called: its arguments and surroundings in, text and an exit status out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from console.lab.world import Node


class Stdin(Protocol):
    """The bytes a command reads: bashkit's CommandInput or an `Empty`."""

    async def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes (all when negative); b"" at the end."""


class Empty:
    """A standard input with nothing in it."""

    async def read(self, size: int = -1, /) -> bytes:
        """Nothing, at once."""
        return b""


@dataclass
class Call:
    """One call of a simulated command on a node."""

    node: Node
    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/root"
    uid: int = 0
    user: str = "root"
    stdin: Stdin = field(default_factory=Empty)
    out: str = ""
    err: str = ""
    write_out: Callable[[str], Awaitable[None]] | None = None
    write_err: Callable[[str], Awaitable[None]] | None = None
    write_bytes: Callable[[bytes], Awaitable[None]] | None = None
    groups: tuple[str, ...] = ("wheel", "operator")
    parent: int = 1
    """The process that runs the calling shell: 1 unless daemon(8) started it."""

    @property
    def name(self) -> str:
        """The command's own name, without its directory."""
        return self.argv[0].rsplit("/", 1)[-1]

    @property
    def arguments(self) -> list[str]:
        """What follows the command's name."""
        return self.argv[1:]

    def say(self, text: str, end: str = "\n") -> None:
        """Print to standard output."""
        self.out += text + end

    def complain(self, text: str, end: str = "\n") -> None:
        """Print to standard error."""
        self.err += text + end

    async def send(self, data: bytes) -> None:
        """Print bytes, no faster than they are taken."""
        if self.write_bytes is None:
            self.say(data.decode("utf-8", "surrogateescape"), end="")
            return
        await self.flush()
        await self.write_bytes(data)

    async def flush(self) -> None:
        """Hand on what was printed so far; a long command calls it before it waits."""
        if self.write_out is not None and self.out:
            text, self.out = self.out, ""
            await self.write_out(text)
        if self.write_err is not None and self.err:
            text, self.err = self.err, ""
            await self.write_err(text)


Command = Callable[[Call], Awaitable[int]]
"""A simulated command: returns its exit status. Each commands module exports them as `COMMANDS`."""
