"""Where a new partition goes when gpart(8) is not told everything: the rules of its autofill."""

from console.lab.geom.tables import SECTOR, Table

_UNITS = {"s": SECTOR, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class NoRoom(Exception):
    """No gap is large enough."""


def lba(text: str) -> int | None:
    """Sectors meant by `2048`, `64m` or `1g`; None when that is no whole number of them."""
    digits, unit = (text[:-1], text[-1].lower()) if text and text[-1].isalpha() else (text, "s")
    if not digits.isdigit() or unit not in _UNITS:
        return None
    size = int(digits) * _UNITS[unit]
    return None if size % SECTOR else size // SECTOR


def fit(
    table: Table, *, shift: int, size: int | None, start: int | None, alignment: int | None
) -> tuple[int, int]:
    """Start and size of a new partition in sectors; raises NoRoom.

    `shift` is where the table's provider begins on the disk, in bytes: alignment counts from there.
    With a size the tightest gap is taken, with a start alone the rest of its gap, else the largest gap.
    """
    if size is not None and start is not None and alignment is None:
        return start, size
    step = alignment or 1
    offset = shift // SECTOR % step
    wanted = None if size is None else (size // step * step if size > step else size)
    begin = None if start is None else -(-(start + offset) // step) * step
    best: tuple[int, int, int] | None = None
    for first, end in _gaps(table):
        low, high = -(-(first + offset) // step) * step, (end + offset) // step * step
        low = max(low, begin or 0)
        room = high - low
        if room <= 0 or (wanted is not None and room < wanted):
            continue
        if begin is not None and wanted is None and low != begin:
            continue
        grade = room - wanted if wanted is not None else 0 if begin is not None else -room
        if best is None or grade < best[0]:
            best = (grade, low - offset, room if wanted is None else wanted)
    if best is None:
        raise NoRoom
    return best[1], best[2]


def _gaps(table: Table) -> list[tuple[int, int]]:
    """Free ranges: first sector, and the first behind them."""
    gaps, at = [], table.first
    for part in sorted(table.parts, key=lambda known: known.start):
        if part.start > at:
            gaps.append((at, part.start))
        at = max(at, part.end + 1)
    if at <= table.last:
        gaps.append((at, table.last + 1))
    return gaps
