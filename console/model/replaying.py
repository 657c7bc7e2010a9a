"""Where a replay of a recording stands, and what the logs of both nodes say around that moment."""

from dataclasses import dataclass, field

from console.model.snapshot import Event
from console.model.words import Home

SPEEDS = (1.0, 10.0, 60.0, 600.0, 3600.0)
"""How many recorded seconds go by in one, from which the operator chooses."""
WINDOWS = (3600.0, 6 * 3600.0, 24 * 3600.0, 7 * 86400.0, 366 * 86400.0)
"""Seconds that the slider shows."""


@dataclass(frozen=True, slots=True)
class Replaying:
    """A replay of one pair at one moment: what the time slider draws."""

    at: float
    """The moment that is shown, Unix seconds."""
    first: float
    """The oldest moment of the pair in the recording."""
    last: float
    """The newest."""
    speed: float = 1.0
    """Recorded seconds that go by in one."""
    playing: bool = False
    """Whether time goes by."""
    window: float = 6 * 3600.0
    """Seconds that the slider shows; less where less was recorded."""
    gaps: tuple[tuple[float, float], ...] = ()
    """From when to when nothing was recorded, as far as the slider shows it."""
    events: tuple[Event, ...] = field(default=(), repr=False)
    """What happened in the window, oldest first."""
    trouble: str = ""
    """Why the recording cannot be read; one line."""

    @property
    def shown(self) -> tuple[float, float]:
        """From when to when the slider shows: the moment in its middle, but for the recording's ends."""
        wide = min(self.window, max(60.0, self.last - self.first))
        begin = min(max(self.first, self.at - wide / 2), max(self.first, self.last - wide))
        return (begin, begin + wide)


@dataclass(frozen=True, slots=True)
class LoggedLine:
    """A line of a node's log, and when it was written by the console's clock."""

    home: Home
    at: float | None
    """Unix seconds; None where the line has no time."""
    stamp: str
    """As printed."""
    program: str
    text: str
