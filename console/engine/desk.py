"""The run as it is now: the one place where it is replaced, told, kept and asked about."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from console.engine import transitions
from console.engine.decisions import Signals
from console.engine.parties import Journal, Operator
from console.model.run import Choice, Question, RunRecord, RunState

T = TypeVar("T")


def growing() -> Iterator[float]:
    """Pauses between looks, seconds: 0.05 growing to 1."""
    pause = 0.05
    while True:
        yield pause
        pause = min(1.0, pause * 1.6)


class Desk:
    """One run in progress, with what may interrupt it."""

    def __init__(
        self, run: RunRecord, journal: Journal, operator: Operator, now: Callable[[], float]
    ) -> None:
        self.run = run
        self.operator = operator
        self.now = now
        self.signals = Signals()
        self._heeded = self.signals
        self._journal = journal
        self._stirred = asyncio.Event()

    def put(self, run: RunRecord) -> None:
        """Replace the run and tell the operator; nothing is on disk yet."""
        self.run = run
        self.operator.tell(run)

    def note(self, kind: str, text: str) -> None:
        """A line of the timeline."""
        self.put(transitions.noted(self.run, self.now(), kind, text))

    async def keep(self) -> None:
        """On disk when it returns."""
        await self._journal.keep(self.run)

    def signal(self, signals: Signals) -> None:
        """Something that concerns the whole run; open questions and pauses end early."""
        if signals == self.signals:
            return
        self.signals = signals
        self._stirred.set()

    def heed(self) -> Signals:
        """The signals, for a decision; what comes later ends the next pause or question early."""
        self._heeded = self.signals
        self._stirred.clear()
        return self.signals

    def stop(self) -> None:
        """The operator asks to stop; a second time: do not wait for the job either."""
        if self.signals.stop:
            self.signal(replace(self.signals, insist=True))
            self.note("answer", "stop insisted on: the job is not waited for")
        else:
            self.signal(replace(self.signals, stop="stopped by the operator"))
            self.note("answer", "the operator asks to stop")

    async def pause(self, seconds: float) -> None:
        """Wait, no longer than until the next signal."""
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return

    async def unless_stirred(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of `work`; None when a signal came first, and the work was cancelled."""
        if self.signals != self._heeded:
            work.close()
            return None
        task = asyncio.ensure_future(work)
        stirred = asyncio.ensure_future(self._stirred.wait())
        try:
            await asyncio.wait({task, stirred}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()
            stirred.cancel()
            await asyncio.gather(task, stirred, return_exceptions=True)

    async def until_insisted(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of `work`, which a first stop lets end; None when it was cancelled, for it had to end.

        It has to where an abort condition holds, the lock was lost, or the stop was insisted on.
        """
        task = asyncio.ensure_future(work)
        try:
            while True:
                signals = self.heed()
                if signals.abort or signals.lock or signals.insist:
                    return None
                stirred = asyncio.ensure_future(self._stirred.wait())
                try:
                    await asyncio.wait({task, stirred}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    stirred.cancel()
                if task.done():
                    return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def ask(self, question: Question) -> Choice | None:
        """The operator's answer; None when a signal came first, and the question is no longer open."""
        self.put(replace(self.run, state=RunState.ASKING))
        answer = await self.unless_stirred(self.operator.decide(question))
        self.put(replace(self.run, state=RunState.RUNNING))
        if answer is not None:
            self.note("answer", f"{question.text} → {answer.value}")
        return answer
