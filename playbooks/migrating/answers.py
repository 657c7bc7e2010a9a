"""What an operator says about a system that moves to another disk."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from console.model.config import AbsolutePath
from playbooks.job import Answers

SAME = "same"
"""The target is a disk of the source machine."""
REST = "rest"
"""Instead of a size: whatever is left."""

_SIZE = re.compile(r"([1-9][0-9]{0,11})([kmgt])")
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_MACHINE = r"^[A-Za-z0-9_][A-Za-z0-9_.@:-]{0,99}$"
_DISK = r"^[A-Za-z][A-Za-z0-9_]{0,29}$"


def size_in_bytes(text: str) -> int:
    """Bytes of `500m`, `20g`, `64k` (powers of 1024); raises ValueError."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:20]!r} is no size: a whole number and k, m, g or t, such as 500m or 20g")
    return int(found[1]) * _UNITS[found[2]]


def _pair_of_words(word: str) -> tuple[str, str]:
    what, _, value = word.partition("=")
    if not value or not (what == "swap" or what.startswith("/")):
        raise ValueError(f"{word[:40]!r} is not like /var=1g or swap=64m")
    return what, value


def _sizes(words: tuple[str, ...]) -> tuple[str, ...]:
    pairs = [_pair_of_words(word) for word in words]
    _once(what for what, _ in pairs if what != "swap")
    for _, value in pairs:
        if value != REST:
            size_in_bytes(value)
    if sum(value == REST for _, value in pairs) > 1:
        raise ValueError("only one can have the rest")
    return words


def _places(words: tuple[str, ...]) -> tuple[str, ...]:
    pairs = [_pair_of_words(word) for word in words]
    _once(what for what, _ in pairs if what != "swap")
    _once(value for _, value in pairs)
    return words


def _once(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{name[:40]} is named twice")
        seen.add(name)


def _paths(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        bad = any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in word)
        if not word.startswith("/") or bad or "/../" in f"{word}/" or "//" in word:
            raise ValueError(f"{word[:40]!r} is no absolute path such as /var")
    _once(words)
    return tuple(word.rstrip("/") or "/" for word in words)


def _rate(word: str | None) -> str | None:
    if word is not None and size_in_bytes(word) < 1 << 14:
        raise ValueError("less than 16k a second never ends")
    return word


Paths = Annotated[tuple[str, ...], AfterValidator(_paths), Field(max_length=50)]


class MigrateAnswers(Answers):
    """From where to where, and how."""

    source: str = Field(
        pattern=_MACHINE,
        title="From which machine",
        description="A node: if nothing is said, the one that can be moved to an empty disk of its own, "
        "else the one that does not serve; or [user@]host of any other",
    )
    target: str = Field(
        SAME,
        pattern=_MACHINE,
        title="To which machine",
        description="`same` for another disk of that machine, a node, or [user@]host",
    )
    target_disk: str = Field(
        pattern=_DISK, title="Target disk", description="Its name there, such as ada1; it is written over"
    )
    prepare: bool = Field(
        True,
        title="Divide the disk anew",
        description="No: its partitions are used as they are, and only their file systems are made anew",
    )
    layout: Literal["keep", "scale", "one", "custom"] = Field(
        "scale",
        title="Sizes",
        description="Keep them; scale all to the new disk; one file system for everything; or say each",
    )
    sizes: Annotated[tuple[str, ...], AfterValidator(_sizes), Field(max_length=20)] = Field(
        (),
        title="Sizes of custom",
        description="In the order on the disk, such as /=200m, swap=64m, /var=1g, /usr=rest",
    )
    places: Annotated[tuple[str, ...], AfterValidator(_places), Field(max_length=20)] = Field(
        (),
        title="What goes where",
        description="On a disk used as it is, where nothing there proves it: /=e, /var=f, swap=b",
    )
    scheme: Literal["auto", "mbr", "gpt"] = Field(
        "auto", title="Table", description="Divided as the old disk is, by MBR with a BSD label, or by GPT"
    )
    moves: Paths = Field(
        (),
        title="File systems",
        description="Mount points to move; empty is every UFS of fstab on the disk with the root",
    )
    leave_out: Paths = Field(
        (),
        title="Leave out",
        description="Not moved; so a qmail queue, whose files are named by inode (P49). Empty moves it too",
    )
    way: Literal["auto", "here", "direct", "console", "file"] = Field(
        "auto",
        title="Way",
        description="here: one machine; direct: ssh between both; console: through this one; file: by a file",
    )
    work_directory: AbsolutePath | None = Field(
        None,
        title="Folder for the dumps",
        description="Of the way `file`: on the source, on a file system that is not moved",
    )
    compress: bool = Field(
        False, title="Compress", description="gzip -1 on the way; worth it on a slow line only"
    )
    rate_limit: Annotated[str | None, AfterValidator(_rate)] = Field(
        None, max_length=14, title="Limit", description="Bytes a second, such as 20m; empty is none"
    )
    snapshots: Literal["auto", "always", "never"] = Field(
        "auto",
        title="Snapshots",
        description="dump -L of what is in use; never: then nothing may write meanwhile, in single user say",
    )
    density: int | None = Field(
        None,
        ge=512,
        le=1 << 20,
        title="Bytes per inode",
        description="newfs -i, for very many small files; empty is newfs's own",
    )
    second_level: bool = Field(
        True,
        title="Second round",
        description="A short dump of what has changed, with services stopped: the outage is minutes",
    )
    check: Literal["full", "sample"] = Field(
        "full", title="Check", description="Compare the contents of every file afterwards, or of one in fifty"
    )
    becomes: str | None = Field(
        None,
        pattern=_DISK,
        title="Its name at boot",
        description="Empty: the old disk's in the same machine (that one is taken out), else as it is now",
    )

    @model_validator(mode="after")
    def _fits(self) -> "MigrateAnswers":
        if self.way == "file" and self.work_directory is None:
            raise ValueError("the way `file` needs a folder for the dumps (work_directory)")
        if self.layout == "custom" and self.prepare and not self.sizes:
            raise ValueError("the layout custom needs sizes, such as /=200m, swap=64m, /usr=rest")
        if self.sizes and self.layout != "custom":
            raise ValueError("sizes are for the layout custom")
        if self.places and self.prepare:
            raise ValueError("places are for a disk that is used as it is (prepare: no)")
        return self

    @property
    def target_machine(self) -> str:
        """The target's name; the source's when it is the same."""
        return self.source if self.target == SAME else self.target

    @property
    def sizes_wanted(self) -> tuple[tuple[str, int | None], ...]:
        """(mount point or `swap`, bytes; None = the rest), in order."""
        pairs = (_pair_of_words(word) for word in self.sizes)
        return tuple((what, None if value == REST else size_in_bytes(value)) for what, value in pairs)

    @property
    def places_wanted(self) -> tuple[tuple[str, str], ...]:
        """(mount point or `swap`, letter, index or name of a partition)."""
        return tuple(_pair_of_words(word) for word in self.places)

    @property
    def rate(self) -> int | None:
        """Bytes a second."""
        return None if self.rate_limit is None else size_in_bytes(self.rate_limit)
