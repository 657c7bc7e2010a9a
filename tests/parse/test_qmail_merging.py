import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.mail_log import LogKind
from console.parse.qmail_merging import Merging, unseen, written_at
from console.parse.qmail_words import subject_of, words_of
from tests.parse.qmail_logs import recorded

NODES = ("web-a", "web-b")


def line(at: float, text: str = "status: exiting") -> bytes:
    """A line written at this Unix time."""
    whole = int(at // 1)
    return b"@%016x%08x %s" % (2**62 + 10 + whole, round((at - whole) * 1e9), text.encode())


def rows(merging: Merging, tick: float) -> list[tuple[str, bytes]]:
    return [(row.node, row.line) for row in merging.ready(tick)]


def test_lines_of_two_nodes_come_out_by_time() -> None:
    merging = Merging(NODES)
    merging.take("web-a", [line(10), line(12)], 0.0, 0.0)
    merging.take("web-b", [line(11), line(13)], 0.0, 0.1)
    assert rows(merging, 0.1) == [("web-a", line(10)), ("web-b", line(11)), ("web-a", line(12))]
    assert merging.waiting == 1
    assert rows(merging, 1.2) == [("web-b", line(13))]


def test_a_clock_that_is_ahead_is_corrected_before_the_lines_are_merged() -> None:
    merging = Merging(NODES)
    merging.take("web-a", [line(110)], 100.0, 0.0)
    merging.take("web-b", [line(9), line(11)], None, 0.0)
    assert [(row.node, row.at) for row in merging.drain()] == [
        ("web-b", 9.0),
        ("web-a", 10.0),
        ("web-b", 11.0),
    ]


def test_a_line_waits_no_longer_than_the_window_for_a_silent_node() -> None:
    merging = Merging(NODES, window=1.0, patience=5.0)
    merging.take("web-b", [], 0.0, 0.0)
    merging.take("web-a", [line(10)], 0.0, 0.0)
    assert rows(merging, 0.9) == []
    assert rows(merging, 1.0) == [("web-a", line(10))]


def test_a_node_that_was_never_heard_is_waited_for_longer_unless_it_is_gone() -> None:
    merging = Merging(NODES, window=1.0, patience=5.0)
    merging.take("web-a", [line(10)], 0.0, 0.0)
    assert rows(merging, 4.9) == []
    merging.gone("web-b")
    assert rows(merging, 4.9) == [("web-a", line(10))]


def test_a_clock_that_jumps_does_not_change_the_order_of_its_own_log() -> None:
    merging = Merging(NODES)
    jumping = [line(1000), line(10), line(500), line(11)]
    merging.take("web-a", jumping, 0.0, 0.0)
    merging.take("web-b", [line(12)], 0.0, 0.0)
    assert [row.line for row in merging.drain() if row.node == "web-a"] == jumping


def test_a_note_stands_where_the_lines_of_its_node_are() -> None:
    merging = Merging(NODES)
    merging.take("web-a", [line(10)], 0.0, 0.0)
    merging.note("web-a", "a new log file was begun", 99.0, 0.0)
    merging.take("web-a", [line(14)], 0.0, 0.0)
    merging.take("web-b", [line(12)], 0.0, 0.0)
    assert [(row.node, row.note) for row in merging.drain()] == [
        ("web-a", False),
        ("web-a", True),
        ("web-b", False),
        ("web-a", False),
    ]


_LINES = st.lists(
    st.one_of(
        st.builds(line, st.floats(0, 100)),
        st.sampled_from(
            [b"", b"torn rest", b"@4000", b"Nov 23 00:17:54 qmail: status: exiting", b"\x00\xff"]
        ),
        st.binary(max_size=30),
    ),
    max_size=6,
)
_STEPS = st.lists(
    st.tuples(st.sampled_from(NODES), _LINES, st.none() | st.floats(-50, 50), st.floats(0, 2)), max_size=20
)


@given(_STEPS)
def test_nothing_is_lost_and_each_node_keeps_its_order(
    steps: list[tuple[str, list[bytes], float | None, float]],
) -> None:
    merging = Merging(NODES)
    given_lines: dict[str, list[bytes]] = {node: [] for node in NODES}
    out = []
    tick = 0.0
    for node, lines, offset, later in steps:
        tick += later
        merging.take(node, lines, offset, tick)
        given_lines[node] += lines
        out += merging.ready(tick)
    out += merging.drain()
    for node in NODES:
        assert [row.line for row in out if row.node == node] == given_lines[node]
    assert [row.serial for row in out] == list(range(1, len(out) + 1))


@given(st.lists(st.floats(0, 1000), max_size=30), st.lists(st.floats(0, 1000), max_size=30))
def test_two_steady_clocks_give_one_steady_order(a: list[float], b: list[float]) -> None:
    merging = Merging(NODES)
    merging.take("web-a", [line(at) for at in sorted(a)], 0.0, 0.0)
    merging.take("web-b", [line(at) for at in sorted(b)], 0.0, 0.0)
    times = [row.at or 0.0 for row in merging.drain()]
    assert times == sorted(times)


@given(_STEPS)
def test_nothing_waits_beyond_the_window(
    steps: list[tuple[str, list[bytes], float | None, float]],
) -> None:
    merging = Merging(NODES)
    tick = 0.0
    for node, lines, offset, later in steps:
        tick += later
        merging.take(node, lines, offset, tick)
    for node in NODES:
        merging.take(node, [], None, tick)
    merging.ready(tick + 1.01)
    assert merging.waiting == 0


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (b"@400000006b03863c2c69702c new msg 1", 1795393074.745107500),
        (b"@400000006b03863c2c69702c", None),
        (b"@4000_0006b03863c2c69702c new msg 1", None),
        (b"Nov 23 00:17:54 qmail: 1795393074.745107 new msg 1", 1795393074.745107),
        (b"2026-11-23 00:17:54.7 new msg 1", None),
        (b"new msg 1", None),
        (b"", None),
    ],
)
def test_the_time_of_a_line_is_read_from_its_stamp_only(text: bytes, at: float | None) -> None:
    assert written_at(text) == pytest.approx(at)


