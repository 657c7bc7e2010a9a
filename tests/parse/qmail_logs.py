"""The recorded qmail-send logs, each directory in the order it was written."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from console.parse.qmail_blocks import blocks
from tests.parse.captured import CAPTURES

LOGS = CAPTURES / "qmail" / "logs"


def files(directory: str) -> list[Path]:
    """Rotated files by their stamps, then `current`."""
    found = [path for path in (LOGS / directory).iterdir() if "tai64nlocal" not in path.name]
    return sorted(found, key=lambda path: (path.name.startswith("current"), path.name))


def sources(directory: str) -> Iterator[BinaryIO]:
    """Their bytes, unpacked."""
    for path in files(directory):
        data = path.read_bytes()
        yield io.BytesIO(gzip.decompress(data) if path.suffix == ".gz" else data)


def recorded(directory: str) -> Iterator[bytes]:
    """The blocks of a directory."""
    return blocks(sources(directory))
