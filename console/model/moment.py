"""A moment as people write it."""

from datetime import UTC, datetime


def local_iso(at: float) -> str:
    """Unix seconds as local ISO 8601 time with offset, whole seconds."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
