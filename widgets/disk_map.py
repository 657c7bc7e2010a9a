"""The disks of a migration beside or below each other, to scale, and how full the new ones will be."""

from collections.abc import Callable

from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.reactive import var

from console.model.disk_map import DiskMap, DrawnDisk, Filled, Foreseen
from widgets.amounts import size
from widgets.disk_bar import LEGEND, Bar, bar_box, bar_line, segments_of, title_of
from widgets.drawn import Drawn, words
from widgets.plain import padded
from widgets.signs import Tone, mark

BESIDE = 110
"""Cells from which source and target stand beside each other."""
_APART = 5
_SMALLEST = 0.25
"""Of the width: a disk much smaller than the other one has its own scale."""

Rows = list[tuple[str, DrawnDisk]]


def rows_of(disks: DiskMap) -> Rows:
    """What is drawn, with its words."""
    rows = [("source", disks.source)]
    if disks.target is not None:
        rows.append(("target now", disks.target))
    if disks.after is not None:
        rows.append(("target then", disks.after))
    rows += [("could be the target", one) for one in disks.choices]
    return rows


def _cells(disk: DrawnDisk, rows: Rows, width: int) -> int:
    """Cells of a disk's bar, so that all of a picture have one scale where they can."""
    largest = max((one.size or 0 for _, one in rows), default=0)
    if not largest or not disk.size:
        return width
    share = disk.size / largest
    return width if share < _SMALLEST else max(2, round(width * share))


def _scale(bars: list[Bar]) -> Content:
    """What one cell is, and what is not to scale."""
    steps = sorted({round(bar.bytes_per_cell) for bar in bars if bar.bytes_per_cell})
    if not steps:
        return Content("")
    near = steps[-1] <= steps[0] * 1.25
    amount = size(steps[-1]) if near else f"{size(steps[0])} to {size(steps[-1])}, each disk to its own scale"
    said = [f"1 cell is about {amount}"]
    if any(bar.widened for bar in bars):
        said.append("small ones are wider than that")
    if left := sum(bar.left_out for bar in bars):
        said.append(f"{left} more could not be drawn")
    return Content.styled("; ".join(said), "dim")


def _legend(rows: Rows) -> Content:
    kinds = {piece.kind for _, disk in rows for piece in disk.pieces}
    named = {"used": "ufs", "room": "ufs", "swap": "swap", "boot code": "boot", "other": "other"}
    return Content("  ").join(
        Content.styled(f"{sign} {what}", "dim") for sign, what in LEGEND if named[what] in kinds
    )


def box_lines(disks: DiskMap, width: int) -> list[Content]:
    """Each disk in a box of its own, one under the other."""
    rows = rows_of(disks)
    lines: list[Content] = []
    bars = []
    for said, disk in rows:
        bar = segments_of(disk, _cells(disk, rows, width))
        bars.append(bar)
        lines += [title_of(disk, said).truncate(width, ellipsis=True), *bar_box(bar)]
    return [*lines, *_foot(rows, bars, width)]


def beside_lines(disks: DiskMap, width: int) -> list[Content]:
    """The source at the left, the target at the right: now, and under it as it will be."""
    rows = rows_of(disks)
    half = (width - _APART) // 2
    bars = [segments_of(disk, _cells(disk, rows, half)) for _, disk in rows]
    drawn = [
        [title_of(disk, said).truncate(half, ellipsis=True), *bar_box(bar)]
        for (said, disk), bar in zip(rows, bars, strict=True)
    ]
    left, right = drawn[0], [line for box in drawn[1:] for line in box]
    if disks.after is not None:
        left = [*left, Content(""), Content.styled("then: the same; to boot it is the way back", "dim")]
    lines = []
    for n in range(max(len(left), len(right))):
        here = left[n] if n < len(left) else Content("")
        there = right[n] if n < len(right) else Content("")
        between = Content.styled("══▶", Tone.WORKING.loud) if n == 3 and right else Content("   ")
        lines.append(
            Content.assemble(here.pad_right(max(0, half - here.cell_length)), " ", between, " ", there)
        )
    return [*lines, *_foot(rows, bars, width)]


def _foot(rows: Rows, bars: list[Bar], width: int) -> list[Content]:
    whole = Content.assemble(_legend(rows), "   ", _scale(bars))
    if whole.cell_length <= width:
        return [whole]
    return [line.truncate(width, ellipsis=True) for line in (_legend(rows), _scale(bars))]


