"""disklabel(8) and bsdlabel(8), every release: split by words, for nine-digit sizes push the columns."""

import re
from dataclasses import dataclass, field

from console.parse.lines import filled, whole
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a label; size and offset in sectors, fsize and bsize in bytes."""

    letter: str
    size: int
    offset: int
    fstype: str
    fsize: int | None = None
    bsize: int | None = None
    cpg: int | None = None
    """The last bracket column, bps/cpg."""


@dataclass(frozen=True, slots=True)
class DiskLabel:
    """A label. A prototype (input of -R with `*`, `10G`, `50%`) has letters, but no sizes to trust."""

    dev: str | None = None
    header: dict[str, int | str] = field(default_factory=dict)
    """The `key: value` block, printed by default up to 5.0 and with -A later."""
    slots: int | None = None
    """How many partitions the label has room for."""
    partitions: tuple[Partition, ...] = ()
    letters: tuple[str, ...] = ()
    is_prototype: bool = False
    no_label: bool = False
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


_DEV = re.compile(r"# (/\S+?):?")
_SLOTS = re.compile(r"([0-9]{1,4}) partitions:.*")
_ROW = re.compile(r"([a-z]):\s+(.*)")
_KEY = re.compile(r"([a-z][a-z /-]{2,30}):(.*)")
_KEYS = re.compile(
    r"type|disk|label|flags|bytes/sector|(?:sectors|tracks)/(?:track|cylinder|unit)|cylinders|rpm"
    r"|interleave"
    r"|trackskew|cylinderskew|headswitch|track-to-track seek|drivedata|bootdev"
)
_OPEN_SIZE = re.compile(r"\*|[0-9]{1,20}[bkmgt%]?", re.IGNORECASE)
_WARNING = re.compile(
    r"(?:(?:disk|bsd)label: )?(?:partition [a-z]: |partitions [a-z] |Warning, |warning: |boot block size ).*",
    re.IGNORECASE,
)


def read_disklabel(text: str) -> Reading[DiskLabel]:
    """Read a label as bsdlabel(8) prints it; lines of a prototype are refused into unread."""
    unread: list[str] = []
    partitions: list[Partition] = []
    letters: list[str] = []
    header: dict[str, int | str] = {}
    warnings: list[str] = []
    errors: list[str] = []
    dev: str | None = None
    slots: int | None = None
    prototype = no_label = False
    for line in filled(text, unread):
        bare = line.strip()
        if found := _ROW.fullmatch(bare):
            partition, is_open = _partition(found[1], found[2])
            if partition:
                partitions.append(partition)
            else:
                unread.append(line)
            if partition or is_open:
                letters.append(found[1])
            prototype |= is_open
        elif bare.startswith("#"):
            if dev is None and (named := _DEV.fullmatch(bare)):
                dev = named[1]
        elif found := _SLOTS.fullmatch(bare):
            slots = int(found[1])
        elif (found := _KEY.fullmatch(bare)) and _KEYS.fullmatch(found[1]):
            header[found[1]] = _value(found[2])
        elif _WARNING.fullmatch(bare):
            warnings.append(bare)
        elif bare.endswith("no valid label found"):
            no_label = True
        elif bare.endswith("write to disk label suppressed - label was as follows:"):
            continue
        elif bare.startswith(("bsdlabel: ", "disklabel: ")):
            errors.append(bare)
        else:
            unread.append(line)
    label = DiskLabel(
        dev=dev,
        header=header,
        slots=slots,
        partitions=tuple(partitions),
        letters=tuple(letters),
        is_prototype=prototype,
        no_label=no_label,
        warnings=tuple(warnings),
        errors=tuple(errors),
    )
    return Reading(label, tuple(unread))


def _partition(letter: str, rest: str) -> tuple[Partition | None, bool]:
    """The partition, or None and whether the row is one of a prototype."""
    words = rest.split("#", 1)[0].split()
    if len(words) < 3:
        return None, False
    size, offset = whole(words[0]), whole(words[1])
    numbers = [whole(word) for word in words[3:]]
    if size is None or offset is None:
        return None, bool(_OPEN_SIZE.fullmatch(words[0]) and _OPEN_SIZE.fullmatch(words[1]))
    if len(numbers) > 3 or None in numbers:
        return None, False
    return Partition(letter, size, offset, words[2], *numbers), False


def _value(text: str) -> int | str:
    value = text.split("#", 1)[0].strip()
    number = whole(value)
    return value if number is None else number
