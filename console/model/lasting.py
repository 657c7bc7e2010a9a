"""How long something took, as people write it."""


def lasting(seconds: float) -> str:
    """Seconds in words: `0.08 s`, `7.00 s`, `41.5 s`, `3 min 12 s`, `2 h 05 min`; a minus stays."""
    sign, size = ("-" if seconds < 0 else ""), abs(seconds)
    if size < 9.995:
        return f"{sign}{size:.2f} s"
    if size < 99.95:
        return f"{sign}{size:.1f} s"
    whole = round(size)
    if whole < 3600:
        return f"{sign}{whole // 60} min {whole % 60:02d} s"
    return f"{sign}{whole // 3600} h {whole % 3600 // 60:02d} min"
