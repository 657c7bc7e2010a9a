"""Screens that walk mail queues: when, at what cost for the node, and how a walk is broken off."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.worker import Worker, get_current_worker

from console.health.mail_queue import Deferrals, QueueFigures, deferrals, figures, next_walk, sample
from console.model.mail import Envelope, MailReading, MailTrouble, OldestMail, QueueListing
from console.model.words import Home
from console.screens.showing import PairScreen

LETTERS = 5000
"""Envelopes that are read for the figures of one walk: the whole of a usual queue, a sample of a huge one."""
LOG_LINES = 2000
"""The newest lines of the log, out of which the reasons of deferrals are counted."""
LOG_SECONDS = 15.0
"""What the end of a log may take."""
ABSENT = "a close look at the mail is not available here"


@dataclass(frozen=True, slots=True)
class Walk:
    """What the last walk over a node's queue found, as far as it came."""

    listing: QueueListing | None = None
    figures: QueueFigures | None = None
    letters: Mapping[int, Envelope] = field(default_factory=dict)
    denied: bool = False
    """Whether envelopes may not be read."""
    log: Deferrals = field(default_factory=Deferrals)
    log_trouble: str = ""
    trouble: str = ""
    """Why there is no listing, or the one from before is shown."""
    at: float = 0.0
    """Console time when it ended."""
    cost: float = 0.0
    """Seconds that it took on the node."""
    due: float = 0.0
    """Console time from which on the next one may begin."""
    todos: tuple[int, ...] = ()
    """The not preprocessed of the last walks, oldest first."""
    waits: bool = False
    """Whether it was broken off: the next one is begun by hand."""


class WalkingScreen(PairScreen):
    """A screen on top of the queues of a pair's nodes; walks by itself while it is on top."""

    HERE = "mail"
    FIGURES: ClassVar[bool] = True
    """Whether a walk reads envelopes and the log for figures, or the listing alone."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "walk", "Walk now", tooltip="Walk the queue again now"),
    ]

    walks: var[Mapping[Home, Walk]] = var(dict)
    walking: var[frozenset[Home]] = var(frozenset())
    """The nodes whose queues are walked just now."""

    def __init__(self) -> None:
        super().__init__()
        self._walkers: dict[Home, Worker[None]] = {}

    def homes(self) -> tuple[Home, ...]:
        """Whose queues are walked."""
        return (Home.MASTER, Home.SLAVE)

    def take(self) -> None:
        """Another pair has other queues."""
        before = self.pair
        super().take()
        if before and self.pair != before:
            self._stop()
            self.walks = {}
        self._walk_what_is_due()

    def watch_moment(self) -> None:
        """Each second: is it time?"""
        self._walk_what_is_due()

    def on_screen_suspend(self) -> None:
        """A queue that nobody looks at is not walked."""
        self._stop()

    def _stop(self) -> None:
        self.workers.cancel_group(self, "walk")
        self._walkers.clear()
        self.walking = frozenset()

    @property
    def enabled(self) -> bool:
        """Whether this console looks closely at the mail of this pair."""
        return (
            self.app.mails is not None and self.state is not None and self.state.snapshot.config.qmail.enabled
        )

    def _walk_what_is_due(self) -> None:
        if not self.is_current or not self.enabled:
            return
        for home in self.homes():
            known = self.walks.get(home)
            if home not in self.walking and (
                known is None or (not known.waits and self.app.beat >= known.due)
            ):
                self.walk(home)

    def action_walk(self) -> None:
        """All of them, now."""
        for home in self.homes():
            if self.enabled and home not in self.walking:
                self.walk(home)

    def break_off(self) -> bool:
        """Stop walking; whether anything was under way."""
        under_way = self.walking
        self._stop()
        for home in under_way:
            known = self.walks.get(home, Walk())
            words = "broken off: u walks again"
            self._told(home, replace(known, trouble=words, waits=True))
        return bool(under_way)

    def action_leave_filter(self) -> None:
        """`escape`: break off what goes on; else the filter; else back."""
        if self.break_off():
            return
        if self.filter or self.query_one("#filter").display:
            super().action_leave_filter()
            return
        self.go_back()

    def walk(self, home: Home) -> None:
        """Walk a node's queue, unless that goes on already."""
        if home not in self._walkers:
            self._walkers[home] = self._walk(home)
            self.walking |= {home}

    @work(group="walk")
    async def _walk(self, home: Home) -> None:
        mails, state = self.app.mails, self.state
        if mails is None or state is None:
            return
        before = self.walks.get(home, Walk())
        interval = state.snapshot.config.qmail.interval
        try:
            found = await look(mails, self.pair, home, before, figured=self.FIGURES)
        except MailTrouble as trouble:
            found = replace(before, trouble=str(trouble), waits=False)
        finally:
            if self._walkers.get(home) is get_current_worker():
                del self._walkers[home]
                self.walking -= {home}
        now = self.app.beat
        self._told(home, replace(found, at=now, due=now + next_walk(interval, found.cost)))

    def _told(self, home: Home, walk: Walk) -> None:
        self.walks = {**self.walks, home: walk}
        if walk.figures is not None:
            known = {key: one for key, one in self.app.oldest.items() if key != (self.pair, home)}
            if walk.figures.oldest is not None:
                known[self.pair, home] = OldestMail(walk.figures.oldest[1], walk.at)
            self.app.oldest = known


async def look(mails: MailReading, pair: str, home: Home, before: Walk, *, figured: bool) -> Walk:
    """One walk; raises MailTrouble where not even the listing could be read."""
    listing = await mails.queue(pair, home)
    todos = (*before.todos[-4:], listing.todo)
    if not figured:
        return Walk(listing, cost=listing.seconds, todos=todos)
    letters: dict[int, Envelope] = {}
    denied = bool({"info", "local", "remote"} & set(listing.denied))
    cost, trouble = listing.seconds, ""
    if wanted := sample(listing, LETTERS):
        try:
            read = await mails.envelopes(pair, home, listing, wanted)
            letters, denied, cost = dict(read.of), denied or read.denied, cost + read.seconds
        except MailTrouble as odd:
            trouble = str(odd)
    log, log_trouble = await _log_end(mails, pair, home)
    counted = await asyncio.to_thread(figures, listing, letters, listing.taken)
    return Walk(listing, counted, letters, denied, log, log_trouble, trouble, cost=cost, todos=todos)


async def _log_end(mails: MailReading, pair: str, home: Home) -> tuple[Deferrals, str]:
    stream = mails.tail(pair, home, LOG_LINES)
    try:
        async with asyncio.timeout(LOG_SECONDS):
            chunk = await anext(stream)
    except TimeoutError:
        return Deferrals(), f"no end of the log within {LOG_SECONDS:.0f} s"
    except (MailTrouble, StopAsyncIteration) as odd:
        return Deferrals(), str(odd) or "the log is not there"
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
    return await asyncio.to_thread(deferrals, chunk.lines), ""
