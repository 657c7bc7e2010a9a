"""A list of lines that keeps its highlight and scroll when the lines change."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from widgets.drawn import Titled


class OptionLines(OptionList, Titled):
    """Lines of content, each with a key that stays the same while its thing is the same."""

    DEFAULT_CSS = """
    OptionLines {
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0;
        background: transparent;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size-vertical: 1;
        &:focus { border: heavy $foreground 60%; background: transparent; }
        & > .option-list--option-highlighted { background: $foreground 12%; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $foreground 20%; color: $foreground; }
        &:ansi:focus > .option-list--option-highlighted { text-style: bold reverse; }
        &:nocolor:focus > .option-list--option-highlighted { text-style: bold reverse; }
    }
    """

    rebuilds = 0
    """How often the lines were replaced, for the tests that count repaints."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._keys: tuple[str, ...] = ()
        self._drawn: tuple[Content, ...] = ()

    def on_focus(self) -> None:
        """The cursor appears with the focus."""
        self._point()

    def _point(self) -> None:
        if self.highlighted is None and self._keys and self._keys[0]:
            self.highlighted = 0

    @property
    def highlighted_key(self) -> str | None:
        """The key under the cursor."""
        at = self.highlighted
        return self._keys[at] if at is not None and at < len(self._keys) else None

    def show_lines(self, lines: Sequence[tuple[str, Content]]) -> None:
        """Replace what is shown; the cursor stays on the same key."""
        contents = tuple(content for _, content in lines)
        keys = tuple(key for key, _ in lines)
        same = keys == self._keys and len(contents) == len(self._drawn)
        if same and all(a.is_same(b) for a, b in zip(contents, self._drawn, strict=True)):
            return
        self.rebuilds += 1
        if same:
            changed = [n for n, content in enumerate(contents) if not content.is_same(self._drawn[n])]
            self._drawn = contents
            for n in changed:
                self.replace_option_prompt_at_index(n, contents[n])
            return
        before, offset = self.highlighted_key, self.scroll_offset.y
        self._keys, self._drawn = keys, contents
        self.clear_options()
        self.add_options([Option(content) for content in contents])
        if before in keys:
            self.highlighted = keys.index(before)
        elif self.has_focus:
            self._point()
        self.scroll_to(y=offset, animate=False, immediate=True)
