"""The sampler's answer taken apart: bytes in any portions in, whole frames out. Pure."""

from dataclasses import dataclass, field

from console.ssh.text import inert_bytes

BROKEN = 255
"""Exit status of a frame whose end never came: its text says why, and is no answer."""

_LONGEST_MARK = 64
"""Bytes that a line of ours may hold after the boundary."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One section of one answer."""

    tick: int
    section: str
    text: str
    """Inert; standard output and error of the section's commands as they came."""
    exit_status: int
    late: bool = False
    """Whether a newer tick had been asked when it came."""
    raw: bytes = field(default=b"", repr=False)
    """The text as it came, where the reader keeps it."""


class FrameReader:
    """Finds frames between lines that begin with `@BOUNDARY`; everything outside a frame is dropped.

    The boundary is fresh for each lane and known to the sampler's shell alone: no log line can forge one.
    """

    def __init__(self, boundary: str, longest: int = 8 << 20, *, raw: bool = False) -> None:
        self._mark = f"\n@{boundary} ".encode("ascii")
        self._longest = longest
        self._raw = raw
        # A line end before the first byte, so that every line of ours begins after one.
        self._held = b"\n"
        self._open: tuple[int, str] | None = None
        self._body: list[bytes] = []
        self._size = 0

    @property
    def unfinished(self) -> tuple[int, str] | None:
        """The tick and section of the frame that has begun and not ended."""
        return self._open

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; returns the frames that they complete."""
        frames: list[Frame] = []
        data = self._held + data
        at = 0
        while True:
            mark = data.find(self._mark, at)
            if mark < 0:
                rest = max(at, len(data) - len(self._mark) + 1)
                self._keep(data[at:rest])
                break
            words = mark + len(self._mark)
            end = data.find(b"\n", words, words + _LONGEST_MARK)
            if end < 0 and len(data) < words + _LONGEST_MARK:
                self._keep(data[at:mark])
                rest = mark
                break
            if end < 0:
                self._keep(data[at:words])
                at = words
                continue
            self._keep(data[at:mark])
            self._line(data[words:end].decode("ascii", errors="replace").split(), frames)
            # The line end of our line is also the one before the next line.
            at = end
        self._held = data[rest:]
        return frames

    def _keep(self, data: bytes) -> None:
        if self._open is None:
            return
        self._size += len(data)
        if self._size <= self._longest + 1:
            self._body.append(data)

    def _line(self, words: list[str], frames: list[Frame]) -> None:
        match words:
            case ["begin", tick, section] if tick.isdecimal():
                self._abandon(frames)
                self._open = (int(tick), section)
            case ["end", tick, section, status] if tick.isdecimal() and status.isdecimal():
                if self._open == (int(tick), section) and self._size <= self._longest + 1:
                    # The line end of the `begin` line came along.
                    body = b"".join(self._body)[1:]
                    raw = body if self._raw else b""
                    frames.append(Frame(int(tick), section, inert_bytes(body), int(status), raw=raw))
                    self._close()
                else:
                    self._abandon(frames)
            case _:
                self._abandon(frames)

    def _abandon(self, frames: list[Frame]) -> None:
        if self._open is not None:
            why = "the answer is too long" if self._size > self._longest + 1 else "the answer broke off"
            frames.append(Frame(*self._open, why, BROKEN))
            self._close()

    def _close(self) -> None:
        self._open = None
        self._body = []
        self._size = 0
