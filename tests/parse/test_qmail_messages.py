"""Logs joined into messages and added up, against the captures' own tables and against plain counting."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.parse.qmail_blocks import blocks, lines_of, text_of
from console.parse.qmail_joining import Message, deliveries, joined
from console.parse.qmail_log import decode, decode_all
from console.parse.qmail_sieve import Sieve, messages_of, messages_of_delivery
from console.parse.qmail_summing import Figures
from tests.parse.qmail_logs import recorded, sources

LINES = {
    "backlog": 34274,
    "busy": 9393,
    "mixed": 5382,
    "odd-reports": 109,
    "restart": 2297,
    "rotated-4096": 183,
    "rotated-50000": 2554,
    "s4": 56,
    "small-idle": 2,
    "small-local": 9,
    "small-remote": 9,
    "troubles": 687,
}
"""The table of captures/qmail/README.md."""


def figures_of(*data: bytes) -> Figures:
    figures = Figures()
    for block in blocks(io.BytesIO(one) for one in data):
        figures.take(block)
    return figures


def summed(directory: str) -> Figures:
    figures = Figures()
    for block in recorded(directory):
        figures.take(block)
    return figures


def messages(*data: bytes) -> list[Message]:
    return joined(
        decode_all(
            text_of(line) for block in blocks(io.BytesIO(one) for one in data) for line in lines_of(block)[0]
        )
    )


@pytest.mark.parametrize("directory", LINES)
def test_every_line_of_a_capture_is_read_and_counted_once(directory: str) -> None:
    figures = summed(directory)
    assert (figures.lines, figures.unread) == (LINES[directory], 0)


def test_the_figures_of_all_captures_are_those_of_their_table() -> None:
    all_of_them = [summed(directory) for directory in LINES]
    assert sum(one.messages for one in all_of_them) == 7206
    assert sum(one.ended for one in all_of_them) == 2144
    assert sum(one.bounces for one in all_of_them) == 568
    assert sum(one.triple_bounces for one in all_of_them) == 5
    assert sum(one.started for one in all_of_them) == 6883 + 2560
    assert sum(one.outcomes[b"success"] for one in all_of_them) == 1314 + 1087 + 14 + 1
    assert sum(one.outcomes[b"failure"] for one in all_of_them) == 525 + 89 + 27 + 1 + 1 + 1 + 1 + 3
    assert sum(one.outcomes[b"deferral"] for one in all_of_them) == 5260 + 1086 + 20 + 9 + 2


@pytest.mark.parametrize("directory", ["mixed", "restart", "odd-reports", "rotated-50000", "troubles"])
def test_joined_messages_have_every_delivery_and_bounce_of_the_log(directory: str) -> None:
    figures = summed(directory)
    text = b"".join(source.read() for source in sources(directory))
    found = messages(text)
    assert sum(len(list(deliveries(one))) for one in found) == figures.started
    assert sum(one.bounce is not None for one in found) == figures.bounces
    assert sum(one.bounce.message is None for one in found if one.bounce) == 0 or directory == "troubles"
    assert sum(one.over for one in found) == figures.ended
    assert sum(one.announced for one in found) == figures.messages


def test_a_message_announced_twice_by_a_killed_qmail_send_is_one_message() -> None:
    found = [
        one for one in messages(b"".join(s.read() for s in sources("odd-reports"))) if one.announced == 2
    ]
    assert [(one.message, one.sender, one.qp) for one in found] == [(1690029, "ben@sender.example", 16963)]
    assert len(found[0].recipients) == 3


@pytest.mark.parametrize("directory", ["mixed", "restart", "odd-reports", "busy", "rotated-4096"])
@pytest.mark.parametrize(
    "needle", ["ben", "alice@local.example", "reject", "<", "#@[]", "dbfail@", "e", "no such one"]
)
def test_the_sieve_finds_what_joining_every_line_finds(directory: str, needle: str) -> None:
    def wanted(found: list[Message]) -> list[Message]:
        return [
            one
            for one in found
            if needle in (one.sender or "") or any(needle in to for to, _ in one.recipients)
        ]

    places = messages_of(needle.encode(), recorded(directory))
    sieve = Sieve(places)
    few = joined(decode_all(line for block in recorded(directory) for line in sieve.lines(block)))
    text = b"".join(source.read() for source in sources(directory))
    assert list(map(_told, wanted(few))) == list(map(_told, wanted(messages(text))))


@pytest.mark.parametrize("number", [1, 7])
def test_by_the_number_of_a_delivery_the_same_is_found_a_discarded_bounce_too(number: int) -> None:
    sieve = Sieve(messages_of_delivery(number, recorded("mixed")))
    few = joined(decode_all(line for block in recorded("mixed") for line in sieve.lines(block)))
    every = messages(b"".join(source.read() for source in sources("mixed")))
    wanted = [[_told(one) for one in found if number in deliveries(one)] for found in (few, every)]
    assert wanted[0] == wanted[1]


@pytest.mark.parametrize("size", [400, 3_000, 50_000])
@pytest.mark.parametrize("needle", ["@smart.example", "user8", "reject", "carol@"])
def test_where_a_block_ends_makes_no_difference_to_what_the_sieve_finds(size: int, needle: str) -> None:
    text = b"".join(source.read() for source in sources("busy"))

    def in_blocks() -> Iterator[bytes]:
        return blocks([io.BytesIO(text)], size)

    sieve = Sieve(messages_of(needle.encode(), in_blocks()))
    few = joined(decode_all(line for block in in_blocks() for line in sieve.lines(block)))
    assert list(map(_told, _with(needle, few))) == list(map(_told, _with(needle, messages(text))))


def _with(needle: str, found: list[Message]) -> list[Message]:
    return [
        one for one in found if needle in (one.sender or "") or any(needle in to for to, _ in one.recipients)
    ]


def test_a_number_used_again_in_the_block_in_which_its_life_ends_is_followed_in_both() -> None:
    text = _log(
        "new msg 7",
        "info msg 7: bytes 1 from <a@x> qp 1 uid 0",
        "starting delivery 1: msg 7 to local r@x",
        "delivery 1: failure: no/",
        "bounce msg 7 qp 50",
        "end msg 7",
        "new msg 8",
        "info msg 8: bytes 1 from <> qp 50 uid 0",
        "starting delivery 2: msg 8 to remote a@x",
        "new msg 7",
        "info msg 7: bytes 1 from <a@x> qp 2 uid 0",
        "delivery 2: success: ok/",
        "end msg 8",
        "starting delivery 3: msg 7 to local r@x",
        "delivery 3: failure: no/",
        "bounce msg 7 qp 51",
        "end msg 7",
        "new msg 8",
        "info msg 8: bytes 1 from <> qp 51 uid 0",
        "starting delivery 4: msg 8 to remote a@x",
        "delivery 4: success: ok/",
        "end msg 8",
    )
    for size in (100, 300, 700, 10_000):
        sieve = Sieve(messages_of(b"a@x", blocks([io.BytesIO(text)], size)))
        lines = (line for block in blocks([io.BytesIO(text)], size) for line in sieve.lines(block))
        assert list(map(_told, joined(decode_all(lines)))) == list(map(_told, messages(text))), size


def test_a_result_after_a_restart_is_no_answer_to_a_delivery_before_it() -> None:
    text = _log(
        "new msg 7",
        "info msg 7: bytes 1 from <a@x> qp 1 uid 0",
        "starting delivery 5: msg 7 to remote r@x",
        "starting delivery 1: msg 9 to remote s@y",
        "starting delivery 5: msg 9 to remote t@y",
        "delivery 5: failure: no/",
    )
    for size in (60, 150, 10_000):
        sieve = Sieve(messages_of(b"a@x", blocks([io.BytesIO(text)], size)))
        lines = [line for block in blocks([io.BytesIO(text)], size) for line in sieve.lines(block)]
        (one,) = _with("a@x", joined(decode_all(lines)))
        assert [(r.outcome, r.lost) for r in one.recipients.values()] == [("queued", 1)], size


def _told(one: Message) -> tuple[object, ...]:
    to = [(r.recipient, r.channel, r.attempts, r.outcome, r.reason) for r in one.recipients.values()]
    bounce = _told(one.bounce) if one.bounce else None
    return (
        one.message,
        one.sender,
        one.bytes,
        one.qp,
        one.started,
        one.ended,
        one.over,
        one.discarded,
        to,
        bounce,
    )


def _log(*lines: str) -> bytes:
    return "".join(
        f"@{(1 << 62) + 10 + 1_795_000_000 + n:016x}00000000 {line}\n" for n, line in enumerate(lines)
    ).encode()


def test_a_number_used_again_is_another_message() -> None:
    first, second = messages(
        _log(
            "new msg 7",
            "info msg 7: bytes 1 from <a@x> qp 1 uid 0",
            "starting delivery 1: msg 7 to local r@x",
            "delivery 1: success: did_1+0+0/",
            "end msg 7",
            "new msg 7",
            "info msg 7: bytes 2 from <b@x> qp 2 uid 0",
        )
    )
    assert (first.sender, first.over, second.sender, second.over) == ("a@x", True, "b@x", False)
    assert not second.recipients


def test_a_delivery_that_died_with_qmail_send_is_queued_and_no_stranger_answers_for_it() -> None:
    found = messages(
        _log(
            "new msg 7",
            "info msg 7: bytes 1 from <a@x> qp 1 uid 0",
            "starting delivery 5: msg 7 to remote r@x",
            "status: local 0/10 remote 0/20",
            "new msg 8",
            "info msg 8: bytes 1 from <c@x> qp 3 uid 0",
            "starting delivery 1: msg 8 to remote s@x",
            "delivery 1: success: ok/",
            "starting delivery 5: msg 8 to remote t@x",
            "delivery 5: failure: no/",
        )
    )
    (lost,) = found[0].recipients.values()
    assert (lost.outcome, lost.attempts, lost.lost, lost.reason) == ("queued", 1, 1, None)


def test_a_log_that_begins_in_the_middle_says_what_it_does_not_know() -> None:
    (one,) = messages(
        _log(
            "starting delivery 9: msg 7 to local r@x",
            "delivery 9: deferral: wait/",
            "delivery 8: failure: x/",
        )
    )
    assert (one.message, one.sender, one.announced) == (7, None, 0)
    assert [(r.outcome, r.reason) for r in one.recipients.values()] == [("queued", "wait/")]


def test_a_bounce_is_the_message_with_its_qp_and_a_bounce_sender() -> None:
    found = messages(
        _log(
            "new msg 7",
            "info msg 7: bytes 1 from <a@x> qp 1 uid 0",
            "bounce msg 7 qp 55",
            "end msg 7",
            "new msg 8",
            "info msg 8: bytes 1 from <other@x> qp 55 uid 0",
            "new msg 9",
            "info msg 9: bytes 1 from <> qp 55 uid 0",
        )
    )
    assert found[0].bounce is found[2]


_ONE, _OTHER = "bytes 9 from <> qp 5 uid 1", "bytes 9 from <> qp 6 uid 1"


@pytest.mark.parametrize(
    "log",
    [
        f"new msg 7,info msg 7: {_ONE},bounce msg 7 qp 5,new msg 7,info msg 7: {_ONE},"
        f"bounce msg 7 qp 6,new msg 8,info msg 8: {_OTHER},bounce msg 8 qp 5,new msg 7,info msg 7: {_ONE}",
        f"bounce msg 7 qp 5,info msg 7: {_ONE}",
        f"bounce msg 7 qp 6,bounce msg 8 qp 5,info msg 7: {_ONE},info msg 8: {_OTHER}",
    ],
)
def test_no_message_is_the_bounce_of_its_own_bounce(log: str) -> None:
    found = joined(decode_all(f"@400000006b03863c2c69702c {line}" for line in log.split(",")))
    for message in found:
        seen: list[Message] = []
        bounce: Message | None = message
        while bounce is not None:
            assert bounce not in seen
            seen.append(bounce)
            bounce = bounce.bounce


def test_who_was_never_announced_does_not_take_the_announcement_of_another() -> None:
    info = "info msg 7: bytes 1 from <{}> qp 1 uid 0"
    found = messages(_log("new msg 7", info.format("a@x"), info.format("b@x")))
    assert [(one.sender, one.announced) for one in found] == [("a@x", 1), ("b@x", 0)]


def test_a_result_is_something_that_happened_to_the_message() -> None:
    lines = (
        "@400000006b03863c2c69702c starting delivery 2: msg 7 to local a@b",
        "@400000006b03870c2c69702c delivery 2: deferral: later/",
    )
    (message,) = joined(decode_all(lines))
    assert message.last is not None
    assert message.last.text == "@400000006b03870c2c69702c"


def test_a_torn_last_line_is_unread_and_not_taken_for_a_shorter_number() -> None:
    whole = _log("new msg 12345")
    figures = figures_of(whole + whole[:-4])
    assert (figures.lines, figures.unread, figures.torn, figures.messages) == (2, 1, 1, 1)


def test_a_huge_line_is_one_unread_line_and_is_not_kept() -> None:
    data = _log("new msg 1") + b"x" * 5_000_000 + b"\n" + _log("end msg 1")
    figures = figures_of(data)
    assert (figures.lines, figures.unread, figures.messages, figures.ended) == (3, 1, 1, 1)


_PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(
                line + b"\n"
                for line in _log("new msg 1", "end msg 1", "status: local 1/10 remote 0/20").split(b"\n")
            ),
            _log("info msg 1: bytes 5 from <a\x00b> qp 4 uid 0", "starting delivery 1: msg 1 to remote r@x"),
            _log("delivery 1: deferral: \udcff".encode("ascii", "replace").decode(), "delivery 1: success: "),
            b"@40000000 new msg 4\n",
            b"\xff\x00\n",
            b"delivery 1: report mangled, will defer\n",
            b"2026-11-23 00:17:54.745107500 new msg 3\n",
        ]
    ),
)


@given(st.lists(_PIECES, max_size=30).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_whatever_the_bytes_each_line_is_counted_once_and_fast_and_slow_agree(data: bytes) -> None:
    figures = figures_of(data)
    assert figures.lines == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    slow = 0
    whole = data[: data.rfind(b"\n") + 1]
    for line in whole.split(b"\n")[:-1]:
        slow += decode(text_of(line)).event is None
    assert figures.unread - figures.torn <= slow
    assert figures.messages == sum(one.announced for one in messages(data[: data.rfind(b"\n") + 1]))
    assert 0 <= figures.unread <= figures.lines


_LINES = _log(
    "new msg 1",
    "info msg 1: bytes 5 from <a\\xff@b> qp 4 uid 0",
    "starting delivery 3: msg 1 to remote r@[bold]x",
    "delivery 3: success: ok_1/",
    "delivery 3: deferral: 127.0.0.1_failed_after_2_tries/",
    "delivery 3: failure: ",
    "delivery 3: failure:",
    "delivery 03: success: odd/",
    "delivery 3: report mangled, will defer",
    "bounce msg 1 qp 2",
    "triple bounce: discarding bounce/1",
    "end msg 1",
    "end msg 01",
    "status: local 1/10 remote 0/20 exitasap",
    "status: exiting",
    "status: local",
    "warning: trouble",
    "new msg",
    "new msg 1x",
).split(b"\n")[:-1]


@given(st.lists(st.sampled_from(_LINES), max_size=40))
@settings(max_examples=200, deadline=None)
def test_bytes_and_decoded_lines_give_the_same_figures(lines: list[bytes]) -> None:
    text = b"".join(line + b"\n" for line in lines)
    # A line without a stamp sends the whole block through `decode`.
    fast, slow = figures_of(text), figures_of(text + b"odd\n")
    assert (slow.lines, slow.unread) == (fast.lines + 1, fast.unread + 1)
    for name in (
        "messages",
        "ended",
        "bounces",
        "triple_bounces",
        "started",
        "unknown_deliveries",
        "outcomes",
        "announced_again",
        "still_open",
        "senders",
        "reasons",
        "queued",
        "delivering",
        "first",
        "last",
    ):
        assert getattr(fast, name) == getattr(slow, name), name
