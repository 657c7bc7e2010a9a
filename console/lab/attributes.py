"""What bashkit does not keep of a node's files: owners, flags, hard links, fifos, devices, times.

Kept by absolute path; whoever removes or renames a file tells it here. Names linked to one file share it as
long as their contents are the same: a write through one of them makes that one a file of its own.
"""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from console.lab.world import Node

NODUMP, ARCHIVED, SCHG, SUNLNK, UCHG = 0x1, 0x10000, 0x20000, 0x100000, 0x2
_NAMES = {NODUMP: "nodump", UCHG: "uchg", ARCHIVED: "arch", SCHG: "schg", SUNLNK: "sunlnk"}
_WORDS = {
    "nodump": NODUMP, "arch": ARCHIVED, "archived": ARCHIVED, "schg": SCHG, "schange": SCHG,
    "simmutable": SCHG, "sunlnk": SUNLNK, "sunlink": SUNLNK, "uchg": UCHG, "uchange": UCHG,
    "uimmutable": UCHG,
}  # fmt: skip
IMMUTABLE = SCHG | UCHG
"""Flags that keep a file from being changed or removed."""


def flag_words(flags: int) -> str:
    """Flags as `ls -lo` prints them: `schg,nodump`, or `-`."""
    order = (ARCHIVED, NODUMP, SUNLNK, SCHG, UCHG)
    names = [_NAMES[flag] for flag in order if flags & flag]
    return ",".join(sorted(names)) or "-"


def flags_after(words: str, flags: int) -> int | None:
    """What chflags(1) makes of `flags`: words to set, `no` in front of those to clear, or an octal number."""
    if words.isdigit():
        return int(words, 8)
    for word in words.split(","):
        if word == "dump":
            flags &= ~NODUMP
        elif word in _WORDS:
            flags |= _WORDS[word]
        elif word.startswith("no") and word[2:] in _WORDS:
            flags &= ~_WORDS[word[2:]]
        else:
            return None
    return flags


_NATURAL_OWNERS = (
    (re.compile(r".*/\.snap$"), "root", "operator"),
    (re.compile(r"/dev/(?:mirror/|ggate|md\d|vtbd|ada|gpt/|ufsid/|geom\.ctl)"), "root", "operator"),
    (re.compile(r"/home/(?P<user>monitor|oper|admin)(?:/|$)"), "", ""),
)


class Attributes:
    """The tables of one node, by absolute path."""

    def __init__(self) -> None:
        self.owners: dict[str, tuple[str, str]] = {}
        self.modes: dict[str, int] = {}
        """Modes that last when the file is written anew."""
        self.flags: dict[str, int] = {}
        self.links: dict[str, int] = {}
        """Names of one file have one number."""
        self.kinds: dict[str, tuple[str, int]] = {}
        """`fifo`, `device` (with its number) or `socket` where an empty file stands."""
        self.times: dict[str, tuple[float, float]] = {}
        """bashkit's stamp of the file, and the world time that it stands for."""
        self.changes: dict[str, float] = {}
        """World time at which owner, mode, flags or name changed last."""
        self.moves: dict[str, float] = {}
        """World time at which a directory got its name."""
        self.numbers: dict[str, int] = {}
        """What stat(2) gives as the number of a file that is known by it: it keeps it when renamed."""
        self._holders: dict[int, str] = {}
        """Who has a number that was made from its name."""
        self._tables: tuple[dict[str, Any], ...] = (
            self.owners, self.modes, self.flags, self.links, self.kinds, self.times, self.changes,
            self.moves, self.numbers,
        )  # fmt: skip
        self._last = 0

    def forget(self, path: str) -> None:
        """A file, or a directory with everything in it, is gone."""
        below = path.rstrip("/") + "/"
        for table in self._tables:
            for known in [name for name in table if name == path or name.startswith(below)]:
                del table[known]

    def move(self, old: str, new: str) -> None:
        """A file or directory has another name."""
        self.forget(new)
        below = old.rstrip("/") + "/"
        for table in self._tables:
            for known in [name for name in table if name == old or name.startswith(below)]:
                table[new + known[len(old) :]] = table.pop(known)

    def number(self, path: str, made: int, lives: Callable[[str], bool]) -> int:
        """The number of a file: `made` from its name, or the next free one where a living file has it."""
        holder = self._holders.setdefault(made, path)
        if holder == path:
            return made
        if not lives(holder):
            self._holders[made] = path
            return made
        while self._holders.setdefault(made, path) != path:
            made += 1
        self.numbers[path] = made
        return made

    def changed_at(self, path: str) -> float:
        """When something about a file or a directory above it changed last; 0 = never since it was made."""
        latest = self.changes.get(path, 0.0)
        while path not in ("", "/"):
            path = path.rpartition("/")[0] or "/"
            latest = max(latest, self.moves.get(path, 0.0))
        return latest

    def link(self, old: str, new: str) -> None:
        """`new` is another name of `old`."""
        if old not in self.links:
            self._last += 1
            self.links[old] = self._last
        self.links[new] = self.links[old]

    def copy(self, old: str, new: str) -> None:
        """Give another name of a file what is known of the first."""
        tables: tuple[dict[str, Any], ...] = (self.owners, self.flags, self.kinds, self.changes)
        for table in tables:
            if old in table:
                table[new] = table[old]

    def set_flags(self, path: str, flags: int) -> None:
        """Change the flags of a file, of all its names."""
        for name in self.names(path):
            if flags:
                self.flags[name] = flags
            else:
                self.flags.pop(name, None)

    def names(self, path: str) -> list[str]:
        """Every name that was linked to the same file, the path itself among them."""
        number = self.links.get(path)
        return [path] if number is None else [name for name, known in self.links.items() if known == number]


_OF: "WeakKeyDictionary[Node, Attributes]" = WeakKeyDictionary()


def attributes_of(node: "Node") -> Attributes:
    """The tables of a node."""
    return _OF.setdefault(node, Attributes())


def replace_attributes(node: "Node", attributes: Attributes) -> None:
    """Put other tables in place of a node's: it has other disks."""
    _OF[node] = attributes


def owner_of(node: "Node", path: str) -> tuple[str, str]:
    """User and group of a file."""
    known = attributes_of(node).owners.get(path)
    if known is not None:
        return known
    for pattern, user, group in _NATURAL_OWNERS:
        if (found := pattern.match(path)) is not None:
            named = found.groupdict().get("user")
            return (named, named) if named else (user, group)
    return "root", "wheel"


def hard_links(node: "Node", path: str) -> list[str]:
    """The names that are the same file as `path` now, in order; only `path` when it has no other."""
    names = attributes_of(node).names(path)
    if len(names) == 1:
        return names
    fs = node.fs
    content = fs.read_file(path)
    return sorted(
        name for name in names if name == path or (fs.exists(name) and fs.read_file(name) == content)
    )


def modified_at(node: "Node", path: str, stamp: float) -> float:
    """The world time that bashkit's `stamp` of a file stands for; once told, it stays with that stamp."""
    times = attributes_of(node).times
    known = times.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    moment = node.clock.now() - max(0.0, seconds_since(stamp)) * max(1.0, node.clock.speed)
    times[path] = (stamp, moment)
    return moment


def seconds_since(moment: float) -> float:
    """How long ago this machine's clock, which bashkit gives files their times from, showed that."""
    return time.time() - moment
