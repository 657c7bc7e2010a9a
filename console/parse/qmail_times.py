"""A time as people type it."""

import re
from datetime import datetime

from console.parse.qmail_log import decode

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def when(word: str, now: float) -> float:
    """`2026-11-23 00:17` in our zone or with its own, a TAI64N stamp, or `90m` before `now`.

    Returns Unix seconds; raises ValueError with what can be given.
    """
    if ago := _AGO.fullmatch(word):
        return now - int(ago[1]) * _UNIT[ago[2]]
    stamp = decode(f"{word} ").stamp
    if stamp is not None and stamp.form == "tai64n" and stamp.seconds is not None:
        return stamp.seconds + stamp.nanoseconds / 1e9
    try:
        return datetime.fromisoformat(word).timestamp()
    except (ValueError, OverflowError) as odd:
        raise ValueError("give 2026-11-23T00:17, 90m, 2h, 3d or a stamp @4000…") from odd
