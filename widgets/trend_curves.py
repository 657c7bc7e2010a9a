"""Figures over time as blocks, a column a piece of time; under them when the service was away, and drills."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.events import Resize
from textual.reactive import var

from console.model.trends import Curve, Figure, Trends
from console.model.words import Answer
from widgets.amounts import clock, date_and_clock, size, span
from widgets.drawn import Drawn, Titled
from widgets.signs import Tone

BARS = "▁▂▃▄▅▆▇█"
LABEL = 14
"""Cells before each line."""
TOLD = 24
"""Cells after a curve: highest and last, where there is room."""


def columns(figures: Sequence[Figure], first: float, last: float, width: int) -> list[float | None]:
    """The highest value within each of `width` pieces of the time; None where nothing is known."""
    found: list[float | None] = [None] * width
    step = max(last - first, 1.0) / width
    for figure in figures:
        if figure.at + figure.seconds <= first or figure.at > last:
            continue
        begin = max(0, int((figure.at - first) / step))
        end = min(width - 1, max(begin, int((figure.at + figure.seconds - first) / step - 1e-9)))
        for place in range(begin, end + 1):
            held = found[place]
            found[place] = figure.high if held is None else max(held, figure.high)
    return found


def blocks(values: Sequence[float | None], rows: int) -> list[str]:
    """The values as `rows` lines of blocks, the upper one first; the highest fills them, a 0 shows a line."""
    top = max((value for value in values if value is not None), default=0.0)
    full = rows * len(BARS)
    heights = [
        None if value is None else 1 if top <= 0 else max(1, round(value / top * full)) for value in values
    ]
    lines: list[str] = []
    for row in range(rows - 1, -1, -1):
        cells = []
        for height in heights:
            rest = 0 if height is None else height - row * len(BARS)
            cells.append(" " if rest <= 0 else BARS[min(rest, len(BARS)) - 1])
        lines.append("".join(cells))
    return lines


def amount(value: float, unit: str) -> str:
    """A value with its unit."""
    if unit == "B/s":
        return f"{size(value)}/s"
    return f"{value:,.0f} {unit}".rstrip()


class TrendCurves(Drawn, Titled):
    """All curves of a pair over the same time."""

    FIXED_SIZE = True
    DEFAULT_CSS = """
    TrendCurves {
        border: round $foreground 35%;
        border-title-color: $foreground;
        height: 1fr;
        padding: 0 1;
        text-wrap: nowrap;
    }
    """

    trends: var[Trends | None] = var(None)
    at: var[float | None] = var(None)
    """The moment that is shown of the recording, marked in the line of time."""
    trouble: var[str] = var("")

    def watch_trends(self) -> None:
        """Figures were read."""
        self._draw()

    def watch_at(self) -> None:
        """Another moment."""
        self._draw()

    def watch_trouble(self) -> None:
        """It cannot be read."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Other columns for the same time."""
        self._draw()

    def _draw(self) -> None:
        trends = self.trends
        if self.trouble or trends is None:
            self.entitle(Content.styled("trends", "dim"))
            said = self.trouble or "reading the recording"
            self.draw(Content.styled(f"{Tone.UNKNOWN.sign} {said}", "dim"))
            return
        self.entitle(
            Content.styled("trends", "dim"),
            Content.styled(f"{span(trends.last - trends.first)}, z: another time", "dim"),
        )
        width, height = self.content_size.width, self.content_size.height
        told = TOLD if width >= 70 else 0
        room = max(1, width - LABEL - told)
        known = [curve for curve in trends.curves if curve.figures]
        each = max(1, (height - 3 - (len(trends.curves) - len(known))) // max(1, len(known)))
        # A free line below each curve where there is room for it.
        rows = min(6, each - 1 if each >= 3 else each)
        lines: list[Content] = []
        for curve in trends.curves:
            lines += self._curve(curve, trends, room, rows, told)
            if curve.figures and each >= 3:
                lines.append(Content(""))
        lines += [self._service(trends, room), self._drills(trends, room), self._times(trends, room)]
        self.draw(Content("\n").join(lines))

    def _curve(self, curve: Curve, trends: Trends, room: int, rows: int, told: int) -> list[Content]:
        label = curve.title.ljust(LABEL)[:LABEL]
        if not curve.figures:
            return [Content.assemble((label, "bold"), ("nothing is known of it in this time", "dim"))]
        values = columns(curve.figures, trends.first, trends.last, room)
        lines = blocks(values, rows)
        high = max((value for value in values if value is not None), default=0.0)
        newest = amount(curve.figures[-1].mean, curve.unit)
        words = [f"  highest {amount(high, curve.unit)}", f"  last {newest}"]
        out: list[Content] = []
        for number, line in enumerate(lines):
            before = label if number == 0 else " " * LABEL
            after = words[number] if told and number < len(words) else ""
            if told and rows == 1:
                after = f"  {amount(high, curve.unit)}, last {newest}"
            out.append(Content.assemble((before, "bold"), (line, "$text-primary"), (after[:told], "dim")))
        return out

    def _service(self, trends: Trends, room: int) -> Content:
        """A line that is whole while the service is there."""
        cells = [("─", "dim")] * room
        place = _placing(trends, room)
        for away in sorted(trends.away, key=lambda one: one.served is Answer.NO):
            tone = Tone.CRITICAL if away.served is Answer.NO else Tone.UNKNOWN
            for cell in range(place(away.first), place(away.last) + 1):
                cells[cell] = (tone.sign, tone.style)
        return Content.assemble(("service".ljust(LABEL), "bold"), *cells)

    def _drills(self, trends: Trends, room: int) -> Content:
        cells = [(" ", "")] * room
        place = _placing(trends, room)
        for drill in trends.drills:
            tone = Tone.OK if drill.state == "done" else Tone.WARNING
            cells[place(drill.at)] = (tone.sign, tone.style)
        return Content.assemble(("drills".ljust(LABEL), "bold"), *cells)

    def _times(self, trends: Trends, room: int) -> Content:
        """When the columns are, and where the moment is."""
        days = trends.last - trends.first > 2 * 86400
        short = trends.last - trends.first <= 600
        cells = [" "] * room

        here = None
        if self.at is not None and trends.first <= self.at <= trends.last:
            here = _placing(trends, room)(self.at)

        def write(at: float, place: int) -> None:
            said = date_and_clock(at)[5:10] if days else clock(at)[: 8 if short else 5]
            begin = min(max(0, place), max(0, room - len(said)))
            if here is not None and begin - 1 <= here <= begin + len(said):
                return
            if any(cell != " " for cell in cells[max(0, begin - 1) : begin + len(said) + 1]):
                return
            cells[begin : begin + len(said)] = said

        steps = max(1, min(6, room // 12))
        # The ends first: what has no room between them is left out.
        for step in (0, steps, *range(1, steps)):
            write(trends.first + (trends.last - trends.first) * step / steps, room * step // steps)
        line = "".join(cells)[:room]
        if here is None:
            return Content.assemble(" " * LABEL, (line, "dim"))
        return Content.assemble(
            " " * LABEL, (line[:here], "dim"), ("┃", "bold $text-accent"), (line[here + 1 :], "dim")
        )


def _placing(trends: Trends, room: int) -> Callable[[float], int]:
    wide = max(trends.last - trends.first, 1.0)
    return lambda at: min(room - 1, max(0, int((at - trends.first) / wide * room)))
