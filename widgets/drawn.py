"""A piece of text on the screen that repaints only when it really changed."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from widgets.plain import one_line


class Drawn(Static):
    """Shows a `Content`; an equal one again paints nothing."""

    FIXED_SIZE = False
    """True where CSS gives the size, so that new text never needs a layout."""

    paints = 0
    """How often its text was replaced, for the tests that count repaints."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Content(""), id=id, classes=classes, markup=False)
        self._shown = Content("")

    @property
    def shown(self) -> Content:
        """What is on the screen now."""
        return self._shown

    def draw(self, content: Content) -> None:
        """Show `content`."""
        if content.is_same(self._shown):
            return
        layout = not self.FIXED_SIZE and (content.cell_length, content.plain.count("\n")) != (
            self._shown.cell_length,
            self._shown.plain.count("\n"),
        )
        self._shown = content
        self.paints += 1
        self.update(content, layout=layout)


class Titled(Widget):
    """A box whose border says what it is at the left and how it stands at the right."""

    _written = Content("")

    def entitle(self, left: Content, right: Content | None = None) -> None:
        """Write both ends of the title; an equal one again paints nothing."""
        right = right or Content("")
        room = self.outer_size.width - 6 - left.cell_length - right.cell_length
        if not right:
            title = left
        elif room < 2:
            title = Content.assemble(left, " ", right)
        else:
            title = Content.assemble(left, " ", ("─" * (room - 2), "$foreground 35%"), " ", right)
        if not title.is_same(self._written):
            self._written = title
            self.border_title = title


def words(text: str, style: str = "") -> Content:
    """Text from outside as inert, unparsed content."""
    return Content.styled(one_line(text), style)
