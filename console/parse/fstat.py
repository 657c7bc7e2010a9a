"""fstat(1): which processes hold files open, and so keep a file system from being unmounted."""

import re
from dataclasses import dataclass

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open file. `fd` is a number, or `wd`, `root`, `text`, `jail`, `ctty`, `mmap`, `tr`."""

    user: str
    cmd: str
    pid: int
    fd: str
    mount: str | None = None
    inum: int | None = None
    mode: str | None = None
    size: str | None = None
    """Bytes, or the device for a device node."""
    rw: str | None = None
    name: str | None = None
    what: str | None = None
    """For what is no file: `pipe`, `internet`, `local`, `-` …, with the rest of the line."""


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """All open files, and the distinct processes that hold them."""

    files: tuple[OpenFile, ...] = ()
    pids: tuple[int, ...] = ()


_START = re.compile(r"(\S+) (.+?) ([0-9]{1,9}) (wd|root|text|jail|ctty|mmap|tr|[0-9]{1,6})\*? (.+)")
_FILE = re.compile(r"(/\S*|-) ([0-9]{1,20}) (\S{10}) (\S+) ([rw-]{1,2})(?: +(.+))?")
_NO_FILE = re.compile(r"(?:-|pipe|internet|internet6|local|route|\*|\[?[a-z]+\]?|error|unknown).*")


def read_fstat(text: str) -> Reading[OpenFiles]:
    """Read fstat(1), usually `fstat -f MOUNTPOINT`; a header alone means that nothing is open there."""
    unread: list[str] = []
    files: list[OpenFile] = []
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if bare.startswith("USER CMD PID FD"):
            continue
        start = _START.fullmatch(bare)
        number = whole(start[3]) if start else None
        if start is None or number is None:
            unread.append(line)
            continue
        user, cmd, _, fd, rest = start.groups()
        if found := _FILE.fullmatch(rest):
            mount, inum, mode, size, rw, name = found.groups()
            files.append(OpenFile(user, cmd, number, fd, mount, int(inum), mode, size, rw, name))
        elif _NO_FILE.fullmatch(rest):
            files.append(OpenFile(user, cmd, number, fd, what=rest))
        else:
            unread.append(line)
    pids = dict.fromkeys(file.pid for file in files)
    return Reading(OpenFiles(tuple(files), tuple(pids)), tuple(unread))
