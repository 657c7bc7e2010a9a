"""What was last learnt of a pair, kept so that whoever comes later, or was slow, gets all of it. Pure."""

from dataclasses import dataclass, replace

from console.collector.protocol import LONGEST_TEXT, Again, Linked, Lost, Piece, Read
from console.model.snapshot import Link
from console.model.tape import LinkChanged, SectionLost, SectionRead, Taped
from console.model.words import Home
from console.parse.sections import SECTION_FIELDS

LINK = ""
"""The slot of a node's link, beside one for each of its sections."""
Slot = tuple[Home, str]
_STATE = "server state"
"""What a line of freevrrpd about its state says (`console.parse.syslog`)."""


@dataclass(slots=True)
class _Kept:
    read: SectionRead | None = None
    good: SectionRead | None = None
    """The last answer that went well, where `read` did not: its values are still shown."""
    states: SectionRead | None = None
    """The last answer with a state of freevrrpd, which stays the state when its line has left the log."""
    lost: str | None = None
    version: int = 0
    """Grows with each other text; 0 = never answered."""


class Shelf:
    """One pair. A slot is a section of a node, or its link."""

    def __init__(self, pair: str, sections: tuple[str, ...]) -> None:
        self.pair = pair
        # In the order of the lanes: what the messages say of states needs the VRRP log to be there.
        self._sections = (*sections, *(name for name in SECTION_FIELDS if name not in sections))
        self._kept = {home: {section: _Kept() for section in self._sections} for home in Home}
        self._links = dict.fromkeys(Home, Link())

    def put(self, piece: Taped) -> frozenset[Slot]:
        """Keep a piece; returns the slots that are otherwise now."""
        home, kept = piece.home, self._kept[piece.home]
        match piece.news:
            case SectionRead(section=section) if section in kept:
                _read(kept[section], piece.news)
                self._seen(home, piece.news.taken)
                return frozenset({(home, section)})
            case SectionRead(taken=taken):
                self._seen(home, taken)
                return frozenset({(home, LINK)})
            case SectionLost(section, why):
                lost = [name for name in kept if section in (None, name)]
                for name in lost:
                    kept[name].lost = why
                return frozenset((home, name) for name in lost)
            case LinkChanged(link):
                self._links[home] = link
        return frozenset({(home, LINK)})

    def slots(self) -> frozenset[Slot]:
        """Every slot there is."""
        return frozenset((home, name) for home in Home for name in (LINK, *self._sections))

    def pieces(self, slots: frozenset[Slot], known: dict[Slot, int]) -> list[Piece]:
        """What brings somebody up to date in `slots`; `known` is what text of each he has, and is kept so."""
        said: list[Piece] = []
        for home in Home:
            named = {name for whose, name in slots if whose is home}
            for name in self._sections:
                if name in named:
                    said += self._section(home, name, known)
            # Last, because each answer says by itself when the node was last seen.
            if named:
                said.append(Linked(self.pair, home, LinkChanged(self._links[home])))
        return said

    def _section(self, home: Home, name: str, known: dict[Slot, int]) -> list[Piece]:
        kept, slot = self._kept[home][name], (home, name)
        said: list[Piece] = []
        if kept.read is not None and known.get(slot) != kept.version:
            # Each once, the oldest first.
            reads = {id(one): one for one in (kept.states, kept.good, kept.read) if one is not None}
            said += [Read(self.pair, home, one) for one in reads.values()]
        elif kept.read is not None and kept.lost is None:
            said.append(Again(self.pair, home, name, kept.read.taken))
        known[slot] = kept.version
        if kept.lost is not None:
            said.append(Lost(self.pair, home, SectionLost(name, kept.lost)))
        return said

    def _seen(self, home: Home, taken: float) -> None:
        self._links[home] = replace(self._links[home], last_seen=taken)


def _read(kept: _Kept, news: SectionRead) -> None:
    if len(news.text) > LONGEST_TEXT:
        kept.lost = f"its answer of {len(news.text)} characters is too long to be passed on"
        return
    old, kept.lost = kept.read, None
    if old is None or (old.text, old.exit_status) != (news.text, news.exit_status):
        kept.version += 1
        if news.exit_status == 0:
            kept.good = None
        elif old is not None and old.exit_status == 0:
            kept.good = old
    kept.read = news
    if news.exit_status == 0 and _STATE in news.text:
        kept.states = news
