"""A session whose lanes answer what a test tells them to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from console.ssh.frames import Frame

HOST = (
    "{now}\n0\nwheel\nkern.hostname: {name}\nkern.osrelease: 13.2-RELEASE\n"
    "kern.boottime: {{ sec = 1795395000, usec = 0 }} Mon Nov 23 00:50:00 2026\n"
    "vm.loadavg: {{ 0.10 0.20 0.30 }}\n"
)
GEOM = "<mesh>\n</mesh>\n"
MOUNTS = "/dev/gpt/rootfs\t\t/\t\t\tufs\trw\t\t1 1\n"

Answer = Callable[[str], str | None]
"""Section to text; None = never answers."""


class FakeLane:
    """Answers each tick at once, section by section, until one hangs."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        self.ticks: list[tuple[str, ...]] = []
        self.closed = False

    async def tick(self, sections: Sequence[str]) -> None:
        """Answer what can be answered."""
        self.ticks.append(tuple(sections))
        for section in sections:
            if (text := self._answer(section)) is not None:
                self._frames.put_nowait(Frame(len(self.ticks), section, text, 0))

    def say(self, section: str, text: str) -> None:
        """A late answer."""
        self._frames.put_nowait(Frame(0, section, text, 0, late=True))

    def drop(self) -> None:
        """The connection breaks."""
        self._frames.put_nowait(None)

    async def frames(self) -> AsyncIterator[Frame]:
        """What was answered, until the connection breaks."""
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class FakeSession:
    """Opens fake lanes and remembers them."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.lanes: list[FakeLane] = []
        self.closed = False

    async def lane(self) -> FakeLane:
        """One more lane."""
        self.lanes.append(FakeLane(self._answer))
        return self.lanes[-1]

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
