"""A second process that finds out the shapes of a log's lines while the first adds up what they say.

It reads the same files by itself. What it tells of a block is used only for a block that is the same, so a
log that grows or is rotated meanwhile is added up as if there were no second process.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from console.commands.log_files import read
from console.parse.qmail_columns import BLOCK
from console.parse.qmail_shapes import KnownStatus, Regular, regular

Told = Callable[[bytes], Regular | None]
"""The shapes of the next block's whole lines; None where nobody has found them out."""
_EDGE = 256


@contextmanager
def ahead(files: Sequence[str]) -> Iterator[Told]:
    """Begin to look at the files; the process has ended when the context does."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with open(writing, "wb") as out:
                _look(files, out)
        finally:
            # Neither what the first process still has to print nor its cleaning up is for this one.
            os._exit(0)
    os.close(writing)
    pipe = open(reading, "rb", buffering=1 << 20)  # noqa: SIM115  # closed below, before the process is waited for
    try:
        yield _taking(pipe)
    finally:
        pipe.close()
        os.waitpid(child, 0)


def _look(files: Sequence[str], out: BinaryIO) -> None:
    known = KnownStatus()
    for block in read(files, [], BLOCK):
        if lines := block[: block.rfind(b"\n") + 1]:
            pickle.dump((_same(lines), regular(lines, known)), out, pickle.HIGHEST_PROTOCOL)


def _same(lines: bytes) -> tuple[int, bytes, bytes]:
    """Stamps never repeat so that size and both ends would be those of other lines."""
    return len(lines), lines[:_EDGE], lines[-_EDGE:]


def _taking(pipe: BinaryIO) -> Told:
    over = False

    def told(lines: bytes) -> Regular | None:
        nonlocal over
        if over:
            return None
        try:
            of, shapes = pickle.load(pipe)  # noqa: S301  # written by our own child
        except (EOFError, pickle.UnpicklingError):
            over = True
            return None
        over = of != _same(lines)
        return None if over else shapes

    return told
