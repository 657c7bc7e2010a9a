"""The data path drawn as text: stations in columns, the line between them, and where it breaks."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from console.model.snapshot import SyncProgress
from console.model.words import Answer
from widgets.amounts import size
from widgets.drawn import words
from widgets.node_words import component_state
from widgets.path_facts import DataPathFacts, Hub, Leg, Wire
from widgets.plain import one_line
from widgets.signs import MIRROR_TONES, Tone, mark

ROWS = 4
"""Names of nodes and top of the mirror; the line itself; states; details and bottom of the mirror."""
LINE = "$foreground 60%"


@dataclass(frozen=True, slots=True)
class Block:
    """A column of the picture. Row 1 is the line: it is filled with the line's own character."""

    rows: tuple[Content, Content, Content, Content]
    fill: str = "─"
    right: bool = False
    """Text stands at the right edge."""

    @property
    def width(self) -> int:
        """Cells it needs."""
        return max(row.cell_length for row in self.rows)

    def row(self, index: int) -> Content:
        """One row, filled to the width."""
        text = self.rows[index]
        room = self.width - text.cell_length
        if not room:
            return text
        filler = Content.styled(self.fill * (room - 1), LINE) if index == 1 else Content(" " * (room - 1))
        parts = (filler, " ", text) if self.right else (text, " ", filler)
        return Content.assemble(*parts)


@dataclass(frozen=True, slots=True)
class Join:
    """A stretch of line between two blocks; it takes the room that is left."""

    wire: Wire
    char: str = "─"
    arrow: str = ""
    """`◀` or `▶` while data is copied along it."""
    least: int = 2

    @property
    def width(self) -> int:
        """Cells it needs at least."""
        return self.least if self.wire is Wire.WHOLE and not self.arrow else max(self.least, 5)

    def drawn(self, width: int) -> Content:
        """The stretch itself, a blank at both ends."""
        inner = width
        if self.wire is Wire.WHOLE:
            line = self.char * (inner - len(self.arrow))
            line = self.arrow + line if self.arrow == "◀" else line + self.arrow
            return Content.styled(line, Tone.WORKING.style if self.arrow else LINE)
        tone = Tone.CRITICAL if self.wire is Wire.BROKEN else Tone.UNKNOWN
        left = (inner - 3) // 2
        return Content.assemble(
            (self.char * left, LINE), (f" {tone.sign} ", tone.loud), (self.char * (inner - 3 - left), LINE)
        )


Piece = Block | Join


def picture(path: DataPathFacts, sync: SyncProgress | None, width: int) -> Content | None:
    """The stack in `ROWS` lines of `width` cells; None when it does not fit."""
    for names in (24, 20, 16, 13, 10):
        pieces = _pieces(path, sync, names)
        slack = width - sum(piece.width for piece in pieces)
        if slack >= 0:
            return _rows(pieces, slack)
    return None


