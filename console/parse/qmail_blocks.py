"""Log files as blocks of whole lines: in the given order, bounded, put together where multilog cut."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from console.parse.qmail_log import decode

BLOCK = 1 << 17
"""Bytes read at once: what is searched again and again should stay in the processor's cache."""
LONGEST = 1 << 20
"""Bytes. qmail-send writes lines of about 5,000; of a longer line than this only the beginning is kept."""
_KEPT = 1 << 12


class Source(Protocol):
    """Something to read bytes from; an empty answer is its end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""


def blocks(sources: Iterable[Source], size: int = BLOCK) -> Iterator[bytes]:
    """Whole lines, each with its line feed. A block without one at its end is one line that is not whole.

    multilog(8) cuts a long line at the size of a file: the rest begins the next file, without a stamp.
    """
    held = b""
    for source in sources:
        first = True
        skipping = False
        while data := source.read(size):
            if first and held and not _continues(data):
                yield held
                held = b""
            first = False
            if skipping:
                cut = data.find(b"\n") + 1
                if not cut:
                    continue
                data, skipping = data[cut:], False
            cut = data.rfind(b"\n") + 1
            if cut:
                # One copy, not two.
                yield b"".join((held, memoryview(data)[:cut]))
                held = data[cut:]
            else:
                held += data
            if len(held) > LONGEST:
                yield held[:_KEPT].replace(b"\n", b"")
                held, skipping = b"", True
    if held:
        yield held


def _continues(data: bytes) -> bool:
    line = decode(text_of(data[:_KEPT].partition(b"\n")[0]))
    return line.stamp is None and line.event is None


def text_of(line: bytes) -> str:
    """A line as text; bytes that are no UTF-8 appear as a backslash, x and two hex digits."""
    return line.decode("utf-8", errors="backslashreplace")


def lines_of(block: bytes) -> tuple[list[bytes], bool]:
    """The lines of a block, and whether the last one is whole."""
    lines = block.split(b"\n")
    if lines[-1]:
        return lines, False
    lines.pop()
    return lines, True
