"""Hands and eyes that note when each call was made, how long it took, and which jobs were seen to end."""

import time
from dataclasses import dataclass, field
from typing import Any

from console.model.job import JobLook, JobState

_NOT_OF_A_STEP = ("close", "take_lock", "drop_lock", "beat")


@dataclass
class Calls:
    """What was asked of the nodes during a run."""

    spent: list[tuple[float, float]] = field(default_factory=list)
    """(beginning, end) of each call that belongs to a step, Unix seconds."""
    ended: dict[str, float] = field(default_factory=dict)
    """When each job was known to have ended, Unix seconds."""
    looks: int = 0
    readings: list[tuple[float, float, float]] = field(default_factory=list)
    """(beginning, end, CPU of this process meanwhile) of each reading of the pair; seconds."""

    def waiting(self, since: float, until: float) -> float:
        """Seconds between two moments in which at least one call was under way."""
        covered, reached = 0.0, since
        for begin, end in sorted(self.spent):
            begin, end = max(begin, reached), min(end, until)
            if end > begin:
                covered += end - begin
                reached = end
        return covered

    def count(self, since: float, until: float) -> int:
        """Calls made between two moments."""
        return sum(since <= begin < until for begin, _ in self.spent)


class Noted:
    """Stands for hands or eyes, and notes what is asked of them."""

    def __init__(self, what: Any, calls: Calls) -> None:
        self._what = what
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._what, name)
        if name == "latest":
            return call

        async def noted(*words: Any, **named: Any) -> Any:
            began, worked = time.time(), time.process_time()
            try:
                result = await call(*words, **named)
            finally:
                if name == "fresh":
                    self._calls.readings.append((began, time.time(), time.process_time() - worked))
                if name not in _NOT_OF_A_STEP:
                    self._calls.spent.append((began, time.time()))
            if isinstance(result, JobLook):
                self._calls.looks += 1
                if result.state is JobState.ENDED:
                    self._calls.ended.setdefault(words[0], time.time())
            return result

        return noted
