"""A recording as a source of states: it stands at a moment, or goes on from there as fast as one likes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from console.health.pair_line import line_of
from console.memory.deck import Deck
from console.memory.reader import Reader
from console.memory.reading import NoRecording, Recording
from console.memory.stretches import Span
from console.model.asking import Asker
from console.model.config import PairConfig
from console.model.pair_line import PairLine
from console.model.replaying import SPEEDS, WINDOWS, LoggedLine, Replaying
from console.model.snapshot import Event, PairState

_TICK = 0.25
"""Seconds between two pictures while time goes by."""
_LOOK_AGAIN = 5.0
"""Seconds after which a recording that stands still is looked at again: it may grow."""
_OTHERS = 60.0
"""Recorded seconds after which the line of a pair that is not shown is derived again."""
_MOST_EVENTS = 5000


class Replay:
    """What the console takes its states from while it shows a recording."""

    def __init__(
        self,
        reader: Reader,
        pairs: Sequence[PairConfig],
        told: Callable[[Replaying], None],
        *,
        at: float | None = None,
        speed: float = 1.0,
        playing: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`told` hears of every change of place; `at` None = the end; `clock` never goes back."""
        self._reader = reader
        self._pairs = {pair.name: pair for pair in pairs}
        self._told = told
        self._clock = clock
        self._shown = pairs[0].name
        self._base = (at, clock())
        here = time.time() if at is None else at
        self.place = Replaying(here, here, here, speed, playing, WINDOWS[1])
        """Where it stands."""
        self._ends_read = -_LOOK_AGAIN
        self._deck: Deck | None = None
        self._lines: dict[str, float] = {}
        self._events: tuple[str, float, float, tuple[Event, ...]] = ("", 0.0, -1.0, ())
        self._wake = asyncio.Event()

    def look(self, pair: str) -> None:
        """Show this pair."""
        self._shown = pair
        self._ends_read = -_LOOK_AGAIN
        self._wake.set()

    def retry_now(self) -> None:
        """Nothing is connected to."""

    @property
    def at(self) -> float:
        """The moment that is to be shown now."""
        at, since = self._base
        if at is None:
            return self.place.last
        if self.place.playing:
            at += (self._clock() - since) * self.place.speed
        return min(max(at, self.place.first), self.place.last) if self.place.last else at

    def go(self, at: float) -> None:
        """Show a moment; the nearest one, if it was not recorded."""
        self._base = (at, self._clock())
        self._changed()

    def step(self, seconds: float) -> None:
        """So much later, or earlier."""
        self.go(self.at + seconds)

    def to_event(self, by: int) -> bool:
        """To the next (1) or previous (-1) thing that happened in the window; whether there is one."""
        at = self.at
        times = [event.at for event in self.place.events]
        found = [t for t in times if t > at + 0.5] if by > 0 else [t for t in times if t < at - 0.5]
        if found:
            self.go(found[0] if by > 0 else found[-1])
        return bool(found)

    def pause(self) -> None:
        """Let time go by, or stand still; at the end it begins again at the beginning of the window."""
        at = self.at
        playing = not self.place.playing
        if playing and at >= self.place.last:
            at = self.place.shown[0]
        self.place = replace(self.place, playing=playing)
        self.go(at)

    def faster(self, by: int) -> None:
        """The next speed (1), or the one before (-1)."""
        at, speeds = self.at, sorted({*SPEEDS, self.place.speed})
        place = min(max(speeds.index(self.place.speed) + by, 0), len(speeds) - 1)
        self.place = replace(self.place, speed=speeds[place])
        self.go(at)

    def widen(self) -> None:
        """Show the next wider window, after the widest the narrowest."""
        at = WINDOWS.index(self.place.window) if self.place.window in WINDOWS else -1
        self.place = replace(self.place, window=WINDOWS[(at + 1) % len(WINDOWS)])
        self._changed()

    def _changed(self) -> None:
        self.place = replace(self.place, at=self.at)
        self._told(self.place)
        self._wake.set()

    async def states(self, asker: Asker | None = None) -> AsyncGenerator[PairState | PairLine, None]:
        """The shown pair as it was, each time the moment changes; of the others a line when there is time."""
        while True:
            self._wake.clear()
            try:
                state = await self._state()
            except NoRecording as why:
                self._deck = None
                self.place = replace(self.place, trouble=str(why), playing=False)
                self._told(self.place)
                await self._rest(_LOOK_AGAIN)
                continue
            self._told(self.place)
            yield state
            if not self._wake.is_set():
                async for line in self._others():
                    yield line
            await self._rest(_TICK if self.place.playing else _LOOK_AGAIN)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _state(self) -> PairState:
        """Look at the recording where it is to be looked at now."""
        shown = self._shown
        if self._clock() - self._ends_read >= _LOOK_AGAIN or self.place.trouble:
            stretches = await self._reader.ask(lambda recording: recording.stretches(shown))
            self._take_ends(stretches)
        at = self.at
        if self.place.playing and at >= self.place.last:
            self._base = (at, self._clock())
            self.place = replace(self.place, playing=False)
        state = await self._reader.ask(lambda recording: self._on_deck(recording, shown).state(at))
        self.place = replace(self.place, at=self.at)
        self.place = replace(self.place, events=await self._events_in_sight())
        return state

    def _take_ends(self, stretches: Sequence[Span]) -> None:
        self._ends_read = self._clock()
        if not stretches:
            trouble = f"{self._shown} is not in the recording"
            self.place = replace(self.place, trouble=trouble, playing=False)
            return
        self.place = replace(
            self.place,
            first=stretches[0].first,
            last=stretches[-1].last,
            gaps=tuple((a.last, b.first) for a, b in pairwise(stretches)),
            trouble="",
        )
        if self._base[0] is None:
            self._base = (self.place.last, self._clock())

    def _on_deck(self, recording: Recording, pair: str) -> Deck:
        """Called on the reader's thread."""
        deck = self._deck
        if deck is None or deck.pair.name != pair or deck.recording is not recording:
            deck = self._deck = Deck(recording, self._pairs[pair])
        return deck

    async def _events_in_sight(self) -> tuple[Event, ...]:
        """What happened in the window of the slider; read for three windows at a time."""
        shown, (begin, end) = self._shown, self.place.shown
        pair, first, last, found = self._events
        growing = end >= self.place.last - 1
        if pair != shown or begin < first or end > last or growing:
            wide = end - begin
            first, last = begin - wide, end + (0 if growing else wide)
            found = await self._reader.ask(lambda r: r.events(shown, first, last)[-_MOST_EVENTS:])
            self._events = (shown, first, last, found)
        return found

    async def _others(self) -> AsyncGenerator[PairLine, None]:
        """The lines of the other pairs at this moment, until the moment changes."""
        at = self.place.at
        for name, pair in self._pairs.items():
            if self._wake.is_set():
                return
            if name == self._shown or abs(self._lines.get(name, -_OTHERS) - at) < _OTHERS:
                continue
            self._lines[name] = at
            try:
                yield await self._reader.ask(lambda recording, pair=pair: _line(recording, pair, at))  # type: ignore[misc]
            except NoRecording:
                return

    async def logs(self) -> tuple[LoggedLine, ...]:
        """The lines of both nodes' logs around the moment that is shown. Raises NoRecording."""
        pair, at = self._pairs[self._shown], self.at
        return await self._reader.ask(lambda recording: Deck(recording, pair).logs(at))


def _line(recording: Recording, pair: PairConfig, at: float) -> PairLine:
    deck = Deck(recording, pair)
    state = deck.state(at, before=0.0)
    return line_of(state, settled=deck.settled)
