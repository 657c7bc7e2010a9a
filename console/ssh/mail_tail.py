"""Following the log of a node: bytes after bytes, over rotations, and how far its clock is from ours."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from console.model.mail import LogLines, MailTrouble
from console.ssh.mail_channel import Answer
from console.ssh.mail_search import log_files, unreadable

CHUNK = 1 << 20
"""Bytes asked for at once."""
BEHIND = 4 << 20
"""Bytes that we may be behind before the rest is passed over."""
_PER_LINE = 256
_LONGEST = 1 << 20
_PART = "part/"

Ask = Callable[[str, tuple[object, ...]], Awaitable[Answer]]
Clock = Callable[[], float]
"""Seconds: Unix time here."""


@dataclass(slots=True)
class Skew:
    """How far a node's clock is ahead, narrowed by every answer: it tells whole seconds only."""

    low: float = float("-inf")
    high: float = float("inf")

    def take(self, said: int, before: float, after: float) -> float:
        """The node's clock showed `said` at some moment between two of ours; returns the best guess."""
        low, high = said - after, said + 1 - before
        self.low, self.high = max(self.low, low), min(self.high, high)
        if self.low > self.high:
            # One of the clocks was set.
            self.low, self.high = low, high
        return (self.low + self.high) / 2


class Tail:
    """Where we are in the log, and the line that is not ended yet."""

    def __init__(self, node: str, ask: Ask, clock: Clock, last: int) -> None:
        self._node = node
        self._ask = ask
        self._clock = clock
        self._last = last
        self._inode = 0
        self._offset = 0
        self._held = b""
        self._torn = False
        self._begun = False
        self._skew = Skew()

    async def more(self) -> tuple[LogLines, bool]:
        """New lines, and whether there are more at once; raises MailTrouble."""
        missed = 0
        if not self._begun:
            await self._begin()
        before = self._clock()
        answer = await self._ask("more", (self._inode, self._offset, CHUNK))
        after = self._clock()
        files = log_files(answer.text("after"))
        if not files:
            raise MailTrouble(f"{self._node}: the log went away; see whether multilog runs")
        listed = log_files(answer.text("logs"))
        if listed and listed[-1].inode != files[-1].inode:
            # Rotated in between: what was called `current` may have been either.
            return LogLines(), True
        now = answer.text("now").strip()
        offset = self._skew.take(int(now), before, after) if now.isdecimal() else None
        parts = [one for one in answer.sections if one.name.startswith(_PART)]
        began = self._inode
        lines: list[bytes] = []
        for part in parts:
            head, _, data = part.raw.partition(b"\n")
            inode = part.name.removeprefix(_PART)
            if not (head.isdigit() and inode.isdecimal()):
                continue
            self._inode, self._offset = int(inode), int(head) + len(data)
            self._take(data, lines)
        ahead = self._ahead([(one.inode, one.size) for one in files])
        if ahead is None:
            # The file that we were in is gone: multilog keeps only so many.
            missed += len(self._held)
            self._inode = files[-1].inode
            self._jump(0)
            ahead = files[-1].size
        if ahead > BEHIND:
            size = files[-1].size
            missed += ahead - min(size, CHUNK)
            self._inode = files[-1].inode
            self._jump(max(size - CHUNK, 0))
        if not self._begun:
            self._begun = True
            lines = lines[-self._last :] if self._last else []
        # The lines of the old file come with the first of the new one.
        rotated = self._inode != began
        return LogLines(tuple(lines), rotated, missed, offset), ahead > 0

    async def _begin(self) -> None:
        answer = await self._ask("files", ())
        files = log_files(answer.text("logs"))
        if answer.status("readable") != 0 or not files:
            raise unreadable(self._node, answer)
        current = files[-1]
        self._inode = current.inode
        self._jump(max(current.size - max(self._last, 1) * _PER_LINE, 0))

    def _jump(self, offset: int) -> None:
        """Go on from there; what stands before the first line feed is half a line."""
        self._offset, self._held, self._torn = offset, b"", offset > 0

    def _take(self, data: bytes, lines: list[bytes]) -> None:
        if self._torn:
            _, ended, data = data.partition(b"\n")
            self._torn = not ended
        whole, end, rest = (self._held + data).rpartition(b"\n")
        if end:
            lines += whole.split(b"\n")
        self._held = rest[:_LONGEST]

    def _ahead(self, files: list[tuple[int, int]]) -> int | None:
        """Bytes in the log after where we are; None when our file is not there any more."""
        inodes = [inode for inode, _ in files]
        if self._inode not in inodes:
            return None
        place = inodes.index(self._inode)
        return files[place][1] - self._offset + sum(size for _, size in files[place + 1 :])
