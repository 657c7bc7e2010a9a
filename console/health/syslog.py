"""The order of syslog lines: which came last, and whether one is from before a boot."""

from collections.abc import Iterable
from datetime import UTC, datetime

from console.model.facts import LogLine
from console.model.snapshot import NodeView

_FURTHEST_WEST = 12 * 3600
"""Seconds a local stamp can be behind UTC: the node's time zone is not sampled."""


def last_with(lines: Iterable[LogLine] | None, *texts: str, program: str | None = None) -> LogLine | None:
    """The newest line that holds one of `texts`."""
    found = None
    for line in lines or ():
        if (program is None or line.program == program) and any(t in line.text for t in texts):
            found = line
    return found


def comes_after(lines: tuple[LogLine, ...] | None, later: str, earlier: str) -> bool:
    """Whether the newest line holding `later` stands after the newest one holding `earlier`."""
    places = {later: -1, earlier: -1}
    for place, line in enumerate(lines or ()):
        for text in places:
            if text in line.text:
                places[text] = place
    return places[later] > places[earlier]


def stamp_seconds(stamp: str, now: float) -> float | None:
    """Seconds of a syslog stamp as if it were UTC; the missing year is the last possible one."""
    year = datetime.fromtimestamp(now, UTC).year
    for guess in (year + 1, year, year - 1):
        try:
            parsed = datetime.strptime(f"{guess} {stamp}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            continue
        if parsed.timestamp() <= now + 36 * 3600:
            return parsed.timestamp()
    return None


def surely_before_boot(stamp: str, view: NodeView) -> bool:
    """Whether a line must have been written before the node's last boot, whatever its time zone."""
    host = view.facts.host.value
    if host is None or host.boottime is None:
        return False
    # A node's clock may be far off: its own boot time, not the console's clock, bounds the year.
    if "T" in stamp:  # RFC 5424 stamps carry their time zone
        try:
            return datetime.fromisoformat(stamp).timestamp() < host.boottime
        except ValueError:
            return False
    seconds = stamp_seconds(stamp, max(view.facts.host.taken or 0.0, float(host.boottime)))
    return seconds is not None and seconds + _FURTHEST_WEST < host.boottime
