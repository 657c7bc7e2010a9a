from collections import Counter

import pytest

from console.health.mail_life import life
from console.health.mail_queue import deferrals, figures, next_walk, sample, shortened
from console.health.mail_shapes import shapes
from console.model.facts import Mail
from console.model.mail import Envelope, EnvelopeRecipient, Queued
from tests.mails import NOW, QUEUES, captured_envelopes, captured_queue, log_of, made_queue, summed

CAPTURED = sorted(path.name for path in QUEUES.iterdir())


@pytest.mark.parametrize("name", CAPTURED)
def test_every_message_of_a_captured_queue_is_counted_once(name: str) -> None:
    listing = captured_queue(name)
    found = figures(listing, captured_envelopes(name), listing.taken)
    assert sum(found.states.values()) == found.messages == len(listing.messages)
    assert sum(count for _, count in found.ages) + found.undated == found.messages


@pytest.mark.parametrize(
    ("name", "done", "left"),
    [
        ("05-mixed-deferred", 145, 76),
        ("04c-S5-with-bounce-file", 1921, 58105),
        ("12-backlog-5000-deferred", 0, 6068),
        ("08-inconsistent-not-running", 0, 54),
    ],
)
def test_recipients_are_as_many_as_the_tools_say(name: str, done: int, left: int) -> None:
    listing = captured_queue(name)
    found = figures(listing, captured_envelopes(name), listing.taken)
    assert (found.done, found.local_left + found.remote_left) == (done, left)
    assert sum(count for _, count in found.domains) <= left


def at(age: float | None, msg: int = 1, size: int = 100) -> Queued:
    return Queued(msg, "S5", ("mess", "info"), size, None if age is None else NOW - age)


@pytest.mark.parametrize(
    ("age", "name"),
    [
        (0, "< 1 min"),
        (59.9, "< 1 min"),
        (60, "< 10 min"),
        (600, "< 1 h"),
        (3600, "< 6 h"),
        (21_600, "< 1 d"),
        (86_400, "< 3 d"),
        (259_200, "older"),
        (1e9, "older"),
        (-5, "< 1 min"),
    ],
)
def test_an_age_falls_into_one_bar(age: float, name: str) -> None:
    found = figures(summed((at(age),)), {}, NOW)
    assert dict(found.ages)[name] == 1
    assert found.ahead == (age < 0)


def test_the_oldest_and_the_biggest_are_named() -> None:
    found = figures(summed((at(5, 1, 10), at(90, 2, 7), at(None, 3, 99))), {}, NOW)
    assert found.oldest is not None
    assert found.biggest is not None
    assert (found.oldest[0].msg, found.oldest[1], found.biggest.msg) == (2, 90, 3)
    assert (found.undated, found.bytes) == (1, 116)


def test_an_empty_queue_has_no_oldest() -> None:
    found = figures(summed(()), {}, NOW)
    assert (found.oldest, found.biggest, found.messages) == (None, None, 0)


def test_domains_are_those_of_recipients_that_are_left_in_any_case() -> None:
    letters = {
        1: Envelope(
            1, "a@x", tuple(EnvelopeRecipient("remote", to, False) for to in ("u@Big.ORG", "v@big.org"))
        ),
        2: Envelope(
            2, None, (EnvelopeRecipient("local", "root", False), EnvelopeRecipient("local", "b@z", True))
        ),
        3: Envelope(3, "", ()),
    }
    found = figures(summed((at(1, 1), at(1, 2), at(1, 3))), letters, NOW)
    assert found.domains == (("big.org", 2), ("", 1))
    assert found.senders == (("", 1), ("a@x", 1))
    assert (found.local_left, found.remote_left, found.done, found.read) == (1, 2, 1, 3)


def test_a_sample_of_a_huge_queue_is_bounded_and_spread_over_it() -> None:
    listing = made_queue(100_000)
    chosen = sample(listing, 5000)
    assert len(chosen) == 5000
    assert chosen[0] == listing.messages[0].msg
    assert chosen[-1] > listing.messages[-100].msg
    assert len(sample(made_queue(40), 5000)) == 40
    assert sample(captured_queue("03a-S2-being-received"), 5000) == (), "they have no envelope to read yet"


def test_a_dear_walk_is_followed_by_a_long_wait() -> None:
    assert next_walk(30, 0.1) == 30
    assert next_walk(30, 12) == 600


