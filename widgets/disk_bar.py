"""One disk as a bar to scale: its partitions, how full each is, and what is free."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import set_cell_size
from textual.content import Content

from console.model.disk_map import DrawnDisk, Piece
from widgets.amounts import size
from widgets.drawn import words
from widgets.plain import beginning, one_line, padded

TALL = 5
"""Lines of a bar in a box; the other kind has one."""
FREE = Piece(name="", what="free", kind="other", start=0, size=0)
"""Drawn where nothing is allocated."""
_USED, _ROOM, _SWAP, _BOOT, _OTHER = "▓", "░", "=", "#", "-"
LEGEND = ((_USED, "used"), (_ROOM, "room"), (_SWAP, "swap"), (_BOOT, "boot code"), (_OTHER, "other"))
_FULL, _EMPTY = "bold $foreground on $primary 70%", "$foreground on $primary 25%"
_PLAIN = {"swap": "$foreground on $secondary 30%", "boot": "$foreground on $warning 30%"}
_NOTHING = "dim on $foreground 6%"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece, or what is free, and how many cells it gets."""

    piece: Piece
    cells: int

    @property
    def free(self) -> bool:
        """Whether nothing is allocated here."""
        return not self.piece.name and self.piece.what == FREE.what


@dataclass(frozen=True, slots=True)
class Bar:
    """The segments of a disk, to scale but that none is narrower than one cell."""

    segments: tuple[Segment, ...]
    bytes_per_cell: float
    widened: bool
    """Some segment is drawn larger than it is."""
    left_out: int
    """Pieces there was no cell for."""


def segments_of(disk: DrawnDisk, cells: int) -> Bar:
    """The bar of a disk in `cells` cells, the lines between its segments (one more than those) included."""
    total = disk.size or max((one.start + one.size for one in disk.pieces), default=0)
    if total <= 0:
        return Bar((Segment(FREE, max(1, cells - 2)),), 0.0, False, 0)
    most = max(1, (cells - 1) // 2)
    kept = disk.pieces[:most]
    parts = _with_free(kept, total, total / max(1, cells), most)
    room = max(len(parts), cells - len(parts) - 1)
    shares = [piece.size * room / total for piece in parts]
    given = [max(1, round(share)) for share in shares]
    # What the smallest ones got too much is taken from those that feel it least, and the other way round.
    while (over := sum(given) - room) != 0:
        excess = [cells - share for cells, share in zip(given, shares, strict=True)]
        if over > 0:
            given[max((n for n in range(len(given)) if given[n] > 1), key=lambda n: excess[n])] -= 1
        else:
            given[min(range(len(given)), key=lambda n: excess[n])] += 1
    widened = any(cell > 2 * share for cell, share in zip(given, shares, strict=True))
    segments = tuple(Segment(piece, cell) for piece, cell in zip(parts, given, strict=True))
    return Bar(segments, total / room, widened, len(disk.pieces) - len(kept))


def _with_free(pieces: Sequence[Piece], total: int, least: float, most: int) -> list[Piece]:
    """The pieces with what lies free between and behind them, where it is worth a cell."""
    found: list[Piece] = []
    at = 0
    spare = most - len(pieces)
    for piece in pieces:
        if piece.start - at > least and spare > 0:
            found.append(_free(at, piece.start))
            spare -= 1
        found.append(piece)
        at = piece.start + piece.size
    if not pieces or (total - at > least and spare > 0):
        found.append(_free(at, total))
    return found


def _free(begin: int, end: int) -> Piece:
    return FREE.model_copy(update={"start": begin, "size": max(0, end - begin)})


def bar_line(bar: Bar) -> Content:
    """The bar in one line: letters and names on it, the used part darker."""
    parts: list[Content] = [Content.styled("│", "dim")]
    for one in bar.segments:
        piece = one.piece
        if one.free:
            text, full, empty = "free", _NOTHING, _NOTHING
        else:
            text = _label(piece, one.cells)
            empty = _PLAIN.get(piece.kind, _EMPTY)
            full = _FULL if piece.kind == "ufs" else empty
        used = _used_cells(piece, one.cells) if piece.kind == "ufs" and not one.free else 0
        cells = Content(_cut(text, one.cells))
        parts += [cells[:used].stylize(full), cells[used:].stylize(empty), Content.styled("│", "dim")]
    return Content("").join(parts)


def bar_box(bar: Bar) -> list[Content]:
    """The bar in five lines: letter, name, how full, size."""
    ends = ("┌", "┬", "┐"), ("└", "┴", "┘")
    top, bottom = (
        Content.styled(left + middle.join(line) + right, "$foreground 60%")
        for (left, middle, right), line in zip(
            ends,
            ([_top(one) for one in bar.segments], ["─" * one.cells for one in bar.segments]),
            strict=True,
        )
    )
    rows = [
        [_name(one) for one in bar.segments],
        [_fill(one) for one in bar.segments],
        [_size(one) for one in bar.segments],
    ]
    wall = Content.styled("│", "$foreground 60%")
    return [top, *(Content.assemble(wall, wall.join(row), wall) for row in rows), bottom]


def _label(piece: Piece, cells: int) -> str:
    whole = f"{piece.name} {piece.what}".strip()
    return whole if len(whole) <= cells or cells >= 4 else piece.name


def _top(one: Segment) -> str:
    name = beginning(one.piece.name, one.cells) if one.piece.name else ""
    return padded(name, min(len(name), one.cells)) + "─" * (one.cells - min(len(name), one.cells))


def _name(one: Segment) -> Content:
    style = "dim" if one.free else "bold" if one.piece.kind == "ufs" else ""
    return Content.styled(_cut(one.piece.what, one.cells), style)


def _cut(text: str, cells: int) -> str:
    """Filled or cut to `cells`; in a few cells every sign counts, so nothing says that it was cut."""
    return padded(text, cells) if cells >= 8 else set_cell_size(one_line(text), cells)


def _used_cells(piece: Piece, cells: int) -> int:
    if piece.used is None or piece.size <= 0:
        return 0
    share = min(1.0, max(0.0, piece.used / piece.size))
    return max(1 if piece.used > 0 else 0, round(share * cells))


def _fill(one: Segment) -> Content:
    if one.free:
        return Content(" " * one.cells)
    match one.piece.kind:
        case "swap":
            return Content.styled(_SWAP * one.cells, "$text-secondary")
        case "boot":
            return Content.styled(_BOOT * one.cells, "$text-warning")
        case "other":
            return Content.styled(_OTHER * one.cells, "dim")
    if one.piece.used is None:
        return Content.styled(padded("?", one.cells), "dim")
    used = _used_cells(one.piece, one.cells)
    return Content.assemble((_USED * used, "$text-primary"), (_ROOM * (one.cells - used), "$foreground 50%"))


def _size(one: Segment) -> Content:
    said = size(one.piece.size)
    short = said.replace(" ", "")
    text = said if len(said) <= one.cells else short if len(short) <= one.cells else ""
    return Content.styled(padded(text, one.cells), "dim")


def title_of(disk: DrawnDisk, as_what: str) -> Content:
    """`target as it will be  web-a:ada1  512 MB  MBR · boot code`."""
    held = size(disk.size) if disk.size is not None else "size unknown"
    facts = Content.styled(" · ", "dim").join(words(one, "dim") for one in disk.facts)
    name = Content.assemble(words(f"{disk.host}:{disk.name}", "bold"), f"  {held}  ")
    return Content.assemble((f"{as_what}  ", "dim"), name, facts)
