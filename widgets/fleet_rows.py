"""The pairs of a fleet as rows: what each cell says, which rows are looked for, and the worst first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from console.model.config import PairConfig
from console.model.pair_line import PairLine
from console.model.snapshot import LinkState
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity
from widgets.amounts import size, span
from widgets.plain import one_line
from widgets.signs import ANSWER_TONES, COMPONENT_TONES, MIRROR_TONES, SEVERITY_TONES, Tone

SORTS = ("worst", "name", "queue", "rebuild")
"""What rows can stand in the order of; the longest queue and the rebuild with most left come first."""
LINK_TONES = {
    LinkState.LIVE: Tone.OK,
    LinkState.CONNECTING: Tone.WORKING,
    LinkState.SILENT: Tone.UNKNOWN,
    LinkState.LOST: Tone.UNKNOWN,
    LinkState.REFUSED: Tone.CRITICAL,
}
_ROLE_LETTERS = {
    Role.MASTER: "M",
    Role.BACKUP: "B",
    Role.INITIALIZE: "I",
    Role.STOPPED: "–",
    Role.DISABLED: "✖",
    Role.UNKNOWN: Tone.UNKNOWN.sign,
}
_HELD = {Answer.YES: Tone.OK.sign, Answer.NO: Tone.IDLE.sign, Answer.UNKNOWN: Tone.UNKNOWN.sign}
_STANDS = {
    Tone.CRITICAL: (0, "critical"),
    Tone.WARNING: (1, "warning"),
    Tone.UNKNOWN: (2, "unknown"),
    Tone.WORKING: (3, "connecting"),
    Tone.IDLE: (4, "notice"),
    Tone.OK: (5, "well"),
}
"""How a pair stands: its place in the order, and the word for it."""

Cell = tuple[str, Tone | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A pair as it is drawn; only its age comes later."""

    pair: PairConfig
    line: PairLine | None
    tone: Tone
    cells: Mapping[str, Cell]
    text: str
    """What is looked through for words."""

    @property
    def rank(self) -> tuple[int, int]:
        """Worst first: how it stands, then whether the other node could take over."""
        ready = self.line.ready if self.line else Answer.UNKNOWN
        return _STANDS[self.tone][0], (Answer.NO, Answer.UNKNOWN, Answer.YES).index(ready)

    def age(self, now: float, seen: PairLine | None) -> float | None:
        """Seconds since the node that was heard of longest ago last answered; None = one never did."""
        times = seen.last_seen if seen else (None, None)
        known = [at for at in times if at is not None]
        return max(0.0, now - min(known)) if len(known) == 2 else None


def stands(line: PairLine | None) -> Tone:
    """How a pair stands; one that is not settled yet is neither well nor ill."""
    if line is None or not line.settled:
        return Tone.WORKING
    return SEVERITY_TONES[line.worst] if line.worst else Tone.OK


def word(tone: Tone) -> str:
    """The word for how a pair stands."""
    return _STANDS[tone][1]


def row_of(pair: PairConfig, line: PairLine | None) -> Row:
    """The row of a pair of which nothing, or this line, is known."""
    tone = stands(line)
    cells: dict[str, Cell] = {
        "": (tone.sign, tone),
        "pair": (one_line(pair.name, 64), tone if tone is Tone.CRITICAL else None),
        "tags": (one_line(" ".join(pair.tags), 64), Tone.UNKNOWN),
    }
    if line is not None:
        cells |= _cells(line, tone)
    return Row(pair, line, tone, cells, _text(pair, line, tone))


def _cells(line: PairLine, tone: Tone) -> dict[str, Cell]:
    several = line.roles.count(Role.MASTER) > 1
    return {
        "ssh": _both((LINK_TONES[link].sign for link in line.links), _worst_link(line)),
        "role": _both((_ROLE_LETTERS[role] for role in line.roles), Tone.CRITICAL if several else None),
        "addr": _both((_HELD[held] for held in line.address), _not_one(line.address)),
        "mount": _both((_HELD[held] for held in line.mounted), _not_one(line.mounted)),
        "halves": _both(_half(one, line) for one in line.components),
        "mirror": _mirror(line),
        "rebuild": _rebuild_at_length(line),
        "serves": (one_line(line.serving, 32), None) if line.serving else ("?", Tone.UNKNOWN),
        "ready": _ready(line.ready),
        "queue": (f"{line.queue:,}", None) if line.queue is not None else ("?", Tone.UNKNOWN),
        "findings": _findings(line, tone),
        "found": _findings(line, tone, short=True),
    }


def _both(signs: Iterable[str], bad: Tone | None = None) -> Cell:
    return " ".join(signs), bad


def _not_one(held: tuple[Answer, Answer]) -> Tone | None:
    """Both nodes hold what one of them should, or neither does."""
    if held == (Answer.YES, Answer.YES):
        return Tone.CRITICAL
    return Tone.WARNING if held == (Answer.NO, Answer.NO) else None


