"""fstab(5), which is also the form that `mount -p` prints."""

import re
from dataclasses import dataclass

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class FstabEntry:
    """A line of fstab under its fields' names in fstab(5)."""

    spec: str
    file: str
    vfstype: str
    opts: str
    freq: int = 0
    passno: int = 0


@dataclass(frozen=True, slots=True)
class Fstab:
    """The entries, in order."""

    entries: tuple[FstabEntry, ...] = ()


_NOWHERE = ("none", "swap", "sw")
"""Stands for the mount point of a swap device, which has none."""
_OCTAL = re.compile(r"\\([0-7]{3})")


def read_fstab(text: str) -> Reading[Fstab]:
    """Read fstab(5): comments are left out, missing dump and pass numbers are 0."""
    entries: list[FstabEntry] = []
    unread: list[str] = []
    for line in filled(text, unread):
        words = line.split()
        if words[0].startswith("#"):
            continue
        entry = _entry(words)
        if entry is None:
            unread.append(line)
        else:
            entries.append(entry)
    return Reading(Fstab(tuple(entries)), tuple(unread))


def _entry(words: list[str]) -> FstabEntry | None:
    remark = next((at for at, word in enumerate(words) if at >= 4 and word.startswith("#")), len(words))
    fields = words[:remark]
    numbers = [whole(word) for word in fields[4:]]
    if not 4 <= len(fields) <= 6 or None in numbers:
        return None
    spec, file, vfstype, opts = fields[:4]
    if not (file.startswith("/") or file in _NOWHERE or vfstype in _NOWHERE):
        return None
    return FstabEntry(_plain(spec), _plain(file), vfstype, opts, *(n for n in numbers if n is not None))


def _plain(path: str) -> str:
    r"""Blanks in a path are written as `\040`."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), path)
