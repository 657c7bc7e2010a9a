"""What the tools that make and grow UFS print: newfs(8) and growfs(8)."""

import re
from dataclasses import dataclass, replace
from typing import Any

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class NewFileSystem:
    """A file system as newfs(8) made it. bsize and fsize in bytes, size_mb and group_mb in 2^20 bytes."""

    dev: str | None = None
    size_mb: float | None = None
    sectors: int | None = None
    bsize: int | None = None
    fsize: int | None = None
    groups: int | None = None
    group_mb: float | None = None
    blks: int | None = None
    inodes: int | None = None
    soft_updates: bool = False
    journal: bool = False
    """Soft updates journaling (-j)."""
    gjournal: bool = False
    backups: tuple[int, ...] = ()
    """Sectors of the super-block copies; the first one tells UFS1 (32) from UFS2 (160 and more)."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """What growfs(8), or the growfs service around it, did."""

    dev: str | None = None
    mounted: str | None = None
    """Mount point when it grows a live file system, `/` in the example of the manual page."""
    from_: str | None = None
    to: str | None = None
    answer: str | None = None
    resized: str | None = None
    """The partition that gpart(8) resized first."""
    unused: str | None = None
    unchanged: bool = False
    size_mb: float | None = None
    sectors: int | None = None
    bsize: int | None = None
    fsize: int | None = None
    groups: int | None = None
    backups: tuple[int, ...] = ()
    """Only of the new cylinder groups."""
    backups_first: int | None = None
    warnings: tuple[str, ...] = ()


_N = "([0-9]{1,18})"
_MB = r"([0-9]{1,18}(?:\.[0-9]{1,9})?)"
_SIZE = re.compile(rf"(\S+): {_MB}MB \({_N} sectors\) block size {_N}, fragment size {_N}")
_GROUPS = re.compile(rf"using {_N} cylinder groups of {_MB}MB, {_N} blks, {_N} inodes\.?")
_OLD_SIZE = re.compile(rf"(\S+): {_N} sectors in {_N} cylinders of {_N} tracks, {_N} sectors")
_OLD_GROUPS = re.compile(rf"{_MB}MB in {_N} cyl groups \({_N} c/g, {_MB}MB/g, {_N} i/g\)")
_BACKUPS_AT = re.compile(r"super-block backups,? \(for fsck(?:_ffs|_ufs)? -b ?#\) at:")
_JOURNAL = re.compile(r"Using inode [0-9]+ in cg [0-9]+ for [0-9]+ byte journal")
_WARNING = re.compile(
    r"Warning: .*|Warning, .*|newfs: .*|growfs: .*|reduced .*|density .*|increasing .*|decreasing .*"
    r"|cylinder .*|calculated .*|preposterous .*|.*sector\(s\) cannot be allocated\."
    r"|.*exceeds the (?:maximum|minimum).*",
    re.IGNORECASE,
)


def _measured(bare: str) -> dict[str, Any]:
    """The sizes of newfs's first lines, 4.x or later; empty for another line."""
    if found := _SIZE.fullmatch(bare):
        dev, size, sectors, block, fragment = found.groups()
        return {
            "dev": dev,
            "size_mb": float(size),
            "sectors": int(sectors),
            "bsize": int(block),
            "fsize": int(fragment),
        }
    if found := _GROUPS.fullmatch(bare):
        groups, size, blocks, inodes = found.groups()
        return {"groups": int(groups), "group_mb": float(size), "blks": int(blocks), "inodes": int(inodes)}
    if found := _OLD_SIZE.fullmatch(bare):
        return {"dev": found[1], "sectors": int(found[2])}
    if found := _OLD_GROUPS.fullmatch(bare):
        size, groups, _, group_size, inodes = found.groups()
        return {
            "size_mb": float(size),
            "groups": int(groups),
            "group_mb": float(group_size),
            "inodes": int(inodes),
        }
    return {}


