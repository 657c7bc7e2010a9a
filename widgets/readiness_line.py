"""The sentence: if the node that serves died now, could the other take over?"""

from textual.content import Content
from textual.events import Resize
from textual.reactive import var

from console.model.snapshot import PairState, Readiness
from console.model.words import Answer
from widgets.drawn import Drawn
from widgets.plain import one_line
from widgets.signs import ANSWER_TONES, mark


def sentence(readiness: Readiness | None) -> Content:
    """The readiness in words; nothing is promised before it was checked."""
    if readiness is None:
        return mark(ANSWER_TONES[Answer.UNKNOWN], "readiness is not known yet")
    who = one_line(readiness.serving, 20) if readiness.serving else "the serving node"
    word = {Answer.YES: "yes", Answer.NO: "no", Answer.UNKNOWN: "unknown"}[readiness.answer]
    parts: list[Content | str | tuple[str, str]] = [
        (f"If {who} died now: ", "bold"),
        mark(ANSWER_TONES[readiness.answer], word, loud=True),
    ]
    if readiness.because:
        parts.append(f", {one_line(readiness.because)}")
    if readiness.data_at_risk:
        parts.append((f"; data at risk: {one_line(readiness.data_at_risk)}", ""))
    checks = f"  ({readiness.checked} checked"
    checks += f", {readiness.unchecked} not checkable)" if readiness.unchecked else ")"
    return Content.assemble(*parts, (checks, "dim"))


class ReadinessLine(Drawn):
    """The readiness of a pair, at most two lines."""

    FIXED_SIZE = True
    DEFAULT_CSS = """
    ReadinessLine { height: 2; padding: 0 1; }
    """
    state: var[PairState | None] = var(None)

    def watch_state(self) -> None:
        """A new answer."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """What does not fit is cut with a sign that it was."""
        self._draw()

    def _draw(self) -> None:
        whole = sentence(self.state.readiness if self.state else None)
        # Words that wrap leave up to a dozen cells empty on each line.
        room = self.content_size.width * self.content_size.height - 12
        self.draw(whole.truncate(max(room, 20), ellipsis=True))
