"""`on_event`: commands and webhooks that are told what changed, beside the watch and never in its way.

Each hook has its own short queue and its own task. News that cannot be told in time is retried a few times,
then given up and counted; a hook that fails says so once, in the pair's own timeline, until it works again.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from console.health.events import newer
from console.health.metrics import Sample
from console.machines.delivery import Outcome, post, run_command
from console.machines.exposition import DELIVERIES, PENDING
from console.model.config import HookConfig, Watcher
from console.model.snapshot import Event, PairState
from console.model.words import Severity
from console.ssh.backoff import delays
from console.ssh.text import one_line

_WAITING = 100
"""Events that wait for one hook; the oldest gives way."""
_LONGEST = 1000
"""Characters of an event's text."""
_COMPLAINTS = 20
"""Complaints kept for each pair."""
_OUTCOMES = ("delivered", "failed", "repeated", "dropped")
_log = logging.getLogger("mirrorgate.hooks")


@dataclass(frozen=True, slots=True)
class News:
    """An event of a pair, as somebody is told of it."""

    pair: str
    event: Event
    missed: int = 0
    """News before this one that could not be told."""

    def fields(self) -> dict[str, str | float | int | None]:
        """What is told. `id` stays the same when it is told again."""
        event = self.event
        text = one_line(event.text, _LONGEST)
        named = f"{self.pair}\0{event.node}\0{event.kind}\0{text}\0{event.at}"
        return {
            "id": hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:16],
            "pair": self.pair,
            "node": event.node,
            "kind": event.kind,
            "severity": event.severity.value,
            "text": text,
            "time": event.at,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.at)),
            "missed": self.missed,
        }


Deliver = Callable[[HookConfig, News], Awaitable[Outcome]]
"""Makes one attempt, within the hook's deadline; raises nothing."""


async def deliver(hook: HookConfig, news: News) -> Outcome:
    """Tell `news` by the hook's command or webhook."""
    fields = news.fields()
    body = json.dumps(fields, ensure_ascii=False).encode()
    if hook.webhook:
        return await post(hook.webhook, body, hook.ca, hook.deadline)
    variables = {f"MIRRORGATE_{name.upper()}": "" if v is None else str(v) for name, v in fields.items()}
    return await run_command(hook.command, body, variables, hook.deadline)


class _Hook:
    """One hook: what waits for it, what it was told last, and the task that tells it."""

    def __init__(
        self, config: HookConfig, attempt: Deliver, complain: Callable[[str, str, bool], None]
    ) -> None:
        self.config = config
        self.waiting: deque[News] = deque()
        self.outcomes: Counter[str] = Counter(dict.fromkeys(_OUTCOMES, 0))
        self.pause: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._attempt = attempt
        self._complain = complain
        self._more = asyncio.Event()
        self._last: dict[tuple[str, str | None, str], Event] = {}
        self._missed = 0
        self._failing = False

    def wants(self, pair: str, event: Event) -> bool:
        config = self.config
        return (
            (not config.kinds or event.kind in config.kinds)
            and (not config.pairs or pair in config.pairs)
            and event.severity.rank <= Severity(config.severity).rank
        )

    def take(self, pair: str, event: Event) -> None:
        """Queue an event unless it repeats the last news of its kind from that node."""
        key = (pair, event.node, event.kind)
        last = self._last.get(key)
        if last and last.text == event.text and 0 <= event.at - last.at < self.config.quiet:
            self.outcomes["repeated"] += 1
            return
        self._last[key] = event
        if len(self.waiting) >= _WAITING:
            self.waiting.popleft()
            self._miss("dropped")
        self.waiting.append(News(pair, event))
        self._more.set()

    async def run(self) -> None:
        """Tell what waits, oldest first, until cancelled."""
        while True:
            await self._more.wait()
            while self.waiting:
                await self._tell(replace(self.waiting.popleft(), missed=self._missed))
            self._more.clear()

    async def _tell(self, news: News) -> None:
        waits = delays()
        outcome = Outcome()
        for attempt in range(self.config.retries + 1):
            if attempt:
                await self.pause(next(waits))
            outcome = await self._attempt(self.config, news)
            if not outcome.why or not outcome.again:
                break
        if outcome.why:
            self._miss("failed")
        else:
            self.outcomes["delivered"] += 1
            self._missed -= news.missed
        if bool(outcome.why) is not self._failing:
            self._failing = bool(outcome.why)
            words = f"fails: {outcome.why}" if outcome.why else "works again"
            self._complain(news.pair, f"hook {self.config.name} {words}", self._failing)

    def _miss(self, outcome: str) -> None:
        self.outcomes[outcome] += 1
        self._missed += 1


class Hooks:
    """The hooks that this watcher runs."""

    def __init__(
        self,
        hooks: Sequence[HookConfig],
        where: Watcher,
        *,
        attempt: Deliver = deliver,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._hooks = tuple(_Hook(h, attempt, self._complain) for h in hooks if where in h.where)
        self._say = say
        self._newest: dict[str, Event] = {}
        self._complaints: dict[str, tuple[Event, ...]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def pausing(self, pause: Callable[[float], Awaitable[None]]) -> "Hooks":
        """The same, waiting between attempts by `pause` (seconds)."""
        for hook in self._hooks:
            hook.pause = pause
        return self

    async def beside(self, states: AsyncGenerator[PairState, None]) -> AsyncGenerator[PairState, None]:
        """Pass states on, each with what the hooks complain of, and tell the hooks what is new in them."""
        self._tasks = [asyncio.create_task(hook.run()) for hook in self._hooks]
        try:
            async for state in states:
                self._take(state)
                yield self._with_complaints(state)
        finally:
            await states.aclose()
            for task in self._tasks:
                task.cancel()
            for task in self._tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def samples(self) -> Iterator[Sample]:
        """What was told, by hook and outcome, and what waits."""
        for hook in self._hooks:
            name = ("hook", hook.config.name)
            for outcome, number in hook.outcomes.items():
                yield Sample(DELIVERIES, (name, ("outcome", outcome)), float(number))
            yield Sample(PENDING, (name,), float(len(hook.waiting)))

    def _take(self, state: PairState) -> None:
        name = state.snapshot.config.name
        fresh = newer(state.events, self._newest.get(name))
        if fresh:
            self._newest[name] = fresh[0]
        for event in reversed(fresh):
            for hook in self._hooks:
                if hook.wants(name, event):
                    hook.take(name, event)

    def _with_complaints(self, state: PairState) -> PairState:
        complaints = self._complaints.get(state.snapshot.config.name)
        if not complaints:
            return state
        events = sorted((*complaints, *state.events), key=lambda event: event.at, reverse=True)
        return replace(state, events=tuple(events))

    def _complain(self, pair: str, text: str, failing: bool) -> None:
        severity = Severity.WARNING if failing else Severity.NOTICE
        event = Event(time.time(), None, "hook", text, severity)
        self._complaints[pair] = (event, *self._complaints.get(pair, ()))[:_COMPLAINTS]
        _log.log(logging.WARNING if failing else logging.INFO, "%s", text)
        self._say(text)
