"""The data path: image, md, mirror, gate, ggated, image; what is copied where; and GEOM when it hangs."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.getters import query_one
from textual.reactive import var

from console.model.snapshot import LinkState, NodeView, PairState, SyncProgress
from console.model.words import Answer, ComponentState, MirrorState
from widgets import path_picture
from widgets.amounts import clock, size, span
from widgets.drawn import Drawn, Titled, words
from widgets.moment import Moment
from widgets.path_facts import DataPathFacts, Wire, read_path
from widgets.plain import one_line
from widgets.signs import MIRROR_TONES, Tone, mark

BLOCKED_AFTER = 3.0
"""Seconds without an answer of GEOM, while the node answers, before it is called blocked."""


def verdict(path: DataPathFacts) -> Content:
    """The state of the whole path in a few words."""
    if len(path.hubs) > 1:
        if all(hub.mounted is Answer.YES for hub in path.hubs):
            return mark(Tone.CRITICAL, "mounted on both nodes", loud=True)
        return mark(Tone.WARNING, "one mirror on each node", loud=True)
    hub = path.hubs[0]
    if hub.mirror is None:
        if not hub.known:
            return mark(Tone.UNKNOWN, "unknown", loud=True)
        return mark(Tone.CRITICAL, "no mirror", loud=True)
    mirror = hub.mirror
    word = one_line(mirror.state_raw or mirror.state.value, 16)
    tone = MIRROR_TONES[mirror.state]
    if any(c.state is ComponentState.SYNCHRONIZING for c in mirror.components):
        word += ", rebuilding"
    elif mirror.state is MirrorState.COMPLETE and len(mirror.components) == 1:
        return mark(Tone.WARNING, f"{word}, but one half only", loud=True)
    elif mirror.state is MirrorState.COMPLETE and Wire.BROKEN in (path.left.network, path.right.network):
        return mark(Tone.WARNING, f"{word}, but the gate has no peer", loud=True)
    return mark(tone, word, loud=tone is not Tone.OK)


def sync_line(sync: SyncProgress, width: int) -> Content:
    """Source and target, the bar, and how long it will take."""
    head = Content.assemble(
        words(sync.source).truncate(16, ellipsis=True),
        (" ─▶ ", Tone.WORKING.loud),
        words(sync.target).truncate(16, ellipsis=True).stylize("bold"),
    )
    rate = f"{size(sync.rate)}/s" if sync.rate is not None else "? MB/s"
    left = f"{span(sync.eta)} left" if sync.eta is not None else "time left ?"
    tail = [Content.styled(f"{sync.percent:>3} %", "bold"), Content(rate), Content(left)]
    if sync.since is not None and width >= 100:
        tail.append(Content.styled(f"since {clock(sync.since)}", "dim"))
    end = Content("   " if width >= 100 else "  ").join(tail)
    room = min(60, width - head.cell_length - end.cell_length - 6)
    bar = Content("")
    if room >= 6:
        done = max(0, min(room, room * sync.percent // 100))
        bar = Content.assemble(("█" * done, Tone.WORKING.style), ("░" * (room - done), "dim"))
    return Content("   " if width >= 100 else "  ").join(part for part in (head, bar, end) if part)


def idle_line(path: DataPathFacts) -> Content:
    """What there is to say when nothing is copied."""
    if len(path.hubs) > 1:
        return mark(Tone.CRITICAL, "the two halves are written apart from each other", loud=True)
    mirror = path.hubs[0].mirror
    if mirror is None:
        said = "no rebuild without a mirror" if path.hubs[0].known else "not known whether a rebuild runs"
        return Content.styled(said, "dim") if path.hubs[0].known else mark(Tone.UNKNOWN, said)
    counters = "".join(
        f"   {name} {value}"
        for name, value in (("genid", mirror.genid), ("syncid", mirror.syncid))
        if value is not None
    )
    return Content.styled(f"no rebuild running{counters}", "dim")


def blocked(view: NodeView, now: float) -> float | None:
    """Seconds since GEOM last answered on a node that does answer; None when it is not blocked."""
    geom = view.facts.geom
    if view.link.state is not LinkState.LIVE or geom.unknown is None or geom.taken is None:
        return None
    if view.facts.host.value is None:
        return None
    silent = now - geom.taken
    return silent if silent >= BLOCKED_AFTER else None


class DataPath(Vertical, Titled):
    """The picture of the stack, its line broken where the data path is broken."""

    DEFAULT_CSS = """
    DataPath {
        height: 7;
        border: round $foreground 35%;
        border-title-color: $foreground;
        padding: 0 1;
        Drawn { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
        #picture { height: 4; }
        #progress { height: 1; }
        &.-compact {
            height: 3; border: none; border-top: solid $foreground 35%;
            #picture { height: 1; }
        }
    }
    """

    state: var[PairState | None] = var(None)
    moment: var[Moment | None] = var(None)
    compact: var[bool] = var(False, toggle_class="-compact")

    _picture = query_one("#picture", Drawn)
    _progress = query_one("#progress", Drawn)

    def compose(self) -> ComposeResult:
        """The picture, and under it what is copied (or the banner of a blocked GEOM)."""
        yield Drawn(id="picture")
        yield Drawn(id="progress")

    def watch_state(self) -> None:
        """New facts."""
        self._draw()

    def watch_compact(self) -> None:
        """One line or the picture."""
        self._draw()

    def watch_moment(self) -> None:
        """A second passed: only a blocked GEOM counts up."""
        if self.state is not None and any(v.facts.geom.unknown for v in self.state.snapshot.nodes):
            self._draw()

    def on_resize(self, event: Resize) -> None:
        """The picture fills the width."""
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        if self.state is None:
            self.entitle(Content.styled("data path", "dim"))
            self._picture.draw(Content.styled("no reading yet", "dim"))
            self._progress.draw(Content(""))
            return
        path, sync = read_path(self.state), self.state.sync
        width = self.content_size.width
        self.entitle(Content.styled("data path", "dim"), verdict(path))
        drawn = None if self.compact else path_picture.picture(path, sync, width)
        self._picture.draw(drawn if drawn is not None else path_picture.brief(path, width))
        self._progress.draw(self._banner() or (sync_line(sync, width) if sync else idle_line(path)))

    def _banner(self) -> Content | None:
        if self.state is None:
            return None
        newest = self.moment.state if self.moment else self.state
        now = self.moment.now if self.moment else self.state.snapshot.now
        for view in newest.snapshot.nodes:
            silent = blocked(view, now)
            if silent is not None:
                said = f"GEOM on {one_line(view.name, 20)} has not answered for {span(silent)}"
                return mark(Tone.CRITICAL, f"{said}: a dead gate may hold it (P12a in Findings)", loud=True)
        return None
