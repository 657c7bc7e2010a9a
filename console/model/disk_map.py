"""Two disks of a migration as they are drawn: source and target, before and after. Bytes throughout.

A plan carries one, so that the confirmation of a saved or resumed run shows the disk that will be lost.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["ufs", "swap", "boot", "other"]


class _Drawing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Piece(_Drawing):
    """One partition. Between pieces, and after the last one, nothing is allocated."""

    name: str = Field(max_length=40)
    """A letter, `p2`, or the whole name where there is no shorter one."""
    what: str = Field("", max_length=200)
    """A mount point, `swap`, or what the table calls it."""
    kind: Kind = "ufs"
    start: int
    """From the beginning of the disk."""
    size: int
    used: int | None = None
    """What a file system holds; None = not known, or nothing that could be told."""


class DrawnDisk(_Drawing):
    """One disk at one time."""

    host: str = Field(max_length=120)
    name: str = Field(max_length=40)
    size: int | None
    facts: tuple[str, ...] = ()
    """`MBR`, `slice 1 active`, `boot code`, `boots as ada0`."""
    pieces: tuple[Piece, ...] = ()
    """In their order on the disk, none in another."""


class Filled(_Drawing):
    """How full a new file system will be."""

    mounts: tuple[str, ...]
    """More than one where several become one."""
    used: int
    needed: int
    """With some slack, and what the file system needs for itself."""
    size: int
    inodes_needed: int
    inodes: int
    problem: str | None = None
    """What does not fit, as the end of a sentence."""


class DiskMap(_Drawing):
    """The whole picture, as far as the answers tell it."""

    source: DrawnDisk
    """It stays as it is: there is no after."""
    target: DrawnDisk | None = None
    after: DrawnDisk | None = None
    """The target as it will be."""
    fills: tuple[Filled, ...] = ()
    choices: tuple[DrawnDisk, ...] = ()
    """Disks that could be the target, as long as none is named."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What answers amount to, while they are being given."""

    disks: DiskMap | None = None
    trouble: str = ""
    """One line: why no plan could be made of them; empty if one can."""
