"""BSD labels as bsdlabel(8) prints them, and its reading of such a text."""

from dataclasses import dataclass, field, replace

from console.lab.geom.bsdlabel import FFS, UNUSED, Label, virgin
from console.lab.geom.tables import RAW, SECTOR

TYPES = {
    0: "unused", 1: "swap", 2: "Version 6", 3: "Version 7", 4: "System V", 5: "4.1BSD", 6: "Eighth Edition",
    7: "4.2BSD", 8: "MSDOS", 9: "4.4LFS", 10: "unknown", 11: "HPFS", 12: "ISO9660", 13: "boot", 14: "vinum",
    15: "raid", 16: "Filecore", 17: "EXT2FS", 18: "NTFS", 20: "ccd", 21: "jfs", 27: "ZFS", 30: "nandfs",
}  # fmt: skip
_DISKS = (
    "unknown",
    "SMD",
    "MSCP",
    "old DEC",
    "SCSI",
    "ESDI",
    "ST506",
    "HP-IB",
    "HP-FL",
    "type 9",
    "floppy",
    "CCD",
)
_LFS = 9
_FLAGS = {1: "removeable", 2: "ecc", 4: "badsect"}
_GIGABYTE = 1 << 30


def show(label: Label, device: str, *, everything: bool = False) -> str:
    """The text of a label; `everything` adds what stands before the partitions."""
    text = f"# {device}:\n" + (_head(label) if everything else "")
    text += f"{len(label.parts)} partitions:\n"
    text += "#          size     offset    fstype   [fsize bsize bps/cpg]\n"
    for index, (size, offset, fsize, kind, frag, cpg) in enumerate(label.parts, 1):
        if size == 0:
            continue
        name = f"{TYPES[kind]:>8.8}" if kind in TYPES else f"{kind:>8}"
        row = f"  {chr(96 + index)}: {size:>10} {offset:>10}  {name}"
        if kind == UNUSED:
            row += f"    {fsize:>5} {fsize * frag:>5}   "
        elif kind in (FFS, _LFS):
            row += f"    {fsize:>5} {fsize * frag:>5} {cpg:>5}"
        else:
            row += " " * 20
        text += row + ('  # "raw" part, don\'t edit' if index == RAW else "") + "\n"
    return text


def _head(label: Label) -> str:
    kind = _DISKS[label.type] if label.type < len(_DISKS) else str(label.type)
    flags = "".join(f" {word}" for bit, word in _FLAGS.items() if label.flags & bit)
    data = list(label.drivedata)
    while len(data) > 1 and data[-1] == 0:
        data.pop()
    return (
        f"type: {kind}\ndisk: {label.typename}\nlabel: {label.packname}\nflags:{flags}\n"
        f"bytes/sector: {label.secsize}\nsectors/track: {label.nsectors}\ntracks/cylinder: {label.ntracks}\n"
        f"sectors/cylinder: {label.secpercyl}\ncylinders: {label.ncylinders}\n"
        f"sectors/unit: {label.secperunit}\nrpm: {label.rpm}\ninterleave: {label.interleave}\n"
        f"trackskew: {label.trackskew}\ncylinderskew: {label.cylskew}\n"
        f"headswitch: {label.headswitch}\t\t# milliseconds\n"
        f"track-to-track seek: {label.trkseek}\t# milliseconds\n"
        f"drivedata: {''.join(f'{word} ' for word in data)}\n\n"
    )


@dataclass
class Wanted:
    """A label as a text wants it: `sizes` and `offsets` keep the letter behind each number that was set."""

    label: Label
    sizes: dict[int, str] = field(default_factory=dict)
    offsets: dict[int, str] = field(default_factory=dict)
    everything: bool = False
    complaints: list[str] = field(default_factory=list)
    errors: int = 0

    def fail(self, text: str) -> None:
        """Note an error."""
        self.complaints.append(text)
        self.errors += 1


_NUMBERS = {
    "bytes/sector": "secsize", "sectors/track": "nsectors", "sectors/cylinder": "secpercyl",
    "tracks/cylinder": "ntracks", "cylinders": "ncylinders", "sectors/unit": "secperunit", "rpm": "rpm",
    "interleave": "interleave", "trackskew": "trackskew", "cylinderskew": "cylskew",
    "headswitch": "headswitch", "track-to-track seek": "trkseek",
}  # fmt: skip
_WORDS = {"disk": "typename", "label": "packname"}
_MAY_BE_ZERO = ("trackskew", "cylinderskew", "headswitch", "track-to-track seek")


