"""The ages at the right of a card's lines: the only thing that changes while nothing changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from widgets.amounts import age
from widgets.drawn import Drawn
from widgets.signs import Tone


@dataclass(frozen=True, slots=True)
class Age:
    """The age of one line."""

    seconds: float | None
    """None when the value was never read."""
    counts: bool
    """False when the value is too old to be believed."""


def age_text(one: Age | None) -> Content:
    """One age: quiet while the value counts, with the sign of the unknown when it does not."""
    if one is None:
        return Content("")
    if one.seconds is None:
        return Content.styled(f"{Tone.UNKNOWN.sign} –", "dim")
    text = age(one.seconds)
    if one.counts:
        return Content.styled(text, "dim")
    return Content.styled(f"{Tone.UNKNOWN.sign} {text}", "$text-warning")


class AgeColumn(Drawn):
    """One age per line, right-aligned."""

    FIXED_SIZE = True

    DEFAULT_CSS = """
    AgeColumn { width: 6; height: 100%; text-align: right; padding-left: 1; }
    """

    def tell(self, ages: Sequence[Age | None]) -> None:
        """Show these ages, top line first."""
        self.draw(Content("\n").join(age_text(one) for one in ages))
