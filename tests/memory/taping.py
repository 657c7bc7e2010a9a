"""Tapes made by hand, and a recorder whose clock a test sets."""

from collections.abc import Iterable
from pathlib import Path

from console.memory.recorder import Recorder
from console.memory.writing import Batch, NewStretch, Writing
from console.model.snapshot import Event, Link, LinkState
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Home

T0 = 1_795_474_800.0
"""Some moment at the beginning of an hour."""
LARGE = 1_000_000_000


def read(
    at: float, text: str, section: str = "ps", home: Home = Home.MASTER, *, pair: str = "lab", status: int = 0
) -> Taped:
    """A section answered at a time."""
    return Taped(pair, home, at, SectionRead(section, text, status, at))


def lost(
    at: float, section: str | None = None, why: str = "not connected", home: Home = Home.MASTER
) -> Taped:
    """A section, or all, lost at a time."""
    return Taped("lab", home, at, SectionLost(section, why))


def link(at: float, state: LinkState = LinkState.LIVE, why: str = "", home: Home = Home.MASTER) -> Taped:
    """The link changed at a time."""
    return Taped("lab", home, at, LinkChanged(Link(state, why, at, 0.01)))


def said(pieces: Iterable[Taped], home: Home = Home.MASTER) -> dict[str, str]:
    """What the sections say once all of it was taken; those lost say why in parentheses."""
    found: dict[str, str] = {}
    for piece in pieces:
        if piece.home is not home:
            continue
        match piece.news:
            case SectionRead(section, text):
                found[section] = text
            case SectionLost(None, why):
                found |= {name: f"({why})" for name in found if name != "link"}
            case SectionLost(section, why):
                found[section or ""] = f"({why})"
            case LinkChanged(one):
                found["link"] = one.state.value
    return found


def event(at: float, kind: str = "role", text: str = "web-b BACKUP → MASTER") -> Event:
    """Something that happened."""
    return Event(at, "web-b", kind, text)


def batch(now: float, *news: Taped | NewStretch, events: Iterable[Event] = ()) -> Batch:
    """What is written at a time."""
    return Batch(now, list(news), [("lab", one) for one in events])


def written(path: Path, tape: Iterable[Taped], events: Iterable[Event] = ()) -> Writing:
    """A recording of a tape, as one stretch; still open."""
    pieces = list(tape)
    writing = Writing(path, LARGE)
    begin = NewStretch(pieces[0].at)
    writing.write(batch(pieces[-1].at, begin, *pieces, events=events))
    return writing


class Clock:
    """A wall clock and a steady one, moved by hand."""

    def __init__(self, now: float = T0) -> None:
        self.now = now
        self.steady_now = 100.0

    def go(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds
        self.steady_now += seconds

    def set(self, now: float) -> None:
        """Somebody sets the clock."""
        self.now = now


def recorder(path: Path, clock: Clock, told: list[str] | None = None, limit: int = LARGE) -> Recorder:
    """A recorder by that clock; what it says goes to `told`."""
    heard = told if told is not None else []
    return Recorder(path, limit, heard.append, wall=lambda: clock.now, steady=lambda: clock.steady_now)