def _worst_link(line: PairLine) -> Tone | None:
    if LinkState.REFUSED in line.links:
        return Tone.CRITICAL
    return None if line.links == (LinkState.LIVE, LinkState.LIVE) else Tone.UNKNOWN


def _half(state: ComponentState | None, line: PairLine) -> str:
    if state is not None:
        return COMPONENT_TONES[state].sign
    if line.mirror is not None:
        return Tone.CRITICAL.sign
    return Tone.IDLE.sign if line.mirror_known else Tone.UNKNOWN.sign


def _rebuild_at_length(line: PairLine) -> Cell:
    said, tone = _mirror(line)
    if line.sync_percent is not None:
        said += f"  {size(line.sync_rate)}/s" if line.sync_rate is not None else ""
        said += f"  {span(line.sync_left)}" if line.sync_left is not None else ""
    return said, tone


def _mirror(line: PairLine) -> Cell:
    if line.sync_percent is not None:
        return f"rebuild {line.sync_percent} %", Tone.WORKING
    if line.mirror is None:
        return ("no mirror", Tone.CRITICAL) if line.mirror_known else ("?", Tone.UNKNOWN)
    tone = MIRROR_TONES[line.mirror]
    said = "?" if line.mirror is MirrorState.UNKNOWN else line.mirror.value
    return said, None if tone is Tone.OK else tone


def _ready(answer: Answer) -> Cell:
    tone = ANSWER_TONES[answer]
    said = "?" if answer is Answer.UNKNOWN else answer.value
    return f"{tone.sign} {said}", None if answer is Answer.YES else tone


def _findings(line: PairLine, tone: Tone, *, short: bool = False) -> Cell:
    if line.worst is None:
        return "", None
    said = f"{line.findings} {line.worst_id}" + ("" if short else f"  {line.worst_what}")
    return one_line(said, 200), tone if line.worst in (Severity.CRITICAL, Severity.WARNING) else Tone.UNKNOWN


def _text(pair: PairConfig, line: PairLine | None, tone: Tone) -> str:
    said = [pair.name, pair.floating, *pair.tags, word(tone)]
    said += [name for node in pair.nodes for name in (node.name, node.host)]
    if line is not None:
        said += [line.mirror.value if line.mirror else "", line.worst_id, line.worst_what, *line.links]
        said += ["rebuild"] if line.sync_percent is not None else []
    return " ".join(said).casefold()


def matches(row: Row, words: Sequence[str]) -> bool:
    """Whether a row has every one of the words; `tag:w` is a tag that begins with w, `not:w` its absence."""
    return all(_matches(row, one) for one in words)


def _matches(row: Row, one: str) -> bool:
    kind, colon, rest = one.partition(":")
    if colon and kind == "tag":
        return any(tag.casefold().startswith(rest) for tag in row.pair.tags)
    if colon and kind == "not":
        return not rest or not _matches(row, rest)
    return one in row.text


class FleetRows:
    """Every pair's row, and which of them are shown in which order."""

    def __init__(self, pairs: Sequence[PairConfig] = ()) -> None:
        self.rows = {pair.name: row_of(pair, None) for pair in pairs}
        self.shown: list[Row] = list(self.rows.values())
        self.sort = "worst"
        self.wanted = ""

    def tell(self, lines: Mapping[str, PairLine]) -> None:
        """The newest lines; a row is made again only where its line is another one."""
        for name, line in lines.items():
            row = self.rows.get(name)
            if row is not None and row.line is not line:
                self.rows[name] = row_of(row.pair, line)
        self.arrange()

    def arrange(self, sort: str | None = None, wanted: str | None = None) -> None:
        """Choose what is shown and in which order; what is not given stays as it is."""
        self.sort = self.sort if sort is None else sort
        self.wanted = self.wanted if wanted is None else wanted
        words = self.wanted.casefold().split()
        rows = self.rows.values()
        self.shown = sorted((row for row in rows if matches(row, words)), key=_KEYS[self.sort])

    def counts(self) -> dict[Tone, int]:
        """How many of all pairs stand how, worst first."""
        found = dict.fromkeys(_STANDS, 0)
        for row in self.rows.values():
            found[row.tone] += 1
        return found


def _queue(row: Row) -> float:
    return -row.line.queue if row.line and row.line.queue is not None else 1


def _rebuild(row: Row) -> float:
    return row.line.sync_percent if row.line and row.line.sync_percent is not None else 101


_KEYS: dict[str, Callable[[Row], tuple[float, ...] | str | float]] = {
    "worst": lambda row: row.rank,
    "name": lambda row: row.pair.name.casefold(),
    "queue": _queue,
    "rebuild": _rebuild,
}
