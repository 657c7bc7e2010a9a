"""The messages that a search found, each with its state, its node, when, from whom and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList

from console.model.mail_timeline import Timeline
from widgets.drawn import words
from widgets.mail_timeline import STATE_TONES, moment
from widgets.option_lines import OptionLines
from widgets.plain import one_line, padded

SHOWN = 500


@dataclass(frozen=True, slots=True)
class Traced:
    """A message, and on which node."""

    node: str
    story: Timeline


def traced_line(one: Traced, wide: int) -> Content:
    """One message in one line."""
    story = one.story
    tone = STATE_TONES[story.state]
    at = story.first.at if story.first is not None else None
    when = moment(at, dated=True)[:-4] if at is not None else " " * 14
    to = story.newest
    more = f" +{len(to) - 1:,}" if len(to) > 1 else ""
    first = one_line(to[0].recipient, 120) if to else "nobody yet"
    sender = "?" if story.sender is None else story.sender or "<>"
    return Content.assemble(
        (tone.sign, tone.style),
        f" {padded(one.node, wide)} ",
        (f"{when} ", "dim"),
        f"{story.msg} ",
        (padded(story.state, 9), tone.style),
        " ",
        words(sender),
        (" → ", "dim"),
        f"{first}{more}",
    )


def traced_text(one: Traced) -> str:
    """The same as plain text, to look for words in."""
    to = " ".join(attempt.recipient for attempt in one.story.newest[:50])
    return f"{one.node} {one.story.msg} {one.story.state} {one.story.sender or '<>'} {to}"


class TracedList(OptionLines):
    """What was found, oldest first."""

    found: var[tuple[Traced, ...]] = var(())
    filter: var[str] = var("")
    nothing: var[str] = var("")
    """What is said while there is nothing to show."""

    @dataclass
    class Pointed(Message):
        """The cursor is on another message, or on none."""

        traced: Traced | None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._by_key: dict[str, Traced] = {}

    @property
    def pointed(self) -> Traced | None:
        """The message under the cursor, else the first one."""
        key = self.highlighted_key
        return self._by_key.get(key) if key else next(iter(self._by_key.values()), None)

    def watch_found(self) -> None:
        """Other messages."""
        self._draw()

    def watch_filter(self) -> None:
        """Other words are looked for."""
        self._draw()

    def watch_nothing(self) -> None:
        """Another reason why there is nothing."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """The title reaches from corner to corner."""
        self._draw()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The story beside it follows."""
        event.stop()
        self.post_message(self.Pointed(self.pointed))

    def _draw(self) -> None:
        wanted = self.filter.casefold()
        found: Sequence[Traced] = [one for one in self.found if wanted in traced_text(one).casefold()]
        wide = min(14, max((len(one.node) for one in self.found), default=1))
        self._by_key = {f"{one.node}/{one.story.msg}/{n}": one for n, one in enumerate(found[:SHOWN])}
        lines = [(key, traced_line(one, wide)) for key, one in self._by_key.items()]
        title = f"messages  / {one_line(self.filter, 30)}" if wanted else "messages"
        count = f"{len(found):,}" if len(found) <= SHOWN else f"the first {SHOWN:,} of {len(found):,}"
        self.entitle(Content.styled(title, "dim"), Content.styled(count if found else "", "dim"))
        if not lines:
            why = "nothing matches the filter" if self.found else self.nothing
            lines = [("", Content.styled(why, "dim"))]
        self.show_lines(lines)
        self.post_message(self.Pointed(self.pointed))
