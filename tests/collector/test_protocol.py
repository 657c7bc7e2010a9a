"""What is told arrives as it was, harmless; what is no message is refused."""

import json

import pytest

from console.collector import protocol
from console.collector.protocol import (
    Again,
    Beat,
    Begin,
    Full,
    Hello,
    Line,
    Linked,
    Look,
    Lost,
    Read,
    Retry,
    Told,
    Whole,
    Wish,
    digest,
    line_of,
    told,
    wish,
)
from console.model.pair_line import PairLine
from console.model.snapshot import Event, Link, LinkState
from console.model.tape import LinkChanged, SectionLost, SectionRead
from console.model.words import Answer, ComponentState, Home, MirrorState, Role, Severity
from tests.collector.stage import pair

LINE = PairLine(
    pair="www",
    nodes=("web-a", "web-b"),
    settled=True,
    worst=Severity.CRITICAL,
    worst_id="P01",
    worst_what="both are master",
    findings=3,
    links=(LinkState.LIVE, LinkState.REFUSED),
    roles=(Role.MASTER, Role.UNKNOWN),
    address=(Answer.YES, Answer.UNKNOWN),
    mounted=(Answer.YES, Answer.NO),
    mirror=MirrorState.DEGRADED,
    mirror_known=True,
    components=(ComponentState.ACTIVE, None),
    serving="web-a",
    ready=Answer.NO,
    sync_percent=12,
    sync_rate=1.5e6,
    queue=7,
    last_seen=(1795395000.25, None),
)
MESSAGES: tuple[Told, ...] = (
    Hello({"www": "0f"}),
    Full(3),
    Begin("www", (Event(5.0, "web-a", "role", "web-a BACKUP → MASTER", Severity.WARNING),)),
    Whole("www"),
    Read("www", Home.SLAVE, SectionRead("geom", 'a "<mesh>"\n\\\tä€😀\n', 0, 9.5)),
    Again("www", Home.MASTER, "geom", 10.5),
    Lost("www", Home.MASTER, SectionLost("df", "no answer for 10 s")),
    Linked("www", Home.MASTER, LinkChanged(Link(LinkState.REFUSED, "another host key", 8.0, 0.03))),
    Line(LINE),
    Beat(20, {"www": (1.0, None)}),
)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.kind)
def test_what_is_told_arrives_as_it_was(message: Told) -> None:
    line = line_of(message)
    assert line.count(b"\n") == 1
    heard = told(line)
    assert heard == message
    # What equality leaves out too.
    assert line_of(heard) == line


@pytest.mark.parametrize("message", [Look(("www", "mail")), Retry()])
def test_what_is_wished_arrives_as_it_was(message: Wish) -> None:
    assert wish(line_of(message)) == message


def test_no_text_of_a_collector_acts_on_a_terminal() -> None:
    evil = "\x1b]0;x\x07\x9b31m\u202e[/x]\nnext"
    words = PairLine("www", (evil, evil), worst_id=evil, worst_what=evil, serving=evil)
    for message in (
        Read("www", Home.MASTER, SectionRead("host", evil, 0, 1.0)),
        Lost("www", Home.MASTER, SectionLost("host", evil)),
        Linked("www", Home.MASTER, LinkChanged(Link(LinkState.LOST, evil))),
        Begin("www", (Event(1.0, evil, evil, evil),)),
        Line(words),
    ):
        said = repr(told(line_of(message)))
        assert not any(code in said for code in ("\\x1b", "\\x07", "\\x9b", "\\u202e")), said
        assert isinstance(message, Read) or "next" not in said


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b'{"kind": "later"}',
        b'{"kind": "read", "pair": "www", "home": "both", "news": {}}',
        b"[1]",
        b'{"kind": "beat", "viewers": 1, "seen": {"www": [NaN, null]}}',
        b'{"kind": "again", "pair": "www", "home": "slave", "section": "df", "taken": Infinity}',
        line_of(Look(("www",))),
        line_of(MESSAGES[4])[:-20],
        b"\xff\xfe",
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not understood|a number that is none"):
        told(line)


def test_a_collector_may_say_more_than_a_viewer_knows() -> None:
    fields = json.loads(line_of(Whole("www"))) | {"later": [1, 2]}
    assert told(json.dumps(fields).encode()) == Whole("www")


def test_the_longest_text_fits_into_a_line() -> None:
    worst = Read("www", Home.MASTER, SectionRead("geom", "\x01" * protocol.LONGEST_TEXT, 0, 1.0))
    assert len(line_of(worst)) < protocol.LONGEST


def test_pairs_are_the_same_whatever_their_tags_and_keys() -> None:
    one = pair("www")
    nodes = tuple(node.model_copy(update={"identity": "~/.ssh/other"}) for node in one.nodes)
    assert digest(one) == digest(one.model_copy(update={"tags": ("production",), "nodes": nodes}))


@pytest.mark.parametrize("other", [{"mount": "/data"}, {"interval": 2.0}, {"vrid": 9}])
def test_pairs_that_are_watched_otherwise_are_not_the_same(other: dict[str, object]) -> None:
    assert digest(pair("www")) != digest(pair("www", **other))
