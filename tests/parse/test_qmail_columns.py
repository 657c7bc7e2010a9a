"""Figures taken with numpy are those that reading line by line gives, whatever stands in the log."""

import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.parse.qmail_blocks import blocks
from console.parse.qmail_log import TAI_EPOCH
from console.parse.qmail_summing import Figures, most
from console.ssh.text import inert_bytes
from tests.parse.qmail_logs import sources

qmail_columns = pytest.importorskip("console.parse.qmail_columns")


def taken(figures: Figures, data: bytes, size: int) -> dict[str, object]:
    """What is told of the figures of a log."""
    for block in blocks([io.BytesIO(data)], size):
        figures.take(block)
    return figures_told(figures)


def figures_told(figures: Figures) -> dict[str, object]:
    """What is told of figures; keys as they are shown, since only the slow way shows bytes early."""
    names = (
        "lines unread torn messages announced_again ended bounces triple_bounces started "
        "unknown_deliveries outcomes first last dropped still_open"
    )
    told: dict[str, object] = {name: getattr(figures, name) for name in names.split()}
    told["queued"] = list(figures.ordered(figures.queued))
    told["delivering"] = list(figures.ordered(figures.delivering))
    senders: Counter[str] = Counter()
    for sender, count in figures.senders.items():
        senders[inert_bytes(sender)] += count
    reasons: Counter[tuple[str, str]] = Counter()
    for (domain, reason), count in figures.reasons.items():
        reasons[inert_bytes(domain), inert_bytes(reason)] += count
    return told | {"senders": senders, "reasons": reasons}


@pytest.mark.parametrize(
    "directory",
    ["backlog", "busy", "mixed", "odd-reports", "restart", "rotated-50000", "troubles", "splogger"],
)
@pytest.mark.parametrize("size", [1_000, 100_000, qmail_columns.BLOCK])
def test_the_figures_of_a_capture_are_the_same_both_ways(directory: str, size: int) -> None:
    data = b"".join(source.read() for source in sources(directory))
    if directory in ("backlog", "busy") and size == 1_000:
        data = data[:400_000]
    assert taken(qmail_columns.ColumnFigures(), data, size) == taken(Figures(), data, size)


_NUMBERS = st.sampled_from(
    ["0", "1", "2", "3", "03", "123456789", "999999999999999999", "9" * 19, "9" * 20, "9" * 21, "", "1x"]
)
_SEVERAL = st.sampled_from(["1", "2", "3", "1", "2", "3", "9" * 20])
_ADDRESSES = st.sampled_from(
    [
        "a@b.example",
        "nobody",
        "",
        "x@y@z",
        "<>tricky<@s",
        "[bold]x[/]@c",
        "caf\xe9@d",
        "a\x00b@e",
        "to local x",
    ]
)
_REPORTS = st.sampled_from(
    ["", "ok/", "Host_said:_450_4.2.0_try_later./", "10.0.0.1_failed", "delivery 1: success: x/", "\x1b[31m"]
)
_STATUS = st.builds(
    "status: local {}/{} remote {}/{}{}".format, *[_NUMBERS] * 4, st.sampled_from(["", " exitasap", "!", " "])
)
_TEXTS = st.one_of(
    st.builds("new msg {}".format, _SEVERAL),
    st.builds("end msg {}".format, _SEVERAL),
    st.builds(
        "starting delivery {}: msg {} to {} {}".format,
        _SEVERAL,
        _SEVERAL,
        st.sampled_from(["local", "remote"]),
        _ADDRESSES,
    ),
    st.builds(
        "delivery {}: {}: {}".format, _SEVERAL, st.sampled_from(["success", "failure", "deferral"]), _REPORTS
    ),
    st.builds(
        "info msg {}: bytes {} from <{}> qp {} uid {}".format,
        _NUMBERS,
        _NUMBERS,
        _ADDRESSES,
        _NUMBERS,
        _NUMBERS,
    ),
    st.builds("bounce msg {} qp {}".format, _NUMBERS, _NUMBERS),
    st.builds("{} msg {}".format, st.sampled_from(["new", "end", "starting", "delivery"]), _NUMBERS),
    _STATUS,
    _STATUS,
    st.sampled_from(
        [
            "delivery 1: report mangled, will defer",
            "delivery 2: success:",
            "triple bounce: discarding bounce/1",
            "triple bounce: discarding bounce/9/32",
            "status: exiting",
            "alert: oh no! lost spawn connection! dying...",
            "warning: trouble",
            "starting delivery 1: msg 2 to elsewhere x",
            "delivery",
            "",
        ]
    ),
)
_SECOND = st.integers(0, 5)


def _tai(second: int, nanoseconds: int, text: str) -> str:
    return f"@{TAI_EPOCH + 1_795_000_000 + second:016x}{nanoseconds:08x} {text}"


_STAMPED = st.builds(_tai, _SECOND, st.integers(0, 999_999_999), _TEXTS)
_ODD = st.one_of(
    _TEXTS,
    st.builds("{}.5 {}".format, st.integers(1_795_000_000, 1_795_000_003), _TEXTS),
    st.builds("1795000001.5+{}".format, _TEXTS),
    st.builds("2026-11-23 00:17:54.745107500 {}".format, _TEXTS),
    st.builds("Nov 23 00:17:54 mx qmail: 1795000002.25 {}".format, _TEXTS),
    st.builds(
        "@{} {}".format,
        st.sampled_from(["4000000G6b038deb1550defc", "40000001" * 3, "4000", "40000000AAAAAAAA" + "0" * 8]),
        _TEXTS,
    ),
    st.binary(max_size=40).map(lambda data: data.decode("latin-1")),
)
_MARGIN = (_tai(9, 0, "status: local 0/10 remote 0/20") + "\n").encode() * 2


@st.composite
def _logs(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(_STAMPED, min_size=3, max_size=60))
    for odd in draw(st.lists(_ODD, max_size=8)):
        lines.insert(draw(st.integers(0, len(lines))), odd)
    whole = "".join(line + "\n" for line in lines).encode("latin-1")
    return whole + draw(st.sampled_from([_MARGIN, _MARGIN[:-1], b""]))


@given(_logs(), st.sampled_from([60, 200, 1_000, 1 << 20]))
@settings(max_examples=200, deadline=None)
def test_both_ways_give_the_same_figures_on_whatever_mix_of_lines(data: bytes, size: int) -> None:
    assert taken(qmail_columns.ColumnFigures(), data, size) == taken(Figures(), data, size)


def test_a_line_of_any_length_is_one_line() -> None:
    data = b"@4000000069000000000000 x" * 200_000 + b"\n" + _tai(0, 0, "new msg 1").encode() + b"\n"
    figures = taken(qmail_columns.ColumnFigures(), data, qmail_columns.BLOCK)
    assert (figures["lines"], figures["unread"], figures["messages"]) == (2, 1, 1)


def test_of_equal_counts_the_first_keys_come_first() -> None:
    assert most(Counter({b"c": 1, b"b": 2, b"a": 1, b"d": 2}), 3) == [(b"b", 2), (b"d", 2), (b"a", 1)]
