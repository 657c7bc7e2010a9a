"""Adding up a big log with two processors: a second process takes the later half."""

import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple, NoReturn

from console.commands.log_files import plain_files
from console.parse.qmail_blocks import blocks
from console.parse.qmail_columns import BLOCK
from console.parse.qmail_halves import EarlierFigures, Inseparable, LaterFigures

BIG = 16_000_000
"""Bytes from which on a second process saves more time than it takes."""
_NEAR = 1 << 16
_EARLIER = 0.54
"""Part of the log for the first process: the second has to be made, and to tell."""


class _Part:
    """Part of a file; read at multiples of the size, so that the blocks are those of the whole file."""

    def __init__(self, file: int, begin: int = 0, end: int | None = None) -> None:
        self._file, self._at, self._end = file, begin, end

    def read(self, size: int) -> bytes:
        count = size - self._at % size
        if self._end is not None:
            count = min(count, self._end - self._at)
        data = os.pread(self._file, count, self._at)
        self._at += len(data)
        return data


class Halves(NamedTuple):
    """Two parts of a log, the later one begins with a line."""

    earlier: Sequence[_Part]
    later: Sequence[_Part]


def halves(names: Sequence[str], stack: ExitStack) -> Halves | None:
    """The log in two parts, open until the stack is closed; None when it had better be read in one."""
    if (os.cpu_count() or 1) < 2 or not hasattr(os, "fork"):
        return None
    files = plain_files(names, stack)
    if files is None:
        return None
    sizes = [os.fstat(file).st_size for file in files]
    if sum(sizes) < BIG:
        return None
    wanted = int(sum(sizes) * _EARLIER)
    before, which = 0, 0
    while before + sizes[which] < wanted:
        before, which = before + sizes[which], which + 1
    middle = (wanted - before) // BLOCK * BLOCK
    cut = middle - _NEAR + os.pread(files[which], _NEAR, middle - _NEAR).rfind(b"\n") + 1 if middle else 0
    if cut <= middle - _NEAR:
        # One of many small files, or one huge line.
        return None
    earlier = [*map(_Part, files[:which]), _Part(files[which], end=cut)]
    return Halves(earlier, [_Part(files[which], cut), *map(_Part, files[which + 1 :])])


def summed(parts: Halves) -> EarlierFigures:
    """The figures of both; the same as if they were read one after the other."""
    parent = os.getpid()
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        _tell(parts.later, (heard, told), parent)
    try:
        os.close(told)
        figures = EarlierFigures()
        with open(heard, "rb") as pipe:
            for block in blocks(parts.earlier, BLOCK):
                figures.take(block)
            rest = pipe.read()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for block in _unread(figures, rest, parts.later):
        figures.take(block)
    return figures


def _tell(later: Sequence[_Part], pipe: tuple[int, int], parent: int) -> NoReturn:
    """Add up the later part, write the figures and end this process, whatever happens."""
    heard, told = pipe
    try:
        # With a reading end of its own it would wait for ever to be read by a parent that was killed.
        os.close(heard)
        figures = LaterFigures()
        for block in blocks(later, BLOCK):
            figures.take(block)
            if os.getppid() != parent:
                os._exit(1)
        with open(told, "wb") as out:
            pickle.dump(figures.rest(), out, pickle.HIGHEST_PROTOCOL)
    finally:
        # Nothing of the parent's may run here: no traceback, no buffer written twice.
        os._exit(0)


def _unread(figures: EarlierFigures, rest: bytes, later: Sequence[_Part]) -> Iterator[bytes]:
    """Join what the second process told; the blocks that must be read here, as it failed."""
    try:
        figures.join(pickle.loads(rest))  # noqa: S301  # written by our own process
    except (pickle.UnpicklingError, EOFError, Inseparable):
        return blocks(later, BLOCK)
    return iter(())