def test_a_log_followed_anew_goes_on_where_it_was() -> None:
    assert unseen([b"a", b"b", b"c"], b"b") == ([b"c"], True)
    assert unseen([b"a", b"b"], None) == ([b"a", b"b"], True)
    assert unseen([b"x", b"y"], b"b") == ([b"x", b"y"], False)
    assert unseen([b"b", b"c", b"b"], b"b") == ([], True)


@pytest.mark.parametrize(
    ("text", "kind", "subject"),
    [
        ("new msg 7", "begun", "msg 7"),
        ("info msg 7: bytes 1 from <> qp 2 uid 3", "begun", "msg 7"),
        ("starting delivery 4: msg 7 to local a", "plain", "msg 7"),
        ("delivery 4: success: did_0+0+1/", "good", "delivery 4"),
        ("delivery 4: deferral: later/", "warn", "delivery 4"),
        ("delivery 4: failure: no/", "bad", "delivery 4"),
        ("delivery 4: report mangled, will defer", "warn", "delivery 4"),
        ("bounce msg 7 qp 9", "warn", "msg 7"),
        ("triple bounce: discarding bounce/7", "bad", "msg 7"),
        ("end msg 7", "quiet", "msg 7"),
        ("status: local 0/10 remote 0/20", "quiet", ""),
        ("alert: cannot start: x", "bad", ""),
        ("warning: trouble", "warn", ""),
        ("[bold]x\x1b[31m", "plain", ""),
    ],
)
def test_each_kind_of_line_is_told_apart(text: str, kind: LogKind, subject: str) -> None:
    for written in (line(10, text), f"Nov 23 00:17:54 qmail: {text}".encode()):
        assert words_of(written) == (text, kind)
        assert subject_of(written) == subject


def test_every_captured_line_has_words() -> None:
    for directory in ("mixed", "troubles", "restart", "splogger", "smtpd", "rotated-4096"):
        for block in recorded(directory):
            for one in block.splitlines():
                assert words_of(one).text


def test_no_more_lines_are_placed_at_once_than_asked_for() -> None:
    merging = Merging(("web-a",))
    merging.take("web-a", [line(n) for n in range(10)], 0.0, 0.0)
    assert [len(merging.ready(0.0, 4)) for _ in range(4)] == [4, 4, 2, 0]
