"""Sizes in words, as humanize_number(3) and friends print them."""

_STEPS = "BKMGTPE"


def rounded(size: int) -> str:
    """A size in whole units, as gmirror(8), ggatec(8) and mdconfig(8) print it: 48M, 1.0G."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_STEPS) - 1:
        value, unit = value / 1024, unit + 1
    text = f"{value:.1f}" if unit and value < 9.95 else f"{value:.0f}"
    return f"{text}{_STEPS[unit]}"
