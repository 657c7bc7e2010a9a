"""The logs of both nodes in one order: when each line was written, by the console's clock.

A line of syslogd(8) has neither year nor time zone. The zone follows from lines that appear: one that was not
there at the last reading and is at this one was written just before. Until one did, it is the console's own.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from console.health.syslog import stamp_seconds
from console.model.facts import LogLine
from console.model.replaying import LoggedLine
from console.model.words import Home

_QUARTER = 900
"""Time zones are whole quarters of an hour apart."""
_SURE = 400.0
"""Seconds between two readings within which a new line tells the zone."""
_EARLY = 120.0
"""Seconds by which a line may be later than its reading: clocks differ."""


@dataclass(slots=True)
class LogReadings:
    """What successive readings of one node's log sections had; `take` them in their order."""

    home: Home
    offset: float = 0.0
    """Seconds by which the node's clock is ahead of the console's."""
    zone: float | None = None
    """Seconds by which the node's local time is ahead of UTC; None until a line told."""
    taken: float = 0.0
    """Console time of the newest reading."""
    _kept: dict[str, tuple[LogLine, ...]] = field(default_factory=dict)
    _all: list[LogLine] = field(default_factory=list)
    _read: dict[str, float] = field(default_factory=dict)

    def take(self, section: str, lines: Sequence[LogLine], taken: float) -> None:
        """What a section's log said when it was read at `taken`."""
        before, self._kept[section] = self._kept.get(section), tuple(lines)
        since = taken - self._read.get(section, taken)
        self._read[section] = self.taken = taken
        if before is None:
            self._add(lines)
            return
        if before == self._kept[section]:
            return
        new = _appeared(before, lines)
        self._add(new)
        if new and 0 < since <= _SURE and (local := _as_utc(new[-1], taken)) is not None:
            self.zone = round((local - self.offset - taken) / _QUARTER) * _QUARTER

    def _add(self, lines: Sequence[LogLine]) -> None:
        # A line that is in two sections is one line; one that is twice in the same section was written twice.
        more = Counter(lines) - Counter(self._all)
        for line in lines:
            if more[line] > 0:
                more[line] -= 1
                self._all.append(line)

    def lines(self) -> list[LoggedLine]:
        """Every line, oldest first."""
        timed = [
            LoggedLine(self.home, self._at(line), line.stamp, line.program, line.text) for line in self._all
        ]
        return in_order(timed)

    def _at(self, line: LogLine) -> float | None:
        if "T" in line.stamp:  # RFC 5424 stamps carry their zone
            try:
                return datetime.fromisoformat(line.stamp).timestamp() - self.offset
            except ValueError:
                return None
        local = _as_utc(line, self.taken)
        if local is None:
            return None
        zone = self.zone
        if zone is None:
            here = datetime.fromtimestamp(local, UTC).astimezone().utcoffset()
            zone = here.total_seconds() if here is not None else 0.0
        return local - zone - self.offset


def in_order(lines: Iterable[LoggedLine]) -> list[LoggedLine]:
    """By time; a line without one stays after its elder."""
    newest: dict[Home, float] = {}
    order: list[tuple[float, LoggedLine]] = []
    for line in lines:
        order.append((line.at if line.at is not None else newest.get(line.home, 0.0), line))
        newest[line.home] = order[-1][0]
    return [line for _, line in sorted(order, key=lambda one: one[0])]


def _appeared(before: Sequence[LogLine], after: Sequence[LogLine]) -> Sequence[LogLine]:
    """The lines below the last one that was there before."""
    if not before:
        return after
    for place in range(len(after) - 1, -1, -1):
        if after[place] == before[-1]:
            return after[place + 1 :]
    return after


def _as_utc(line: LogLine, now: float) -> float | None:
    return stamp_seconds(line.stamp, now + _EARLY) if line.stamp else None
