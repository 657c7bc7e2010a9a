"""What a parser keeps while it goes through a text: single values are replaced, lists grow."""

from collections.abc import Mapping
from typing import Any


def gather(kept: dict[str, Any], told: Mapping[str, Any]) -> None:
    """Add what one line told: a list extends the list of that name, anything else replaces."""
    for name, value in told.items():
        if isinstance(value, list):
            kept.setdefault(name, []).extend(value)
        else:
            kept[name] = value


def settled(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The values for a frozen dataclass: lists become tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
