"""Files of a node as the sampler sends them: text files line by line, image files as `ls -ls` shows them.

Each begins with a line `## PATH`; the lines of a text file follow after one blank each, so that none of them
can pass for such a beginning.
"""

import re

from console.model.facts import ConfigFile, ImageFile
from console.parse.lines import whole
from console.parse.masking import masked
from console.parse.parts import parts

_ABSENT = ": No such file or directory"
BLOCK = 512
"""Bytes of a block of ls -s where BLOCKSIZE is not set."""
_LS = re.compile(
    r"\s*(\d{1,20})\s+-[rwxsStT-]{9}[+@]?\s+\d{1,9}\s+\S{1,64}\s+\S{1,64}\s+(\d{1,20})\s+"
    r"([A-Z][a-z]{2} [ \d]\d +(?:\d\d:\d\d|\d{4})) .*"
)


def read_files(text: str) -> tuple[ConfigFile, ...]:
    """Configuration files; a missing one has no lines, and one that could not be read is left out."""
    found: list[ConfigFile] = []
    for path, lines in parts(text):
        body = [line for line in lines if line]
        if path.endswith(" missing"):
            found.append(ConfigFile(path.removesuffix(" missing")))
        elif not path.endswith(" unreadable") and all(line.startswith(" ") for line in body):
            found.append(ConfigFile(path, tuple(masked(line[1:]) for line in body)))
    return tuple(found)


def read_images(text: str) -> tuple[ImageFile, ...]:
    """Image files; a missing one has no size, and one that ls could not describe is left out."""
    found: list[ImageFile] = []
    for path, lines in parts(text):
        body = [line for line in lines if line]
        row = _LS.fullmatch(body[0][:4096]) if body else None
        if row:
            blocks = whole(row[1])
            found.append(
                ImageFile(
                    path, whole(row[2]), None if blocks is None else blocks * BLOCK, " ".join(row[3].split())
                )
            )
        elif len(body) == 1 and body[0].endswith(_ABSENT):
            # A directory that may not be searched hides its files: only these words prove one missing.
            found.append(ImageFile(path))
    return tuple(found)
