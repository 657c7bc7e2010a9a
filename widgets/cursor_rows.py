"""A table of one-line rows under a heading, with a cursor that stays in sight: what big lists share."""

from textual.binding import Binding
from textual.reactive import var
from textual.scroll_view import ScrollView

KEYS = (
    Binding("up", "move(-1)", show=False),
    Binding("down", "move(1)", show=False),
    Binding("pageup", "page(-1)", show=False),
    Binding("pagedown,space", "page(1)", show=False),
    Binding("home", "end(False)", show=False),
    Binding("end", "end(True)", show=False),
)
"""The keys that move the cursor."""


class CursorRows(ScrollView):
    """Rows from the second line on; whoever derives from it says how many there are, and draws them."""

    cursor: var[int] = var(0)
    """The row under the cursor, counted from the first that is shown."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    @property
    def _high(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def _show_cursor(self) -> None:
        top, high = self.scroll_offset.y, self._high
        if self.cursor < top:
            top = self.cursor
        elif self.cursor >= top + high:
            top = self.cursor - high + 1
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def action_move(self, by: int) -> None:
        """One row up or down."""
        self.cursor = max(0, min(self.count - 1, self.cursor + by))

    def action_page(self, by: int) -> None:
        """As many rows as can be seen."""
        self.action_move(by * self._high)

    def action_end(self, last: bool) -> None:
        """To the first or the last."""
        self.cursor = max(0, self.count - 1) if last else 0
