from dataclasses import replace

import pytest

from console.model.mail import Envelope, EnvelopeRecipient, Queued
from tests.mails import NOW, made_envelope, made_queue
from tests.widgets.test_plain import acts
from widgets.queue_rows import Prepared, QueueRows
from widgets.queue_table import row_text


def loaded(count: int = 50) -> QueueRows:
    rows = QueueRows()
    rows.load(Prepared(made_queue(count, waiting=5).messages))
    return rows


def numbers(rows: QueueRows) -> list[int]:
    return [rows.messages[at].msg - 5_000_000 for at in rows.shown]


def letter(n: int, sender: str | None, *to: str, done: bool = False) -> Envelope:
    return Envelope(5_000_000 + n, sender, tuple(EnvelopeRecipient("remote", one, done) for one in to))


def test_the_oldest_message_comes_first_and_turning_puts_it_last() -> None:
    rows = loaded()
    assert numbers(rows) == list(range(49, -1, -1))
    rows.arrange(backwards=True)
    assert numbers(rows) == list(range(50))


def test_messages_without_a_date_or_size_come_last() -> None:
    rows = QueueRows()
    bare = Queued(1, "other", ("info",))
    rows.load(Prepared((bare, *made_queue(3).messages)))
    assert rows.shown[-1] == 0
    rows.arrange("size")
    assert rows.shown[-1] == 0


@pytest.mark.parametrize("sort", ["age", "size", "sender", "left", "state", "number"])
def test_every_order_shows_every_message_once(sort: str) -> None:
    rows = loaded()
    some = rows.messages[10:30]
    rows.add([one.msg for one in some], {one.msg: made_envelope(one) for one in some})
    rows.arrange(sort)
    assert sorted(numbers(rows)) == list(range(50))


def test_the_order_by_sender_has_those_that_were_read_first() -> None:
    rows = loaded(5)
    rows.add([5_000_003, 5_000_001, 5_000_002], {})
    read = {n + 5_000_000: letter(n, sender) for n, sender in ((3, "b@x"), (1, None), (2, "A@x"))}
    rows.add([], read)
    rows.arrange("sender")
    assert numbers(rows) == [2, 3, 1, 0, 4]


def test_the_order_by_recipients_left_has_most_first() -> None:
    rows = loaded(4)
    read = (letter(1, "", "a@x"), letter(2, "", "a@x", "b@x"), letter(3, "", "a@x", "b@x", "c@x", done=True))
    rows.add([one.msg for one in read], {one.msg: one for one in read})
    rows.arrange("left")
    assert numbers(rows) == [2, 1, 3, 0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("#5000007", [7]),
        ("s4", [4, 3, 2, 1, 0]),
        ("JOE@", [3]),
        ("rcpt@big", [3]),
        ("nobody", []),
        ("  ", None),
    ],
)
def test_words_are_looked_for_in_numbers_states_senders_and_recipients(
    wanted: str, found: list[int] | None
) -> None:
    rows = loaded(10)
    rows.add([5_000_003], {5_000_003: letter(3, "joe@x", "RCPT@Big.example")})
    rows.arrange(wanted=wanted)
    assert numbers(rows) == (list(range(9, -1, -1)) if found is None else found)


def test_typing_more_and_less_finds_what_it_would_at_once() -> None:
    rows = loaded(300)
    for typed in ("5", "50", "500", "5000", "50002", "5000", "50001", "50"):
        rows.arrange(wanted=typed)
        fresh = loaded(300)
        fresh.arrange(wanted=typed)
        assert rows.shown == fresh.shown


def test_an_envelope_that_comes_later_is_found_by_the_words_that_stand() -> None:
    rows = loaded(10)
    rows.arrange(wanted="joe@x")
    assert rows.shown == []
    rows.add([5_000_003], {5_000_003: letter(3, "joe@x")})
    assert numbers(rows) == [3]


def test_an_envelope_is_forgotten_when_another_message_has_its_number() -> None:
    rows = loaded(4)
    rows.add([5_000_001, 5_000_002], {n + 5_000_000: letter(n, "a@x") for n in (1, 2)})
    messages = made_queue(4).messages
    again = tuple(replace(one, since=NOW) if one.msg == 5_000_001 else one for one in messages)
    rows.load(Prepared(again))
    assert set(rows.letters) == {5_000_002}
    assert rows.read == 0, "an older envelope is shown, and read again"
    assert len(rows.missing(range(4))) == 4


def test_a_message_that_was_asked_for_and_is_gone_is_not_asked_for_again() -> None:
    rows = loaded(4)
    rows.add([5_000_001], {})
    assert 5_000_001 not in rows.missing(range(4))
    assert rows.unread(2) == [5_000_003, 5_000_002]


EVIL = "[bold]x[/bold]\x1b[31m\nnew\u202e@big.example"


@pytest.mark.parametrize("width", [58, 78, 158])
def test_a_row_is_as_wide_as_it_must_be_and_nothing_in_it_acts(width: int) -> None:
    one = made_queue(3).messages[1]
    for text in (
        row_text(one, None, NOW, width),
        row_text(one, Envelope(one.msg, EVIL, (EnvelopeRecipient("local", EVIL * 40, False),)), NOW, width),
        row_text(replace(one, since=None, bytes=None, state="other"), letter(1, None), NOW, width),
    ):
        assert len(text) == width
        assert acts(text) == []
