"""Which partition holds which file system: proved from the superblocks, never guessed from letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.model.disks import FileSystem, Part
from playbooks.migrating.work import slug_of

COPIES = "/mirrorgate-copy"
"""Below it a migration mounts what it fills: so an earlier copy is known again."""


class Proof(StrEnum):
    """How sure it is."""

    PROVED = "proved"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One partition as the place of one file system."""

    mount: str
    part: str | None
    """Name of the partition, None when none is known."""
    proof: Proof
    words: tuple[str, ...]
    """Why, a clause each: `ada1s1e was last mounted on /`."""

    @property
    def said(self) -> str:
        """The evidence as one line."""
        return "; ".join(self.words)


def copy_directory(mount: str) -> str:
    """Where the copy of a file system is mounted while it is filled."""
    return f"{COPIES}/{slug_of(mount)}"


def evidence(part: Part, mount: str, system: Mapping[str, FileSystem]) -> Evidence:
    """What the superblock on a partition says about its being the place of `mount`.

    Args:
        part: with the file system that was found on it.
        mount: a mount point of the system.
        system: the file systems of the running system, by mount point.
    """
    found = part.file_system
    if found is None:
        return Evidence(mount, part.name, Proof.UNKNOWN, (f"no UFS was found on {part.name}",))
    pro: list[str] = []
    con: list[str] = []
    neither: list[str] = []
    if found.size is not None and found.size > part.size:
        con.append(f"the file system on {part.name} has {found.size} bytes, the partition {part.size}")
    last = found.last_mounted_on
    homes = {copy_directory(other): other for other in system} | {other: other for other in system}
    if last in (mount, copy_directory(mount)):
        pro.append(f"{part.name} was last mounted on {last}")
    elif last in homes:
        con.append(f"{part.name} was last mounted on {last}")
    else:
        neither.append(
            f"{part.name} was last mounted on {last}, which says nothing"
            if last
            else f"{part.name} does not say where it was mounted"
        )
    for other, known in system.items():
        same = [
            f"the {word} {mine}"
            for word, mine, its in (
                ("volume name", found.volume, known.volume),
                ("ident", found.ident, known.ident),
            )
            if mine and mine == its
        ]
        if same:
            (pro if other == mount else con).append(f"{part.name} has {' and '.join(same)} of {other}")
    proof = Proof.CONTRADICTED if con else Proof.PROVED if pro else Proof.UNKNOWN
    return Evidence(mount, part.name, proof, (*con, *pro, *neither))


def find(
    parts: Sequence[Part], system: Mapping[str, FileSystem], said: Mapping[str, Part]
) -> tuple[Evidence, ...]:
    """The place of every file system of `system` among `parts`.

    Args:
        parts: of the disk.
        system: the file systems to be placed, by mount point.
        said: what the operator said; taken unless a superblock contradicts it.
    """
    taken = {part.name for part in said.values()}
    return tuple(
        evidence(said[mount], mount, system)
        if mount in said
        else _proved([part for part in parts if part.name not in taken], mount, system)
        for mount in system
    )


def _proved(parts: Sequence[Part], mount: str, system: Mapping[str, FileSystem]) -> Evidence:
    seen = [evidence(part, mount, system) for part in parts]
    proved = [one for one in seen if one.proof is Proof.PROVED]
    if len(proved) == 1:
        return proved[0]
    if proved:
        words = tuple(word for one in proved for word in one.words)
        return Evidence(mount, None, Proof.UNKNOWN, words)
    return Evidence(mount, None, Proof.UNKNOWN, ("no superblock there says that it held it",))
