"""One pair of a recording, brought about as it was at a time and played on from there."""

import math
from collections.abc import Sequence
from dataclasses import replace

from console.health.logs_beside import LogReadings, in_order
from console.memory.reading import Recording
from console.memory.stretches import Span
from console.model.config import PairConfig
from console.model.facts import Fact, LogLine, VrrpLog
from console.model.replaying import LoggedLine
from console.model.snapshot import Event, Link, LinkState, PairState
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Home
from console.watch.node_watch import lane_plans, sections_of
from console.watch.taped import TapedPair

_BEFORE = 120.0
"""Seconds played before the moment that is shown: a rebuild's rate and what lasts need some past."""
_PICTURES = 10
"""How often at most the pair is derived while a stretch of time is played."""
_FAR = 900.0
"""Seconds ahead from which on it is quicker to begin anew than to play all that lies between."""
_EVENTS = 500
_DAY = 86400.0
_LOGS = ("messages", "vrrplog")
_LOGS_BEFORE = 600.0
_LOGS_AFTER = 300.0
"""Seconds of logs that are looked at before and after a moment."""


class Deck:
    """Plays one pair; its calls block and raise NoRecording."""

    def __init__(self, recording: Recording, pair: PairConfig) -> None:
        self.recording = recording
        self.pair = pair
        self._sections = sections_of(lane_plans(pair))
        self._taped: TapedPair | None = None
        self._at = -math.inf
        self._stretch: float | None = None
        """Where the stretch of the recording begins that is played; None between two."""
        self._events: tuple[Event, ...] = ()
        self._events_span = Span(math.inf, -math.inf)

    def state(self, at: float, *, before: float = _BEFORE) -> PairState:
        """The pair as it was at `at`; `before`: seconds of its past that are played first."""
        stretches = self.recording.stretches(self.pair.name)
        here = next((span.first for span in reversed(stretches) if span.first <= at <= span.last), None)
        if self._taped is None or here != self._stretch or not self._at <= at <= self._at + _FAR:
            begin = max(at - before, here) if here is not None else at
            self._begin(begin, known=bool(stretches))
            self._stretch = here
        state = self._play(at) if here is not None else self._taken.state(at)
        self._at = at
        return replace(state, events=self._before(at))

    @property
    def settled(self) -> bool:
        """Whether in the state shown last each node has said everything once, or could not be reached."""
        return self._taped is not None and self._taped.settled

    @property
    def _taken(self) -> TapedPair:
        if self._taped is None:
            raise AssertionError("nothing is played yet")
        return self._taped

    def _begin(self, at: float, *, known: bool) -> None:
        self._taped = TapedPair(self.pair, self._sections)
        pieces = self.recording.pieces(self.pair.name, at) if known else _unknown(self.pair.name, at)
        for piece in pieces:
            self._taped.apply(piece)
        self._taped.state(at)
        self._at = at

    def _play(self, at: float) -> PairState:
        taped = self._taken
        step = max(1.0, (at - self._at) / _PICTURES)
        drawn, news = self._at, False
        for piece in self.recording.after(self.pair.name, self._at, at, pulse=step):
            if news and piece.at > drawn + step:
                drawn, news = drawn + step * math.floor((piece.at - drawn) / step), False
                taped.state(drawn)
            taped.apply(piece)
            news = True
        return taped.state(at)

    def _before(self, at: float) -> tuple[Event, ...]:
        """What had happened by then, newest first."""
        if not self._events_span.first + _DAY <= at <= self._events_span.last:
            self._events_span = Span(at - 2 * _DAY, at + 600)
            self._events = self.recording.events(self.pair.name, at - 2 * _DAY, at + 600)
        return tuple(event for event in reversed(self._events) if event.at <= at)[:_EVENTS]

    def logs(self, at: float) -> tuple[LoggedLine, ...]:
        """The lines of both nodes' logs around a moment, also what was read a little later; oldest first."""
        name = self.pair.name
        stretches = self.recording.stretches(name)
        span = next((span for span in reversed(stretches) if span.first <= at <= span.last), None)
        if span is None:
            return ()
        begin, end = max(span.first, at - _LOGS_BEFORE), min(span.last, at + _LOGS_AFTER)
        taped = TapedPair(self.pair, self._sections)
        readings = {node.home: LogReadings(node.home) for node in self.pair.nodes}
        for piece in self.recording.pieces(name, begin):
            taped.apply(piece)
        for home, reading in readings.items():
            _take(reading, taped, home, _LOGS)
        for piece in self.recording.after(name, begin, end, pulse=60.0):
            taped.apply(piece)
            news = piece.news
            if isinstance(news, SectionRead) and news.section in (*_LOGS, "host"):
                _take(readings[piece.home], taped, piece.home, (news.section,))
        return tuple(in_order(line for reading in readings.values() for line in reading.lines()))


def _take(reading: LogReadings, taped: TapedPair, home: Home, sections: Sequence[str]) -> None:
    """What the pair's view has of a node's logs now."""
    facts = taped.view(home).facts
    if (offset := facts.clock_offset.value) is not None:
        reading.offset = offset
    for section in sections:
        fact: Fact[tuple[LogLine, ...]] | Fact[VrrpLog] | None = None
        if section == "messages":
            fact = facts.messages
        elif section == "vrrplog":
            fact = facts.vrrplog
        if fact is None or fact.value is None or fact.taken is None:
            continue
        lines = fact.value.lines if isinstance(fact.value, VrrpLog) else fact.value
        reading.take(section, lines, fact.taken)


def _unknown(pair: str, at: float) -> list[Taped]:
    """Of a pair that is not in the recording nothing is known."""
    why = "this pair is not in the recording"
    lost = Link(LinkState.LOST, why)
    return [
        Taped(pair, home, at, news)
        for home in (Home.MASTER, Home.SLAVE)
        for news in (SectionLost(None, why), LinkChanged(lost))
    ]
