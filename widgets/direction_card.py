"""From where to where data is copied, what each half is, and what is lost by it."""

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.reactive import var

from console.model.direction import ReadNow, facts_of
from console.model.plan import Direction, Side
from widgets.amounts import size
from widgets.drawn import Drawn, words
from widgets.plain import one_line
from widgets.signs import Tone

BESIDE = 64
"""Cells from which both sides stand beside each other."""


def name_of(side: Side) -> Content:
    """Node and component of one side, as they are typed back."""
    return Content.assemble(words(side.node, "bold"), ":", words(side.component, "bold"))


def _fact(label: str, value: str, width: int, wide: int) -> Sequence[Content]:
    unknown = value.startswith("unknown")
    style = Tone.UNKNOWN.style if unknown else ""
    text = f"{Tone.UNKNOWN.sign} {value}" if unknown else value
    lines = words(text.replace("\t", " "), style).wrap(max(8, width - wide - 1))
    first = Content.assemble((f"{one_line(label, wide):<{wide}} ", "dim"), lines[0])
    return [first, *(line.pad_left(wide + 1) for line in lines[1:])]


def side_lines(side: Side, other: Side, title: str, now: ReadNow, width: int) -> list[Content]:
    """One side in lines of at most `width` cells."""
    facts = facts_of(side, other, now)
    wide = min(22 if width >= 40 else 14, max(len(label) for label, _ in facts))
    held = size(side.size) if side.size is not None else "size unknown"
    name = Content.assemble(name_of(side), (f"  {held}", "dim"))
    lines = [Content.styled(title, "dim"), name.truncate(width, ellipsis=True)]
    for label, value in facts:
        lines.extend(_fact(label, value, width, wide))
    return lines


def direction_lines(direction: Direction, now: ReadNow, width: int) -> list[Content]:
    """The whole card in lines of at most `width` cells."""
    lost = Content.assemble(
        (f"{Tone.CRITICAL.sign} ", Tone.CRITICAL.loud), words(direction.overwritten, Tone.CRITICAL.loud)
    )
    if width < BESIDE:
        arrow = Content.styled("    ║║ is copied over", Tone.WORKING.loud)
        point = Content.styled("    ▼▼", Tone.WORKING.loud)
        return [
            *lost.wrap(width),
            *side_lines(direction.source, direction.target, "source, is kept", now, width),
            arrow,
            point,
            *side_lines(direction.target, direction.source, "target, is lost", now, width),
        ]
    half = (width - 14) // 2
    left = side_lines(direction.source, direction.target, "source, is kept", now, half)
    right = side_lines(direction.target, direction.source, "target, is lost", now, half)
    lines = lost.wrap(width)
    for n in range(max(len(left), len(right))):
        here = left[n] if n < len(left) else Content("")
        there = right[n] if n < len(right) else Content("")
        between = Content.styled("══════════▶", Tone.WORKING.loud) if n == 1 else Content(" " * 11)
        lines.append(
            Content.assemble(here.pad_right(max(0, half - here.cell_length)), " ", between, "  ", there)
        )
    return lines


class DirectionCard(Drawn):
    """Draws one direction; nothing without one."""

    DEFAULT_CSS = """
    DirectionCard {
        height: auto; width: 1fr; padding: 0 1; text-wrap: nowrap;
        border: round $error; border-title-color: $text-error;
    }
    """

    direction: var[Direction | None] = var(None)
    now: var[ReadNow] = var(())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as it has at that width, known before it was ever drawn: nothing of it is cut."""
        if self.direction is None:
            return 1
        return len(direction_lines(self.direction, self.now, max(1, width)))

    def on_mount(self) -> None:
        """The border says what it is."""
        self.border_title = Content("direction")
        self._draw()

    def watch_direction(self) -> None:
        """Another direction."""
        self._draw()

    def watch_now(self) -> None:
        """The halves were read."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Beside or below each other."""
        self._draw()

    def _draw(self) -> None:
        width = self.content_size.width
        if self.direction is None or not width:
            self.draw(Content(""))
            return
        self.draw(Content("\n").join(direction_lines(self.direction, self.now, width)))
        self.refresh(layout=True)
