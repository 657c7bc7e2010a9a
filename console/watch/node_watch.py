"""One node's facts kept current: connect, tick the lanes, read the answers, reconnect."""

import asyncio
import math
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from console.model.config import NodeConfig, PairConfig
from console.model.snapshot import Link, LinkState, NodeView
from console.model.tape import LinkChanged, NodeNews, SectionLost, SectionRead
from console.parse.sections import lose_section
from console.ssh.backoff import delays
from console.ssh.frames import Frame
from console.ssh.sampler import LaneClosed
from console.ssh.trouble import Trouble
from console.watch.asked import Asked
from console.watch.recency import UNHURRIED, Recency
from console.watch.taped import UNREAD, TapedNode

_REFUSED_AGAIN = 60.0
"""Seconds until a refusal that needs a person is tried again."""
_NUDGE = 2.0
"""Seconds between attempts to reach a lost node that are made because somebody wants to know now."""


class SamplerLane(Protocol):
    """Ticks in, frames out; `tick` and `frames` raise LaneClosed or Trouble when the lane is gone."""

    async def tick(self, sections: Sequence[str]) -> None:
        """Ask for sections."""
        ...

    def frames(self) -> AsyncIterator[Frame]:
        """Answers as they come."""
        ...

    async def close(self) -> None:
        """Close the lane's channels."""
        ...


class Session(Protocol):
    """An open connection that can only open sampler lanes."""

    async def lane(self) -> SamplerLane:
        """Open a lane; raises Trouble."""
        ...

    async def close(self) -> None:
        """Close the connection and every lane on it."""
        ...


Opener = Callable[[NodeConfig], Awaitable[Session]]
"""Connects to a node; raises Trouble."""


@dataclass(frozen=True, slots=True)
class LanePlan:
    """What one lane asks for, how often, and how long an answer may take (seconds)."""

    foreground: tuple[str, ...]
    background: tuple[str, ...]
    interval: float
    limit: float


def lane_plans(pair: PairConfig) -> tuple[LanePlan, ...]:
    """The lanes of a pair: fast, slow and, with qmail, mail (counting a queue is expensive: P51)."""
    fast = LanePlan(
        ("host", "mounts", "ifconfig", "ps", "vrrplog", "lineage", "lock"), ("geom",), pair.interval, 3.0
    )
    slow = LanePlan(
        ("messages", "modules", "sockets", "vrrpconf", "exports", "files", "images"),
        ("df", "metadata"),
        max(pair.slow_interval, pair.interval),
        10.0,
    )
    mail = LanePlan((), ("mail",), max(pair.qmail.interval, pair.interval), 30.0)
    return (fast, slow, mail) if pair.qmail.enabled else (fast, slow)


def sections_of(plans: Iterable[LanePlan]) -> tuple[str, ...]:
    """Every section that some lane asks for."""
    return tuple(section for plan in plans for section in (*plan.foreground, *plan.background))


