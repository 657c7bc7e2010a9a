"""Time stamps of multilog and tai64n: `@` and 24 hexadecimal digits."""

_TAI_OFFSET = (1 << 62) + 10
"""A TAI64 label is 2^62 plus the seconds since 1970, ten seconds ahead of UTC as qmail writes it."""


def tai_seconds(stamp: str | None) -> float | None:
    """Unix seconds of a TAI64N stamp such as `@40000000461d81581ec60f34`; None for any other text."""
    if stamp is None or not stamp.startswith("@") or len(stamp) < 17:
        return None
    try:
        return float(int(stamp[1:17], 16) - _TAI_OFFSET)
    except ValueError:
        return None
