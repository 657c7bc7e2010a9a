"""Which sections of a lane were asked for and not yet answered: pure bookkeeping, the clock handed in."""

import math
from collections.abc import Collection, Sequence


class Asked:
    """The open questions of one lane.

    A lane answers its foreground sections in order and blocks on one that hangs, so nothing is asked while
    one is open. A background section is left out until its last answer came: nothing piles up on the node.
    """

    def __init__(self, foreground: Sequence[str], background: Sequence[str], limit: float) -> None:
        self._foreground = tuple(foreground)
        self._background = tuple(background)
        self._limit = limit
        self._open: dict[str, float] = {}
        self._last: dict[str, float] = {}

    @property
    def waiting(self) -> bool:
        """Whether a foreground section is still open."""
        return any(section in self._open for section in self._foreground)

    def ask(self, now: float, leave_out: Collection[str] = ()) -> tuple[str, ...]:
        """The sections to ask for now; they count as open from now on. Empty while the lane is blocked."""
        if self.waiting:
            return ()
        idle = (*self._foreground, *(s for s in self._background if s not in self._open))
        sections = tuple(s for s in idle if s not in leave_out)
        asked = dict.fromkeys(sections, now)
        self._open.update(asked)
        self._last.update(asked)
        return sections

    def behind(self, since: float, leave_out: Collection[str] = ()) -> bool:
        """Whether a section that could be asked was last asked at `since` or before; never while blocked."""
        if self.waiting:
            return False
        idle = (s for s in (*self._foreground, *self._background) if s not in self._open)
        return any(self._last.get(s, -math.inf) <= since for s in idle if s not in leave_out)

    def since(self, moment: float) -> frozenset[str]:
        """The sections that were last asked after `moment`."""
        return frozenset(s for s, asked in self._last.items() if asked > moment)

    def answered(self, section: str) -> float | None:
        """An answer came; returns when it was asked for, None when it was not."""
        return self._open.pop(section, None)

    def foreground(self, section: str) -> bool:
        """Whether a section is answered in order with the others."""
        return section in self._foreground

    def overdue(self, now: float) -> tuple[tuple[str, float], ...]:
        """Open sections past the limit, each with how long (s) it has been open."""
        return tuple((s, now - asked) for s, asked in self._open.items() if now - asked > self._limit)
