"""The recorded outputs that these tests read, as the console reads them."""

import gzip
from pathlib import Path

CAPTURES = Path(__file__).parent.parent / "captures"
FREEBSD = CAPTURES / "freebsd"
QMAIL = CAPTURES / "qmail"


def captured(path: Path) -> str:
    """A capture's text, from a gzipped file too."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode("utf-8", errors="backslashreplace")
