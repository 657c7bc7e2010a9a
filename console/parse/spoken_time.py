"""A time as people say it of something that is over: `03:12`, `2026-11-23T03:12`, `90m`."""

import re
from datetime import UTC, datetime, timedelta

_OF_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_STEP = re.compile(r"([+-]?)([0-9]{1,6})([smhd])")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
EXPECTED = "give 03:12, 2026-11-23T03:12, 90m, 2h or 3d (ago)"


def spoken_time(word: str, now: float, at: float | None = None) -> float:
    """Unix seconds of a time in our zone.

    A time of day is the last one that is not after `now`; `90m` is that long before `now`; `+5m` and `-5m`
    count from `at`, the moment that is looked at (default: `now`). Raises ValueError with what can be given.
    """
    word = word.strip()
    if step := _STEP.fullmatch(word):
        seconds = int(step[2]) * _UNIT[step[3]]
        if not step[1]:
            return now - seconds
        return (now if at is None else at) + (seconds if step[1] == "+" else -seconds)
    try:
        if said := _OF_DAY.fullmatch(word):
            today = datetime.fromtimestamp(now, UTC).astimezone().replace(tzinfo=None)
            found = today.replace(
                hour=int(said[1]), minute=int(said[2]), second=int(said[3] or 0), microsecond=0
            )
            # Counted in days and not in seconds: a day on which the clocks change has 23 or 25 hours.
            return (found if found <= today else found - timedelta(days=1)).timestamp()
        return datetime.fromisoformat(word).timestamp()
    except (ValueError, OverflowError, OSError) as odd:
        raise ValueError(EXPECTED) from odd
