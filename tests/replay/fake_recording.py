"""A recording held in memory, with the calls of `console.memory.reading.Recording`."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from console.memory.reading import NoRecording, Point, Recording, Service
from console.memory.stretches import Span
from console.model.config import PairConfig
from console.model.snapshot import Event, Link, LinkState
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Answer, Home
from console.watch.node_watch import lane_plans, sections_of
from console.watch.taped import TapedPair


def events_of(pair: PairConfig, tape: Iterable[Taped]) -> tuple[Event, ...]:
    """What a watch would have told of these pieces, oldest first."""
    taped = TapedPair(pair, sections_of(lane_plans(pair)))
    found: list[Event] = []
    at = 0.0
    for piece in tape:
        if at and piece.at > at + 0.04:
            seen = taped.state(at).events
            found += reversed(seen[: len(seen) - len(found)])
            at = piece.at
        taped.apply(piece)
        at = at or piece.at
    seen = taped.state(at).events
    found += reversed(seen[: len(seen) - len(found)])
    return tuple(found)


class FakeRecording(Recording):
    """Pieces of some pairs in the order of time; between two `stretches` nothing was recorded."""

    def __init__(
        self,
        tapes: Mapping[str, Sequence[Taped]],
        events: Mapping[str, Sequence[Event]],
        stretches: Sequence[Span] = (),
        points: Mapping[str, Sequence[Point]] | None = None,
        services: Sequence[Service] = (),
    ) -> None:
        self.path = Path("/nowhere/recording.db")
        self.tapes, self.told = tapes, events
        self.spans = tuple(stretches)
        self.points = points or {}
        self.services = services
        self.trouble = ""
        self.asked = 0

    def close(self) -> None:
        pass

    def _tape(self, pair: str) -> Sequence[Taped]:
        self.asked += 1
        if self.trouble:
            raise NoRecording(self.trouble)
        return self.tapes.get(pair, ())

    def pairs(self) -> tuple[str, ...]:
        self._tape("")
        return tuple(self.tapes)

    def span(self, pair: str) -> Span | None:
        spans = self.stretches(pair)
        return Span(spans[0].first, spans[-1].last) if spans else None

    def stretches(self, pair: str) -> tuple[Span, ...]:
        tape = self._tape(pair)
        if not tape:
            return ()
        return self.spans or (Span(tape[0].at, tape[-1].at),)

    def grain(self, pair: str, at: float) -> float:
        return 1.0

    def pieces(self, pair: str, at: float) -> list[Taped]:
        tape = self._tape(pair)
        span = next((s for s in self.stretches(pair) if s.first <= at <= s.last), None)
        if span is None:
            why = "not recorded"
            lost = LinkChanged(Link(LinkState.LOST, why))
            return [Taped(pair, home, at, news) for home in Home for news in (SectionLost(None, why), lost)]
        found: dict[tuple[Home, str], Taped] = {}
        for piece in tape:
            if piece.at > at:
                break
            if piece.at < span.first:
                continue
            news = piece.news
            name = news.section if isinstance(news, SectionRead) else type(news).__name__
            if isinstance(news, SectionLost) and news.section is not None:
                name = f"lost {news.section}"
            found.pop((piece.home, name), None)
            found[piece.home, name] = piece
        return list(found.values())

    def after(self, pair: str, at: float, until: float, *, pulse: float = 1.0) -> Iterator[Taped]:
        tape = self._tape(pair)
        for piece in tape[bisect_right(tape, at, key=lambda one: one.at) :]:
            if piece.at > until:
                return
            yield piece

    def events(self, pair: str, first: float, last: float) -> tuple[Event, ...]:
        self._tape(pair)
        return tuple(event for event in self.told.get(pair, ()) if first <= event.at <= last)

    def series(self, pair: str, name: str, first: float, last: float) -> tuple[Point, ...]:
        self._tape(pair)
        return tuple(p for p in self.points.get(name, ()) if first <= p.at <= last)

    def service(self, pair: str, first: float, last: float) -> tuple[Service, ...]:
        self._tape(pair)
        return tuple(one for one in self.services if one.last >= first and one.first <= last)


def figures(first: float, last: float) -> dict[str, list[Point]]:
    """A queue that grows towards the end of a night, and a rebuild in its middle."""
    minutes = int((last - first) / 60)
    queue = [
        Point(first + 60 * n, 60, n // 4, n // 4 + 3, n // 4 + (n * 7) % 40) for n in range(minutes) if n % 97
    ]
    middle = range(minutes // 2, minutes // 2 + 30)
    rate = [Point(first + 60 * n, 60, 30e6, 35e6 + (n % 5) * 1e6, 40e6) for n in middle]
    return {"queue": queue, "sync-rate": rate}


def outage(first: float, last: float) -> list[Service]:
    """The service by web-a, then nobody for a while, then by web-b."""
    begin, end = last - 2900, last - 2850
    return [
        Service(first, begin, Answer.YES, "web-a"),
        Service(begin, end, Answer.NO, None),
        Service(end, last, Answer.YES, "web-b"),
    ]
