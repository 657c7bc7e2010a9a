"""A log added up in two parts has the figures of the whole, wherever it is parted."""

import io
import pickle
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from console.parse.qmail_blocks import blocks
from console.parse.qmail_log import TAI_EPOCH
from console.parse.qmail_summing import Figures
from tests.parse.qmail_logs import sources
from tests.parse.test_qmail_columns import figures_told

qmail_columns = pytest.importorskip("console.parse.qmail_columns")
qmail_halves = pytest.importorskip("console.parse.qmail_halves")


def whole(parts: Iterable[list[bytes]]) -> dict[str, object]:
    figures = qmail_columns.ColumnFigures()
    for part in parts:
        for block in part:
            figures.take(block)
    return figures_told(figures)


def halves(earlier: list[bytes], later: list[bytes]) -> Figures:
    """Both added up by themselves. Raises Inseparable."""
    second = qmail_halves.LaterFigures()
    for block in later:
        second.take(block)
    first: Figures = qmail_halves.EarlierFigures()
    for block in earlier:
        first.take(block)
    before = figures_told(first)
    try:
        qmail_halves.EarlierFigures.join(first, pickle.loads(pickle.dumps(second.rest())))
    except qmail_halves.Inseparable:
        assert figures_told(first) == before
        raise
    return first


def in_blocks(data: bytes, size: int) -> list[bytes]:
    return list(blocks([io.BytesIO(data)], size))


def cuts(data: bytes, count: int) -> Iterator[int]:
    for n in range(count + 1):
        yield data.rfind(b"\n", 0, len(data) * n // count) + 1


@pytest.mark.parametrize(
    "directory",
    ["busy", "mixed", "odd-reports", "restart", "rotated-50000", "troubles", "splogger"],
)
def test_a_capture_may_be_parted_anywhere(directory: str) -> None:
    data = b"".join(source.read() for source in sources(directory))[:400_000]
    for cut in cuts(data, 23):
        earlier, later = in_blocks(data[:cut], 30_000), in_blocks(data[cut:], 30_000)
        assert figures_told(halves(earlier, later)) == whole([earlier, later]), cut


_N = st.integers(1, 3)
_TEXT = st.one_of(
    st.builds("new msg {}".format, _N),
    st.builds("end msg {}".format, _N),
    st.builds("starting delivery {}: msg {} to remote {}@y{}".format, _N, _N, _N, _N),
    st.builds(
        "delivery {}: {}: {}/".format,
        _N,
        st.sampled_from(["success", "failure", "deferral"]),
        st.sampled_from(["ok", "no"]),
    ),
    st.builds("delivery {}: report mangled, will defer".format, _N),
    st.builds("info msg {}: bytes 5 from <{}@x> qp 5 uid 0".format, _N, _N),
    st.builds("bounce msg {} qp {}".format, _N, _N),
    st.just("status: local 0/10 remote 0/20"),
)
_LINE = st.one_of(
    *[st.builds(lambda n, text: f"@{TAI_EPOCH + n:016x}{7 * n:08x} {text}", st.integers(0, 99), _TEXT)] * 9,
    _TEXT,
    st.just("odd"),
    st.just("@" + "0" * 24 + " new msg " + "9" * 20),
)


@given(st.lists(_LINE, max_size=40), st.integers(0, 40), st.sampled_from([60, 300, 5_000]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_log_may_be_parted_at_any_line_or_is_said_not_to(
    lines: list[str], cut: int, size: int, shaped: bool
) -> None:
    # The margin of a block is decoded line by line: the lines before it are not.
    margin = ["status: local 0/10 remote 0/20"] * (4 if shaped else 0)
    earlier, later = (
        in_blocks("".join(f"{line}\n" for line in part + margin).encode(), size)
        for part in (lines[:cut], lines[cut:])
    )
    try:
        figures = halves(earlier, later)
    except qmail_halves.Inseparable:
        event("inseparable")
        return
    assert figures_told(figures) == whole([earlier, later])


def log(*said: str) -> list[bytes]:
    text = "".join(f"@{TAI_EPOCH + 9 + n:016x}00000000 {line}\n" for n, line in enumerate(said))
    return [text.encode()]


def test_a_delivery_across_the_cut_has_its_time_and_the_domain_of_its_recipient() -> None:
    first = log("new msg 7", "starting delivery 1: msg 7 to remote a@b.example")
    figures = halves(first, log("delivery 1: deferral: later/", "delivery 1: deferral: again/"))
    assert dict(figures.reasons) == {(b"b.example", b"later"): 1, (b"", b"again"): 1}
    assert (figures.unknown_deliveries, len(figures.delivering), figures.still_open) == (1, 1, 1)


def test_a_success_across_the_cut_of_a_message_announced_again_since_is_read_in_turn() -> None:
    first = log("new msg 7", "starting delivery 1: msg 7 to remote a@b")
    with pytest.raises(qmail_halves.Inseparable):
        halves(first, log("new msg 7", "delivery 1: success: ok/"))


def test_numbers_too_long_for_a_column_are_read_in_turn() -> None:
    with pytest.raises(qmail_halves.Inseparable):
        halves(log("new msg " + "9" * 20), log("end msg " + "9" * 20))


def test_what_would_take_too_much_memory_is_read_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmail_halves, "_KEPT", 4)
    again = log("new msg 7", "end msg 7")
    assert halves(log("new msg 7"), again * 9).announced_again == 1
    with pytest.raises(qmail_halves.Inseparable):
        halves(log("new msg 7"), log(*(f"new msg {n}" for n in range(5))))