class NodeWatch:
    """Watches one node for as long as `run` runs; `view` is always the latest."""

    def __init__(
        self,
        node: NodeConfig,
        pair: PairConfig,
        open_session: Opener,
        changed: Callable[[], None],
        plans: Sequence[LanePlan] | None = None,
        told: Callable[[NodeNews], None] | None = None,
    ) -> None:
        self._open_session = open_session
        self._changed = changed
        self._plans = tuple(plans if plans is not None else lane_plans(pair))
        self._again = asyncio.Event()
        self._recency = Recency(sections_of(self._plans))
        self._nudged = -math.inf
        self._told = told
        self._phase = zlib.crc32(pair.name.encode()) / 2**32
        """Where in the interval the pair is asked: of many, each has its own moment."""
        self._node = TapedNode(node, sections_of(self._plans))

    @property
    def view(self) -> NodeView:
        """The node as it was last read."""
        return self._node.view

    @property
    def settled(self) -> bool:
        """True once every section was answered or lost, or the node could not be reached."""
        return self._node.settled

    def _learn(self, news: NodeNews) -> None:
        self._node.apply(news)
        if self._told is not None:
            self._told(news)

    def _link(self, link: Link) -> None:
        self._learn(LinkChanged(link))

    def retry_now(self) -> None:
        """Try again at once instead of waiting for the backoff to end."""
        self._again.set()

    async def fresh(self, limit: float) -> NodeView:
        """The node as read after this call: every lane is asked at once.

        A section (other than mail and df) that does not answer a tick sent after the call within `limit`
        seconds is unknown in what is returned; a second is enough for metadata and for what hung before the
        call. A node that is not connected is unknown at once.
        """
        loop = asyncio.get_running_loop()
        since = loop.time()
        self._recency.want(since)
        missing = await self._recency.newer(since, limit, lambda: self._gone)
        if self.view.link.state is LinkState.LOST and loop.time() >= self._nudged + _NUDGE:
            self._nudged = loop.time()
            self.retry_now()
        return self._without(missing)

    @property
    def _gone(self) -> bool:
        return self.view.link.state in (LinkState.LOST, LinkState.REFUSED)

    def _without(self, missing: Mapping[str, str]) -> NodeView:
        """The view, what was not answered unknown in it; without `host` the node does not answer."""
        facts, link = self.view.facts, self.view.link
        for section, why in missing.items():
            facts = lose_section(facts, section, why)
        if "host" in missing and link.state is LinkState.LIVE:
            why = f"{self.view.name}: connected, but {missing['host']}"
            link = replace(link, state=LinkState.SILENT, why=why)
        return replace(self.view, facts=facts, link=link)

    async def run(self) -> None:
        """Watch until cancelled; trouble becomes a link state, never an exception."""
        waits = delays()
        while True:
            try:
                session = await self._open_session(self.view.config)
            except Trouble as trouble:
                state = LinkState.LOST if trouble.retry else LinkState.REFUSED
                self._lose(state, trouble.line)
                await self._rest(next(waits) if trouble.retry else _REFUSED_AGAIN)
                continue
            self._forget(UNREAD)
            started = time.monotonic()
            try:
                why = await self._serve(session)
            finally:
                await session.close()
            if time.monotonic() - started > 60:
                waits = delays()
            self._lose(LinkState.LOST, why)
            await self._rest(next(waits))

    async def _rest(self, seconds: float) -> None:
        self._again.clear()
        try:
            await asyncio.wait_for(self._again.wait(), seconds)
        except TimeoutError:
            return

    async def _serve(self, session: Session) -> str:
        """Run the lanes until one of them ends; returns why, in words for the operator."""
        lanes = [asyncio.create_task(self._run_lane(session, plan)) for plan in self._plans]
        try:
            done, _ = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        return done.pop().result()

    async def _run_lane(self, session: Session, plan: LanePlan) -> str:
        """Tick one lane until it ends; returns why."""
        try:
            lane = await session.lane()
        except Trouble as trouble:
            return trouble.line
        asked = Asked(plan.foreground, plan.background, plan.limit)
        main = plan is self._plans[0]
        with self._recency.lane() as wake:
            reading = asyncio.create_task(self._read(lane, asked, wake, main=main))
            try:
                await self._tick(lane, asked, plan, reading, wake)
                reading.result()
                return f"{self.view.name}: the connection ended; reconnecting"
            except (LaneClosed, Trouble) as ended:
                return str(ended)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                await lane.close()

    async def _tick(
        self,
        lane: SamplerLane,
        asked: Asked,
        plan: LanePlan,
        reading: asyncio.Task[None],
        wake: asyncio.Event,
    ) -> None:
        """Ask at every interval, and out of turn when somebody wants newer readings, until `reading` ends."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        reading.add_done_callback(lambda _: wake.set())
        while not reading.done():
            wake.clear()
            if loop.time() >= due:
                # Aligned to the clock, so that both nodes of a pair answer together and are drawn once.
                shift = self._phase * plan.interval
                due = ((loop.time() - shift) // plan.interval + 1) * plan.interval + shift
                # What somebody had asked a moment ago is not due again yet.
                if sections := asked.ask(loop.time(), asked.since(loop.time() - plan.interval / 2)):
                    await lane.tick(sections)
            if asked.behind(self._recency.wanted, UNHURRIED):
                await lane.tick(asked.ask(loop.time(), UNHURRIED))
            self._give_up(asked, loop.time(), main=plan is self._plans[0])
            try:
                async with asyncio.timeout(max(0.0, min(due - loop.time(), 1.0))):
                    await wake.wait()
            except TimeoutError:
                continue

    async def _read(self, lane: SamplerLane, asked: Asked, wake: asyncio.Event, *, main: bool) -> None:
        async for frame in lane.frames():
            since = asked.answered(frame.section)
            self._learn(SectionRead(frame.section, frame.text, frame.exit_status, time.time()))
            if since is not None:
                self._recency.answered(frame.section, since)
            if asked.behind(self._recency.wanted, UNHURRIED):
                wake.set()
            if main and since is not None and asked.foreground(frame.section) and not asked.waiting:
                # The first lane alone says whether the node answers: two lanes would contradict each other.
                round_trip = asyncio.get_running_loop().time() - since
                self._link(replace(self.view.link, state=LinkState.LIVE, why="", round_trip=round_trip))
            self._changed()

    def _give_up(self, asked: Asked, now: float, *, main: bool) -> None:
        overdue = asked.overdue(now)
        if not overdue:
            return
        for section, seconds in overdue:
            self._recency.hangs(section)
            self._learn(SectionLost(section, f"no answer for {seconds:.0f} s"))
        blocking = [late for late in overdue if asked.foreground(late[0])]
        if main and blocking:
            section, seconds = blocking[0]
            why = f"{self.view.name}: connected, but {section} has not answered for {seconds:.0f} s"
            self._link(replace(self.view.link, state=LinkState.SILENT, why=why))
        self._changed()

    def _lose(self, state: LinkState, why: str) -> None:
        self._forget("not connected")
        self._link(replace(self.view.link, state=state, why=why))
        self._recency.forget()
        self._changed()

    def _forget(self, why: str) -> None:
        """Nothing read before counts any more; the last values stay for display."""
        self._learn(SectionLost(None, why))
