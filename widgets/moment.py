"""The present: the time and the newest state, for ages only. What did not change keeps its picture."""

from dataclasses import dataclass, field
from typing import Any

from console.model.facts import Fact
from console.model.snapshot import PairState


@dataclass(frozen=True, slots=True)
class Moment:
    """One beat of the console's clock."""

    now: float
    """Console time, Unix seconds."""
    state: PairState = field(compare=False)
    """The newest state, whose times are newer than those of the equal one on the screen."""

    def age(self, fact: Fact[Any]) -> float | None:
        """Seconds since the fact was read, or None when it never was."""
        return None if fact.taken is None else max(0.0, self.now - fact.taken)
