"""BSD labels as text, as disklabel(8) and bsdlabel(8) take them with -R: made, edited, checked, compared.

4.x wants the whole `key: value` block, later releases fill it in by themselves. A label that exists is edited
line by line, so that what we do not understand stays as it is.
"""

import difflib
import re
from collections.abc import Mapping, Sequence

from console.parse.disklabel import DiskLabel, Partition, read_disklabel

LETTERS = "abcdefgh"
WHOLE = "c"
"""The letter that covers the slice."""
FILE_SYSTEM, SWAP, UNUSED = "4.2BSD", "swap", "unused"
HEADS, TRACK = 255, 63
"""The geometry that every BIOS of the last decades pretends."""

_ROW = re.compile(r"(\s*)([a-z])(:\s+\S+\s+\S+\s+)(\S+)(.*)", re.DOTALL)
_REMARKS = {"headswitch": "\t\t# milliseconds", "track-to-track seek": "\t# milliseconds"}
_REFUSED = re.compile(r"(?:(?:sectors|tracks)/\S+|cylinders|rpm|interleave):\s*0\s*(?:#.*)?$")
_KEYS = (
    *("type", "disk", "label", "flags", "bytes/sector", "sectors/track", "tracks/cylinder"),
    *("sectors/cylinder", "cylinders", "sectors/unit", "rpm", "interleave", "trackskew", "cylinderskew"),
    *("headswitch", "track-to-track seek", "drivedata"),
)


