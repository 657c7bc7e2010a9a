"""What was learnt of a node, piece by piece: enough to bring its view about again, elsewhere or later.

The text is what the node said, made inert (`console.ssh.text`), after the sampler masked its secrets. Whoever
has the pieces in their order has the facts: they are read again, by the same parsers.
"""

from dataclasses import dataclass

from console.model.snapshot import Link
from console.model.words import Home


@dataclass(frozen=True, slots=True)
class SectionRead:
    """A section was answered."""

    section: str
    text: str
    exit_status: int
    taken: float
    """Console time of the answer, Unix seconds."""


@dataclass(frozen=True, slots=True)
class SectionLost:
    """A section, or every section, does not count any more."""

    section: str | None
    """None = all of them."""
    why: str


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link to the node stands otherwise; its `last_seen` also follows from each answer."""

    link: Link


NodeNews = SectionRead | SectionLost | LinkChanged


@dataclass(frozen=True, slots=True)
class Taped:
    """One piece, and whose it is."""

    pair: str
    home: Home
    at: float
    """Console time at which it was learnt."""
    news: NodeNews
