"""Reading only where wanted messages live finds what joining every line finds."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.commands import trace
from console.parse import qmail_lives
from console.parse.qmail_blocks import blocks, lines_of, text_of
from console.parse.qmail_joining import Message, deliveries, joined
from console.parse.qmail_log import decode_all
from tests.parse.qmail_logs import sources


def told(one: Message) -> tuple[object, ...]:
    """Everything of a message that is shown, and when something last happened to it."""
    tries = tuple((t.delivery, t.to.recipient, t.outcome, t.report) for t in one.tries)
    return (str(trace.as_value(one)), str(one.last), one.over, one.announced > 0, tries)


def reader(text: bytes) -> trace.Readable:
    return (lambda offset, size: text[offset : offset + size]), len(text)


def check(text: bytes, words: str, every: list[Message]) -> None:
    def again() -> Iterator[bytes]:
        return blocks([io.BytesIO(text)])

    kind, _, number = words.rpartition(" ")
    if kind == "delivery":
        wanted = [one for one in every if int(number) in deliveries(one)]
    else:
        wanted = [
            one
            for one in every
            if words in (one.sender or "") or any(words in to for to, _ in one.recipients)
        ]
    found = trace.find(words, again, reader(text))
    assert list(map(told, found)) == list(map(told, wanted)), words


def whole(text: bytes) -> list[Message]:
    return joined(
        decode_all(
            text_of(line)
            for block in blocks([io.BytesIO(text)])
            for line in lines_of(block)[0]
            if block.endswith(b"\n")
        )
    )


CAPTURES = (
    "busy",
    "mixed",
    "odd-reports",
    "restart",
    "rotated-4096",
    "rotated-50000",
    "small-local",
    "troubles",
)


@pytest.mark.parametrize("directory", CAPTURES)
def test_every_address_of_a_capture_has_the_messages_of_joining_every_line(directory: str) -> None:
    text = b"".join(source.read() for source in sources(directory))
    every = whole(text)
    addresses = {one.sender for one in every} | {to for one in every for to, _ in one.recipients}
    asked = sorted(word for word in addresses if word)
    for words in (
        *asked[:: max(1, len(asked) // 60)],
        "@",
        "e",
        "#@[]",
        "delivery 1",
        "delivery 2",
        "delivery 17",
    ):
        check(text, words, every)


LINE = st.one_of(
    st.tuples(
        st.just("life"), st.integers(7, 10), st.sampled_from(["a@x", "b@x", "", "#@[]"]), st.integers(0, 3)
    ),
    st.tuples(st.just("announced"), st.integers(7, 10), st.sampled_from(["a@x", "b@x"]), st.integers(0, 3)),
    st.tuples(st.just("restart"), st.just(0), st.just(""), st.just(0)),
    st.tuples(st.just("noise"), st.just(0), st.just(""), st.integers(1, 40)),
)


def mixed(steps: list[tuple[str, int, str, int]], order: list[int]) -> bytes:
    """Lives side by side, those of one number one after the other; `order` picks whose line is next."""
    lanes: dict[int, list[str]] = {}
    qp = 100
    for what, msg, sender, n in steps:
        qp += 20
        info = f"info msg {msg}: bytes 1 from <{sender}> qp {qp} uid 0"
        lane = lanes.setdefault(msg, [])
        match what:
            case "noise":
                lane += ["status: local 0/10 remote 0/20"] * n
            case "restart":
                lane += [
                    "status: exiting",
                    "starting delivery 1: msg 99 to local z@z",
                    "delivery 1: success: ok/",
                ]
            case "announced":
                lane += (
                    [f"new msg {msg}", info][: 1 + n % 2]
                    + [f"new msg {msg}", info]
                    + [f"end msg {msg}"] * (n > 1)
                )
            case _:
                lines = [f"new msg {msg}", info]
                for k in range(n):
                    outcome = ("success: ok/", "failure: no/", "deferral: wait/")[(qp // 20 + k) % 3]
                    lines += [
                        f"starting delivery {qp + k}: msg {msg} to remote r{k}@x",
                        f"delivery {qp + k}: {outcome}",
                    ]
                if sender == "#@[]" and n:
                    lines.append(f"triple bounce: discarding bounce/{msg}")
                elif n > 1:
                    bounce = msg + 10
                    lines += [f"bounce msg {msg} qp {qp + 1}", f"new msg {bounce}"]
                    lines += [
                        f"info msg {bounce}: bytes 9 from <{'' if sender else '#@[]'}> qp {qp + 1} uid 0"
                    ]
                    lines += [
                        f"end msg {msg}",
                        f"starting delivery {qp + 9}: msg {bounce} to remote {sender or 'post'}",
                    ]
                    lines += [f"delivery {qp + 9}: failure: no/", f"end msg {bounce}"]
                    lane += lines
                    continue
                lane += [*lines, f"end msg {msg}"]
    said: list[str] = []
    queues = [lane for lane in lanes.values() if lane]
    turn = 0
    while queues:
        pick = order[turn % len(order)] % len(queues) if order else 0
        turn += 1
        said.append(queues[pick].pop(0))
        # qmail-send writes these one right after the other.
        while queues[pick] and said[-1].startswith(("new msg", "triple")):
            said.append(queues[pick].pop(0))
        if not queues[pick]:
            del queues[pick]
    return "".join(
        f"@{(1 << 62) + 10 + 1_795_000_000 + n:016x}00000000 {line}\n" for n, line in enumerate(said)
    ).encode()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(LINE, min_size=1, max_size=9),
    st.lists(st.integers(0, 4), max_size=12),
    st.integers(0, 12),
    st.integers(0, 12),
    st.sampled_from([100, 300, 1 << 15]),
)
def test_lives_side_by_side_and_cut_at_both_ends_are_those_of_joining_every_line(
    steps: list[tuple[str, int, str, int]], order: list[int], first: int, last: int, step: int
) -> None:
    lines = mixed(steps, order).splitlines(keepends=True)
    text = b"".join(lines[first : len(lines) - last])
    every = whole(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(qmail_lives, "_STEP", step)
        patch.setattr(qmail_lives, "_STRIDE", 2 * step)
        for words in ("a@x", "b@x", "r0", "x", "post", "r1@x"):
            check(text, words, every)


def log(*said: str) -> bytes:
    stamp = (1 << 62) + 10 + 1_795_000_000
    return "".join(f"@{stamp + n:016x}00000000 {line}\n" for n, line in enumerate(said)).encode()


def test_only_the_life_with_a_place_is_read() -> None:
    strangers = ["new msg 7", "info msg 7: bytes 1 from <b@x> qp 2 uid 0", "end msg 7"] * 5000
    own = ["new msg 7", "info msg 7: bytes 1 from <a@x> qp 1 uid 0", "end msg 7"]
    text = log(*strangers, *own, *strangers)
    place = text.index(b"<a@x>") - len("@" + "0" * 24 + " info msg 7: bytes 1 from ")
    lines = qmail_lives.near({b"7": [place]}, *reader(text))
    assert lines is not None
    assert [line[26:] for line in lines] == own


def test_a_message_announced_again_began_when_it_was_announced_first() -> None:
    info = "info msg 7: bytes 1 from <a@x> qp 1 uid 0"
    text = log("new msg 7", info, *["status: local 0/10 remote 0/20"] * 500, "new msg 7", info)
    text += log(*["starting delivery 1: msg 7 to local r@x", "delivery 1: success: ok/", "end msg 7"])
    (one,) = whole(text)
    assert one.announced == 2
    assert one.started is not None
    assert one.started.seconds == 1_795_000_000
    for words in ("a@x", "r@x", "delivery 1"):
        check(text, words, [one])


def test_an_announcement_without_its_info_line_is_of_the_message_announced_next() -> None:
    info = "info msg 7: bytes 1 from <a@x> qp 1 uid 0"
    text = log("new msg 7", "status: local 0/10 remote 0/20", "new msg 7", info, "end msg 7")
    (one,) = whole(text)
    assert one.announced == 2
    assert one.started is not None
    assert one.started.seconds == 1_795_000_002
    check(text, "a@x", [one])


def test_another_message_with_the_number_of_one_whose_end_was_lost_began_when_it_was_announced() -> None:
    a, b = (f"info msg 7: bytes 1 from <{name}@x> qp 1 uid 0" for name in "ab")
    first, second = whole(log("new msg 7", a, "new msg 7", b, "end msg 7"))
    assert (first.sender, first.over, second.sender, second.over) == ("a@x", False, "b@x", True)
    assert second.started is not None
    assert second.started.seconds == 1_795_000_002


def test_a_huge_line_makes_every_line_be_looked_at() -> None:
    own = log("new msg 7", "info msg 7: bytes 1 from <a@x> qp 1 uid 0", "end msg 7")
    text = own + b"x" * 2_000_000 + b"\n" + own
    check(text, "a@x", whole(text))