def _rows(pieces: Sequence[Piece], slack: int) -> Content:
    joins = [piece for piece in pieces if isinstance(piece, Join)]
    shares = [slack // len(joins) + (1 if n < slack % len(joins) else 0) for n in range(len(joins))]
    rows: list[Content] = []
    for index in range(ROWS):
        share = iter(shares)
        parts: list[Content] = []
        for piece in pieces:
            if isinstance(piece, Block):
                parts.append(piece.row(index))
            else:
                room = piece.width + next(share)
                parts.append(piece.drawn(room) if index == 1 else Content(" " * room))
        rows.append(Content("").join(parts))
    return Content("\n").join(rows)


def _pieces(path: DataPathFacts, sync: SyncProgress | None, names: int) -> list[Piece]:
    two = len(path.hubs) > 1
    left = _leg_pieces(path.left, sync, names, at_left=True)
    right = _leg_pieces(path.right, sync, names, at_left=False)
    middle: list[Piece] = [_hub_block(path.hubs[0], path, not two)]
    if two:
        middle += [Join(Wire.BROKEN, "═", least=5), _hub_block(path.hubs[1], path, False)]
    return [*left, *middle, *right]


def _leg_pieces(leg: Leg, sync: SyncProgress | None, names: int, *, at_left: bool) -> list[Piece]:
    """A half, outermost first when it stands at the left, the other way round at the right."""
    image = Block(
        (
            words(leg.node.name, "bold").truncate(names, ellipsis=True),
            words(leg.image).truncate(names, ellipsis=True),
            _image_state(leg),
            Content(""),
        ),
        right=not at_left,
    )
    target = sync is not None and sync.target == leg.node.name
    arrow = ("◀" if at_left else "▶") if target and leg.joined is Wire.WHOLE else ""
    inner = Join(leg.joined, arrow=arrow, least=3)
    if not leg.remote:
        outward: list[Piece] = [inner, _disk_block(leg), Join(Wire.WHOLE), image]
    else:
        wire = Join(leg.network, "═", least=4)
        outward = [inner, _gate_block(leg), wire, _server_block(leg), Join(Wire.WHOLE), image]
    return outward[::-1] if at_left else outward


def _image_state(leg: Leg) -> Content:
    if leg.image_missing:
        return mark(Tone.CRITICAL, "missing")
    return Content.styled(size(leg.image_size) if leg.image_size is not None else "? MB", "dim")


def _half(leg: Leg) -> Content:
    """How the mirror sees this half."""
    if leg.raw:
        return mark(Tone.WARNING, "no mirror")
    if leg.component is not None:
        return component_state(leg.component)
    return mark(Tone.CRITICAL, "not in the mirror") if leg.known else mark(Tone.UNKNOWN, "?")


def _disk_block(leg: Leg) -> Block:
    name = (
        leg.md.name if leg.md else (leg.component.device or leg.component.name if leg.component else "md ?")
    )
    counters = ""
    if leg.component is not None and leg.component.syncid is not None:
        counters = f"syncid {leg.component.syncid}"
    return Block(
        (Content(""), words(name).truncate(14, ellipsis=True), _half(leg), Content.styled(counters, "dim"))
    )


def _gate_block(leg: Leg) -> Block:
    gate = leg.gate
    if gate is None:
        name = leg.component.device or leg.component.name if leg.component else "no gate"
        return Block((Content(""), words(name if leg.known else "gate ?"), _half(leg), Content("")), fill="─")
    timeout = (
        mark(Tone.WARNING, "t=0") if gate.timeout == 0 else Content.styled(f"t={gate.timeout or '?'}s", "dim")
    )
    queue = Content.styled(f" q={_count(gate.queue_count)}/{_count(gate.queue_size)}", "dim")
    return Block((Content(""), words(gate.name), _half(leg), Content.assemble(timeout, queue)))


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def _server_block(leg: Leg) -> Block:
    state = {
        Answer.YES: mark(Tone.OK, "running"),
        Answer.NO: mark(Tone.CRITICAL, "stopped"),
        Answer.UNKNOWN: mark(Tone.UNKNOWN, "?"),
    }[leg.serving]
    if leg.serving is Answer.NO and leg.gate is None and leg.component is None:
        state = mark(Tone.IDLE, "not running")
    name = "ggated" if leg.serving is not Answer.UNKNOWN else "ggated ?"
    return Block((Content(""), Content(name), state, Content("")))


def _hub_block(hub: Hub, path: DataPathFacts, roomy: bool) -> Block:
    """The mirror as a box of four rows, what is mounted from it in its bottom edge."""
    mirror = hub.mirror
    if mirror is not None:
        title = f"mirror/{one_line(mirror.name, 20)}" if roomy else one_line(mirror.name, 20)
        state = mark(MIRROR_TONES[mirror.state], one_line(mirror.state_raw or mirror.state.value, 14))
        if mirror.balance and roomy:
            state = Content.assemble(state, (f"  {one_line(mirror.balance, 12)}", "dim"))
    elif hub.raw and hub.mount is not None:
        title, state = (
            "no mirror",
            mark(Tone.WARNING, one_line(f"raw {hub.mount.special.removeprefix('/dev/')}", 18)),
        )
    elif hub.known:
        title, state = f"mirror/{one_line(path.pair.mirror, 20)}", mark(Tone.CRITICAL, "no such mirror")
    else:
        title, state = f"mirror/{one_line(path.pair.mirror, 20)}", mark(Tone.UNKNOWN, "state ?")
    bottom = _mount_words(hub, path)
    inner = max(len(title), state.cell_length, bottom.cell_length, 16 if roomy else 0) + 2
    owner = words(f"on {hub.node.name}", "dim").truncate(inner - 2, ellipsis=True)
    return Block(
        (
            _edge("╭", owner, "╮", inner),
            Content.assemble(("┤", LINE), " ", (title.ljust(inner - 1), "bold"), ("├", LINE)),
            Content.assemble(("│", LINE), " ", state, " " * (inner - 1 - state.cell_length), ("│", LINE)),
            _edge("╰", bottom, "╯", inner),
        )
    )


def _mount_words(hub: Hub, path: DataPathFacts) -> Content:
    if hub.mounted is Answer.YES and hub.mount is not None:
        access = "rw" if hub.mount.writable else "ro"
        return Content.assemble((one_line(path.pair.mount, 24), "bold"), f" {access}")
    if hub.mounted is Answer.NO:
        return Content.styled("not mounted", "dim")
    return mark(Tone.UNKNOWN, "mount ?")


def _edge(left: str, text: Content, right: str, inner: int) -> Content:
    room = inner - text.cell_length - 2
    return Content.assemble(
        (left + "─" * (room // 2), LINE), " ", text, " ", ("─" * (room - room // 2) + right, LINE)
    )


def brief(path: DataPathFacts, width: int) -> Content:
    """The same in one line: halves, mirror and wire; words leave before stations do."""
    line = Content("")
    for named, full in ((True, True), (False, True), (False, False)):
        line = _brief(path, named, full)
        if line.cell_length <= width:
            return line
    return line.truncate(max(width, 1), ellipsis=True)


def _brief(path: DataPathFacts, named: bool, full: bool) -> Content:
    parts = [_brief_leg(path.left, full, at_left=True)]
    for number, hub in enumerate(path.hubs):
        if number:
            parts.append(Content.styled("══ ✖ ══", Tone.CRITICAL.loud))
        parts.append(_brief_hub(hub, named))
    parts.append(_brief_leg(path.right, full, at_left=False))
    return Content("").join(parts)


def _brief_hub(hub: Hub, named: bool) -> Content:
    name = ""
    if hub.mirror is not None:
        name = f"{one_line(hub.mirror.name, 14)} " if named else ""
        state = mark(
            MIRROR_TONES[hub.mirror.state], one_line(hub.mirror.state_raw or hub.mirror.state.value, 12)
        )
    elif hub.raw:
        state = mark(Tone.WARNING, "raw disk")
    else:
        state = mark(Tone.CRITICAL, "no mirror") if hub.known else mark(Tone.UNKNOWN, "mirror ?")
    return Content.assemble(("┤ ", LINE), (name, "bold"), state, (" ├", LINE))


def _brief_leg(leg: Leg, full: bool, *, at_left: bool) -> Content:
    if leg.component is not None:
        half = component_state(leg.component, short=not full)
    elif leg.raw:
        half = mark(Tone.WARNING)
    else:
        half = mark(Tone.CRITICAL, "out") if leg.known else mark(Tone.UNKNOWN)
    inner = Join(leg.joined, least=2)
    parts = [inner.drawn(inner.width), Content(" "), _station(leg), Content(" "), half]
    if leg.remote:
        wire = Join(leg.network, "═", least=2)
        parts += [Content(" "), wire.drawn(wire.width), Content(" ggated")]
        if leg.serving is not Answer.YES:
            parts += [Content(" "), mark(Tone.CRITICAL if leg.serving is Answer.NO else Tone.UNKNOWN)]
    if full:
        parts += [Content(" "), words(leg.node.name, "dim").truncate(12, ellipsis=True)]
    if not at_left:
        return Content("").join(parts)
    # Read from the image inwards: the stations turn round, the words of a station do not.
    parts[2:5] = [Content("").join(parts[2:5])]
    return Content("").join(reversed(parts))


def _station(leg: Leg) -> Content:
    """The device by which a half joins the mirror."""
    if leg.component is not None:
        name = leg.component.device or leg.component.name
    elif leg.remote:
        name = leg.gate.name if leg.gate else "gate"
    else:
        name = leg.md.name if leg.md else "md"
    return words(name).truncate(10, ellipsis=True)