class _Backups:
    """The list after `super-block backups`: a line that ends in a comma is followed by another one."""

    def __init__(self) -> None:
        self.found: list[int] = []
        self.expected = False

    def take(self, bare: str) -> bool:
        """Whether the line belongs to the list."""
        if head := _BACKUPS_AT.match(bare):
            self.expected = True
            bare = bare[head.end() :].strip()
            if not bare:
                return True
        if not self.expected:
            return False
        numbers = [whole(word.strip()) for word in bare.split(",") if word.strip()]
        if None in numbers:
            return False
        self.found.extend(number for number in numbers if number is not None)
        self.expected = bare.endswith(",")
        return True


def read_newfs(text: str) -> Reading[NewFileSystem]:
    """Read newfs(8) of any release since 4.x."""
    unread: list[str] = []
    facts: dict[str, Any] = {}
    warnings: list[str] = []
    backups = _Backups()
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if glued := _JOURNAL.search(bare):
            facts["journal"] = True
            bare = (bare[: glued.start()] + bare[glued.end() :]).strip()
        if not bare or backups.take(bare):
            continue
        if told := _measured(bare):
            facts |= told
        elif bare == "with soft updates":
            facts["soft_updates"] = True
        elif bare.startswith("Erasing sectors ["):
            continue
        elif bare == "with gjournal":
            facts["gjournal"] = True
        elif bare == "newfs: soft updates journaling set":
            facts["journal"] = True
        elif _WARNING.fullmatch(bare):
            warnings.append(bare)
        else:
            unread.append(line)
    made = NewFileSystem(backups=tuple(backups.found), warnings=tuple(warnings))
    return Reading(replace(made, **facts), tuple(unread))


_KEPT = ("size_mb", "sectors", "bsize", "fsize", "groups")
_LIVE = re.compile(
    r"Device is mounted read-write; resizing will result in temporary write suspension for (.+)\."
)
_OK = re.compile(
    r"OK to grow file ?system on (\S+?)(?:, mounted on (.+?))?,? from (\S+) to (\S+)\? \[yes/no\](?: (.*))?",
    re.IGNORECASE,
)
_OLD_OK = re.compile(r"Do you want to commence\? \(Yes/No\)(?: (.*))?", re.IGNORECASE)
_RESIZED = re.compile(r"(\S+) resized")
_UNUSED = re.compile(r"growfs: no room to allocate last cylinder group; leaving (\S+) unused")
_SAME = re.compile(
    r"growfs: requested size \S+ is (?:equal to|not larger than) the current file ?system size .*"
)
_REMARK = re.compile(
    r"It's strongly recommended to make a backup before growing the file system\."
    r"|We strongly recommend you to make a backup before growing the Filesystem\.?"
    r"|Growing root partition to fill device|\S+ recovering is not needed"
    r"|new file systemsize is: [0-9]+ frags|\S+ recovered",
    re.IGNORECASE,
)


def read_growfs(text: str) -> Reading[Growth]:
    """Read growfs(8) with its question and answer, and the lines of `service growfs` around it."""
    unread: list[str] = []
    facts: dict[str, Any] = {}
    warnings: list[str] = []
    backups = _Backups()
    for line in filled(text, unread):
        bare = " ".join(line.split())
        if backups.take(bare):
            continue
        if told := _measured(bare):
            facts |= {key: value for key, value in told.items() if key in _KEPT}
        elif found := _LIVE.fullmatch(bare):
            facts["mounted"] = found[1]
        elif found := _OK.fullmatch(bare):
            names = ("dev", "mounted", "from_", "to", "answer")
            facts |= {key: value for key, value in zip(names, found.groups(), strict=True) if value}
        elif found := _OLD_OK.fullmatch(bare):
            facts |= {"answer": found[1]} if found[1] else {}
        elif found := _RESIZED.fullmatch(bare):
            facts["resized"] = found[1]
        elif found := _UNUSED.fullmatch(bare):
            facts["unused"] = found[1]
        elif _SAME.fullmatch(bare):
            facts["unchanged"] = True
        elif _WARNING.fullmatch(bare):
            warnings.append(bare)
        elif not _REMARK.fullmatch(bare):
            unread.append(line)
    first = backups.found[0] if backups.found else None
    grown = Growth(backups=tuple(backups.found), backups_first=first, warnings=tuple(warnings))
    return Reading(replace(grown, **facts), tuple(unread))
