"""One console in memory on a `Site`: its eyes, operator, journal and copier, each of which can be killed."""

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

from console.engine.copies import Progress
from console.engine.parties import Hands
from console.engine.runner import Runner
from console.engine.streams import Moved, Said
from console.model.config import NodeConfig
from console.model.job import CopyRefused, HandsLost, Streamed
from console.model.run import Choice, Question, RunRecord
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from tests.engine.fake_site import RTT, FakeHands, Life, Site
from tests.engine.warp import console_time
from tests.health.building import healthy, losing, with_facts


class FakeEyes:
    """Readings of the site's flags."""

    def __init__(self, site: Site, life: Life) -> None:
        self._site, self._life = site, life

    async def fresh(self, limit: float = 5.0) -> PairSnapshot:
        self._site.calls.append("fresh")
        await self._life.point()
        await asyncio.sleep(RTT)
        return self.latest()

    def latest(self) -> PairSnapshot:
        site = self._site
        if not site.nodes["web-a"].reachable:
            return losing(healthy(console_time()), Home.MASTER, "modules")
        flags = (*sorted(site.flags - site.unknown), *(f"?{name}" for name in sorted(site.unknown)))
        return with_facts(healthy(console_time()), Home.MASTER, modules=flags)


class FakeOperator:
    """Agrees to everything, unless told otherwise; remembers what was asked."""

    def __init__(self, life: Life | None = None) -> None:
        self._life = life or Life()
        self.asked: list[Question] = []
        self.answers: list[Choice] = []
        """What to answer next; then GO, or the safe choice of a question without GO."""
        self.hears: Callable[[RunRecord], None] = lambda run: None
        self.secrets: dict[str, str] = {}
        self.never_answers = False

    async def decide(self, question: Question) -> Choice:
        self.asked.append(question)
        await self._life.point()
        if self.never_answers:
            await asyncio.sleep(1e6)
        if self.answers:
            return self.answers.pop(0)
        return Choice.GO if Choice.GO in question.choices else question.choices[0]

    async def secret(self, name: str, prompt: str) -> str | None:
        await self._life.point()
        return self.secrets.get(name)

    def tell(self, run: RunRecord) -> None:
        self.hears(run)


class FakeJournal:
    """Keeps runs as bytes, so that nothing alive is shared between two processes."""

    def __init__(self, site: Site, life: Life) -> None:
        self._site, self._life = site, life

    async def keep(self, run: RunRecord) -> None:
        await self._life.point()
        self._site.journal[run.id] = pickle.dumps(run)
        self._site.kept.append(run)
        await asyncio.sleep(0.001)
        await self._life.point()

    async def claim(self, run: str) -> bool:
        holder = self._site.claims.setdefault(run, self._life)
        if holder is not self._life and not holder.dead:
            return False
        self._site.claims[run] = self._life
        return True

    async def release(self, run: str) -> None:
        self._site.claims.pop(run, None)

    async def load(self, run: str) -> RunRecord | None:
        data = self._site.journal.get(run)
        loaded: RunRecord | None = pickle.loads(data) if data else None
        return loaded

    async def runs(self, pair: str | None = None, limit: int = 100) -> tuple[RunRecord, ...]:
        return tuple(pickle.loads(data) for data in self._site.journal.values())


class FakeCopier:
    """Copies in four parts; what it cannot is told beforehand."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.copied: list[tuple[str, str, str, str]] = []

    async def copy(self, node: NodeConfig, source: str, host: str, target: str, show: Progress) -> None:
        for part in range(1, 5):
            await asyncio.sleep(1.0)
            show(part * 25, 100)
            if self.troubles and part == 2:
                raise self.troubles.pop(0)
        self.copied.append((node.name, source, host, target))


class FakeStreamer:
    """Streams in four parts; each attempt ends as it was told beforehand, the last one again and again."""

    def __init__(self, *ends: Streamed | Exception) -> None:
        self.ends = list(ends) or [Streamed(100, 0, 0)]
        self.streamed: list[tuple[str, str, str, str]] = []
        self.ended: list[str] = []
        """How each attempt ended that was not let end by itself."""

    async def stream(
        self, source: NodeConfig, text: str, target: NodeConfig, into: str, moved: Moved, said: Said
    ) -> Streamed:
        self.streamed.append((source.name, text, target.name, into))
        try:
            for part in range(1, 5):
                await asyncio.sleep(1.0)
                moved(part * 25)
                said(source.name, f"part {part}\n", True)
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        said(target.name, "taken\n", False)
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if isinstance(end, Exception):
            raise end
        return end


REFUSED = CopyRefused("no room on the target")


class Console:
    """One console process working on a site."""

    def __init__(
        self,
        site: Site,
        die_at: int | None = None,
        copier: FakeCopier | None = None,
        streamer: FakeStreamer | None = None,
        journal: FakeJournal | None = None,
    ) -> None:
        self.site = site
        self.life = Life(die_at)
        self.operator = FakeOperator(self.life)
        self.journal = journal or FakeJournal(site, self.life)
        self.runner = Runner(
            site.pair,
            FakeEyes(site, self.life),
            self._open,
            self.journal,
            self.operator,
            who="root@jump",
            copier=copier,
            streamer=streamer,
            rules=site.rules(),
            now=console_time,
        )

    async def _open(self, node: NodeConfig) -> Hands:
        await self.life.point()
        await asyncio.sleep(RTT)
        if not self.site.nodes[node.name].reachable:
            raise HandsLost(f"{node.name} cannot be reached")
        return FakeHands(self.site, self.site.nodes[node.name], self.life)

    async def until_killed(self, work: Callable[[Runner], Any]) -> RunRecord | None:
        """Let it work until it ends, or is killed: then nothing of it is left but the journal."""
        task = asyncio.ensure_future(work(self.runner))
        died = asyncio.ensure_future(self.life.died.wait())
        await asyncio.wait({task, died}, return_when=asyncio.FIRST_COMPLETED)
        died.cancel()
        if task.done():
            result: RunRecord = task.result()
            return result
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return None
