"""Times, spans, sizes and rates in the words an operator reads."""

import time


def age(seconds: float) -> str:
    """How long ago, in at most four cells: `<2s`, `14s`, `12m`, `5h`, `41d`."""
    if seconds < 2:
        return "<2s"
    for size, unit, below in ((1, "s", 100), (60, "m", 100), (3600, "h", 48)):
        if seconds < size * below:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 86400)}d"


def span(seconds: float) -> str:
    """A length of time, its two largest units: `45 s`, `3 min 12 s`, `2 h 05 min`, `41 d`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 2 * 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d"


def size(count: float) -> str:
    """Bytes in binary multiples with the short names FreeBSD prints: `500 MB`, `2.0 GB`."""
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.1f} {unit}" if unit == "GB" and value < 100 else f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def clock(at: float) -> str:
    """The local time of day of `at` (Unix seconds)."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def date_and_clock(at: float) -> str:
    """The local date and time of `at` (Unix seconds)."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def offset(seconds: float) -> str:
    """A clock offset with its sign: `+0.02 s`, `-3 h 00 min`."""
    if abs(seconds) < 100:
        return f"{seconds:+.2f} s" if abs(seconds) < 10 else f"{seconds:+.0f} s"
    return ("+" if seconds > 0 else "-") + span(abs(seconds))
