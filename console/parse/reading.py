"""What a parser returns: the facts it found and the lines it could not read."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """Facts, and the lines that no rule of the format covers (kept, never guessed at)."""

    facts: T
    unread: tuple[str, ...] = ()
