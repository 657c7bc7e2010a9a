"""Opening logs for `log` and `trace`: plain, gzip and zstd by their first bytes, and standard input."""

import gzip
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from console.parse.qmail_blocks import blocks

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class LogTrouble(Exception):
    """A log cannot be read: which one, why, and what to do."""


def read(names: Sequence[str]) -> Iterator[bytes]:
    """The blocks of these files in this order; none or `-` is standard input. Raises LogTrouble."""
    return blocks(_opened(names or ("-",)))


@contextmanager
def rereadable(names: Sequence[str]) -> Iterator[Callable[[], Iterator[bytes]]]:
    """The same, to be read more than once: standard input is kept in a temporary file meanwhile."""
    with ExitStack() as stack:
        kept: list[str] = []
        for name in names or ("-",):
            if name == "-":
                spool = stack.enter_context(tempfile.NamedTemporaryFile(prefix="mirrorgate-log-"))
                shutil.copyfileobj(sys.stdin.buffer, spool)
                spool.flush()
                kept.append(spool.name)
            else:
                kept.append(name)
        yield lambda: read(kept)


def _opened(names: Sequence[str]) -> Iterator[BinaryIO]:
    for name in names:
        try:
            if name == "-":
                yield cast(BinaryIO, sys.stdin.buffer)
                continue
            with _open(Path(name)) as source:
                yield source
        except (EOFError, zlib.error, gzip.BadGzipFile) as odd:
            raise LogTrouble(f"{name}: damaged gzip file, read up to the damage: {odd}") from odd


def _open(path: Path) -> AbstractContextManager[BinaryIO]:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(_GZIP):
        return cast(AbstractContextManager[BinaryIO], gzip.open(path, "rb"))
    if magic == _ZSTD:
        return _zstd(path)
    return path.open("rb")


@contextmanager
def _zstd(path: Path) -> Iterator[BinaryIO]:
    # FreeBSD's base system has zstd(1); Python has it from 3.14 on.
    tool = shutil.which("zstd")
    if tool is None:
        raise LogTrouble(f"{path}: zstd is not installed: install it, or unpack the file elsewhere")
    words = [tool, "-dcq", "--", str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603  # no shell
        try:
            yield cast(BinaryIO, process.stdout)
        except GeneratorExit:
            process.kill()
            raise
    if process.returncode > 0:
        raise LogTrouble(f"{path}: zstd could not unpack the whole file, read up to the damage")