_SHORT = {"source": "source", "target now": "now", "target then": "then"}


def one_line_each(disks: DiskMap, width: int) -> list[Content]:
    """Each disk in one line."""
    rows = rows_of(disks)
    heads = [
        f"{_SHORT.get(said, 'or')} {disk.name} {size(disk.size) if disk.size is not None else '?'}"
        for said, disk in rows
    ]
    wide = min(max(map(len, heads)), width // 2)
    room = max(4, width - wide - 1)
    return [
        Content.assemble(
            words(padded(head, wide), "dim"), " ", bar_line(segments_of(disk, _cells(disk, rows, room)))
        )
        for head, (_, disk) in zip(heads, rows, strict=True)
    ]


def fill_lines(fills: tuple[Filled, ...], width: int) -> list[Content]:
    """What goes into each new file system, what it has room for, and whether it fits."""
    if not fills:
        return []
    names = [" + ".join(one.mounts) for one in fills]
    wide = min(max(12, *map(len, names)) if names else 12, max(8, width // 4))
    head = f"{'':<{wide}}  {'data':>8} → {'room':<8}"
    inodes = width >= wide + 58
    if inodes:
        head += f"  {'inodes':>9} → {'made':<10}"
    lines = [Content.styled(head, "dim").truncate(width)]
    for name, one in zip(names, fills, strict=True):
        counts = f"  {one.inodes_needed:>9,} → {one.inodes:<10,}" if inodes else ""
        fits = Content.assemble(f"{size(one.used):>8} → {size(one.size):<8}{counts}  ", mark(Tone.OK, "fits"))
        # What does not fit says its own numbers.
        told = fits if one.problem is None else mark(Tone.CRITICAL, words(one.problem).plain, loud=True)
        line = Content.assemble(words(padded(name, wide), "bold"), "  ", told)
        lines.append(line.truncate(width, ellipsis=True))
    return lines


def trouble_lines(trouble: str, width: int) -> list[Content]:
    """Why no plan can be made of it."""
    return mark(Tone.WARNING, words(trouble).plain, loud=True).wrap(width)[:3] if trouble else []


def foreseen_lines(seen: Foreseen, width: int, height: int) -> list[Content]:
    """As much of it as `height` lines take: trouble first, then the richest picture that fits."""
    trouble = trouble_lines(seen.trouble, width)
    if seen.disks is None:
        return trouble
    disks, table = seen.disks, fill_lines(seen.disks.fills, width)
    bad = [line for line, one in zip(table[1:], disks.fills, strict=False) if one.problem is not None]
    drawings: list[Callable[[DiskMap, int], list[Content]]] = [box_lines, one_line_each]
    if width >= BESIDE:
        drawings.insert(0, beside_lines)
    for draw in drawings:
        picture = draw(disks, width)
        for rest in ([Content(""), *table], table, bad):
            if len(picture) + len(rest) + len(trouble) <= height:
                return [*picture, *rest, *trouble]
    shortest = one_line_each(disks, width)
    # The one that says what will be.
    return [*shortest[-1:], *trouble][: max(1, height)] if not trouble else trouble[: max(1, height)]


class DiskMapView(Drawn):
    """Draws a picture; nothing without one."""

    DEFAULT_CSS = """
    DiskMapView { height: auto; width: 1fr; text-wrap: nowrap; }
    """

    foreseen: var[Foreseen | None] = var(None)
    room: var[int] = var(0)
    """Lines there are for it; 0 = as many as it wants."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as it has at that width, known before it was ever drawn."""
        return max(1, len(self._lines(max(1, width))))

    def watch_foreseen(self) -> None:
        """Another picture."""
        self._draw()

    def watch_room(self) -> None:
        """More or less of it."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Beside or below each other."""
        self._draw()

    def _lines(self, width: int) -> list[Content]:
        if self.foreseen is None:
            return []
        return foreseen_lines(self.foreseen, width, self.room or 1000)

    def _draw(self) -> None:
        width = self.content_size.width
        self.display = self.foreseen is not None and bool(self.foreseen.disks or self.foreseen.trouble)
        if self.foreseen is None or not width:
            self.draw(Content(""))
            return
        self.draw(Content("\n").join(self._lines(width)))
        self.refresh(layout=True)
