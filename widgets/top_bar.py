"""The first line: which pair, how both links stand, and the screens."""

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.reactive import var

from console.model.replaying import Replaying
from console.model.run import RunRecord
from console.model.snapshot import LinkState, PairState
from widgets.amounts import clock
from widgets.drawn import Drawn, words
from widgets.run_signs import chip
from widgets.signs import Tone, mark

_LINK_WORDS = {
    LinkState.LIVE: (Tone.OK, "live"),
    LinkState.CONNECTING: (Tone.WORKING, "connecting"),
    LinkState.SILENT: (Tone.UNKNOWN, "no answer"),
    LinkState.LOST: (Tone.UNKNOWN, "lost"),
    LinkState.REFUSED: (Tone.CRITICAL, "refused"),
}


def links(state: PairState | None) -> Content:
    """Both links in a word when they agree, by name when they do not."""
    if state is None:
        return mark(Tone.WORKING, "connecting")
    first, second = state.snapshot.nodes
    if first.link.state is second.link.state:
        return mark(*_LINK_WORDS[first.link.state])
    worst = next((v for v in (first, second) if v.link.state is not LinkState.LIVE), first)
    tone, word = _LINK_WORDS[worst.link.state]
    return mark(tone, f"{words(worst.name).truncate(14, ellipsis=True).plain} {word}")


class TopBar(Drawn):
    """Pair, links and screens; a click on a screen's name goes there."""

    FIXED_SIZE = True
    DEFAULT_CSS = """
    TopBar { height: 1; dock: top; padding: 0 1; background: $foreground 10%; text-wrap: nowrap; }
    """

    state: var[PairState | None] = var(None)
    pair: var[str] = var("")
    """Its name stands there before anything was read; none where no pair is the one that is shown."""
    run: var[RunRecord | None] = var(None)
    """The run under way, wherever one looks meanwhile."""
    replaying: var[Replaying | None] = var(None)
    """Where a recording stands: what is shown is not so now, and `live` may not stand there."""
    source: var[str] = var("")
    """Where the states come from, when that is worth a word."""

    def __init__(self, screens: Sequence[tuple[str, str, str]], here: str, read_only: bool) -> None:
        """`screens` are (key, mode, title)."""
        super().__init__()
        self._screens = tuple(screens)
        self._here = here
        self._read_only = read_only

    def watch_state(self) -> None:
        """Another pair, or a link changed."""
        self._draw()

    def watch_pair(self) -> None:
        """Another pair."""
        self._draw()

    def watch_run(self) -> None:
        """A run began, went on or ended."""
        self._draw()

    def watch_replaying(self, before: Replaying | None, after: Replaying | None) -> None:
        """A recording is shown, or not any more, or another second of it."""
        if before is None or after is None or int(before.at) != int(after.at):
            self._draw()

    def watch_source(self) -> None:
        """The states come from elsewhere."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Names of screens leave before the pair's does."""
        self._draw()

    def _draw(self) -> None:
        left = self._left(short=False)
        width = max(0, self.size.width - 2)
        for names in (True, False):
            right = self._tabs(names)
            room = width - left.cell_length - right.cell_length
            if room >= 1:
                self.draw(Content.assemble(left, " " * room, right))
                return
        self.draw(
            self._left(short=True)
            .truncate(max(1, width - right.cell_length - 1), ellipsis=True, pad=True)
            .append(" ")
            .append(right)
        )

    def _left(self, *, short: bool) -> Content:
        """Pair, links and run; where there is little room a run stands before everything but the pair."""
        name = words(self.pair, "bold")
        reads = [Content.styled("read-only", "dim")] if self._read_only else []
        if self.source and self.replaying is None:
            reads.insert(0, words(self.source, "$text-accent").truncate(48, ellipsis=True))
        stands = [links(self.state)] if self.pair else []
        if self.replaying is not None:
            stands = [Content.styled(f" recording {clock(self.replaying.at)} ", "bold reverse")]
        if self.replaying is not None and short:
            # That it is not the present is the last word to give way.
            return Content(" ").join([*stands, name.truncate(12, ellipsis=True)])
        if self.run is not None and short:
            return Content(" ").join([name.truncate(12, ellipsis=True), chip(self.run), *stands])
        if self.source and self.replaying is None and short:
            # That nothing can be changed here stays; where it comes from is cut.
            named = [name.truncate(12, ellipsis=True)] if self.pair else []
            return Content("  ").join([*named, *stands, *reversed(reads)])
        runs = [chip(self.run)] if self.run is not None else []
        shown = [name.truncate(28, ellipsis=True)] if self.pair else []
        parts = [Content.styled("mirrorgate", "dim"), *shown, *stands, *reads, *runs]
        return Content("  ").join(parts)

    def _tabs(self, names: bool) -> Content:
        tabs: list[Content] = []
        for key, mode, title in self._screens:
            if mode == self._here:
                tabs.append(Content.styled(f" {key} {title} ", "bold reverse"))
                continue
            link = f"@click=app.go('{mode}')"
            tab = Content.from_markup(f"[{link}]$label[/]", label=f"{key} {title}" if names else key)
            tabs.append(tab)
        return Content(" ").join(tabs)
