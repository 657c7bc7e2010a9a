"""The script language of `fdisk -f`: `g`, `p` and `a` lines."""

from dataclasses import dataclass, field, replace

from console.lab.geom import mbr
from console.lab.geom.tables import HEADS, SECTOR, SECTORS

_CYLINDER = HEADS * SECTORS
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Slice:
    """One entry of an MBR; `ends` are the packed addresses of its first and last sector."""

    flag: int = 0
    kind: int = 0
    start: int = 0
    size: int = 0
    ends: bytes = bytes(6)

    def packed(self) -> bytes:
        """The entry's 16 bytes."""
        numbers = self.start.to_bytes(4, "little") + self.size.to_bytes(4, "little")
        return bytes([self.flag]) + self.ends[:3] + bytes([self.kind]) + self.ends[3:] + numbers

    def placed(self) -> "Slice":
        """With the addresses that fdisk(8) computes: cylinders beyond 1023 lose their upper bits."""
        last = self.start + self.size - 1
        return replace(self, ends=mbr.chs(self.start, saturate=False) + mbr.chs(last, saturate=False))

    def with_flag(self, active: bool) -> "Slice":
        """Active or not."""
        return replace(self, flag=mbr.ACTIVE if active else 0)


@dataclass
class TableText:
    """A table while a script works on it."""

    total: int
    cylinders: int
    slices: list[Slice]
    complaints: list[str] = field(default_factory=list)
    parts_seen: bool = False

    def fail(self, text: str) -> bool:
        """Note an error; the script ends there."""
        self.complaints.append(text)
        return False


def read_script(text: str, table: TableText) -> bool:
    """Carry out a script; False after a line that cannot be carried out."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if len(words[0]) > 1:
            words = [words[0][0], words[0][1:], *words[1:]]
        good = {"g": _geometry, "p": _partition, "a": _active}.get(words[0], _unknown)(
            table, number, words[1:]
        )
        if not good:
            return False
    return True


def _unknown(table: TableText, number: int, words: list[str]) -> bool:
    return False


def _geometry(table: TableText, number: int, words: list[str]) -> bool:
    if table.parts_seen:
        return table.fail(
            f"ERROR line {number}: the geometry specification line must occur before\n"
            "    all partition specifications"
        )
    if len(words) != 3:
        return table.fail(f"ERROR line {number}: incorrect number of geometry args")
    for word in words:
        if word[0] not in "chs":
            return table.fail(
                f"ERROR line {number}: unknown geometry arg type: '{word[0]}' (0x{ord(word[0]):02x})"
            )
    return True


def _partition(table: TableText, number: int, words: list[str]) -> bool:
    table.parts_seen = True
    if len(words) != 4:
        return table.fail(f"ERROR line {number}: incorrect number of partition args")
    index = _integer(words[0])
    if index is None or not 1 <= index <= mbr.SLOTS:
        return table.fail(f"ERROR line {number}: invalid partition number {index or 0}")
    kind = _integer(words[1]) or 0
    start = _start(table, number, words[2], index)
    size = _size(table, number, words[3], start)
    if start is None or size is None:
        return False
    if kind == 0:
        table.slices[index - 1] = Slice()
        return True
    wanted, end = start, start + size
    if start % SECTORS:
        start += SECTORS - start % SECTORS
        table.complaints.append(
            f"WARNING: adjusting start offset of partition {index}\n"
            f"    from {wanted} to {start}, to fall on a head boundary"
        )
    fitting = end // _CYLINDER * _CYLINDER - start
    if fitting <= 0:
        return table.fail(
            "ERROR: could not adjust partition to start on a head boundary\n"
            "    and end on a cylinder boundary."
        )
    if fitting != size:
        table.complaints.append(
            f"WARNING: adjusting size of partition {index} from {size} to {fitting}\n"
            "    to end on a cylinder boundary"
        )
    table.slices[index - 1] = Slice(0, kind & 0xFF, start, fitting).placed()
    return True


def _start(table: TableText, number: int, word: str, index: int) -> int | None:
    if word != "*":
        return _amount(table, number, word)
    start = SECTORS
    for known in table.slices[: index - 1]:
        if known.kind:
            start = known.start + known.size
    return -(-start // SECTORS) * SECTORS


def _size(table: TableText, number: int, word: str, start: int | None) -> int | None:
    if start is None:
        return None
    value = _integer(word)
    if value is not None:
        return value
    size = table.cylinders * _CYLINDER - start if word == "*" else _amount(table, number, word)
    if size is None:
        return None
    end = (start + size) // _CYLINDER * _CYLINDER
    return end - start if end > start else size


def _amount(table: TableText, number: int, word: str) -> int | None:
    value = _integer(word)
    if value is not None:
        return value
    digits, unit = word[:-1], word[-1:]
    if not digits.isdigit():
        table.fail(f"ERROR line {number}: unexpected size: '{word}'")
        return None
    if unit not in _UNITS:
        table.fail(f"ERROR line {number}: unexpected modifier: {unit} (not K/M/G)")
        return None
    return int(digits) * _UNITS[unit] // SECTOR


def _active(table: TableText, number: int, words: list[str]) -> bool:
    if len(words) != 1:
        return table.fail(f"ERROR line {number}: incorrect number of active args")
    index = _integer(words[0])
    if index is None or not 1 <= index <= mbr.SLOTS:
        return table.fail(f"ERROR line {number}: invalid partition number {index or 0}")
    table.slices = [known.with_flag(at == index) for at, known in enumerate(table.slices, 1)]
    return True


def _integer(word: str) -> int | None:
    try:
        return int(word, 0)
    except ValueError:
        return int(word) if word.isdigit() else None
