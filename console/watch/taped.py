"""A node and a pair brought about by what was learnt of them, piece by piece: live, elsewhere, replayed."""

import time
from collections.abc import Iterable
from dataclasses import replace

from console.model.config import NodeConfig, PairConfig
from console.model.facts import NodeFacts
from console.model.snapshot import Event, LinkState, NodeView, PairSnapshot, PairState
from console.model.tape import LinkChanged, NodeNews, SectionLost, SectionRead, Taped
from console.model.words import Home
from console.parse.sections import SECTION_FIELDS, lose_section, read_section
from console.watch.composing import Composing

UNREAD = "not read yet"


class TapedNode:
    """One node's view; `apply` is the only way it changes."""

    def __init__(self, node: NodeConfig, sections: Iterable[str]) -> None:
        self.view = NodeView(node)
        self.settled = False
        """True once every one of `sections` was answered or lost, or the node could not be reached."""
        self._named = frozenset(field for section in sections for field in SECTION_FIELDS[section])

    def apply(self, news: NodeNews) -> None:
        """Take the next piece."""
        match news:
            case SectionRead():
                self._read(news)
            case SectionLost(section, why):
                facts = self.view.facts
                for one in SECTION_FIELDS if section is None else (section,):
                    facts = lose_section(facts, one, why)
                self._set(facts)
            case LinkChanged(link):
                self.view = replace(self.view, link=link)
                if link.state in (LinkState.LOST, LinkState.REFUSED):
                    self.settled = True

    def _read(self, news: SectionRead) -> None:
        facts = self.view.facts
        fields = SECTION_FIELDS.get(news.section, ())
        # What `host` says of the clock depends on when it was said.
        held = getattr(facts, fields[0]) if fields and news.section != "host" else None
        if held is not None and held.unknown is None and held.raw == news.text and news.exit_status == 0:
            # The same text means the same facts: only their age changes.
            fresh = {name: replace(getattr(facts, name), taken=news.taken) for name in fields}
            facts = replace(facts, **fresh)
        else:
            facts = read_section(facts, news.section, news.text, news.exit_status, news.taken)
        self.view = replace(self.view, link=replace(self.view.link, last_seen=news.taken))
        self._set(facts)

    def _set(self, facts: NodeFacts) -> None:
        self.view = replace(self.view, facts=facts)
        if not self.settled:
            self.settled = all(getattr(facts, name).unknown != UNREAD for name in self._named)


class TapedPair:
    """A pair of which somebody else tells: a collector, or a recording."""

    def __init__(self, pair: PairConfig, sections: Iterable[str], past: tuple[Event, ...] = ()) -> None:
        """`past`: what happened before the first piece, newest first."""
        named = tuple(sections)
        self.pair = pair
        self._nodes = {node.home: TapedNode(node, named) for node in pair.nodes}
        self._composing = Composing(pair, past)

    @property
    def settled(self) -> bool:
        """Whether each node has said everything once, or cannot be reached."""
        return all(node.settled for node in self._nodes.values())

    def view(self, home: Home) -> NodeView:
        """One of its nodes as it is known now."""
        return self._nodes[home].view

    def apply(self, taped: Taped) -> None:
        """Take the next piece; what is of another pair is left."""
        if taped.pair == self.pair.name:
            self._nodes[taped.home].apply(taped.news)

    def state(self, now: float | None = None) -> PairState:
        """The pair with everything derived from it, at console time `now` (default: the clock's)."""
        master, slave = (self._nodes[home].view for home in (Home.MASTER, Home.SLAVE))
        snapshot = PairSnapshot(self.pair, master, slave, time.time() if now is None else now)
        return self._composing.state(snapshot, settled=self.settled)
