"""What a collector and its viewers tell each other: one JSON object a line. Pure.

What comes in is checked and made inert again: a socket is only as good as who may write beside it.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from console.model.config import PairConfig
from console.model.pair_line import Both, PairLine
from console.model.snapshot import Event
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Home
from console.ssh.text import inert, one_line

VERSION = 1
"""Of what is told; a viewer that knows another one reads the nodes itself."""
LONGEST_TEXT = 2 << 20
"""Characters of one section that are passed on."""
LONGEST = 16 << 20
"""Bytes of a line from a collector: the longest text, each character escaped, and some more."""
LONGEST_WISH = 64 << 10
"""Bytes of a line from a viewer."""
BEAT = 3.0
"""Seconds between two beats of a collector, at most."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The collector's first word: which pairs it reads, each with the digest of its configuration."""

    pairs: Mapping[str, str]
    version: int = VERSION
    kind: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True)
class Full:
    """There are as many viewers as there may be."""

    most: int
    kind: Literal["full"] = "full"


@dataclass(frozen=True, slots=True)
class Begin:
    """The pieces of a pair follow from its beginning; what was told of it before counts no more."""

    pair: str
    events: tuple[Event, ...] = ()
    """What has happened, newest first."""
    kind: Literal["begin"] = "begin"


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of the pair now has been told; what follows is new."""

    pair: str
    kind: Literal["whole"] = "whole"


@dataclass(frozen=True, slots=True)
class Read:
    """A section was answered."""

    pair: str
    home: Home
    news: SectionRead
    kind: Literal["read"] = "read"


@dataclass(frozen=True, slots=True)
class Again:
    """A section was answered with the same text as before."""

    pair: str
    home: Home
    section: str
    taken: float
    """Console time, Unix seconds."""
    kind: Literal["again"] = "again"


@dataclass(frozen=True, slots=True)
class Lost:
    """A section does not count any more."""

    pair: str
    home: Home
    news: SectionLost
    kind: Literal["lost"] = "lost"


@dataclass(frozen=True, slots=True)
class Linked:
    """The link to a node stands otherwise."""

    pair: str
    home: Home
    news: LinkChanged
    kind: Literal["linked"] = "linked"


@dataclass(frozen=True, slots=True)
class Line:
    """A pair in one line, whoever looks at it."""

    line: PairLine
    kind: Literal["line"] = "line"


@dataclass(frozen=True, slots=True)
class Beat:
    """The collector is alive: how many viewers it has, and when each node was last seen."""

    viewers: int
    seen: Mapping[str, Both] = field(default_factory=dict)
    kind: Literal["beat"] = "beat"


@dataclass(frozen=True, slots=True)
class Look:
    """A viewer's wish: every piece of these pairs from now on."""

    pairs: tuple[str, ...]
    kind: Literal["look"] = "look"


@dataclass(frozen=True, slots=True)
class Retry:
    """A viewer's wish: try nodes that are not connected now, instead of later."""

    kind: Literal["retry"] = "retry"


Piece = Read | Again | Lost | Linked
Told = Hello | Full | Begin | Whole | Read | Again | Lost | Linked | Line | Beat
Wish = Look | Retry

_TOLD: TypeAdapter[Told] = TypeAdapter(Annotated[Told, Field(discriminator="kind")])
_WISH: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="kind")])


def line_of(message: Told | Wish) -> bytes:
    """A message as it is sent."""
    kind: TypeAdapter[Told] | TypeAdapter[Wish] = _WISH if isinstance(message, Look | Retry) else _TOLD
    return kind.dump_json(message) + b"\n"  # type: ignore[arg-type]  # each by the adapter of its own side


def told(line: bytes) -> Told:
    """What a collector said.

    Raises:
        ValueError: it is nothing that a collector of this version says.
    """
    try:
        message = _TOLD.validate_json(line)
    except ValidationError as odd:
        raise ValueError(f"not understood: {odd.error_count()} errors") from None
    return _harmless(message)


def wish(line: bytes) -> Wish:
    """What a viewer asks.

    Raises:
        ValueError: it is nothing that a viewer of this version asks.
    """
    try:
        return _WISH.validate_json(line)
    except ValidationError as odd:
        raise ValueError(f"not understood: {odd.error_count()} errors") from None


def taped(message: Read | Lost | Linked, at: float) -> Taped:
    """A piece as `TapedPair` takes it; `at` is when it was learnt."""
    return Taped(message.pair, message.home, at, message.news)


def digest(pair: PairConfig) -> str:
    """What the configuration of a pair comes to, without tags and key files, which change nothing seen."""
    fields = pair.model_dump(mode="json", exclude={"tags": True, "nodes": {"__all__": {"identity"}}})
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:24]


def _harmless(message: Told) -> Told:
    match message:
        case Read(news=news):
            _finite([news.taken])
            return replace(message, news=replace(news, text=inert(news.text)))
        case Again(taken=taken):
            _finite([taken])
        case Lost(news=news):
            return replace(message, news=replace(news, why=one_line(news.why)))
        case Linked(news=LinkChanged(link)):
            _finite([link.last_seen, link.round_trip])
            # What a Trouble says may be longer than a line of a list.
            return replace(message, news=LinkChanged(replace(link, why=one_line(link.why, 1000))))
        case Begin(events=events):
            _finite(event.at for event in events)
            return replace(message, events=tuple(_event(event) for event in events))
        case Line(line=line):
            _finite([line.sync_rate, line.sync_left, *line.last_seen])
            return replace(message, line=_pair_line(line))
        case Beat(seen=seen):
            _finite(at for both in seen.values() for at in both)
    return message


def _event(event: Event) -> Event:
    node = None if event.node is None else one_line(event.node)
    return replace(event, node=node, kind=one_line(event.kind), text=one_line(event.text, 1000))


def _pair_line(line: PairLine) -> PairLine:
    first, second = line.nodes
    return replace(
        line,
        nodes=(one_line(first), one_line(second)),
        worst_id=one_line(line.worst_id),
        worst_what=one_line(line.worst_what, 1000),
        serving=None if line.serving is None else one_line(line.serving),
    )


def _finite(numbers: Iterable[float | None]) -> None:
    if not all(number is None or math.isfinite(number) for number in numbers):
        raise ValueError("a number that is none")
