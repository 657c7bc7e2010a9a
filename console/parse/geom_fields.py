"""Values that GEOM prints the same way in kern.geom.confxml and in the text of its commands."""

import re

from console.parse.lines import whole


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A sort key that puts ada2 before ada10: the order of elements in the XML carries no meaning."""
    return tuple((len(part), part) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name))


def flags_of(words: str | None) -> tuple[str, ...]:
    """The flags of a mirror or component; none is printed as `NONE`, as nothing, or as `(null)` (13.2)."""
    parts = [part.strip() for part in (words or "").split(",")]
    return tuple(part for part in parts if part and part not in ("NONE", "(null)"))


def percent_of(word: str | None) -> int | None:
    """`54%` as 54; what is no percentage is None."""
    value = whole((word or "").strip().removesuffix("%"))
    return None if value is None else min(value, 100)


def info_of(info: str | None) -> tuple[str | None, int | None, str | None]:
    """Host, port and path of a gate's `info`, `host:port path` (ggatec) or a path alone (ggatel)."""
    if not info:
        return None, None, None
    peer, _, path = info.partition(" ")
    host, colon, port = peer.rpartition(":")
    if path and colon and (number := whole(port)) is not None:
        return host, number, path.strip()
    return None, None, info.strip()


def unit_of(name: str, prefix: str) -> int | None:
    """`md12` → 12."""
    return whole(name.removeprefix(prefix)) if name.startswith(prefix) else None