def test_reasons_are_counted_by_domain_without_what_differs() -> None:
    found = deferrals(log_of("mixed"))
    assert found.deferred == 136
    assert ("smart.example", "450 4.2.0 * Greylisted, try * of *", 38) in found.reasons
    assert found.lines == len(log_of("mixed"))


def test_the_result_of_a_delivery_begun_before_the_lines_has_no_domain() -> None:
    line = b"@400000006b03863c2c69702c delivery 7: deferral: Not_now/"
    assert deferrals([line]).reasons == (("", "Not now", 1),)


def test_the_words_of_the_remote_host_are_kept() -> None:
    report = "10.1.2.3_does_not_like_it./Remote_host_said:_451_4.7.1_try_in_00:05/Giving_up_on_10.1.2.3./"
    assert shortened(report) == "451 4.7.1 try in *"


@pytest.mark.parametrize(
    ("mail", "todos", "listing", "wanted"),
    [
        (Mail(alerts=("x alert: unable to opendir todo, sleeping...",)), (), made_queue(5), ["P50d"]),
        (Mail(remote=(60, 60), local=(1, 10)), (), made_queue(500), ["P50b"]),
        (Mail(remote=(3, 60), exitasap=True), (), made_queue(500), ["P50c"]),
        (Mail(), (5, 9, 40), made_queue(500, waiting=40), ["P50a"]),
        (Mail(), (40, 40, 40), made_queue(500, waiting=40), [""]),
        (Mail(), (), made_queue(50, waiting=40), ["P50a"]),
        (Mail(remote=(0, 0)), (), made_queue(5), ["P50b"]),
        (Mail(), (), made_queue(0), [""]),
    ],
)
def test_the_shapes_of_a_backlog_are_told_apart(
    mail: Mail, todos: tuple[int, ...], listing: object, wanted: list[str]
) -> None:
    found = shapes(figures(listing, {}, NOW), mail, deferrals(()), todos)  # type: ignore[arg-type]
    assert [shape.id for shape in found] == wanted
    assert all(shape.todo for shape in found if shape.id)


def test_a_queue_that_others_put_off_is_no_trouble_of_the_node() -> None:
    listing = captured_queue("12-backlog-5000-deferred")
    log = deferrals(log_of("backlog", packed=True)[-2000:])
    found = shapes(figures(listing, {}, listing.taken), None, log)
    assert [(shape.id, shape.what.partition(" wait")[0]) for shape in found] == [("", "5,000 messages")]


def test_nothing_is_said_of_a_queue_that_was_not_seen() -> None:
    assert shapes(None, None, deferrals(())) == ()


def stamped(*texts: str) -> list[bytes]:
    return [f"@400000006b03863c{n:08x} {text}".encode() for n, text in enumerate(texts)]


def test_lines_of_messages_that_had_the_number_before_are_left_out() -> None:
    lines = stamped(
        "new msg 7",
        "info msg 7: bytes 9 from <old@x> qp 1 uid 2",
        "starting delivery 1: msg 7 to local a@x",
        "delivery 1: success: did_1+0+0/",
        "end msg 7",
        "new msg 7",
        "info msg 7: bytes 9 from <new@x> qp 1 uid 2",
        "starting delivery 2: msg 7 to remote b@y",
    )
    found = life(lines, 7)
    assert found.earlier == 5
    assert found.info is not None
    assert found.info.sender == "new@x"
    assert [one.delivery for one in found.running] == [2]
    assert not found.over


def test_a_message_announced_again_after_a_crash_is_the_same() -> None:
    found = life(stamped("new msg 7", "info msg 7: bytes 9 from <a@x> qp 1 uid 2", "new msg 7"), 7)
    assert (found.earlier, len(found.lines)) == (0, 3)


def test_a_delivery_that_died_with_qmail_send_does_not_run() -> None:
    lines = stamped(
        "new msg 7", "starting delivery 9: msg 7 to local a@x", "starting delivery 1: msg 8 to local c@x"
    )
    assert life(lines, 7).running == ()


def test_every_life_in_a_captured_log_ends_as_the_log_says() -> None:
    lines = log_of("mixed")
    news = Counter(line.split()[3] for line in lines if b" new msg " in line)
    number = next(int(msg) for msg, count in news.most_common() if count > 1)
    found = life(lines, number)
    assert found.earlier > 0
    assert b"new msg" in found.lines[0].text.encode()
    assert found.over
    assert found.ended is not None