def read(text: str, total: int, *, everything: bool = False) -> Wanted:
    """Read a label's text for a provider of so many sectors; trouble is told in `complaints`."""
    wanted = Wanted(virgin(total), everything=everything)
    for number, line in enumerate(text.splitlines(), 1):
        body = line.split("#", 1)[0].strip()
        if not body:
            continue
        key, colon, rest = body.partition(":")
        if not colon:
            wanted.fail(f"line {number}: syntax error")
        elif not _setting(wanted, number, key, rest.strip()) and not _partition(
            wanted, number, key, rest.split()
        ):
            break
    return wanted


def _setting(wanted: Wanted, number: int, key: str, rest: str) -> bool:
    label = wanted.label
    if key in _NUMBERS:
        value = int(rest) if rest.isdigit() else 0
        if value == 0 and key not in _MAY_BE_ZERO:
            wanted.fail(f"line {number}: {rest}: bad {'sector size' if key == 'bytes/sector' else key}")
        elif wanted.everything:
            wanted.label = replace(label, **{_NUMBERS[key]: value})  # type: ignore[arg-type]
    elif key in _WORDS:
        wanted.label = replace(label, **{_WORDS[key]: rest[:16]})  # type: ignore[arg-type]
    elif key == "type":
        wanted.label = replace(label, type=_DISKS.index(rest) if rest in _DISKS else 0)
    elif key == "flags":
        bits = {word: bit for bit, word in _FLAGS.items()}
        for word in rest.split():
            if word not in bits:
                wanted.fail(f"line {number}: {word}: bad flag")
        wanted.label = replace(label, flags=sum(bits.get(word, 0) for word in rest.split()))
    elif key.endswith(" partitions") and key.split()[0].isdigit():
        count = int(key.split()[0])
        if not 0 < count <= 20:
            wanted.fail(f"line {number}: bad # of partitions")
        else:
            parts = [*label.parts, *[(0, 0, 0, 0, 0, 0)] * 20]
            wanted.label = replace(label, parts=tuple(parts[: max(count, len(label.parts))]))
    elif key != "drivedata":
        return False
    return True


def _partition(wanted: Wanted, number: int, key: str, words: list[str]) -> bool:
    """Read a partition's line; False when nothing behind it is read any more."""
    last = chr(96 + len(wanted.label.parts))
    if len(key) != 1 or not "a" <= key <= "z":
        wanted.fail(f"line {number}: {key}: Unknown disklabel field")
        return True
    if key > last:
        wanted.fail(f"line {number}: partition name out of range a-{last}: {key}")
        return True
    index = ord(key) - 96
    if len(words) < 2:
        wanted.fail(f"line {number}: too few numeric fields")
        return False
    (size, size_mark), (offset, offset_mark) = _number(words[0]), _number(words[1])
    wanted.sizes[index], wanted.offsets[index] = size_mark, offset_mark
    if size == 0 and size_mark != "*":
        wanted.fail(f"line {number}: {words[0]}: bad partition size")
        return False
    if offset == 0 and offset_mark not in ("*", ""):
        wanted.fail(f"line {number}: {words[1]}: bad partition offset")
        return False
    if len(words) < 3:
        wanted.fail(f"line {number}: missing file system type")
        return False
    kind = next((number for number, name in TYPES.items() if name == words[2]), None)
    if kind is None and words[2].isdigit() and int(words[2]) < 32:
        kind = int(words[2])
    if kind is None:
        wanted.complaints.append(f"line {number}: Warning, unknown file system type {words[2]}")
        kind = UNUSED
    extra = _extra(wanted, number, kind, size, words[3:])
    if extra is None:
        return False
    fsize, frag, cpg = extra
    parts = list(wanted.label.parts)
    parts[index - 1] = (size, offset, fsize, kind, frag, cpg)
    wanted.label = replace(wanted.label, parts=tuple(parts))
    return True


def _extra(
    wanted: Wanted, number: int, kind: int, size: int, words: list[str]
) -> tuple[int, int, int] | None:
    values = [int(word) if word.isdigit() else 0 for word in words]
    if kind not in (UNUSED, FFS, _LFS) or (kind == UNUSED and not values):
        return 0, 0, 0
    if not values:
        return (2048, 8, 16) if size < _GIGABYTE // SECTOR else (2048, 8, 64)
    if values[0] == 0:
        return 0, 0, 0
    if len(values) < (2 if kind == UNUSED else 3):
        wanted.fail(f"line {number}: too few numeric fields")
        return None
    return values[0], values[1] // values[0], values[2] if kind != UNUSED else 0


def _number(word: str) -> tuple[int, str]:
    """The leading digits of a word and the one letter behind them, as strtoul(3) leaves it."""
    digits = ""
    for char in word:
        if not char.isdigit():
            break
        digits += char
    return int(digits or "0"), word[len(digits) : len(digits) + 1]
