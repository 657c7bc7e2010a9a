"""Opening logs for `log` and `trace`: plain, gzip and zstd by their first bytes, and standard input."""

import os
import sys
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from console.parse.qmail_blocks import BLOCK, Source, blocks

SEARCHED = 1 << 16
"""Bytes of a block that is only searched: it stays in a smaller cache than one that is added up."""
_FEW = 100
"""Files that may be open at once."""
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


def read(names: Sequence[str], troubles: list[str], size: int = BLOCK) -> Iterator[bytes]:
    """The blocks of these files in this order, of about `size` bytes; none or `-` is standard input.

    A packed file that is damaged is read up to the damage and named in `troubles`. Raises OSError for a file
    that cannot be opened.
    """
    return blocks(_opened(names or ("-",), troubles), size)


def plain_files(names: Sequence[str], stack: ExitStack) -> list[int] | None:
    """The files, open until the stack is closed, when any byte of them can be read at once; else None.

    They must be few and plain, and each but the last one must end with a line feed: `blocks` parts the lines
    where a file ends.
    """
    files: list[int] = []
    if not 0 < len(names) <= _FEW:
        return None
    for name in names:
        if not os.path.isfile(name):
            return None
        if files and (size := os.fstat(files[-1]).st_size) and os.pread(files[-1], 1, size - 1) != b"\n":
            return None
        files.append(stack.enter_context(open(name, "rb", buffering=0)).fileno())  # noqa: SIM115  # by the stack
        if os.pread(files[-1], 4, 0).startswith((_GZIP, _ZSTD)):
            return None
    return files


def readable_at(names: Sequence[str], stack: ExitStack) -> tuple[Callable[[int, int], bytes], int] | None:
    """How to read any bytes of `plain_files`, as if they were one, and how many there are."""
    files = plain_files(names, stack)
    if files is None:
        return None
    begins = [0]
    for file in files:
        begins.append(begins[-1] + os.fstat(file).st_size)
    return partial(_bytes_at, files, begins), begins[-1]


def _bytes_at(files: Sequence[int], begins: Sequence[int], offset: int, size: int) -> bytes:
    data = b""
    for which in range(bisect(begins, offset) - 1, len(files)):
        left = min(size - len(data), begins[which + 1] - offset - len(data))
        data += os.pread(files[which], left, offset + len(data) - begins[which])
        if len(data) == size:
            break
    return data


@contextmanager
def rereadable(names: Sequence[str], troubles: list[str]) -> Iterator[Callable[[], Iterator[bytes]]]:
    """The same, to be read more than once: standard input is kept in a temporary file meanwhile."""
    with ExitStack() as stack:
        kept: list[str] = []
        for name in names or ("-",):
            if name == "-":
                import shutil
                import tempfile

                spool = stack.enter_context(tempfile.NamedTemporaryFile(prefix="mirrorgate-log-"))
                shutil.copyfileobj(sys.stdin.buffer, spool)
                spool.flush()
                kept.append(spool.name)
            else:
                kept.append(name)
        yield lambda: read(kept, troubles, SEARCHED)


class _Unpacked:
    """A gzip file whose damage is its end."""

    def __init__(self, name: str, troubles: list[str]) -> None:
        import gzip

        self._file = gzip.open(name, "rb")  # noqa: SIM115  # closed by `close`
        self._name = name
        self._troubles = troubles

    def read(self, size: int) -> bytes:
        import gzip
        import zlib

        try:
            return self._file.read1(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as odd:
            self._troubles.append(f"{self._name}: damaged gzip file, read up to the damage: {odd}")
            return b""

    def close(self) -> None:
        self._file.close()


def _opened(names: Sequence[str], troubles: list[str]) -> Iterator[Source]:
    for name in names:
        if name == "-":
            yield sys.stdin.buffer
            continue
        with open(name, "rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic.startswith(_GZIP):
                with closing(_Unpacked(name, troubles)) as unpacked:
                    yield unpacked
            elif magic == _ZSTD:
                yield from _zstd(name, troubles)
            else:
                yield file


def _zstd(name: str, troubles: list[str]) -> Iterator[Source]:
    import shutil
    import subprocess

    # FreeBSD's base system has zstd(1); Python has it from 3.14 on.
    tool = shutil.which("zstd")
    if tool is None:
        troubles.append(f"{name}: not read, there is no zstd: install it, or unpack the file elsewhere")
        return
    words = [tool, "-dcq", "--", name]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603  # no shell
        if process.stdout is not None:
            yield process.stdout
    if process.returncode:
        troubles.append(f"{name}: zstd could not unpack the whole file, read up to the damage")