def header_of(sectors: int, sector: int = 512) -> dict[str, int | str]:
    """The `key: value` block of a slice that has none yet; 4.x refuses a label without a geometry."""
    return {
        **{"type": "unknown", "disk": "mirrorgate", "label": "", "flags": "", "bytes/sector": sector},
        **{"sectors/track": TRACK, "tracks/cylinder": HEADS, "sectors/cylinder": HEADS * TRACK},
        **{"cylinders": max(1, sectors // (HEADS * TRACK)), "sectors/unit": sectors, "rpm": 3600},
        **{"interleave": 1, "trackskew": 0, "cylinderskew": 0, "headswitch": 0, "track-to-track seek": 0},
        "drivedata": 0,
    }


def label_text(label: DiskLabel, *, cylinders: bool = False) -> str:
    """A label as the tools print it and take it back.

    Args:
        label: its header is written if it has one.
        cylinders: with 4.x's `# (Cyl. …)` behind each partition; needs `sectors/cylinder` in the header.
    """
    lines = [f"# {label.dev}:"] if label.dev else []
    known = [key for key in _KEYS if key in label.header]
    for key in (*known, *(key for key in label.header if key not in _KEYS)):
        lines.append(f"{key}: {label.header[key]}".rstrip() + _REMARKS.get(key, ""))
    if label.header:
        lines.append("")
    lines.append(f"{label.slots or len(LETTERS)} partitions:")
    lines.append("#        size   offset    fstype   [fsize bsize bps/cpg]")
    per = label.header.get("sectors/cylinder")
    lines += [_row(one, per if cylinders and isinstance(per, int) else None) for one in label.partitions]
    return "\n".join(lines) + "\n"


def _row(one: Partition, per_cylinder: int | None) -> str:
    numbers = [one.fsize, one.bsize, one.cpg]
    columns = "".join(f" {n:{width}}" for n, width in zip(numbers, (8, 5, 5), strict=True) if n is not None)
    row = f"  {one.letter}: {one.size:8} {one.offset:8}  {one.fstype:>8}{columns:<20}"
    if per_cylinder:
        first, end = one.offset, one.offset + one.size
        begins = f"{first // per_cylinder:4}{'*' if first % per_cylinder else ' '}"
        ends = f"{end // per_cylinder}*" if end % per_cylinder else f"{end // per_cylinder - 1}"
        return f"{row}  \t# (Cyl. {begins} - {ends})"
    return f'{row}     # "raw" part, don\'t edit' if one.letter == WHOLE else row.rstrip()


def edited(
    text: str,
    *,
    letters: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    disk: str | None = None,
) -> str:
    """A label's text with letters and types (by old letter) and the `disk:` name changed, all else kept.

    The row of a letter that another one takes has to be named in `letters` too.

    Raises:
        ValueError: a letter is not there, is taken, or is c; one line.
    """
    letters, types = letters or {}, types or {}
    there = read_disklabel(text).facts.letters
    if missing := sorted({*letters, *types} - {*there}):
        raise ValueError(f"the label has no partition {missing[0]}")
    after = [letters.get(letter, letter) for letter in there]
    if len(set(after)) < len(after):
        double = next(letter for letter in after if after.count(letter) > 1)
        raise ValueError(f"the label would have two partitions {double}")
    if odd := next((a for a in (*letters, *letters.values()) if a == WHOLE or a not in LETTERS), None):
        raise ValueError(f"{odd} is no letter for a file system")
    return "\n".join(_edited_line(line, letters, types, disk) for line in text.split("\n"))


def acceptable(text: str) -> str:
    """A label's text without what -R refuses: gpart writes labels with `interleave: 0` and the like.

    What is not said is kept by bsdlabel(8), or filled in.
    """
    return "\n".join(line for line in text.split("\n") if not _REFUSED.match(line))


def _edited_line(line: str, letters: Mapping[str, str], types: Mapping[str, str], disk: str | None) -> str:
    if found := _ROW.fullmatch(line):
        blank, letter, numbers, kind, rest = found.groups()
        if letter in types:
            kind = types[letter]
        return f"{blank}{letters.get(letter, letter)}{numbers}{kind}{rest}"
    return f"disk: {disk}" if disk is not None and line.startswith("disk:") else line


def problems(label: DiskLabel, sectors: int | None = None) -> tuple[str, ...]:
    """What is wrong with a label, a line each: overlap, out of bounds, c, too many.

    Args:
        label: as read or made.
        sectors: of the slice; None = what c or the header says.
    """
    if label.no_label or not label.partitions:
        return ("there is no label",)
    if label.is_prototype:
        return ("its sizes are left open",)
    said: list[str] = []
    whole = next((one for one in label.partitions if one.letter == WHOLE), None)
    if whole is None:
        said.append("it has no c")
    end = sectors if sectors is not None else whole.size if whole else None
    if whole is not None and end is not None and (whole.offset != 0 or whole.size != end):
        said.append(f"c is {whole.size} sectors from {whole.offset}, the slice has {end}")
    slots = label.slots or len(LETTERS)
    if len({one.letter for one in label.partitions}) < len(label.partitions):
        said.append("a letter is there twice")
    if beyond := [one.letter for one in label.partitions if ord(one.letter) - ord("a") >= slots]:
        said.append(f"it has room for {slots} partitions, {beyond[0]} is not one of them")
    used = sorted(
        (one for one in label.partitions if one.letter != WHOLE and one.size), key=lambda one: one.offset
    )
    said += [
        f"{one.letter} ends at sector {one.offset + one.size}, the slice at {end}"
        for one in used
        if end is not None and one.offset + one.size > end
    ]
    reached: Partition | None = None
    for one in used:
        if reached is not None and one.offset < reached.offset + reached.size:
            said.append(f"{reached.letter} and {one.letter} overlap")
        if reached is None or one.offset + one.size > reached.offset + reached.size:
            reached = one
    return tuple(said)


def differences(old: str, new: str) -> tuple[tuple[str | None, str | None], ...]:
    """Lines side by side: the same on both sides where nothing changes, None where one side has none."""
    before, after = old.removesuffix("\n").split("\n"), new.removesuffix("\n").split("\n")
    rows: list[tuple[str | None, str | None]] = []
    for _, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        rows += _beside(before[i:j], after[k:m])
    return tuple(rows)


def _beside(old: Sequence[str], new: Sequence[str]) -> list[tuple[str | None, str | None]]:
    length = max(len(old), len(new))
    return list(
        zip(
            [*old, *[None] * (length - len(old))],
            [*new, *[None] * (length - len(new))],
            strict=True,
        )
    )
