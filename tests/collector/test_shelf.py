"""Whoever comes late, or was slow, sees what he sees who has followed from the beginning."""

from hypothesis import given, settings
from hypothesis import strategies as st

from console.collector.protocol import LONGEST_TEXT, Again, Lost, Piece, Read, taped
from console.collector.shelf import LINK, Shelf, Slot
from console.model.facts import NodeFacts
from console.model.snapshot import Link, LinkState
from console.model.tape import LinkChanged, NodeNews, SectionLost, SectionRead, Taped
from console.model.words import Home
from console.watch.taped import TapedPair
from tests.collector.stage import pair
from tests.watch.fake_session import GEOM, HOST, MOUNTS

PAIR = pair("www")
SECTIONS = ("host", "mounts", "vrrplog", "geom", "messages")
STATE = "Nov 23 01:50:06 nodea freevrrpd[901]: server state vrid 1: {}\n"
SAID = {
    "host": ((HOST.format(now=1795395000, name="x"), 0), ("sysctl: unknown oid", 1)),
    "mounts": (
        (MOUNTS, 0),
        (MOUNTS + "/dev/md0\t/mnt\tufs\trw\t2 2\n", 0),
        ("mount: not permitted", 1),
        ("", 0),
    ),
    "vrrplog": (("", 1), (STATE.format("master"), 0), (STATE.format("backup"), 0), ("sh: no log", 2)),
    "geom": ((GEOM, 0), ("<mesh", 0), ("", 1)),
    "messages": (("", 0), ("Nov 23 01:50:06 nodea kernel: GEOM_MIRROR: x\n## states\n", 0)),
}
WORDS = ("not connected", "no answer for 3 s")


@st.composite
def news(draw: st.DrawFn) -> tuple[Home, NodeNews]:
    home, kind = draw(st.sampled_from(list(Home))), draw(st.integers(0, 9))
    section = draw(st.sampled_from(SECTIONS))
    match kind:
        case 0:
            return home, SectionLost(draw(st.sampled_from((None, section))), draw(st.sampled_from(WORDS)))
        case 1 | 2:
            state = draw(st.sampled_from(list(LinkState)))
            return home, LinkChanged(Link(state, state.value, last_seen=None))
        case _:
            text, status = draw(st.sampled_from(SAID[section]))
            return home, SectionRead(section, text, status, 0.0)


def _applied(tape: TapedPair, pieces: list[Piece], texts: dict[Slot, SectionRead]) -> None:
    """As a client does it."""
    for piece in pieces:
        if isinstance(piece, Again):
            old = texts[(piece.home, piece.section)]
            read = SectionRead(piece.section, old.text, old.exit_status, piece.taken)
            tape.apply(Taped(piece.pair, piece.home, 0.0, read))
            continue
        if isinstance(piece, Read):
            texts[(piece.home, piece.news.section)] = piece.news
        tape.apply(taped(piece, 0.0))


def _values(facts: NodeFacts) -> dict[str, object]:
    fields = NodeFacts.__dataclass_fields__
    return {name: (getattr(facts, name).value, getattr(facts, name).unknown) for name in fields}


@settings(max_examples=150, deadline=None)
@given(st.lists(news(), max_size=40), st.sets(st.integers(0, 40)))
def test_slow_and_late_viewers_know_what_a_quick_one_knows(
    said: list[tuple[Home, NodeNews]], awake: set[int]
) -> None:
    shelf, quick, slow = Shelf("www", SECTIONS), TapedPair(PAIR, SECTIONS), TapedPair(PAIR, SECTIONS)
    known: dict[Slot, int] = {}
    texts: dict[Slot, SectionRead] = {}
    dirty: set[Slot] = set(shelf.slots())
    for number, (home, one) in enumerate(said):
        if isinstance(one, SectionRead):
            one = SectionRead(one.section, one.text, one.exit_status, float(number))
        piece = Taped("www", home, float(number), one)
        quick.apply(piece)
        dirty |= shelf.put(piece)
        if number in awake:
            _applied(slow, shelf.pieces(frozenset(dirty), known), texts)
            dirty.clear()
    _applied(slow, shelf.pieces(frozenset(dirty), known), texts)
    late = TapedPair(PAIR, SECTIONS)
    _applied(late, shelf.pieces(shelf.slots(), {}), {})
    for home in Home:
        wanted = quick.state(99.0).snapshot.node(home)
        for tape in (slow, late):
            node = tape.state(99.0).snapshot.node(home)
            assert (node.link.state, node.link.why) == (wanted.link.state, wanted.link.why)
            assert _values(node.facts) == _values(wanted.facts)


def _read(text: str, taken: float = 1.0, status: int = 0) -> Taped:
    return Taped("www", Home.MASTER, taken, SectionRead("mounts", text, status, taken))


def test_a_text_goes_over_once_and_then_only_its_age() -> None:
    shelf, known = Shelf("www", SECTIONS), dict[Slot, int]()
    shelf.pieces(shelf.put(_read(MOUNTS)), known)
    said = shelf.pieces(shelf.put(_read(MOUNTS, 2.0)), known)
    assert said[0] == Again("www", Home.MASTER, "mounts", 2.0)
    assert isinstance(shelf.pieces(shelf.put(_read("other\n", 3.0)), known)[0], Read)


def test_the_last_good_answer_comes_along_with_one_that_went_wrong() -> None:
    shelf = Shelf("www", SECTIONS)
    shelf.put(_read(MOUNTS))
    shelf.put(_read("mount: busy", 2.0, 1))
    shelf.put(_read("mount: gone", 3.0, 1))
    said = [one.news.text for one in shelf.pieces(shelf.slots(), {}) if isinstance(one, Read)]
    assert said == [MOUNTS, "mount: gone"]
    shelf.put(_read("fine\n", 4.0))
    said = [one.news.text for one in shelf.pieces(shelf.slots(), {}) if isinstance(one, Read)]
    assert said == ["fine\n"]


def test_an_answer_that_is_too_long_is_unknown_and_said_to_be() -> None:
    shelf = Shelf("www", SECTIONS)
    slots = shelf.put(_read("x" * (LONGEST_TEXT + 1)))
    lost = [one for one in shelf.pieces(slots, {}) if isinstance(one, Lost)]
    assert "too long to be passed on" in lost[0].news.why


def test_a_section_of_an_unknown_name_only_shows_that_the_node_answers() -> None:
    shelf = Shelf("www", SECTIONS)
    odd = Taped("www", Home.SLAVE, 5.0, SectionRead("later", "x", 0, 5.0))
    assert shelf.put(odd) == {(Home.SLAVE, LINK)}
